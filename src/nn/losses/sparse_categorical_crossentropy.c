/* -log y[t] for the class t; with z the input of the softmax that y comes from, log sum e^z - z[t], without any clipping. From other
 * probabilities: of y divided by its sum and cut. A target that names no class gives NaN. */
#include "nn/losses/losses.h"
#include "nn/losses/softmax_row.h"

typedef struct sparse_categorical_crossentropy { bool from_logits; } sparse_categorical_crossentropy;

static const dnn_param params[] = {
    DNN_BOOL(sparse_categorical_crossentropy, from_logits, "false", "outputs are what a softmax would be computed from"),
};

/* The class of row r, or `units` if there is none. */
static size_t class_of(const dnn_loss_pass *p, size_t r)
{
    const real t = p->target[r];
    return t >= 0 && t < (real)p->units ? (size_t)t : p->units;
}

static double no_class(const dnn_loss_pass *p, real *dy)
{
    for (size_t i = 0; dy && i < p->units; i++) dy[i] = (real)NAN;
    return NAN;
}

static double from_logits(const dnn_loss_pass *p, size_t r, const real *z, double share, real *dy)
{
    const size_t t = class_of(p, r);
    if (t == p->units) return no_class(p, dy);
    const softmax_row row = softmax_of(p->units, z, dy);
    const double factor = share / row.sum;
    if (dy) {
        const double right = share * ((double)dy[t] / row.sum - 1);
        for (size_t i = 0; i < p->units; i++) dy[i] = (real)factor * dy[i];
        dy[t] = (real)right;
    }
    return log(row.sum) + (row.shift - (double)z[t]);
}

static double from_probabilities(const dnn_loss_pass *p, size_t r, const real *y, double share, real *dy)
{
    const size_t t = class_of(p, r);
    if (t == p->units) return no_class(p, dy);
    const double sum = sum_of(p->units, y), q = (double)y[t] / sum;
    double slope;
    const double value = -log_of_cut(q, &slope);
    if (dy) {
        for (size_t i = 0; i < p->units; i++) dy[i] = (real)(share * slope * q / sum);
        dy[t] = (real)(share * slope * (q - 1) / sum);
    }
    return value;
}

static double eval_rows(const dnn_loss_pass *p, const real *in, bool logits)
{
    double sum = 0;
    for (size_t r = 0; r < p->rows; r++) {
        const double weight = row_weight(p, r);
        real *dy = p->dy ? p->dy + r * p->units : NULL;
        sum += weight * (logits ? from_logits : from_probabilities)(p, r, in + r * p->units, weight * p->scale, dy);
    }
    return sum;
}

static double eval(const void *q, const dnn_loss_pass *p)
{
    return eval_rows(p, p->y, ((const sparse_categorical_crossentropy *)q)->from_logits);
}

static double eval_fused(const void *q, const dnn_loss_pass *p)
{
    (void)q;
    return eval_rows(p, p->z, true);
}

static bool fuses(const void *q) { return !((const sparse_categorical_crossentropy *)q)->from_logits; }

const dnn_loss_kind dnn_loss_sparse_categorical_crossentropy = {
    .kind = { .name = "sparse_categorical_crossentropy", .help = "-log of the probability of the class; targets are class numbers from 0",
              .params_size = sizeof(sparse_categorical_crossentropy), DNN_PARAMS(params), .keras = "SparseCategoricalCrossentropy" },
    .target = DNN_TARGET_CLASS, .least_units = 2, .fused_with = "softmax", .fuses = fuses, .eval = eval, .eval_fused = eval_fused,
};
