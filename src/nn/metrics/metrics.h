/* What the metrics share. */
#ifndef DNN_NN_METRICS_H
#define DNN_NN_METRICS_H

#include "dnn/nn/metric.h"

static inline double metric_weight(const dnn_loss_pass *p, size_t row)
{
    return p->weight ? (double)p->weight[row / p->per_sample] : 1.0;
}

/* Place of the largest of n, the first of equals. */
static inline size_t metric_argmax(size_t n, const real *v)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++) best = v[i] > v[best] ? i : best;
    return best;
}

/* The class that the target of a row names: its number, or the place of the largest share; `units` where it is none. */
static inline size_t metric_class(const dnn_loss_pass *p, dnn_target target, size_t row)
{
    if (target == DNN_TARGET_VALUES) return metric_argmax(p->units, p->target + row * p->units);
    const real t = p->target[row];
    return t >= 0 && t < (real)p->units ? (size_t)t : p->units;
}

/* The target of one unit as a value: of a class number 1 for its own unit and 0 for the others. Of a single unit they are the same. */
static inline double metric_truth(const dnn_loss_pass *p, dnn_target target, size_t row, size_t unit)
{
    if (target == DNN_TARGET_VALUES || p->units == 1) return (double)p->target[row * p->units + unit];
    return p->target[row] == (real)unit;
}

/* Keras's divide_no_nan. */
static inline double metric_ratio(double part, double whole) { return whole == 0 ? 0 : part / whole; }

/* For `accepts` of metrics that compare values; of one unit a class number is one as well. */
bool metric_wants_values(const void *params, dnn_target target, size_t units);
/* For `accepts` of metrics that Keras calls sparse. */
bool metric_wants_classes(const void *params, dnn_target target, size_t units);

#endif
