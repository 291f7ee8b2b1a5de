/* x times a gate that opens as x grows. */
#include <math.h>

#include "dnn/math/vector.h"
#include "nn/activations.h"

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

KIND(silu, "x sigmoid(x) (Elfwing et al. 2018)") .from_input = true };
ALIAS(swish, silu) .from_input = true };
KIND(hard_silu, "x times (x + 3) / 6 cut to 0 … 1 (Howard et al. 2019)") .from_input = true };
ALIAS(hard_swish, hard_silu) .from_input = true };
KIND(gelu, "x times the standard normal distribution function (Hendrycks and Gimpel 2016)", WITH(gelu)) .from_input = true };
KIND(mish, "x tanh(softplus(x)) (Misra 2019)") .from_input = true };
