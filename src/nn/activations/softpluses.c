/* Rectifiers with a bend in place of the corner. */
#include <math.h>

#include "dnn/math/vector.h"
#include "nn/activations.h"

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

/* sparse_plus: 0 up to -1, (x + 1)² / 4 up to 1, then x; its derivative is sparse_sigmoid */
static void sparse_plus_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    (void)params;
    EACH(i, rows * units)
    {
        const real bend = (x[i] + 1) * (x[i] + 1) / 4, low = dnn_select(x[i] <= -1, 0, bend);
        y[i] = dnn_select(x[i] >= 1, x[i], low);
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

KIND(softplus, "log(1 + e^x)") };
KIND(squareplus, "(x + sqrt(x^2 + b)) / 2 (Barron 2021)", WITH(squareplus)) .from_input = true };
KIND(sparse_plus, "0 up to -1, (x + 1)^2 / 4 up to 1, then x") .from_input = true };
