/* log cosh(y - t) = d + softplus(-2 d) - log 2, in a form that cannot overflow; mean over the last axis. */
#include "dnn/math/vector.h"
#include "nn/losses/losses.h"

static element of(const void *q, real y, real target)
{
    (void)q;
    const real d = dnn_abs(y - target);
    return (element){ d + dnn_softplus(-2 * d) - (real)0.69314718055994530942, dnn_tanh(y - target) };
}

ELEMENT_LOSS_EVAL(of)

const dnn_loss_kind dnn_loss_log_cosh = {
    .kind = { .name = "log_cosh", .help = "mean of log cosh(y - t) over the last axis",
              .keras = "LogCosh" },
    .target = DNN_TARGET_VALUES, .eval = eval,
};
