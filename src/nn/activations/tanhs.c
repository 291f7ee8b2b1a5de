/* Sigmoids from -1 to 1. */
#include "dnn/math/vector.h"
#include "nn/activations.h"

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

KIND(tanh, "hyperbolic tangent") };
KIND(hard_tanh, "x cut to -1 … 1") };
KIND(softsign, "x / (1 + |x|)") .from_input = true };
