/* The exponential, and units that are linear above 0 and an exponential below. */
#include "dnn/math/vector.h"
#include "nn/activations.h"

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

KIND(exponential, "e^x") };
KIND(elu, "x above 0, else alpha (e^x - 1) (Clevert et al. 2016)", WITH(elu)) };
KIND(selu, "elu that keeps mean 0 and variance 1 (Klambauer et al. 2017); wants lecun_normal") };
KIND(celu, "x above 0, else alpha (e^(x / alpha) - 1) (Barron 2017)", WITH(celu)) };
