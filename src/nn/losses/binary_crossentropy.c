/* -t log y - (1 - t) log(1 - y), mean over the last axis. With z the input of the sigmoid that y comes from, it is log(1 + e^z) - t z, without
 * any clipping. label_smoothing s: t (1 - s) + s / 2. */
#include "dnn/math/vector.h"
#include "nn/losses/losses.h"

typedef struct binary_crossentropy { bool from_logits; double label_smoothing; } binary_crossentropy;

static const dnn_param params[] = {
    DNN_BOOL(binary_crossentropy, from_logits, "false", "outputs are what a sigmoid would be computed from"),
    DNN_REAL(binary_crossentropy, label_smoothing, "0", "[0, 1]", "how far targets are moved towards 1/2"),
};

static inline real smooth(const void *q, real target)
{
    const real s = (real)((const binary_crossentropy *)q)->label_smoothing;
    return target * (1 - s) + s / 2;
}

static element of_probability(const void *q, real y, real target)
{
    const real low = (real)LOSS_EPSILON, high = 1 - (real)LOSS_EPSILON, t = smooth(q, target);
    const real above = dnn_select(y < low, low, y), p = dnn_select(above > high, high, above);
    const real slope = (1 - t) / (1 - p) - t / p;
    return (element){ -t * dnn_log(p) - (1 - t) * dnn_log(1 - p), dnn_select((y >= low) & (y <= high), slope, 0) };
}

static element of_logit(const void *q, real z, real target)
{
    const real t = smooth(q, target);
    return (element){ dnn_softplus(z) - t * z, dnn_sigmoid(z) - t };
}

/* The only call with of_logit: a function used twice would not be inlined, and its loop not vectorized. */
static double eval_logits(const void *q, const dnn_loss_pass *p, const real *z) { return eval_elements(q, p, z, of_logit); }

static double eval(const void *q, const dnn_loss_pass *p)
{
    if (((const binary_crossentropy *)q)->from_logits) return eval_logits(q, p, p->y);
    return eval_elements(q, p, p->y, of_probability);
}

static double eval_fused(const void *q, const dnn_loss_pass *p) { return eval_logits(q, p, p->z); }

static bool fuses(const void *q) { return !((const binary_crossentropy *)q)->from_logits; }

const dnn_loss_kind dnn_loss_binary_crossentropy = {
    .kind = { .name = "binary_crossentropy", .help = "-t log y - (1 - t) log(1 - y), mean over the last axis",
              .params_size = sizeof(binary_crossentropy), DNN_PARAMS(params), .keras = "BinaryCrossentropy" },
    .target = DNN_TARGET_VALUES, .probabilities = true, .fused_with = "sigmoid", .fuses = fuses, .eval = eval, .eval_fused = eval_fused,
};

const dnn_loss_kind dnn_loss_bce = {
    .kind = { .name = "bce", .help = "another name of binary_crossentropy",
              .params_size = sizeof(binary_crossentropy), DNN_PARAMS(params), .keras = "BinaryCrossentropy" },
    .target = DNN_TARGET_VALUES, .probabilities = true, .fused_with = "sigmoid", .fuses = fuses, .eval = eval, .eval_fused = eval_fused,
};
