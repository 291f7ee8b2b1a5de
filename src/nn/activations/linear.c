/* The identity. */
#include <string.h>

#include "nn/activations.h"

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

KIND(linear, "x") };
