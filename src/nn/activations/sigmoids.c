/* Sigmoids from 0 to 1 and the logarithm of one. */
#include "dnn/math/vector.h"
#include "nn/activations.h"

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

/* sparse_sigmoid: (x + 1) / 2 cut to 0 … 1 */
static void sparse_sigmoid_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    (void)params;
    EACH(i, rows * units)
    {
        const real line = (x[i] + 1) / 2, low = dnn_select(line < 0, 0, line);
        y[i] = dnn_select(low > 1, 1, low);
    }
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

KIND(sigmoid, "1 / (1 + e^-x)") };
KIND(hard_sigmoid, "slope x + 1/2 cut to 0 … 1", WITH(hard_sigmoid)) };
KIND(sparse_sigmoid, "(x + 1) / 2 cut to 0 … 1") };
KIND(log_sigmoid, "log of the sigmoid") };
