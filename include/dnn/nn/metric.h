/** Metrics, as sums that add over rows, shards and ranks: counts are whole numbers in doubles, exact to 2^53. */
#ifndef DNN_NN_METRIC_H
#define DNN_NN_METRIC_H

#include "dnn/nn/loss.h"

typedef struct dnn_metric_kind {
    dnn_kind kind;
    /** Doubles of state for outputs of `units` (last axis); all zero is the empty state; states merge by addition. NULL: 2. */
    size_t (*state)(const void *params, size_t units);
    /** Whether targets of that kind can be used with such outputs; NULL: any. */
    bool (*accepts)(const void *params, dnn_target target, size_t units);
    /** Adds the rows of `pass` (y, target, weight; target one class a row if `target` says so). */
    void (*update)(const void *params, const dnn_loss_pass *pass, dnn_target target, double *state);
    /** NULL: state[0] / state[1], a mean over rows. */
    double (*result)(const void *params, size_t units, const double *state);
} dnn_metric_kind;

/** The kinds of its own list, each one file under src/nn/metrics/, and behind them every loss: as a metric, a loss is its mean over rows,
 * always computed from the output. A component of this family is used through the functions below, which know the difference. */
extern const dnn_family dnn_metrics;

size_t dnn_metric_state(const dnn_component *metric, size_t units);
bool dnn_metric_accepts(const dnn_component *metric, dnn_target target, size_t units);
void dnn_metric_update(const dnn_component *metric, const dnn_loss_pass *pass, dnn_target target, double *state);
/** NaN where no row has been seen. */
double dnn_metric_result(const dnn_component *metric, size_t units, const double *state);

#endif
