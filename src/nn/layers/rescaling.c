/* y = scale x + offset with fixed numbers: one of each, or one for each place of the last axis. */
#include "dnn/nn/layer.h"
#include "nn/layers/keras.h"

typedef struct { dnn_numbers scale, offset; } rescaling;

static const dnn_param params[] = {
    DNN_NUMBERS(rescaling, scale, NULL, NULL, "factor, as 0.00392156862745098 for bytes to 0 … 1; or a list, one for each channel"),
    DNN_NUMBERS(rescaling, offset, "0", NULL, "added afterwards; or a list likewise"),
};

static dnn_status check(const dnn_layer *l, const char *key, const dnn_numbers *n)
{
    const size_t last = dnn_shape_last(&l->in[0]);
    if (n->count == 1 || n->count == last) return DNN_OK;
    return dnn_fail(DNN_E_CONFIG, "%s: %zu numbers: give one, or %zu for the places of the last axis", key, n->count, last);
}

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    const rescaling *r = l->params;
    p->out = l->in[0];
    const dnn_status st = check(l, "scale", &r->scale);
    return st == DNN_OK ? check(l, "offset", &r->offset) : st;
}

static inline real at(const dnn_numbers *n, size_t channel) { return (real)n->at[n->count == 1 ? 0 : channel]; }

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const rescaling *r = l->params;
    const size_t n = p->capacity * dnn_shape_units(&l->out);
    const real *restrict x = p->x[0];
    real *restrict y = p->y;
    if (r->scale.count == 1 && r->offset.count == 1) {
        const real scale = at(&r->scale, 0), offset = at(&r->offset, 0);
        for (size_t i = 0; i < n; i++) y[i] = x[i] * scale + offset;
        return;
    }
    const size_t last = dnn_shape_last(&l->out);
    for (size_t i = 0; i < n; i += last)
        for (size_t c = 0; c < last; c++) y[i + c] = x[i + c] * at(&r->scale, c) + at(&r->offset, c);
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const dnn_numbers *scale = &((const rescaling *)l->params)->scale;
    const size_t n = p->capacity * dnn_shape_units(&l->out), last = dnn_shape_last(&l->out);
    const real *restrict dy = p->dy;
    real *restrict dx = p->dx[0];
    for (size_t i = 0; dx && i < n; i += last)
        for (size_t c = 0; c < last; c++) dx[i + c] = dy[i + c] * at(scale, c);
}

static dnn_value constant(dnn_outline *o, const dnn_numbers *n)
{
    return n->count == 1 ? dnn_outline_real(o, n->at[0]) : dnn_outline_reals(o, 1, &n->count, n->at);
}

static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    const rescaling *r = l->params;
    const dnn_value y = dnn_outline_2(o, "Mul", dnn_outline_input(o, 0), constant(o, &r->scale));
    return r->offset.count == 1 && r->offset.at[0] == 0 ? y : dnn_outline_2(o, "Add", y, constant(o, &r->offset));
}

static dnn_status encode(const void *params_, dnn_node *config)
{
    const rescaling *r = params_;
    const dnn_status st = keras_encode_lone(&r->scale, "scale", config);
    return st == DNN_OK ? keras_encode_lone(&r->offset, "offset", config) : st;
}

const dnn_layer_kind dnn_layer_rescaling = {
    .kind = { .name = "rescaling",
              .help = "scale x + offset with fixed numbers",
              .params_size = sizeof(rescaling),
              DNN_PARAMS(params),
              .keras = "Rescaling",
              .encode = encode },
    .outline = outline,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
