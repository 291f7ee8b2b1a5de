/* Adding a gradient over several hosts: by teams (slices in the window of each host, then one exchange of each slice between the hosts), the same in bfloat16,
 * and MPI_Allreduce over all ranks, in turns in one run; beside them what the network is good for, from which tests/benchmarks/scaling.py predicts the
 * same. Medians in milliseconds, as one line of JSON. Times are for people, no test asserts them.
 *
 *   mpirun … between_hosts [KILOBYTES [ROUNDS]]      under mpirun on two or more hosts */
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dnn/base/clock.h"
#include "dnn/base/memory.h"
#include "dnn/comm/exchange.h"

enum { MOST_ROUNDS = 101, PINGS = 50, LARGE = 4 << 20 };

typedef struct hosts {
    dnn_comm *comm;
    dnn_team *team;
    dnn_window gradients, sum, records; /* [ranks of the team, values], [values], [teams, RECORD] */
    dnn_exchange *plain, *halves;
    float *flat;
    size_t values;
} hosts;

enum { RECORD = 64 }; /* bytes: what a team says about a step */

typedef void way(hosts *h);

static void add_slices(hosts *h)
{
    const size_t ranks = (size_t)dnn_team_workers(h->team), me = (size_t)dnn_team_first_worker(h->team);
    const size_t first = h->values * me / ranks, end = h->values * (me + 1) / ranks;
    const float *gradients = h->gradients.base;
    float *sum = h->sum.base;
    dnn_team_barrier(h->team);
    for (size_t i = first; i < end; i++) {
        float s = gradients[i];
        for (size_t r = 1; r < ranks; r++) s += gradients[r * h->values + i];
        sum[i] = s;
    }
    dnn_team_barrier(h->team);
}

static void exchange(hosts *h, dnn_exchange *x)
{
    size_t first, end;
    add_slices(h);
    dnn_exchange_slice(x, h->values, &first, &end);
    dnn_exchange_begin(x, (float *)h->sum.base + first, end - first);
    dnn_exchange_end(x);
    dnn_team_barrier(h->team);
}

static void by_teams(hosts *h) { exchange(h, h->plain); }
static void by_teams_in_halves(hosts *h) { exchange(h, h->halves); }
static void all_ranks(hosts *h) { MPI_Allreduce(MPI_IN_PLACE, h->flat, (int)h->values, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD); }

static void meet(hosts *h)
{
    size_t offsets[257];
    for (int t = 0; t <= dnn_team_count(h->team); t++) offsets[t] = (size_t)t * RECORD;
    dnn_team_barrier(h->team);
    if (dnn_team_leads(h->team)) dnn_team_exchange_blocks(h->team, h->records.base, offsets);
    dnn_team_barrier(h->team);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, ascending);
    return v[n / 2];
}

/* One way, in seconds: the median of `times` round trips between the first ranks of the first two hosts, halved. */
static double one_way(const hosts *h, int other, char *buffer, int bytes, int times)
{
    double took[PINGS];
    const int me = dnn_comm_rank(h->comm);
    for (int i = 0; i < times; i++) {
        const double began = dnn_clock_seconds();
        if (me == 0) MPI_Send(buffer, bytes, MPI_BYTE, other, 0, MPI_COMM_WORLD);
        if (me == other || me == 0) MPI_Recv(buffer, bytes, MPI_BYTE, me == 0 ? other : 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        if (me == other) MPI_Send(buffer, bytes, MPI_BYTE, 0, 0, MPI_COMM_WORLD);
        took[i] = (dnn_clock_seconds() - began) / 2;
    }
    return median(took, (size_t)times);
}

static double milliseconds(hosts *h, way *w)
{
    dnn_comm_barrier(h->comm);
    const double began = dnn_clock_seconds();
    w(h);
    return (dnn_clock_seconds() - began) * 1e3;
}

static bool prepare(hosts *h, size_t values)
{
    h->values = values;
    if (dnn_team_create(h->comm, DNN_TEAM_NODE, 1, &h->team) != DNN_OK) return false;
    const size_t bytes = values * sizeof(float), ranks = (size_t)dnn_team_workers(h->team);
    h->flat = dnn_alloc(values, sizeof *h->flat);
    return h->flat && dnn_window_create(h->team, ranks * bytes, &h->gradients) == DNN_OK && dnn_window_create(h->team, bytes, &h->sum) == DNN_OK &&
           dnn_window_create(h->team, (size_t)dnn_team_count(h->team) * RECORD, &h->records) == DNN_OK &&
           dnn_exchange_create(h->team, 1, values, DNN_COMPRESSION_NONE, false, &h->plain) == DNN_OK &&
           dnn_exchange_create(h->team, 1, values, DNN_COMPRESSION_BFLOAT16, false, &h->halves) == DNN_OK;
}

int main(int argc, char **argv)
{
    hosts h = { 0 };
    static double took[4][MOST_ROUNDS];
    way *const ways[] = { meet, by_teams, by_teams_in_halves, all_ranks };
    if (dnn_comm_start(&argc, &argv, &h.comm) != DNN_OK) return 1;
    const size_t kilobytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 1024, wanted = argc > 2 ? strtoul(argv[2], NULL, 10) : 15;
    const size_t rounds = wanted < 1 ? 1 : wanted > MOST_ROUNDS ? MOST_ROUNDS : wanted;
    if (!prepare(&h, kilobytes * 1024 / sizeof(float))) return 1;
    const int teams = dnn_team_count(h.team), other = teams > 1 ? dnn_team_first_worker_of(h.team, 1) : 0;
    char *buffer = calloc(1, LARGE);
    if (!buffer) return 1;
    const double start_up = other ? one_way(&h, other, buffer, 8, PINGS) : 0.0, large = other ? one_way(&h, other, buffer, LARGE, 5) : 0.0;
    for (size_t round = 0; round < rounds + 1; round++) /* the first one warms up */
        for (size_t w = 0; w < 4; w++) took[w][round ? round - 1 : 0] = milliseconds(&h, ways[w]);
    if (dnn_comm_rank(h.comm) == 0)
        printf("{\"hosts\": %d, \"ranks\": %d, \"bytes\": %zu, \"start_up_us\": %.1f, \"gb_per_s\": %.4f, \"meeting_ms\": %.3f, \"teams_ms\": %.3f, "
               "\"teams_bfloat16_ms\": %.3f, \"flat_ms\": %.3f}\n",
               teams, dnn_comm_size(h.comm), h.values * sizeof(float), start_up * 1e6, other ? LARGE / (large - start_up) / 1e9 : 0.0, median(took[0], rounds),
               median(took[1], rounds), median(took[2], rounds), median(took[3], rounds));
    free(buffer);
    dnn_free(h.flat);
    dnn_exchange_destroy(h.plain);
    dnn_exchange_destroy(h.halves);
    dnn_window_destroy(h.team, &h.gradients);
    dnn_window_destroy(h.team, &h.sum);
    dnn_window_destroy(h.team, &h.records);
    dnn_team_destroy(h.team);
    dnn_comm_finish(h.comm);
    return 0;
}
