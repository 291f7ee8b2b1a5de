#include "train/setup/ranks_table.h"

#include <stdio.h>
#include <string.h>

#include "dnn/base/log.h"
#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "dnn/math/blas.h"

enum { MOST_LINES = 100 };

static bool alike(const rank_place *a, const rank_place *b)
{
    return strcmp(a->host, b->host) == 0 && strcmp(a->cores, b->cores) == 0 && strcmp(a->kernels, b->kernels) == 0 && a->threads == b->threads;
}

int ranks_table_line(const rank_place *places, int ranks, int first, char *out, size_t size)
{
    const rank_place *p = &places[first];
    int end = first + 1;
    char who[48];
    while (end < ranks && alike(p, &places[end])) end++;
    if (end - first == 1) snprintf(who, sizeof who, "rank %d", first);
    else snprintf(who, sizeof who, "ranks %d-%d", first, end - 1);
    snprintf(out, size, "%s on %s: cores %s, %d thread%s%s, %s", who, p->host, p->cores, p->threads, p->threads == 1 ? "" : "s",
             end - first == 1 ? "" : " each", p->kernels);
    return end;
}

static void warn_of_kernels(const rank_place *places, int ranks)
{
    for (int r = 1; r < ranks; r++) {
        if (strcmp(places[r].kernels, places[0].kernels) == 0) continue;
        dnn_warn("rank %d multiplies with %s, rank 0 with %s: results depend on which rank computes what", r, places[r].kernels, places[0].kernels);
        return;
    }
}

static void say_lines(const rank_place *places, int ranks, void (*say)(void *context, const char *line), void *context)
{
    char line[512];
    int lines = 0;
    for (int r = 0; r < ranks && lines < MOST_LINES; lines++) {
        r = ranks_table_line(places, ranks, r, line, sizeof line);
        say(context, line);
    }
}

dnn_status ranks_table(dnn_comm *comm, int threads, void (*say)(void *context, const char *line), void *context)
{
    const int ranks = dnn_comm_size(comm);
    rank_place mine = { .threads = threads }, *all = dnn_alloc((size_t)ranks, sizeof *all);
    const dnn_status st = dnn_agree(comm, all ? DNN_OK : DNN_E_MEMORY);
    if (st == DNN_OK) {
        snprintf(mine.host, sizeof mine.host, "%s", dnn_comm_host(comm));
        snprintf(mine.kernels, sizeof mine.kernels, "%s", dnn_blas_version());
        dnn_comm_core_list(mine.cores, sizeof mine.cores);
        dnn_comm_gather(comm, &mine, sizeof mine, all);
        if (dnn_comm_rank(comm) == 0) {
            if (say) say_lines(all, ranks, say, context);
            warn_of_kernels(all, ranks);
        }
    }
    dnn_free(all);
    return st;
}
