/* The axes of a sample in another order: axis i of the output is axis dims[i] of the input, counted from 1. */
#include <math.h>

#include "dnn/nn/layer.h"

typedef struct { dnn_numbers dims; } permute;

static const dnn_param params[] = {
    DNN_NUMBERS(permute, dims, NULL, ">= 1", "the input's axes, counted from 1, in the order of the output's"),
};

static size_t axis_at(const dnn_layer *l, size_t i) { return (size_t)((const permute *)l->params)->dims.at[i] - 1; }

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    const dnn_numbers *dims = &((const permute *)l->params)->dims;
    const size_t rank = l->in[0].rank;
    bool named[DNN_MAX_RANK] = { false }, fits = dims->count == rank;
    for (size_t i = 0; fits && i < rank; i++) {
        const double d = dims->at[i];
        fits = d >= 1 && d <= (double)rank && d == floor(d) && !named[(size_t)d - 1];
        if (fits) named[(size_t)d - 1] = true;
    }
    char text[80];
    if (!fits)
        return dnn_fail(DNN_E_CONFIG, "dims: each of the axes 1 … %zu of the input %s is wanted once", rank,
                        dnn_shape_text(&l->in[0], text, sizeof text));
    p->out.rank = rank;
    for (size_t i = 0; i < rank; i++) p->out.dim[i] = l->in[0].dim[axis_at(l, i)];
    return DNN_OK;
}

/* Goes through an output sample in order; `strides` are the input's, axis by axis of the output. */
static void walk(const dnn_layer *l, const dnn_pass *p, bool back, const real *from, real *to)
{
    const size_t rank = l->out.rank, units = dnn_shape_units(&l->out);
    size_t strides[DNN_MAX_RANK], stride_of[DNN_MAX_RANK], index[DNN_MAX_RANK] = { 0 }, place = 0;
    for (size_t a = rank, stride = 1; a-- > 0; stride *= l->in[0].dim[a]) stride_of[a] = stride;
    for (size_t a = 0; a < rank; a++) strides[a] = stride_of[axis_at(l, a)];
    for (size_t i = 0; i < p->capacity * units; i++) {
        const size_t sample = i / units * units;
        if (back) to[sample + place] = from[i];
        else to[i] = from[sample + place];
        for (size_t a = rank; a-- > 0;) {
            place += strides[a];
            if (++index[a] < l->out.dim[a]) break;
            place -= strides[a] * l->out.dim[a];
            index[a] = 0;
        }
    }
}

static void forward(const dnn_layer *l, const dnn_pass *p) { walk(l, p, false, p->x[0], p->y); }

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    if (p->dx[0]) walk(l, p, true, p->dy, p->dx[0]);
}

static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    int64_t axes[DNN_MAX_RANK + 1] = { 0 };
    for (size_t i = 0; i < l->out.rank; i++) axes[1 + i] = (int64_t)axis_at(l, i) + 1;
    return dnn_outline_transpose(o, dnn_outline_input(o, 0), l->out.rank + 1, axes);
}

const dnn_layer_kind dnn_layer_permute = {
    .kind = { .name = "permute", .help = "the axes of a sample in another order", .params_size = sizeof(permute), DNN_PARAMS(params), .keras = "Permute" },
    .outline = outline,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
