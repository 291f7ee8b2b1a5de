/* - sum t log y along the last axis; with z the input of the softmax that y comes from, sum t (log sum e^z - z), without any clipping. From
 * other probabilities: of y divided by its sum and cut. label_smoothing s: t (1 - s) + s / units. */
#include "nn/losses/losses.h"
#include "nn/losses/softmax_row.h"

typedef struct categorical_crossentropy { bool from_logits; double label_smoothing; } categorical_crossentropy;

static const dnn_param params[] = {
    DNN_BOOL(categorical_crossentropy, from_logits, "false", "outputs are what a softmax would be computed from"),
    DNN_REAL(categorical_crossentropy, label_smoothing, "0", "[0, 1]", "how far targets are moved towards equal shares"),
};

static inline double smooth(double s, size_t units, real t) { return (double)t * (1 - s) + s / (double)units; }

static double from_logits(size_t units, double s, const real *z, const real *target, double share, real *dy)
{
    const softmax_row row = softmax_of(units, z, dy);
    const double log_sum = row.shift + log(row.sum);
    double value = 0, all = 0;
    for (size_t i = 0; i < units; i++) {
        const double t = smooth(s, units, target[i]);
        all += t;
        value += t * (log_sum - (double)z[i]);
    }
    for (size_t i = 0; dy && i < units; i++)
        dy[i] = (real)(share * (all * ((double)dy[i] / row.sum) - smooth(s, units, target[i])));
    return value;
}

/* With q = y / sum y and the loss -sum t log q: d/dy_j = (a_j - sum a q) / sum y, a = -t / q, 0 where q was cut. */
static double from_probabilities(size_t units, double s, const real *y, const real *target, double share, real *dy)
{
    const double sum = sum_of(units, y);
    double value = 0, mean = 0;
    for (size_t i = 0; i < units; i++) {
        const double q = (double)y[i] / sum, t = smooth(s, units, target[i]);
        double slope;
        value -= t * log_of_cut(q, &slope);
        mean -= t * slope * q;
        if (dy) dy[i] = (real)(-t * slope);
    }
    for (size_t i = 0; dy && i < units; i++) dy[i] = (real)(share * ((double)dy[i] - mean) / sum);
    return value;
}

static double eval_rows(const dnn_loss_pass *p, const real *in, bool logits, double smoothing)
{
    double sum = 0;
    for (size_t r = 0; r < p->rows; r++) {
        const size_t at = r * p->units;
        const double weight = row_weight(p, r);
        sum += weight * (logits ? from_logits : from_probabilities)(p->units, smoothing, in + at, p->target + at, weight * p->scale,
                                                                   p->dy ? p->dy + at : NULL);
    }
    return sum;
}

static double eval(const void *q, const dnn_loss_pass *p)
{
    const categorical_crossentropy *c = q;
    return eval_rows(p, p->y, c->from_logits, c->label_smoothing);
}

static double eval_fused(const void *q, const dnn_loss_pass *p)
{
    return eval_rows(p, p->z, true, ((const categorical_crossentropy *)q)->label_smoothing);
}

static bool fuses(const void *q) { return !((const categorical_crossentropy *)q)->from_logits; }

const dnn_loss_kind dnn_loss_categorical_crossentropy = {
    .kind = { .name = "categorical_crossentropy", .help = "- sum t log y along the last axis; targets are shares of the classes",
              .params_size = sizeof(categorical_crossentropy), DNN_PARAMS(params), .keras = "CategoricalCrossentropy" },
    .target = DNN_TARGET_VALUES, .least_units = 2, .fused_with = "softmax", .fuses = fuses, .eval = eval, .eval_fused = eval_fused,
};
