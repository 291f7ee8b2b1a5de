/* abs(y - t), mean over the last axis; slope 0 where they are equal. */
#include "dnn/math/vector.h"
#include "nn/losses/losses.h"

static element of(const void *q, real y, real target)
{
    (void)q;
    const real d = y - target, sign = dnn_select(d > 0, 1, -1);
    return (element){ dnn_abs(d), dnn_select(d == 0, 0, sign) };
}

ELEMENT_LOSS_EVAL(of)

const dnn_loss_kind dnn_loss_mean_absolute_error = {
    .kind = { .name = "mean_absolute_error", .help = "mean of |y - t| over the last axis",
              .keras = "MeanAbsoluteError" },
    .target = DNN_TARGET_VALUES, .eval = eval,
};

const dnn_loss_kind dnn_loss_mae = {
    .kind = { .name = "mae", .help = "another name of mean_absolute_error", .keras = "MeanAbsoluteError" },
    .target = DNN_TARGET_VALUES, .eval = eval,
};
