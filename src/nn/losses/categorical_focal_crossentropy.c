/* - alpha sum (1 - q)^gamma t log q along the last axis, q = y / sum y cut to [1e-7, 1 - 1e-7] (Lin et al. 2017, "Focal loss for dense object
 * detection", for several classes as in Keras). label_smoothing s: t (1 - s) + s / units. */
#include "nn/losses/losses.h"
#include "nn/losses/softmax_row.h"

typedef struct categorical_focal_crossentropy { double alpha, gamma; bool from_logits; double label_smoothing; } categorical_focal_crossentropy;

static const dnn_param params[] = {
    DNN_REAL(categorical_focal_crossentropy, alpha, "0.25", ">= 0", "factor of the whole"),
    DNN_REAL(categorical_focal_crossentropy, gamma, "2", ">= 0", "how strongly rows that are right already count less"),
    DNN_BOOL(categorical_focal_crossentropy, from_logits, "false", "outputs are what a softmax would be computed from"),
    DNN_REAL(categorical_focal_crossentropy, label_smoothing, "0", "[0, 1]", "how far targets are moved towards equal shares"),
};

/* One class's loss by its share q; its slope by q, 0 where q was cut. */
static double of(const categorical_focal_crossentropy *f, double q, double t, double *slope)
{
    double log_slope;
    const double log_q = log_of_cut(q, &log_slope), cut = exp(log_q), factor = pow(1 - cut, f->gamma);
    const double factor_slope = f->gamma == 0 || log_slope == 0 ? 0 : -f->gamma * pow(1 - cut, f->gamma - 1);
    *slope = -f->alpha * t * (factor_slope * log_q + factor * log_slope);
    return -f->alpha * t * factor * log_q;
}

/* With q = y / sum: d/dy_j = (a_j - sum a q) / sum, a the slopes by q; for a softmax d/dz_j = q_j (a_j - sum a q). */
static double eval_row(const categorical_focal_crossentropy *f, size_t units, const real *in, const real *target, double share, real *dy)
{
    const softmax_row row = f->from_logits ? softmax_of(units, in, NULL) : (softmax_row){ .sum = sum_of(units, in) };
    double value = 0, mean = 0;
    for (int pass = 0; pass < (dy ? 2 : 1); pass++)
        for (size_t i = 0; i < units; i++) {
            const double q = (f->from_logits ? (double)dnn_exp(in[i] - (real)row.shift) : (double)in[i]) / row.sum;
            const double t = (double)target[i] * (1 - f->label_smoothing) + f->label_smoothing / (double)units;
            double slope;
            const double loss = of(f, q, t, &slope);
            if (pass == 1) {
                dy[i] = (real)(share * (slope - mean) * (f->from_logits ? q : 1 / row.sum));
                continue;
            }
            value += loss;
            mean += slope * q;
        }
    return value;
}

static double eval(const void *q, const dnn_loss_pass *p)
{
    double sum = 0;
    for (size_t r = 0; r < p->rows; r++) {
        const size_t at = r * p->units;
        const double weight = row_weight(p, r);
        sum += weight * eval_row(q, p->units, p->y + at, p->target + at, weight * p->scale, p->dy ? p->dy + at : NULL);
    }
    return sum;
}

const dnn_loss_kind dnn_loss_categorical_focal_crossentropy = {
    .kind = { .name = "categorical_focal_crossentropy", .help = "categorical cross-entropy times alpha (1 - q)^gamma (Lin et al. 2017)",
              .params_size = sizeof(categorical_focal_crossentropy), DNN_PARAMS(params), .keras = "CategoricalFocalCrossentropy" },
    .target = DNN_TARGET_VALUES, .least_units = 2, .eval = eval,
};
