/* 100 abs(y - t) / max(abs(t), 1e-7), mean over the last axis. */
#include "dnn/math/vector.h"
#include "nn/losses/losses.h"

static element of(const void *q, real y, real target)
{
    (void)q;
    const real d = y - target, size = dnn_abs(target), floor = (real)LOSS_EPSILON;
    const real percent = 100 / dnn_select(size < floor, floor, size), sign = dnn_select(d > 0, percent, -percent);
    return (element){ dnn_abs(d) * percent, dnn_select(d == 0, 0, sign) };
}

ELEMENT_LOSS_EVAL(of)

const dnn_loss_kind dnn_loss_mean_absolute_percentage_error = {
    .kind = { .name = "mean_absolute_percentage_error", .help = "mean of 100 |y - t| / |t| over the last axis",
              .keras = "MeanAbsolutePercentageError" },
    .target = DNN_TARGET_VALUES, .eval = eval,
};

const dnn_loss_kind dnn_loss_mape = {
    .kind = { .name = "mape", .help = "another name of mean_absolute_percentage_error", .keras = "MeanAbsolutePercentageError" },
    .target = DNN_TARGET_VALUES, .eval = eval,
};
