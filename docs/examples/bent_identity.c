/* bent_identity - an activation: (sqrt(x² + 1) - 1) / 2 + x, close to x above 0 and to x / 2 below. */
#include "dnn/math/vector.h"
#include "dnn/train/plugin.h"

static void forward(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    (void)params;
    for (size_t i = 0; i < rows * units; i++) y[i] = (dnn_sqrt(x[i] * x[i] + 1) - 1) / 2 + x[i];
}

/* The derivative is x / (2 sqrt(x² + 1)) + 1; `seen` is x because of `.from_input`. */
static void backward(const void *params, size_t rows, size_t units, const real *seen, const real *dy, real *dx)
{
    (void)params;
    for (size_t i = 0; i < rows * units; i++) dx[i] = dy[i] * (seen[i] / (2 * dnn_sqrt(seen[i] * seen[i] + 1)) + 1);
}

static const dnn_activation_kind activation = {
    .kind = { .name = "bent_identity", .help = "(sqrt(x^2 + 1) - 1) / 2 + x" }, .from_input = true, .forward = forward, .backward = backward,
};

DNN_PLUGIN(.activations = DNN_KINDS(dnn_activation_kind, &activation))
