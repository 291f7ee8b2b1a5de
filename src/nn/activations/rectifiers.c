/* Rectifiers: 0 or a small slope below a threshold, above it the input. Derivatives at the corners are those of Keras. */
#include <math.h>

#include "dnn/math/vector.h"
#include "nn/activations.h"

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

/* threshold: x above the threshold, else a constant. The output does not tell which it was, so the slope comes from x. */
typedef struct threshold { double threshold, default_value; } threshold;

static const dnn_param threshold_params[] = {
    DNN_REAL(threshold, threshold, NULL, NULL, "inputs above it pass unchanged"),
    DNN_REAL(threshold, default_value, NULL, NULL, "what all others become"),
};

static void threshold_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    const real least = (real)((const threshold *)params)->threshold, other = (real)((const threshold *)params)->default_value;
    EACH(i, rows * units) y[i] = dnn_select(x[i] <= least, other, x[i]); /* lets NaN through */
}

static void threshold_backward(const void *params, size_t rows, size_t units, const real *x, const real *dy, real *dx)
{
    const real least = (real)((const threshold *)params)->threshold;
    EACH(i, rows * units) dx[i] = dnn_select(x[i] > least, dy[i], 0);
}

static dnn_value threshold_outline(const void *params, dnn_outline *o, dnn_value x)
{
    const threshold *p = params;
    return dnn_outline_where(o, dnn_outline_2(o, "Greater", x, dnn_outline_real(o, p->threshold)), x, dnn_outline_real(o, p->default_value));
}

KIND(relu, "x above the threshold, else 0", WITH(relu)) };
KIND(leaky_relu, "x above 0, else a small share of it (Maas et al. 2013)", WITH(leaky_relu)) };
KIND(relu6, "x cut to 0 … 6") };
KIND(threshold, "x above the threshold, else default_value", WITH(threshold)) .from_input = true };
