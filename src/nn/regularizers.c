/* Regularizers as Keras defines them: l2 is l2·sum w² with gradient 2·l2·w, without a half and without a share per sample. */
#include "dnn/nn/regularizer.h"

#include <math.h>

typedef struct l1_params { double l1; } l1_params;
typedef struct l2_params { double l2; } l2_params;
typedef struct l1_l2_params { double l1, l2; } l1_l2_params;

static const dnn_param l1_rows[] = { DNN_REAL(l1_params, l1, "0.01", ">= 0", "factor of the sum of magnitudes") };
static const dnn_param l2_rows[] = { DNN_REAL(l2_params, l2, "0.01", ">= 0", "factor of the sum of squares") };
static const dnn_param l1_l2_rows[] = {
    DNN_REAL(l1_l2_params, l1, "0", ">= 0", "factor of the sum of magnitudes"),
    DNN_REAL(l1_l2_params, l2, "0", ">= 0", "factor of the sum of squares"),
};

static double sum(l1_l2_params p, size_t n, const float *w)
{
    double magnitudes = 0.0, squares = 0.0;
    for (size_t i = 0; i < n; i++) {
        magnitudes += fabs((double)w[i]);
        squares += (double)w[i] * (double)w[i];
    }
    return p.l1 * magnitudes + p.l2 * squares;
}

/* The slope of |w| at 0 is 0. */
static float sign(float w) { return (float)((w > 0.0f) - (w < 0.0f)); }

static void add(l1_l2_params p, size_t n, const float *restrict w, float *restrict g)
{
    const float a = (float)p.l1, b = (float)(2.0 * p.l2);
    for (size_t i = 0; i < n; i++) g[i] += a * sign(w[i]) + b * w[i];
}

#define WHOLE(name, ...)                                                                                                           \
    static l1_l2_params name##_factors(const void *params) { const name##_params *p = params; return (l1_l2_params){ __VA_ARGS__ }; }   \
    static double name##_penalty(const void *params, size_t n, const float *w) { return sum(name##_factors(params), n, w); }         \
    static void name##_add(const void *params, size_t n, const float *w, float *g) { add(name##_factors(params), n, w, g); }        \
    static void name##_both(const void *params, double *l1, double *l2)                                                              \
    {                                                                                                                                \
        *l1 = name##_factors(params).l1;                                                                                             \
        *l2 = name##_factors(params).l2;                                                                                             \
    }
WHOLE(l1, p->l1, 0.0)
WHOLE(l2, 0.0, p->l2)
WHOLE(l1_l2, p->l1, p->l2)

/* Proximal gradient: a step on the loss alone, then the soft threshold, w -> sign(w) max(|w| - lr·l1, 0), which reaches exact zeros
 * (Daubechies, Defrise and De Mol 2004; Parikh and Boyd, "Proximal algorithms", 2014, section 6.5.2). */
static void soft_threshold(const void *params, double learning_rate, size_t n, float *w)
{
    const float t = (float)(learning_rate * ((const l1_params *)params)->l1);
    for (size_t i = 0; i < n; i++) w[i] = sign(w[i]) * fmaxf(fabsf(w[i]) - t, 0.0f);
}

#define KIND(name_, help_, keras_, struct_, rows_) \
    .kind = { .name = name_, .help = help_, .params_size = sizeof(struct_), DNN_PARAMS(rows_), .keras = keras_ }
static const dnn_regularizer_kind l1 = { KIND("l1", "l1 · sum |w|", "L1", l1_params, l1_rows), .penalty = l1_penalty, .add_gradient = l1_add, .factors = l1_both };
static const dnn_regularizer_kind l2 = { KIND("l2", "l2 · sum w²", "L2", l2_params, l2_rows), .penalty = l2_penalty, .add_gradient = l2_add, .factors = l2_both };
static const dnn_regularizer_kind l1_l2 = { KIND("l1_l2", "l1 · sum |w| + l2 · sum w²", "L1L2", l1_l2_params, l1_l2_rows),
                                            .penalty = l1_l2_penalty, .add_gradient = l1_l2_add,
                                            .factors = l1_l2_both };
static const dnn_regularizer_kind l1_proximal = {
    KIND("l1_proximal", "l1 · sum |w| by a soft threshold after the step, with exact zeros (Parikh and Boyd 2014)", NULL, l1_params, l1_rows),
    .penalty = l1_penalty, .after_update = soft_threshold };

static const dnn_kind *const kinds[] = { &l1.kind, &l2.kind, &l1_l2.kind, &l1_proximal.kind };

dnn_family dnn_regularizers = { .name = "regularizer", .kinds = kinds, .count = sizeof kinds / sizeof *kinds };
