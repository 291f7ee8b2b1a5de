/* y = x above theta, else 0 (Konda, Memisevic and Krueger 2015). The threshold is >= 0, so the output tells whether the
 * input passed. A layer of Keras 2. */
#include "dnn/math/vector.h"
#include "dnn/nn/layer.h"

typedef struct { double theta; } thresholded_relu;

static const dnn_param params[] = {
    DNN_REAL(thresholded_relu, theta, "1", ">= 0", "x above which it passes unchanged"),
};

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    p->out = l->in[0];
    p->backward_wants_y = true;
    return DNN_OK;
}

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t n = p->capacity * dnn_shape_units(&l->out);
    const real theta = (real)((const thresholded_relu *)l->params)->theta, *restrict x = p->x[0];
    real *restrict y = p->y;
    for (size_t i = 0; i < n; i++) y[i] = dnn_select(x[i] <= theta, 0, x[i]);  /* lets NaN through */
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t n = p->capacity * dnn_shape_units(&l->out);
    const real *restrict y = p->y, *restrict dy = p->dy;
    real *restrict dx = p->dx[0];
    for (size_t i = 0; dx && i < n; i++) dx[i] = dnn_select(y[i] > 0, dy[i], 0);
}

static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    const dnn_value y = dnn_outline_1(o, "ThresholdedRelu", dnn_outline_input(o, 0));
    dnn_outline_set_real(o, "alpha", ((const thresholded_relu *)l->params)->theta);
    return y;
}

const dnn_layer_kind dnn_layer_thresholded_relu = {
    .kind = { .name = "thresholded_relu",
              .help = "x above theta, else 0 (Konda et al. 2015)",
              .params_size = sizeof(thresholded_relu),
              DNN_PARAMS(params),
              .keras = "ThresholdedReLU" },
    .outline = outline,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
