/** Metrics, as sums that add over rows, shards and ranks: counts are whole numbers in doubles, exact to 2^53. */
#ifndef DNN_NN_METRIC_H
#define DNN_NN_METRIC_H

#include "dnn/nn/loss.h"

typedef struct dnn_metric_kind {
    dnn_kind kind;
    /** Doubles of state for outputs of `units` (last axis); all zero is the empty state; states merge by addition. */
    size_t (*state)(const void *params, size_t units);
    /** Adds the rows of `pass` (y, target, weight; target one class a row if `target` says so). */
    void (*update)(const void *params, const dnn_loss_pass *pass, dnn_target target, double *state);
    double (*result)(const void *params, size_t units, const double *state);
} dnn_metric_kind;

extern const dnn_family dnn_metrics;

#endif
