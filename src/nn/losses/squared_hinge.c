/* max(1 - t y, 0)², mean over the last axis. A target 0 counts as -1, as in hinge. */
#include "dnn/math/vector.h"
#include "nn/losses/losses.h"

static element of(const void *q, real y, real target)
{
    (void)q;
    const real sign = dnn_select(target == 0, -1, target), missing = 1 - sign * y, some = dnn_select(missing <= 0, 0, missing);
    return (element){ some * some, -2 * sign * some };
}

ELEMENT_LOSS_EVAL(of)

const dnn_loss_kind dnn_loss_squared_hinge = {
    .kind = { .name = "squared_hinge", .help = "mean of max(1 - t y, 0)^2 over the last axis, t = -1 or 1 (0 counts as -1)",
              .keras = "SquaredHinge" },
    .target = DNN_TARGET_VALUES, .eval = eval,
};
