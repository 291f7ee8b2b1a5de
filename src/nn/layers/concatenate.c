/* Inputs one behind the other along an axis. */
#include <string.h>

#include "dnn/nn/layer.h"

typedef struct { int64_t axis; } concatenate;

static const dnn_param params[] = {
    DNN_INT(concatenate, axis, "-1", NULL,
            "axis along which they are put together; counted as in Keras: 0 is the batch, -1 the last"),
};

/* Position in a sample's shape, or DNN_MAX_RANK where there is no such axis. */
static size_t axis_of(const dnn_layer *l)
{
    const int64_t axis = ((const concatenate *)l->params)->axis, rank = (int64_t)l->in[0].rank;
    if (axis >= 1 && axis <= rank) return (size_t)(axis - 1);
    return axis < 0 && -axis <= rank ? (size_t)(rank + axis) : DNN_MAX_RANK;
}

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    const size_t axis = axis_of(l);
    char a[80], b[80];
    if (axis == DNN_MAX_RANK)
        return dnn_fail(DNN_E_CONFIG, "axis = %lld: an input of shape %s has the axes 1 … %zu, or -%zu … -1",
                        (long long)((const concatenate *)l->params)->axis, dnn_shape_text(&l->in[0], a, sizeof a),
                        l->in[0].rank, l->in[0].rank);
    *p = (dnn_layer_plan){ .out = l->in[0] };
    for (size_t i = 1; i < l->n_inputs; i++) {
        dnn_shape other = l->in[i];
        const bool ranks_agree = other.rank == l->in[0].rank;
        if (ranks_agree) other.dim[axis] = l->in[0].dim[axis];
        if (!ranks_agree || !dnn_shape_equal(&other, &l->in[0]))
            return dnn_fail(DNN_E_CONFIG,
                            "inputs have shapes %s and %s: all dimensions but that of axis %lld must be equal",
                            dnn_shape_text(&l->in[0], a, sizeof a), dnn_shape_text(&l->in[i], b, sizeof b),
                            (long long)((const concatenate *)l->params)->axis);
        p->out.dim[axis] += l->in[i].dim[axis];
    }
    return DNN_OK;
}

/* Consecutive values that belong together: all from `axis` on. */
static size_t run_length(const dnn_shape *shape, size_t axis)
{
    size_t n = 1;
    for (size_t i = axis; i < shape->rank; i++) n *= shape->dim[i];
    return n;
}

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t axis = axis_of(l), whole = run_length(&l->out, axis),
                 runs = p->capacity * (dnn_shape_units(&l->out) / whole);
    size_t at = 0;
    for (size_t k = 0; k < l->n_inputs; k++) {
        const size_t n = run_length(&l->in[k], axis);
        for (size_t r = 0; r < runs; r++) memcpy(p->y + r * whole + at, p->x[k] + r * n, n * sizeof(real));
        at += n;
    }
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t axis = axis_of(l), whole = run_length(&l->out, axis), runs = p->capacity * (dnn_shape_units(&l->out) / whole);
    size_t at = 0;
    for (size_t k = 0; k < l->n_inputs; k++) {
        const size_t n = run_length(&l->in[k], axis);
        for (size_t r = 0; p->dx[k] && r < runs; r++)
            memcpy(p->dx[k] + r * n, p->dy + r * whole + at, n * sizeof(real));
        at += n;
    }
}

static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    dnn_value y = dnn_outline_input(o, 0);
    for (size_t k = 1; k < l->n_inputs; k++) {
        y = dnn_outline_2(o, "Concat", y, dnn_outline_input(o, k));
        dnn_outline_set_integer(o, "axis", (int64_t)axis_of(l) + 1);
    }
    return y;
}

const dnn_layer_kind dnn_layer_concatenate = {
    .kind = { .name = "concatenate",
              .help = "two or more inputs one behind the other along an axis",
              .params_size = sizeof(concatenate),
              DNN_PARAMS(params),
              .keras = "Concatenate" },
    .merges = true,
    .outline = outline,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
