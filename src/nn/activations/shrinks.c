/* What moves inputs towards 0. */
#include "dnn/math/vector.h"
#include "nn/activations.h"

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

KIND_OF(hard_shrink, hard_shrink_forward, shrink_backward, hard_shrink_outline, "x, but 0 within the threshold", WITH(shrink)) };
KIND_OF(soft_shrink, soft_shrink_forward, shrink_backward, soft_shrink_outline, "x moved towards 0 by the threshold, 0 within it", WITH(shrink)) };
KIND(tanh_shrink, "x - tanh x") .from_input = true };
