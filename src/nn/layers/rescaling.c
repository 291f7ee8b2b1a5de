/* y = scale x + offset with fixed numbers. */
#include "dnn/nn/layer.h"

typedef struct { double scale, offset; } rescaling;

static const dnn_param params[] = {
    DNN_REAL(rescaling, scale, NULL, NULL, "factor, as 0.00392156862745098 for bytes to 0 … 1"),
    DNN_REAL(rescaling, offset, "0", NULL, "added afterwards"),
};

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    p->out = l->in[0];
    return DNN_OK;
}

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const rescaling *r = l->params;
    const size_t n = p->capacity * dnn_shape_units(&l->out);
    const real scale = (real)r->scale, offset = (real)r->offset, *restrict x = p->x[0];
    real *restrict y = p->y;
    for (size_t i = 0; i < n; i++) y[i] = x[i] * scale + offset;
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t n = p->capacity * dnn_shape_units(&l->out);
    const real scale = (real)((const rescaling *)l->params)->scale, *restrict dy = p->dy;
    real *restrict dx = p->dx[0];
    for (size_t i = 0; dx && i < n; i++) dx[i] = dy[i] * scale;
}

static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    const rescaling *r = l->params;
    const dnn_value y = dnn_outline_2(o, "Mul", dnn_outline_input(o, 0), dnn_outline_real(o, r->scale));
    return r->offset == 0 ? y : dnn_outline_2(o, "Add", y, dnn_outline_real(o, r->offset));
}

const dnn_layer_kind dnn_layer_rescaling = {
    .kind = { .name = "rescaling",
              .help = "scale x + offset with fixed numbers",
              .params_size = sizeof(rescaling),
              DNN_PARAMS(params),
              .keras = "Rescaling" },
    .outline = outline,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
