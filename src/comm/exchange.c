/* Sums between teams. A communicator of their own keeps them apart from what else the same ranks say to each other meanwhile. MPI's own nonblocking sum is no
 * help: of two teams it has one wait for the other's values and add, then send back (in place, Open MPI 4.1), and it moves only while somebody calls MPI. */
#include "dnn/comm/exchange.h"

#include <stdatomic.h>

#include "comm/pump.h"
#include "comm/ranks.h"
#include "comm/sum.h"
#include "comm/team_internal.h"
#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"

enum { ALIGN = 16 }; /* floats: a cache line */

struct dnn_exchange {
    int place, places;
    sum_ways ways;               /* mpi is MPI_COMM_NULL where this rank has no part */
    sum *sums;
    size_t most, posted, done;
    atomic_size_t begun;         /* all three count sums: handed over by the main thread, under way, there */
    MPI_Request *requests;       /* [request_room] dealt out to the sums */
    float *scratch;              /* [scratch_room] likewise; of halves, two are one float */
    uint16_t *halves;            /* [room] what travels, compressed; NULL: values travel themselves */
    size_t room, used, scratch_room, scratch_used, request_room, requests_used;
    dnn_pump *pump;              /* NULL: messages move while this rank is in here */
};

/* For who has MPI: the pump, or the main thread. */
static bool move_on(void *exchange)
{
    dnn_exchange *x = exchange;
    const size_t begun = atomic_load_explicit(&x->begun, memory_order_acquire);
    bool moved = x->posted < begun;
    while (x->posted < begun) sum_begin(&x->ways, &x->sums[x->posted++]);
    for (size_t i = x->done; i < x->posted; i++) moved |= sum_advance(&x->ways, &x->sums[i]);
    while (x->done < x->posted && x->sums[x->done].hop == x->ways.n_hops) x->done++;
    return moved;
}

/* Of all sums together at most; slices and parts of each are longer than their share by what rounding to lines gives. */
static dnn_status allocate(dnn_exchange *x, size_t values)
{
    const size_t rounding = x->most * 2 * ALIGN;
    x->room = values / (size_t)x->places + rounding;
    x->scratch_room = sum_scratch(&x->ways, x->room) + x->most * sum_scratch(&x->ways, 0);
    x->request_room = sum_requests(&x->ways, x->room + rounding * (size_t)x->ways.teams) + x->most * sum_requests(&x->ways, 0);
    x->sums = dnn_alloc(x->most, sizeof *x->sums);
    x->requests = dnn_alloc(x->request_room, sizeof *x->requests);
    x->scratch = dnn_alloc(x->scratch_room, x->ways.halves ? sizeof(uint16_t) : sizeof(float));
    if (x->ways.halves) x->halves = dnn_alloc(x->room, sizeof *x->halves);
    return x->sums && x->requests && x->scratch && (x->halves || !x->ways.halves) ? DNN_OK : DNN_E_MEMORY;
}

dnn_status dnn_exchange_create(dnn_team *team, size_t most_sums, size_t most_values, dnn_compression compression, bool beside, dnn_exchange **out)
{
    *out = NULL;
    if (team->count == 1) return DNN_OK;
    const bool takes_part = dnn_comm_many(team->across);
    dnn_exchange *x = dnn_alloc(1, sizeof *x);
    dnn_status st = x ? DNN_OK : DNN_E_MEMORY;
    if (x) {
        *x = (dnn_exchange){ .place = team->place, .places = team->places, .most = most_sums };
        x->ways = (sum_ways){ .mpi = MPI_COMM_NULL, .halves = compression == DNN_COMPRESSION_BFLOAT16, .team = team->index, .teams = team->count };
        x->ways.piece = sum_piece(takes_part && team->across->several_hosts);
        x->ways.n_hops = hops_plan(team->index, team->count, x->ways.hops);
        if (takes_part) st = allocate(x, most_values);
        if (takes_part && beside && st == DNN_OK) st = dnn_pump_create(move_on, x, &x->pump);
    }
    st = dnn_agree(team->comm, st);
    if (st == DNN_OK && takes_part) {
        dnn_collective_begin("exchange", 0);
        MPI_Comm_dup(team->across->mpi, &x->ways.mpi);
        dnn_collective_end();
    }
    if (st == DNN_OK) *out = x;
    else dnn_exchange_destroy(x);
    return st;
}

void dnn_exchange_destroy(dnn_exchange *x)
{
    if (!x) return;
    dnn_pump_destroy(x->pump);
    if (x->ways.mpi != MPI_COMM_NULL) {
        dnn_collective_begin("exchange", 0);
        MPI_Comm_free(&x->ways.mpi);
        dnn_collective_end();
    }
    dnn_free(x->sums);
    dnn_free(x->requests);
    dnn_free(x->scratch);
    dnn_free(x->halves);
    dnn_free(x);
}

static size_t slice_start(size_t count, int slice, int slices)
{
    if (slice >= slices) return count;
    return count / ALIGN * (size_t)slice / (size_t)slices * ALIGN;
}

void dnn_exchange_slice(const dnn_exchange *x, size_t count, size_t *first, size_t *end)
{
    *first = x ? slice_start(count, x->place, x->places) : count;
    *end = x ? slice_start(count, x->place + 1, x->places) : count;
}

static void hand_over(dnn_exchange *x, float *values, size_t count)
{
    const size_t i = atomic_load_explicit(&x->begun, memory_order_relaxed);
    DNN_ASSERT(i < x->most);
    sum *s = &x->sums[i];
    *s = (sum){ .values = values, .count = count, .travels = values, .requests = x->requests + x->requests_used, .tag = (int)i };
    s->scratch = x->ways.halves ? (void *)((uint16_t *)x->scratch + x->scratch_used) : (void *)(x->scratch + x->scratch_used);
    if (x->halves) s->travels = x->halves + x->used;
    x->used += count;
    x->scratch_used += sum_scratch(&x->ways, count);
    x->requests_used += sum_requests(&x->ways, count);
    DNN_ASSERT(x->used <= x->room && x->scratch_used <= x->scratch_room && x->requests_used <= x->request_room);
    atomic_store_explicit(&x->begun, i + 1, memory_order_release);
}

static void move_on_oneself(dnn_exchange *x)
{
    dnn_mpi_take();
    move_on(x);
    dnn_mpi_leave();
}

/* The pump sets the sum out: sending costs time, too. */
void dnn_exchange_begin(dnn_exchange *x, float *values, size_t count)
{
    if (!x || x->ways.mpi == MPI_COMM_NULL) return;
    hand_over(x, values, count);
    if (x->pump) dnn_pump_wake(x->pump);
    else move_on_oneself(x);
}

void dnn_exchange_advance(dnn_exchange *x)
{
    if (x && !x->pump && x->done < x->begun) move_on_oneself(x);
}

void dnn_exchange_end(dnn_exchange *x)
{
    if (!x || x->begun == 0) return;
    dnn_collective_begin("exchange_end", x->used * sizeof(float));
    dnn_pump_rest(x->pump);
    while (x->done < x->begun) move_on(x);
    dnn_collective_end();
    atomic_store(&x->begun, 0);
    x->posted = x->done = x->used = x->scratch_used = x->requests_used = 0;
}
