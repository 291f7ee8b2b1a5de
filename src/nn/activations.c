/* The family of activations. Each is its function, its derivative and one row of the table at the end. Derivatives are taken from the output
 * where that is as good as the input, because the input then need not be kept. An alias is a row of its own with
 * the functions of the kind it stands for. */
#include "nn/activations.h"

#include <string.h>

#include "dnn/math/vector.h"

static void linear_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    (void)params;
    if (x != y) memcpy(y, x, rows * units * sizeof *y);
}

static void linear_backward(const void *params, size_t rows, size_t units, const real *y, const real *dy, real *dx)
{
    (void)params;
    (void)y;
    if (dx != dy) memcpy(dx, dy, rows * units * sizeof *dx);
}

static dnn_value linear_outline(const void *params, dnn_outline *o, dnn_value x)
{
    (void)params;
    (void)o;
    return x;
}

/* sigmoid: 1 / (1 + e^-x), f' = y (1 - y) */
static void sigmoid_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    (void)params;
    dnn_vector_sigmoid(rows * units, x, y);
}

static void sigmoid_backward(const void *params, size_t rows, size_t units, const real *y, const real *dy, real *dx)
{
    (void)params;
    EACH(i, rows * units) dx[i] = dy[i] * (y[i] * (1 - y[i]));
}

static dnn_value sigmoid_outline(const void *params, dnn_outline *o, dnn_value x)
{
    (void)params;
    return dnn_outline_1(o, "Sigmoid", x);
}

static void tanh_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    (void)params;
    dnn_vector_tanh(rows * units, x, y);
}

static void tanh_backward(const void *params, size_t rows, size_t units, const real *y, const real *dy, real *dx)
{
    (void)params;
    EACH(i, rows * units) dx[i] = dy[i] * ((1 - y[i]) * (1 + y[i]));
}

static dnn_value tanh_outline(const void *params, dnn_outline *o, dnn_value x)
{
    (void)params;
    return dnn_outline_1(o, "Tanh", x);
}

/* relu: x above the threshold, at most max_value; slope (x - threshold) at or below it. All three are >= 0, so the output tells on which of
 * the three pieces the input lay. */
typedef struct relu { double negative_slope, max_value, threshold; } relu;

static const dnn_param relu_params[] = {
    DNN_REAL(relu, negative_slope, "0", ">= 0", "slope at and below the threshold"),
    DNN_REAL(relu, max_value, "null", "> 0", "largest output"),
    DNN_REAL(relu, threshold, "0", ">= 0", "input from which on it passes unchanged"),
};

static void relu_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    const relu *p = params;
    const real slope = (real)p->negative_slope, threshold = (real)p->threshold;
    const real most = isnan(p->max_value) ? INFINITY : (real)p->max_value;
    const size_t n = rows * units;
    if (slope == 0 && threshold == 0 && most == INFINITY) {
        EACH(i, n) y[i] = dnn_select(x[i] <= 0, 0, x[i]);  /* lets NaN through */
        return;
    }
    EACH(i, n)
    {
        const real below = slope * (x[i] - threshold), above = dnn_select(x[i] > most, most, x[i]);
        y[i] = dnn_select(x[i] <= threshold, below, above);
    }
}

static void relu_backward(const void *params, size_t rows, size_t units, const real *y, const real *dy, real *dx)
{
    const relu *p = params;
    const real slope = (real)p->negative_slope, most = isnan(p->max_value) ? INFINITY : (real)p->max_value;
    EACH(i, rows * units)
    {
        const real above = dnn_select(y[i] >= most, 0, dy[i]), below = slope * dy[i];
        dx[i] = dnn_select(y[i] > 0, above, below);
    }
}

static dnn_value relu_outline(const void *params, dnn_outline *o, dnn_value x)
{
    const relu *p = params;
    const bool plain = isnan(p->max_value) && p->threshold == 0;
    if (plain && p->negative_slope == 0) return dnn_outline_1(o, "Relu", x);
    const dnn_value above = dnn_outline_clip(o, x, -INFINITY, isnan(p->max_value) ? INFINITY : p->max_value);
    const dnn_value threshold = dnn_outline_real(o, p->threshold), past = dnn_outline_2(o, "Sub", x, threshold);
    const dnn_value below = dnn_outline_2(o, "Mul", past, dnn_outline_real(o, p->negative_slope));
    return dnn_outline_where(o, dnn_outline_2(o, "LessOrEqual", x, threshold), below, above);
}

typedef struct leaky_relu { double negative_slope; } leaky_relu;

static const dnn_param leaky_relu_params[] = {
    DNN_REAL(leaky_relu, negative_slope, "0.2", ">= 0", "slope at and below 0"),
};

static void leaky_relu_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    const real slope = (real)((const leaky_relu *)params)->negative_slope;
    EACH(i, rows * units)
    {
        const real below = slope * x[i];
        y[i] = dnn_select(x[i] > 0, x[i], below);
    }
}

static void leaky_relu_backward(const void *params, size_t rows, size_t units, const real *y, const real *dy, real *dx)
{
    const real slope = (real)((const leaky_relu *)params)->negative_slope;
    EACH(i, rows * units)
    {
        const real below = slope * dy[i];
        dx[i] = dnn_select(y[i] > 0, dy[i], below);
    }
}

static dnn_value leaky_relu_outline(const void *params, dnn_outline *o, dnn_value x)
{
    const dnn_value y = dnn_outline_1(o, "LeakyRelu", x);
    dnn_outline_set_real(o, "alpha", ((const leaky_relu *)params)->negative_slope);
    return y;
}

/* elu and selu: scale x above 0, scale alpha (e^x - 1) below, where f' = y + scale alpha */
static void elu_of(real scale, real alpha, size_t n, const real *x, real *y)
{
    const real bottom = scale * alpha;
    EACH(i, n)
    {
        const real above = scale * x[i], below = bottom * dnn_expm1(x[i]);
        y[i] = dnn_select(x[i] > 0, above, below);
    }
}

static void elu_slope(real scale, real alpha, size_t n, const real *y, const real *dy, real *dx)
{
    const real bottom = scale * alpha;
    EACH(i, n)
    {
        const real below = y[i] + bottom, slope = dnn_select(y[i] > 0, scale, below);
        dx[i] = dy[i] * slope;
    }
}

typedef struct elu { double alpha; } elu;

static const dnn_param elu_params[] = {
    DNN_REAL(elu, alpha, "1", ">= 0", "minus the limit for very negative inputs"),
};

static void elu_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    elu_of(1, (real)((const elu *)params)->alpha, rows * units, x, y);
}

static void elu_backward(const void *params, size_t rows, size_t units, const real *y, const real *dy, real *dx)
{
    elu_slope(1, (real)((const elu *)params)->alpha, rows * units, y, dy, dx);
}

static dnn_value elu_outline(const void *params, dnn_outline *o, dnn_value x)
{
    const dnn_value y = dnn_outline_1(o, "Elu", x);
    dnn_outline_set_real(o, "alpha", ((const elu *)params)->alpha);
    return y;
}

/* Klambauer et al. 2017, section 2: the fixed point with mean 0 and variance 1. */
#define SELU_ALPHA 1.6732632423543772848
#define SELU_SCALE 1.0507009873554804935

static void selu_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    (void)params;
    elu_of((real)SELU_SCALE, (real)SELU_ALPHA, rows * units, x, y);
}

static void selu_backward(const void *params, size_t rows, size_t units, const real *y, const real *dy, real *dx)
{
    (void)params;
    elu_slope((real)SELU_SCALE, (real)SELU_ALPHA, rows * units, y, dy, dx);
}

static dnn_value selu_outline(const void *params, dnn_outline *o, dnn_value x)
{
    (void)params;
    const dnn_value y = dnn_outline_1(o, "Selu", x);
    dnn_outline_set_real(o, "alpha", SELU_ALPHA);
    dnn_outline_set_real(o, "gamma", SELU_SCALE);
    return y;
}

/* softmax: e^(x - max) over their sum, along the last axis; dx = y (dy - sum dy y) */
static void softmax_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    (void)params;
    for (size_t r = 0; r < rows; r++) {
        const real *in = x + r * units;
        real *out = y + r * units, most = -INFINITY;
        for (size_t i = 0; i < units; i++) most = in[i] > most ? in[i] : most;
        EACH(i, units) out[i] = in[i] - most;
    }
    dnn_vector_exp(rows * units, y, y);
    for (size_t r = 0; r < rows; r++) {
        real *out = y + r * units;
        double sum = 0;
        for (size_t i = 0; i < units; i++) sum += out[i];
        const real total = (real)sum;
        EACH(i, units) out[i] /= total;
    }
}

static void softmax_backward(const void *params, size_t rows, size_t units, const real *y, const real *dy, real *dx)
{
    (void)params;
    for (size_t r = 0; r < rows; r++, y += units, dy += units, dx += units) {
        double sum = 0;
        for (size_t i = 0; i < units; i++) sum += (double)dy[i] * y[i];
        const real mean = (real)sum;
        EACH(i, units) dx[i] = y[i] * (dy[i] - mean);
    }
}

static dnn_value softmax_outline(const void *params, dnn_outline *o, dnn_value x)
{
    (void)params;
    const dnn_value y = dnn_outline_1(o, "Softmax", x);
    dnn_outline_set_integer(o, "axis", -1);
    return y;
}

/* softplus: log(1 + e^x), f' = sigmoid(x) = 1 - e^-y */
static void softplus_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    (void)params;
    dnn_vector_softplus(rows * units, x, y);
}

static void softplus_backward(const void *params, size_t rows, size_t units, const real *y, const real *dy, real *dx)
{
    (void)params;
    EACH(i, rows * units) dx[i] = dy[i] * -dnn_expm1(-y[i]);
}

static dnn_value softplus_outline(const void *params, dnn_outline *o, dnn_value x)
{
    (void)params;
    return dnn_outline_1(o, "Softplus", x);
}

static void softsign_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    (void)params;
    EACH(i, rows * units) y[i] = x[i] / (1 + dnn_abs(x[i]));
}

static void softsign_backward(const void *params, size_t rows, size_t units, const real *x, const real *dy, real *dx)
{
    (void)params;
    EACH(i, rows * units)
    {
        const real below = 1 + dnn_abs(x[i]);
        dx[i] = dy[i] / (below * below);
    }
}

static dnn_value softsign_outline(const void *params, dnn_outline *o, dnn_value x)
{
    (void)params;
    return dnn_outline_1(o, "Softsign", x);
}

static void exponential_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    (void)params;
    dnn_vector_exp(rows * units, x, y);
}

static void exponential_backward(const void *params, size_t rows, size_t units, const real *y, const real *dy, real *dx)
{
    (void)params;
    EACH(i, rows * units) dx[i] = dy[i] * y[i];
}

static dnn_value exponential_outline(const void *params, dnn_outline *o, dnn_value x)
{
    (void)params;
    return dnn_outline_1(o, "Exp", x);
}

static void silu_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    (void)params;
    EACH(i, rows * units) y[i] = x[i] * dnn_sigmoid(x[i]);
}

static void silu_backward(const void *params, size_t rows, size_t units, const real *x, const real *dy, real *dx)
{
    (void)params;
    EACH(i, rows * units)
    {
        const real s = dnn_sigmoid(x[i]);
        dx[i] = dy[i] * (s + x[i] * (s * (1 - s)));
    }
}

static dnn_value silu_outline(const void *params, dnn_outline *o, dnn_value x)
{
    (void)params;
    return dnn_outline_2(o, "Mul", x, dnn_outline_1(o, "Sigmoid", x));
}

/* gelu: x P(N < x) for a standard normal N, f' = P + x times its density (Hendrycks and Gimpel 2016). approximate: P taken for
 * (1 + tanh u) / 2 with u = sqrt(2 / pi) (x + 0.044715 x³). */
typedef struct gelu { bool approximate; } gelu;

static const dnn_param gelu_params[] = {
    DNN_BOOL(gelu, approximate, "false", "the form with tanh in place of the exact one"),
};

#define GELU_ROOT 0.79788456080286535588
#define GELU_CUBE 0.044715

static inline real normal_cdf(real x) { return (real)0.5 * (1 + dnn_erf(x * (real)0.70710678118654752440)); }

/* (1 + tanh u) / 2 = sigmoid(2 u), which keeps its digits where u is far below 0. */
static inline real tanh_cdf(real x) { return dnn_sigmoid((real)(2 * GELU_ROOT) * (x + (real)GELU_CUBE * x * x * x)); }

static void gelu_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    if (((const gelu *)params)->approximate) {
        EACH(i, rows * units) y[i] = x[i] * tanh_cdf(x[i]);
        return;
    }
    EACH(i, rows * units) y[i] = x[i] * normal_cdf(x[i]);
}

static void gelu_backward(const void *params, size_t rows, size_t units, const real *x, const real *dy, real *dx)
{
    if (((const gelu *)params)->approximate) {
        EACH(i, rows * units)
        {
            const real p = tanh_cdf(x[i]), slope = (real)(2 * GELU_ROOT) * (1 + (real)(3 * GELU_CUBE) * x[i] * x[i]);
            dx[i] = dy[i] * (p + x[i] * slope * (p * (1 - p)));
        }
        return;
    }
    EACH(i, rows * units)
    {
        const real density = (real)0.39894228040143267794 * dnn_exp((real)-0.5 * x[i] * x[i]);
        dx[i] = dy[i] * (normal_cdf(x[i]) + x[i] * density);
    }
}

static dnn_value gelu_outline(const void *params, dnn_outline *o, dnn_value x)
{
    if (!((const gelu *)params)->approximate) {
        const dnn_value half = dnn_outline_real(o, 0.5), one = dnn_outline_real(o, 1);
        const dnn_value e = dnn_outline_1(o, "Erf", dnn_outline_2(o, "Mul", x, dnn_outline_real(o, 0.70710678118654752440)));
        return dnn_outline_2(o, "Mul", x, dnn_outline_2(o, "Mul", half, dnn_outline_2(o, "Add", one, e)));
    }
    const dnn_value cube = dnn_outline_2(o, "Mul", x, dnn_outline_2(o, "Mul", x, x));
    const dnn_value bent = dnn_outline_2(o, "Add", x, dnn_outline_2(o, "Mul", dnn_outline_real(o, GELU_CUBE), cube));
    const dnn_value u = dnn_outline_2(o, "Mul", dnn_outline_real(o, 2 * GELU_ROOT), bent);
    return dnn_outline_2(o, "Mul", x, dnn_outline_1(o, "Sigmoid", u));
}

typedef struct hard_sigmoid { double slope; } hard_sigmoid;

static const dnn_param hard_sigmoid_params[] = {
    DNN_REAL(hard_sigmoid, slope, "0.16666666666666666", "> 0", "slope between the two ends; 0.2 is the form of Keras 2"),
};

static void hard_sigmoid_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    const real slope = (real)((const hard_sigmoid *)params)->slope;
    EACH(i, rows * units)
    {
        const real line = slope * x[i] + (real)0.5, low = dnn_select(line < 0, 0, line);
        y[i] = dnn_select(low > 1, 1, low);
    }
}

static void hard_sigmoid_backward(const void *params, size_t rows, size_t units, const real *y, const real *dy, real *dx)
{
    const real slope = (real)((const hard_sigmoid *)params)->slope;
    EACH(i, rows * units)
    {
        const real inside = slope * dy[i];
        dx[i] = dnn_select((y[i] > 0) & (y[i] < 1), inside, 0);
    }
}

static dnn_value hard_sigmoid_outline(const void *params, dnn_outline *o, dnn_value x)
{
    const dnn_value y = dnn_outline_1(o, "HardSigmoid", x);
    dnn_outline_set_real(o, "alpha", ((const hard_sigmoid *)params)->slope);
    dnn_outline_set_real(o, "beta", 0.5);
    return y;
}

/* mish: x tanh(softplus(x)) (Misra 2019). With e = e^x and n = e (e + 2): tanh(log(1 + e)) = n / (n + 2). From 20 on it
 * is 1 in both precisions' eyes, and e² would overflow later. */
static inline real mish_gate(real x, real *e)
{
    *e = dnn_exp(dnn_select(x > 20, 20, x));
    const real n = *e * (*e + 2);
    return n / (n + 2);
}

static void mish_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    (void)params;
    EACH(i, rows * units)
    {
        real e;
        y[i] = x[i] * mish_gate(x[i], &e);
    }
}

static void mish_backward(const void *params, size_t rows, size_t units, const real *x, const real *dy, real *dx)
{
    (void)params;
    EACH(i, rows * units)
    {
        real e;
        const real t = mish_gate(x[i], &e), rest = 2 / (e * (e + 2) + 2);  /* 1 - t without its rounding */
        dx[i] = dy[i] * (t + x[i] * (rest * (1 + t)) * (e / (1 + e)));
    }
}

static dnn_value mish_outline(const void *params, dnn_outline *o, dnn_value x)
{
    (void)params;
    return dnn_outline_2(o, "Mul", x, dnn_outline_1(o, "Tanh", dnn_outline_1(o, "Softplus", x)));
}

#define FUNCTIONS(name) .forward = name##_forward, .backward = name##_backward, .outline = name##_outline
#define WITH(name) .params_size = sizeof(name), DNN_PARAMS(name##_params)
#define ROW(...) &((const dnn_activation_kind){ __VA_ARGS__ }).kind

static const dnn_kind *const kinds[] = {
    ROW(.kind = { "linear", "x", .keras = "linear" }, FUNCTIONS(linear)),
    ROW(.kind = { "sigmoid", "1 / (1 + e^-x)", .keras = "sigmoid" }, FUNCTIONS(sigmoid)),
    ROW(.kind = { "tanh", "hyperbolic tangent", .keras = "tanh" }, FUNCTIONS(tanh)),
    ROW(.kind = { "relu", "x above the threshold, else 0", WITH(relu), .keras = "relu" }, FUNCTIONS(relu)),
    ROW(.kind = { "leaky_relu", "x above 0, else a small share of it (Maas et al. 2013)", WITH(leaky_relu), .keras = "leaky_relu" },
        FUNCTIONS(leaky_relu)),
    ROW(.kind = { "elu", "x above 0, else alpha (e^x - 1) (Clevert et al. 2016)", WITH(elu), .keras = "elu" }, FUNCTIONS(elu)),
    ROW(.kind = { "selu", "elu that keeps mean 0 and variance 1 (Klambauer et al. 2017); wants lecun_normal", .keras = "selu" },
        FUNCTIONS(selu)),
    ROW(.kind = { "softmax", "e^x over the sum of the last axis", .keras = "softmax" }, .whole_row = true, FUNCTIONS(softmax)),
    ROW(.kind = { "softplus", "log(1 + e^x)", .keras = "softplus" }, FUNCTIONS(softplus)),
    ROW(.kind = { "softsign", "x / (1 + |x|)", .keras = "softsign" }, .from_input = true, FUNCTIONS(softsign)),
    ROW(.kind = { "exponential", "e^x", .keras = "exponential" }, FUNCTIONS(exponential)),
    ROW(.kind = { "silu", "x sigmoid(x) (Elfwing et al. 2018)", .keras = "silu" }, .from_input = true, FUNCTIONS(silu)),
    ROW(.kind = { "swish", "another name of silu", .keras = "swish" }, .from_input = true, FUNCTIONS(silu)),
    ROW(.kind = { "gelu", "x times the standard normal distribution function (Hendrycks and Gimpel 2016)", WITH(gelu), .keras = "gelu" },
        .from_input = true, FUNCTIONS(gelu)),
    ROW(.kind = { "hard_sigmoid", "slope x + 1/2 cut to 0 … 1", WITH(hard_sigmoid), .keras = "hard_sigmoid" }, FUNCTIONS(hard_sigmoid)),
    ROW(.kind = { "mish", "x tanh(softplus(x)) (Misra 2019)", .keras = "mish" }, .from_input = true, FUNCTIONS(mish)),
    &activation_relu6.kind,
    &activation_celu.kind,
    &activation_hard_silu.kind,
    &activation_hard_swish.kind,
    &activation_hard_tanh.kind,
    &activation_tanh_shrink.kind,
    &activation_hard_shrink.kind,
    &activation_soft_shrink.kind,
    &activation_log_sigmoid.kind,
    &activation_log_softmax.kind,
    &activation_squareplus.kind,
    &activation_sparse_plus.kind,
    &activation_sparse_sigmoid.kind,
};

dnn_family dnn_activations = { .name = "activation", .kinds = kinds, .count = sizeof kinds / sizeof *kinds };
