/* max(1 - t y, 0), mean over the last axis. A target 0 counts as -1. Keras does so where a whole batch holds nothing but 0 and 1, which comes
 * to the same for labels 0 and 1 as for -1 and 1. Labels that mix 0 with -1 would depend on the cut into batches there. */
#include "dnn/math/vector.h"
#include "nn/losses/losses.h"

static element of(const void *q, real y, real target)
{
    (void)q;
    const real sign = dnn_select(target == 0, -1, target), missing = 1 - sign * y;
    return (element){ dnn_select(missing <= 0, 0, missing), dnn_select(missing <= 0, 0, -sign) }; /* lets NaN through */
}

ELEMENT_LOSS_EVAL(of)

const dnn_loss_kind dnn_loss_hinge = {
    .kind = { .name = "hinge", .help = "mean of max(1 - t y, 0) over the last axis, t = -1 or 1 (0 counts as -1)",
              .keras = "Hinge" },
    .target = DNN_TARGET_VALUES, .eval = eval,
};
