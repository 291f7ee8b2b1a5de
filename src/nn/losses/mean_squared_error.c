/* (y - t)², mean over the last axis. */
#include "dnn/math/vector.h"
#include "nn/losses/losses.h"

static element of(const void *q, real y, real target)
{
    (void)q;
    const real d = y - target;
    return (element){ d * d, 2 * d };
}

ELEMENT_LOSS_EVAL(of)

const dnn_loss_kind dnn_loss_mean_squared_error = {
    .kind = { .name = "mean_squared_error", .help = "mean of (y - t)^2 over the last axis",
              .keras = "MeanSquaredError" },
    .target = DNN_TARGET_VALUES, .eval = eval,
};

const dnn_loss_kind dnn_loss_mse = {
    .kind = { .name = "mse", .help = "another name of mean_squared_error", .keras = "MeanSquaredError" },
    .target = DNN_TARGET_VALUES, .eval = eval,
};
