/* y - t log(y + 1e-7), mean over the last axis. */
#include "dnn/math/vector.h"
#include "nn/losses/losses.h"

static element of(const void *q, real y, real target)
{
    (void)q;
    const real above = y + (real)LOSS_EPSILON;
    return (element){ y - target * dnn_log(above), 1 - target / above };
}

ELEMENT_LOSS_EVAL(of)

const dnn_loss_kind dnn_loss_poisson = {
    .kind = { .name = "poisson", .help = "mean of y - t log y over the last axis",
              .keras = "Poisson" },
    .target = DNN_TARGET_VALUES, .eval = eval,
};
