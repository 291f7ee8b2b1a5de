/* 1 - 2 I / (T + Y + 1e-7), I = sum of t y, T = sum of t, Y = sum of y, over all values of the global batch (Milletari et al. 2016,
 * without their squares; Keras 3 with axis None). */
#include "nn/losses/overlap.h"

static overlap of(const void *q, const double *sums)
{
    (void)q;
    const double all = sums[OVERLAP_TRUE] + sums[OVERLAP_CLAIMED] + LOSS_EPSILON, both = 2 * sums[OVERLAP_BOTH];
    return (overlap){ .value = 1 - both / all, .slope = both / (all * all), .slope_by_target = -2 / all };
}

static double value(const void *q, const double *sums) { return of(q, sums).value; }
static double eval(const void *q, const dnn_loss_pass *p) { return overlap_eval(q, p, of); }

const dnn_loss_kind dnn_loss_dice = {
    .kind = { .name = "dice", .help = "1 less twice the overlap of outputs and targets over their sum, of the whole batch (Milletari et al. 2016)",
              .keras = "Dice" },
    .target = DNN_TARGET_VALUES, .eval = eval, .sums = OVERLAP_SUMS, .sum = overlap_sum, .value = value,
};
