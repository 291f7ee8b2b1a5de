/* Huber 1964: d²/2 up to delta, delta abs(d) - delta²/2 beyond, where d = y - t; mean over the last axis. */
#include "dnn/math/vector.h"
#include "nn/losses/losses.h"

typedef struct huber { double delta; } huber;

static const dnn_param params[] = {
    DNN_REAL(huber, delta, "1", "> 0", "where the square turns into a line"),
};

static element of(const void *q, real y, real target)
{
    const real delta = (real)((const huber *)q)->delta;
    const real d = y - target, size = dnn_abs(d), end = dnn_select(d > 0, delta, -delta);
    const real square = d * d / 2, line = delta * size - delta * delta / 2;
    return (element){ dnn_select(size <= delta, square, line), dnn_select(size <= delta, d, end) };
}

ELEMENT_LOSS_EVAL(of)

const dnn_loss_kind dnn_loss_huber = {
    .kind = { .name = "huber", .help = "squared near 0, linear beyond delta (Huber 1964)",
              .keras = "Huber", .params_size = sizeof(huber), DNN_PARAMS(params) },
    .target = DNN_TARGET_VALUES, .eval = eval,
};
