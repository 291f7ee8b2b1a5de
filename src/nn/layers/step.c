/* A threshold unit: y = 1 for x >= 0, else 0 (Rosenblatt 1958). Its derivative is 0 wherever there is one, so backward
 * passes dy on unchanged. Behind a dense layer and under mean_absolute_error, whose gradient is the sign of the error,
 * that is the perceptron rule, w += learning_rate (target - y) x with an error of -1, 0 or 1. */
#include <string.h>

#include "dnn/math/vector.h"
#include "dnn/nn/layer.h"

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    p->out = l->in[0];
    return DNN_OK;
}

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t n = p->capacity * dnn_shape_units(&l->out);
    const real *restrict x = p->x[0];
    real *restrict y = p->y;
    for (size_t i = 0; i < n; i++) y[i] = dnn_select(x[i] >= 0, 1, 0);
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    if (p->dx[0]) memcpy(p->dx[0], p->dy, p->capacity * dnn_shape_units(&l->out) * sizeof *p->dy);
}

static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    (void)l;
    const dnn_value zero = dnn_outline_real(o, 0), fires = dnn_outline_2(o, "GreaterOrEqual", dnn_outline_input(o, 0), zero);
    return dnn_outline_where(o, fires, dnn_outline_real(o, 1), zero);
}

const dnn_layer_kind dnn_layer_step = {
    .kind = { .name = "step", .help = "1 for x >= 0, else 0; backward passes gradients on: the perceptron rule" },
    .outline = outline,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
