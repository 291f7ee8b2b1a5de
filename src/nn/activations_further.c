/* Activations that Keras has beside the usual ones: piecewise forms, shrinking forms, logarithms. Derivatives at kinks are those of Keras. */
#include "nn/activations.h"

#include <math.h>

#include "dnn/math/vector.h"

/* relu6: x cut to 0 … 6 */
static void relu6_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    (void)params;
    EACH(i, rows * units)
    {
        const real above = dnn_select(x[i] <= 0, 0, x[i]);
        y[i] = dnn_select(above > 6, 6, above);
    }
}

static void relu6_backward(const void *params, size_t rows, size_t units, const real *y, const real *dy, real *dx)
{
    (void)params;
    EACH(i, rows * units) dx[i] = dnn_select((y[i] > 0) & (y[i] < 6), dy[i], 0);
}

static dnn_value relu6_outline(const void *params, dnn_outline *o, dnn_value x)
{
    (void)params;
    return dnn_outline_clip(o, x, 0, 6);
}

/* celu: x above 0, else alpha (e^(x / alpha) - 1), where f' = y / alpha + 1 (Barron 2017) */
typedef struct celu { double alpha; } celu;

static const dnn_param celu_params[] = {
    DNN_REAL(celu, alpha, "1", "> 0", "minus the limit for very negative inputs"),
};

static void celu_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    const real alpha = (real)((const celu *)params)->alpha;
    EACH(i, rows * units)
    {
        const real below = alpha * dnn_expm1(x[i] / alpha);
        y[i] = dnn_select(x[i] > 0, x[i], below);
    }
}

static void celu_backward(const void *params, size_t rows, size_t units, const real *y, const real *dy, real *dx)
{
    const real alpha = (real)((const celu *)params)->alpha;
    EACH(i, rows * units)
    {
        const real below = dy[i] * (y[i] / alpha + 1);
        dx[i] = dnn_select(y[i] > 0, dy[i], below);
    }
}

static dnn_value celu_outline(const void *params, dnn_outline *o, dnn_value x)
{
    const dnn_value y = dnn_outline_1(o, "Celu", x);
    dnn_outline_set_real(o, "alpha", ((const celu *)params)->alpha);
    return y;
}

/* hard_silu: x times (x + 3) / 6 cut to 0 … 1 (Howard et al. 2019) */
static void hard_silu_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    (void)params;
    EACH(i, rows * units)
    {
        const real line = (x[i] + 3) / 6, low = dnn_select(line < 0, 0, line);
        y[i] = x[i] * dnn_select(low > 1, 1, low);
    }
}

static void hard_silu_backward(const void *params, size_t rows, size_t units, const real *x, const real *dy, real *dx)
{
    (void)params;
    EACH(i, rows * units)
    {
        const real slope = x[i] / 3 + (real)0.5, low = dnn_select(x[i] < -3, 0, slope);
        dx[i] = dy[i] * dnn_select(x[i] >= 3, 1, low);
    }
}

static dnn_value hard_silu_outline(const void *params, dnn_outline *o, dnn_value x)
{
    (void)params;
    const dnn_value gate = dnn_outline_1(o, "HardSigmoid", x);
    dnn_outline_set_real(o, "alpha", 1.0 / 6);
    dnn_outline_set_real(o, "beta", 0.5);
    return dnn_outline_2(o, "Mul", x, gate);
}

/* hard_tanh: x cut to -1 … 1 */
static void hard_tanh_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    (void)params;
    EACH(i, rows * units)
    {
        const real low = dnn_select(x[i] < -1, -1, x[i]);
        y[i] = dnn_select(low > 1, 1, low);
    }
}

static void hard_tanh_backward(const void *params, size_t rows, size_t units, const real *y, const real *dy, real *dx)
{
    (void)params;
    EACH(i, rows * units) dx[i] = dnn_select((y[i] > -1) & (y[i] < 1), dy[i], 0);
}

static dnn_value hard_tanh_outline(const void *params, dnn_outline *o, dnn_value x)
{
    (void)params;
    return dnn_outline_clip(o, x, -1, 1);
}

/* tanh_shrink: x - tanh x, f' = tanh² x */
static void tanh_shrink_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    (void)params;
    EACH(i, rows * units) y[i] = x[i] - dnn_tanh(x[i]);
}

static void tanh_shrink_backward(const void *params, size_t rows, size_t units, const real *x, const real *dy, real *dx)
{
    (void)params;
    EACH(i, rows * units)
    {
        const real t = dnn_tanh(x[i]);
        dx[i] = dy[i] * (t * t);
    }
}

static dnn_value tanh_shrink_outline(const void *params, dnn_outline *o, dnn_value x)
{
    (void)params;
    return dnn_outline_2(o, "Sub", x, dnn_outline_1(o, "Tanh", x));
}

/* hard_shrink: 0 within the threshold, else x; soft_shrink: x moved towards 0 by the threshold */
typedef struct shrink { double threshold; } shrink;

static const dnn_param shrink_params[] = {
    DNN_REAL(shrink, threshold, "0.5", ">= 0", "inputs no larger than it become 0"),
};

static void hard_shrink_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    const real threshold = (real)((const shrink *)params)->threshold;
    EACH(i, rows * units) y[i] = dnn_select(dnn_abs(x[i]) <= threshold, 0, x[i]);
}

static void soft_shrink_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    const real threshold = (real)((const shrink *)params)->threshold;
    EACH(i, rows * units)
    {
        const real moved = x[i] - dnn_select(x[i] > 0, threshold, -threshold);
        y[i] = dnn_select(dnn_abs(x[i]) <= threshold, 0, moved);
    }
}

static void shrink_backward(const void *params, size_t rows, size_t units, const real *y, const real *dy, real *dx)
{
    (void)params;
    EACH(i, rows * units) dx[i] = dnn_select(y[i] == 0, 0, dy[i]);
}

static dnn_value hard_shrink_outline(const void *params, dnn_outline *o, dnn_value x)
{
    const dnn_value threshold = dnn_outline_real(o, ((const shrink *)params)->threshold);
    const dnn_value small = dnn_outline_2(o, "LessOrEqual", dnn_outline_1(o, "Abs", x), threshold);
    return dnn_outline_where(o, small, dnn_outline_real(o, 0), x);
}

static dnn_value soft_shrink_outline(const void *params, dnn_outline *o, dnn_value x)
{
    const double threshold = ((const shrink *)params)->threshold;
    return dnn_outline_2(o, "Sub", x, dnn_outline_clip(o, x, -threshold, threshold));
}

/* log_sigmoid: -softplus(-x), f' = sigmoid(-x) = 1 - e^y */
static void log_sigmoid_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    (void)params;
    EACH(i, rows * units) y[i] = -dnn_softplus(-x[i]);
}

static void log_sigmoid_backward(const void *params, size_t rows, size_t units, const real *y, const real *dy, real *dx)
{
    (void)params;
    EACH(i, rows * units) dx[i] = dy[i] * -dnn_expm1(y[i]);
}

static dnn_value log_sigmoid_outline(const void *params, dnn_outline *o, dnn_value x)
{
    (void)params;
    return dnn_outline_1(o, "Neg", dnn_outline_1(o, "Softplus", dnn_outline_1(o, "Neg", x)));
}

/* log_softmax: x - max - log sum e^(x - max) along the last axis; dx = dy - e^y sum dy */
static void log_softmax_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    (void)params;
    for (size_t r = 0; r < rows; r++, x += units, y += units) {
        real most = -INFINITY;
        double sum = 0;
        for (size_t i = 0; i < units; i++) most = x[i] > most ? x[i] : most;
        for (size_t i = 0; i < units; i++) sum += (double)dnn_exp(x[i] - most);
        const real log_sum = (real)log(sum);
        EACH(i, units) y[i] = x[i] - most - log_sum;
    }
}

static void log_softmax_backward(const void *params, size_t rows, size_t units, const real *y, const real *dy, real *dx)
{
    (void)params;
    for (size_t r = 0; r < rows; r++, y += units, dy += units, dx += units) {
        double sum = 0;
        for (size_t i = 0; i < units; i++) sum += (double)dy[i];
        const real all = (real)sum;
        EACH(i, units) dx[i] = dy[i] - dnn_exp(y[i]) * all;
    }
}

static dnn_value log_softmax_outline(const void *params, dnn_outline *o, dnn_value x)
{
    (void)params;
    const dnn_value y = dnn_outline_1(o, "LogSoftmax", x);
    dnn_outline_set_integer(o, "axis", -1);
    return y;
}

/* squareplus: (x + sqrt(x² + b)) / 2, below 0 as b / 2 / (sqrt(x² + b) - x), which does not cancel (Barron 2021) */
typedef struct squareplus { double b; } squareplus;

static const dnn_param squareplus_params[] = {
    DNN_REAL(squareplus, b, "4", "> 0", "how wide the bend is"),
};

static void squareplus_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    const real b = (real)((const squareplus *)params)->b;
    EACH(i, rows * units)
    {
        const real root = dnn_sqrt(x[i] * x[i] + b), above = (x[i] + root) / 2, below = b / 2 / (root - x[i]);
        y[i] = dnn_select(x[i] < 0, below, above);
    }
}

static void squareplus_backward(const void *params, size_t rows, size_t units, const real *x, const real *dy, real *dx)
{
    const real b = (real)((const squareplus *)params)->b;
    EACH(i, rows * units)
    {
        const real root = dnn_sqrt(x[i] * x[i] + b), above = 1 + x[i] / root, below = b / (root * (root - x[i]));
        dx[i] = dy[i] * dnn_select(x[i] < 0, below, above) / 2;
    }
}

static dnn_value squareplus_outline(const void *params, dnn_outline *o, dnn_value x)
{
    const dnn_value b = dnn_outline_real(o, ((const squareplus *)params)->b);
    const dnn_value root = dnn_outline_1(o, "Sqrt", dnn_outline_2(o, "Add", dnn_outline_2(o, "Mul", x, x), b));
    return dnn_outline_2(o, "Mul", dnn_outline_2(o, "Add", x, root), dnn_outline_real(o, 0.5));
}

/* sparse_plus: 0 up to -1, (x + 1)² / 4 up to 1, then x; sparse_sigmoid, its derivative: (x + 1) / 2 cut to 0 … 1 */
static void sparse_plus_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    (void)params;
    EACH(i, rows * units)
    {
        const real bend = (x[i] + 1) * (x[i] + 1) / 4, low = dnn_select(x[i] <= -1, 0, bend);
        y[i] = dnn_select(x[i] >= 1, x[i], low);
    }
}

static void sparse_sigmoid_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    (void)params;
    EACH(i, rows * units)
    {
        const real line = (x[i] + 1) / 2, low = dnn_select(line < 0, 0, line);
        y[i] = dnn_select(low > 1, 1, low);
    }
}

static void sparse_plus_backward(const void *params, size_t rows, size_t units, const real *x, const real *dy, real *dx)
{
    (void)params;
    EACH(i, rows * units)
    {
        const real line = (x[i] + 1) / 2, low = dnn_select(line < 0, 0, line);
        dx[i] = dy[i] * dnn_select(low > 1, 1, low);
    }
}

static dnn_value sparse_plus_outline(const void *params, dnn_outline *o, dnn_value x)
{
    (void)params;
    const dnn_value one = dnn_outline_real(o, 1), half = dnn_outline_2(o, "Mul", dnn_outline_2(o, "Add", dnn_outline_clip(o, x, -1, 1), one), dnn_outline_real(o, 0.5));
    return dnn_outline_where(o, dnn_outline_2(o, "GreaterOrEqual", x, one), x, dnn_outline_2(o, "Mul", half, half));
}

static void sparse_sigmoid_backward(const void *params, size_t rows, size_t units, const real *y, const real *dy, real *dx)
{
    (void)params;
    EACH(i, rows * units) dx[i] = dnn_select((y[i] > 0) & (y[i] < 1), dy[i] / 2, 0);
}

static dnn_value sparse_sigmoid_outline(const void *params, dnn_outline *o, dnn_value x)
{
    (void)params;
    const dnn_value y = dnn_outline_1(o, "HardSigmoid", x);
    dnn_outline_set_real(o, "alpha", 0.5);
    dnn_outline_set_real(o, "beta", 0.5);
    return y;
}

#define KIND(name_, help_, forward_, backward_, ...) \
    const dnn_activation_kind activation_##name_ = { .kind = { .name = #name_, .help = help_, .keras = #name_, __VA_ARGS__ }, \
                                                     .forward = forward_##_forward, .backward = backward_##_backward, .outline = forward_##_outline,
#define WITH(name) .params_size = sizeof(name), DNN_PARAMS(name##_params)

KIND(relu6, "x cut to 0 … 6", relu6, relu6) };
KIND(celu, "x above 0, else alpha (e^(x / alpha) - 1) (Barron 2017)", celu, celu, WITH(celu)) };
KIND(hard_silu, "x times (x + 3) / 6 cut to 0 … 1 (Howard et al. 2019)", hard_silu, hard_silu) .from_input = true };
KIND(hard_swish, "another name of hard_silu", hard_silu, hard_silu) .from_input = true };
KIND(hard_tanh, "x cut to -1 … 1", hard_tanh, hard_tanh) };
KIND(tanh_shrink, "x - tanh x", tanh_shrink, tanh_shrink) .from_input = true };
KIND(hard_shrink, "x, but 0 within the threshold", hard_shrink, shrink, WITH(shrink)) };
KIND(soft_shrink, "x moved towards 0 by the threshold, 0 within it", soft_shrink, shrink, WITH(shrink)) };
KIND(log_sigmoid, "log of the sigmoid", log_sigmoid, log_sigmoid) };
KIND(log_softmax, "log of the softmax along the last axis", log_softmax, log_softmax) .whole_row = true };
KIND(squareplus, "(x + sqrt(x^2 + b)) / 2 (Barron 2021)", squareplus, squareplus, WITH(squareplus)) .from_input = true };
KIND(sparse_plus, "0 up to -1, (x + 1)^2 / 4 up to 1, then x", sparse_plus, sparse_plus) .from_input = true };
KIND(sparse_sigmoid, "(x + 1) / 2 cut to 0 … 1", sparse_sigmoid, sparse_sigmoid) };
