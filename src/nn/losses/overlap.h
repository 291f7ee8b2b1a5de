/* Losses that compare what the outputs claim with what is true over the whole global batch: one value for all its rows, a function of
 * three sums, whose slope by an output is a straight line in the output's target. */
#ifndef DNN_NN_LOSSES_OVERLAP_H
#define DNN_NN_LOSSES_OVERLAP_H

#include "nn/losses/losses.h"

/* Weights of rows, which do not enter the other sums: as in Keras they only multiply the one value. */
enum { OVERLAP_WEIGHT, OVERLAP_BOTH /* sum of t y */, OVERLAP_TRUE /* of t */, OVERLAP_CLAIMED /* of y */, OVERLAP_SUMS };

/* The value, and dvalue/dy = slope + slope_by_target t. */
typedef struct overlap { double value, slope, slope_by_target; } overlap;
typedef overlap overlap_of(const void *q, const double *sums);

static inline void overlap_sum(const void *q, const dnn_loss_pass *p, double *sums)
{
    (void)q;
    for (size_t row = 0; row < p->rows; row++) {
        sums[OVERLAP_WEIGHT] += row_weight(p, row);
        for (size_t i = row * p->units; i < (row + 1) * p->units; i++) {
            sums[OVERLAP_BOTH] += (double)p->target[i] * (double)p->y[i];
            sums[OVERLAP_TRUE] += (double)p->target[i];
            sums[OVERLAP_CLAIMED] += (double)p->y[i];
        }
    }
}

static inline double overlap_eval(const void *q, const dnn_loss_pass *p, overlap_of *of)
{
    const overlap at = of(q, p->sums);
    const double scale = p->scale * p->sums[OVERLAP_WEIGHT];
    double weight = 0;
    for (size_t row = 0; row < p->rows; row++) weight += row_weight(p, row);
    for (size_t i = 0; p->dy && i < p->rows * p->units; i++)
        p->dy[i] = (real)(scale * (at.slope + at.slope_by_target * (double)p->target[i]));
    return weight * at.value;
}

#endif
