/* Softmax as a layer: along the last axis the activation itself; along others it acts on rows that are put together first. */
#include "nn/layers/activation.h"
#include "nn/layers/axes.h"
#include "nn/layers/keras.h"

typedef struct { dnn_numbers axis; } softmax;

static const dnn_param params[] = {
    DNN_NUMBERS(softmax, axis, "-1", NULL, "axis whose values sum to 1, from 1, or from the end: -1; a list: those of all together"),
};

static dnn_status read(const dnn_layer *l, bool summed[DNN_MAX_RANK])
{
    const dnn_numbers *axis = &((const softmax *)l->params)->axis;
    if (axis->count == 0) return dnn_fail(DNN_E_CONFIG, "axis = []: give one or more");
    return axes_read(axis, "axis", &l->in[0], summed);
}

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    bool summed[DNN_MAX_RANK], others = false;
    dnn_status st = read(l, summed);
    if (st == DNN_OK) st = activation_plan(l, p);
    if (st != DNN_OK) return st;
    for (size_t i = 0; i + 1 < l->in[0].rank; i++) others |= summed[i] && l->in[0].dim[i] > 1;
    p->along_others = others || !summed[l->in[0].rank - 1];
    if (p->along_others) p->scratch = 2 * dnn_shape_units(&l->in[0]);
    return DNN_OK;
}

/* Between a sample's elements and rows of those that sum to 1, either way. */
typedef struct rows { const dnn_layer *layer; bool summed[DNN_MAX_RANK], rest[DNN_MAX_RANK]; size_t length, units; } rows;

static rows rows_of(const dnn_layer *l)
{
    rows r = { .layer = l, .units = dnn_shape_units(&l->in[0]) };
    read(l, r.summed);
    for (size_t i = 0; i < l->in[0].rank; i++) r.rest[i] = !r.summed[i];
    const dnn_shape own = axes_shape(&l->in[0], r.summed, false);
    r.length = dnn_shape_units(&own);
    return r;
}

static void gather(const rows *r, size_t samples, const real *from, real *to)
{
    for (size_t i = 0; i < r->units; i++) {
        const size_t at = axes_place(&r->layer->in[0], r->rest, i) * r->length + axes_place(&r->layer->in[0], r->summed, i);
        for (size_t s = 0; s < samples; s++) to[s * r->units + at] = from[s * r->units + i];
    }
}

static void scatter(const rows *r, size_t samples, const real *from, real *to)
{
    for (size_t i = 0; i < r->units; i++) {
        const size_t at = axes_place(&r->layer->in[0], r->rest, i) * r->length + axes_place(&r->layer->in[0], r->summed, i);
        for (size_t s = 0; s < samples; s++) to[s * r->units + i] = from[s * r->units + at];
    }
}

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    if (!l->plan.along_others) {
        activation_forward(l, p);
        return;
    }
    const rows r = rows_of(l);
    gather(&r, p->capacity, p->x[0], p->scratch);
    l->activation->forward(l->activation_params, p->capacity * r.units / r.length, r.length, p->scratch, p->scratch);
    scatter(&r, p->capacity, p->scratch, p->y);
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    if (!l->plan.along_others) {
        activation_backward(l, p);
        return;
    }
    if (!p->dx[0]) return;
    const rows r = rows_of(l);
    real *y = p->scratch, *dy = p->scratch + p->capacity * r.units;
    gather(&r, p->capacity, p->y, y);
    gather(&r, p->capacity, p->dy, dy);
    l->activation->backward(l->activation_params, p->capacity * r.units / r.length, r.length, y, dy, dy);
    scatter(&r, p->capacity, dy, p->dx[0]);
}

/* The Softmax of ONNX has one axis; along several it is written out. */
static dnn_value along_several(const dnn_numbers *axis, dnn_outline *o)
{
    int64_t axes[DNN_MAX_RANK];
    for (size_t i = 0; i < axis->count; i++) axes[i] = (int64_t)axis->at[i];
    const dnn_value x = dnn_outline_input(o, 0), most = dnn_outline_1(o, "ReduceMax", x);
    dnn_outline_set_integers(o, "axes", axis->count, axes);
    dnn_outline_set_integer(o, "keepdims", 1);
    const dnn_value raised = dnn_outline_1(o, "Exp", dnn_outline_2(o, "Sub", x, most));
    const dnn_value sum = dnn_outline_2(o, "ReduceSum", raised, dnn_outline_integers(o, axis->count, axes));
    dnn_outline_set_integer(o, "keepdims", 1);
    return dnn_outline_2(o, "Div", raised, sum);
}

static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    const dnn_numbers *axis = &((const softmax *)l->params)->axis;
    if (axis->count > 1) return along_several(axis, o);
    const dnn_value y = dnn_outline_1(o, "Softmax", dnn_outline_input(o, 0));
    dnn_outline_set_integer(o, "axis", (int64_t)axis->at[0]);
    return y;
}

static dnn_status encode(const void *params_, dnn_node *config)
{
    return keras_encode_lone(&((const softmax *)params_)->axis, "axis", config);
}

const dnn_layer_kind dnn_layer_softmax = {
    .kind = { .name = "softmax", .help = "e^x over its sum along an axis, the last one by default", .params_size = sizeof(softmax),
              DNN_PARAMS(params), .keras = "Softmax", .encode = encode },
    .activation_layer = true, .activation = "softmax", .plan = plan, .forward = forward, .backward = backward, .outline = outline,
};
