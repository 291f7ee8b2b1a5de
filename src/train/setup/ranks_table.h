/* Where a training runs: ranks, hosts, processors, threads, kernels of the products; a line for each stretch of ranks that are alike. Private to
 * `train`. */
#ifndef DNN_TRAIN_RANKS_TABLE_H
#define DNN_TRAIN_RANKS_TABLE_H

#include "dnn/comm/comm.h"

typedef struct rank_place {
    char host[64], cores[96], kernels[96]; /* cores: "0-3,8" */
    int threads;
} rank_place;

/* The line that begins with rank `first`, in `out`; returns the rank after the last it speaks of. Local. */
int ranks_table_line(const rank_place *places, int ranks, int first, char *out, size_t size);
/* `say` (rank 0; NULL: nobody listens) gets the lines, a hundred at most; products that differ between ranks are warned of. Collective. */
dnn_status ranks_table(dnn_comm *comm, int threads, void (*say)(void *context, const char *line), void *context);

#endif
