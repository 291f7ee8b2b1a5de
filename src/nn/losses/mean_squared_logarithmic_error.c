/* (log(1 + y) - log(1 + t))², both cut off below at 1e-7, mean over the last axis. */
#include "dnn/math/vector.h"
#include "nn/losses/losses.h"

static element of(const void *q, real y, real target)
{
    (void)q;
    const real floor = (real)LOSS_EPSILON;
    const real a = dnn_select(y < floor, floor, y), b = dnn_select(target < floor, floor, target);
    const real d = dnn_log(a + 1) - dnn_log(b + 1), slope = 2 * d / (a + 1);
    return (element){ d * d, dnn_select(y < floor, 0, slope) };
}

ELEMENT_LOSS_EVAL(of)

const dnn_loss_kind dnn_loss_mean_squared_logarithmic_error = {
    .kind = { .name = "mean_squared_logarithmic_error", .help = "mean of (log(1 + y) - log(1 + t))^2 over the last axis",
              .keras = "MeanSquaredLogarithmicError" },
    .target = DNN_TARGET_VALUES, .eval = eval,
};

const dnn_loss_kind dnn_loss_msle = {
    .kind = { .name = "msle", .help = "another name of mean_squared_logarithmic_error", .keras = "MeanSquaredLogarithmicError" },
    .target = DNN_TARGET_VALUES, .eval = eval,
};
