/* The first half of losses that are made of sums, for tests in which a pass holds the whole global batch. */
#ifndef DNN_TESTS_NN_LOSS_SUMS_H
#define DNN_TESTS_NN_LOSS_SUMS_H

#include <string.h>

#include "dnn/nn/loss.h"

/* `sums` [DNN_LOSS_SUMS] are the pass's from now on. */
static inline void take_sums(const dnn_loss_kind *kind, const void *params, dnn_loss_pass *pass, double *sums)
{
    memset(sums, 0, DNN_LOSS_SUMS * sizeof *sums);
    if (kind->sums) kind->sum(params, pass, sums);
    pass->sums = sums;
}

#endif
