/* Shares of a row that sum to 1, and their logarithms: along the last axis. */
#include <math.h>

#include "dnn/math/vector.h"
#include "nn/activations.h"

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

/* sparsemax: max(x - tau, 0) with the tau that makes a row sum to 1 (Martins and Astudillo 2016, equation 2): tau = (sum - 1) / count of those
 * above it. Begun with all of a row, each round leaves out what its tau is not below, until none is left out (Michelot 1986).
 * dx = dy - mean of dy where y > 0, else 0. */
static real sparsemax_tau(size_t n, const real *x, real most)
{
    double tau = -INFINITY, sum;
    size_t count = SIZE_MAX, before;
    do {
        before = count;
        sum = 0;
        count = 0;
        for (size_t i = 0; i < n; i++) {
            const double apart = (double)(x[i] - most); /* from the largest, which is 0 then, and above any tau */
            const bool above = !(apart <= tau);         /* NaN is: tau becomes one */
            sum += above ? apart : 0;
            count += above;
        }
        tau = (sum - 1) / (double)count;
    } while (count < before);
    return (real)tau;
}

static void sparsemax_forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    (void)params;
    for (size_t r = 0; r < rows; r++, x += units, y += units) {
        real most = -INFINITY;
        for (size_t i = 0; i < units; i++) most = x[i] > most ? x[i] : most;
        const real tau = sparsemax_tau(units, x, most);
        EACH(i, units)
        {
            const real above = x[i] - most - tau;
            y[i] = dnn_select(above <= 0, 0, above);
        }
    }
}

static void sparsemax_backward(const void *params, size_t rows, size_t units, const real *y, const real *dy, real *dx)
{
    (void)params;
    for (size_t r = 0; r < rows; r++, y += units, dy += units, dx += units) {
        double sum = 0, count = 0;
        for (size_t i = 0; i < units; i++) {
            sum += y[i] > 0 ? (double)dy[i] : 0;
            count += y[i] > 0;
        }
        const real mean = (real)(sum / count);
        EACH(i, units)
        {
            const real apart = dy[i] - mean;
            dx[i] = dnn_select(y[i] > 0, apart, 0);
        }
    }
}

static dnn_value with_axis(dnn_outline *o, const char *operation, dnn_value x, int64_t axis)
{
    return dnn_outline_2(o, operation, x, dnn_outline_integers(o, 1, &axis));
}

/* Without sorting: x[i] is above tau where what the others have more than it sums to less than 1. */
static dnn_value sparsemax_outline(const void *params, dnn_outline *o, dnn_value x)
{
    (void)params;
    const dnn_value one = dnn_outline_real(o, 1), none = dnn_outline_real(o, 0);
    const dnn_value more = dnn_outline_1(o, "Relu", dnn_outline_2(o, "Sub", with_axis(o, "Unsqueeze", x, -2), with_axis(o, "Unsqueeze", x, -1)));
    const dnn_value excess = with_axis(o, "ReduceSum", more, -1);
    dnn_outline_set_integer(o, "keepdims", 0);
    const dnn_value above = dnn_outline_2(o, "Less", excess, one);
    const dnn_value count = with_axis(o, "ReduceSum", dnn_outline_where(o, above, one, none), -1);
    const dnn_value sum = with_axis(o, "ReduceSum", dnn_outline_where(o, above, x, none), -1);
    return dnn_outline_1(o, "Relu", dnn_outline_2(o, "Sub", x, dnn_outline_2(o, "Div", dnn_outline_2(o, "Sub", sum, one), count)));
}

KIND(softmax, "e^x over the sum of the last axis") .whole_row = true };
KIND(log_softmax, "log of the softmax along the last axis") .whole_row = true };
KIND(sparsemax, "softmax that gives small inputs no share (Martins and Astudillo 2016)") .whole_row = true };
