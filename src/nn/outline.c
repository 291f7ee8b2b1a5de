/* The building of outlines. */
#include "dnn/nn/outline.h"

#include <math.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/nn/layer.h"

static dnn_value add_value(dnn_outline *o, const dnn_outline_value *value)
{
    if (o->status == DNN_OK) {
        dnn_outline_value *more = dnn_realloc(o->values, o->n_values + 1, sizeof *more);
        if (more) {
            o->values = more;
            o->values[o->n_values] = *value;
            return o->n_values++;
        }
        o->status = DNN_E_MEMORY;
    }
    dnn_free(value->reals);
    dnn_free(value->integers);
    return 0;
}

dnn_value dnn_outline_input(dnn_outline *o, size_t k)
{
    return add_value(o, &(dnn_outline_value){ .kind = DNN_VALUE_INPUT, .number = k });
}

static dnn_outline_value reals_of(dnn_outline *o, size_t rank, const size_t *dim)
{
    dnn_outline_value v = { .kind = DNN_VALUE_REALS, .rank = rank, .count = 1 };
    for (size_t i = 0; i < rank; i++) v.count *= v.dim[i] = dim[i];
    v.reals = dnn_alloc(v.count, sizeof *v.reals);
    if (!v.reals && o->status == DNN_OK) o->status = DNN_E_MEMORY;
    return v;
}

dnn_value dnn_outline_weight(dnn_outline *o, size_t k, const size_t *axes)
{
    const dnn_weight_plan *w = &o->layer->plan.weights[k];
    static const size_t in_order[DNN_MAX_RANK] = { 0, 1, 2, 3, 4, 5 };
    size_t dim[DNN_MAX_RANK], stride[DNN_MAX_RANK] = { 0 }, step = 1;
    if (!axes) axes = in_order;
    for (size_t i = w->shape.rank; i-- > 0; step *= w->shape.dim[i])
        for (size_t j = 0; j < w->shape.rank; j++)
            if (axes[j] == i) stride[j] = step;
    for (size_t i = 0; i < w->shape.rank; i++) dim[i] = w->shape.dim[axes[i]];
    dnn_outline_value v = reals_of(o, w->shape.rank, dim);
    v.name = w->name;
    v.statistic = w->statistic;
    for (size_t i = 0; v.reals && i < v.count; i++) {
        size_t from = 0, rest = i;
        for (size_t a = w->shape.rank; a-- > 0; rest /= dim[a]) from += rest % dim[a] * stride[a];
        v.reals[i] = o->weights[k][from];
    }
    return add_value(o, &v);
}

dnn_value dnn_outline_reals(dnn_outline *o, size_t rank, const size_t *dim, const double *values)
{
    const dnn_outline_value v = reals_of(o, rank, dim);
    for (size_t i = 0; v.reals && i < v.count; i++) v.reals[i] = (float)values[i];
    return add_value(o, &v);
}

dnn_value dnn_outline_real(dnn_outline *o, double value) { return dnn_outline_reals(o, 0, NULL, &value); }

dnn_value dnn_outline_integers(dnn_outline *o, size_t count, const int64_t *values)
{
    dnn_outline_value v = { .kind = DNN_VALUE_INTEGERS, .rank = 1, .dim = { count }, .count = count };
    v.integers = dnn_alloc(count, sizeof *v.integers);
    if (!v.integers && o->status == DNN_OK) o->status = DNN_E_MEMORY;
    if (v.integers) memcpy(v.integers, values, count * sizeof *values);
    return add_value(o, &v);
}

dnn_value dnn_outline_add(dnn_outline *o, const char *name, size_t n, const dnn_value *inputs)
{
    dnn_operation op = { .name = name, .n_inputs = n };
    if (o->status != DNN_OK) return 0;
    DNN_ASSERT(n <= DNN_OUTLINE_INPUTS);
    memcpy(op.inputs, inputs, n * sizeof *inputs);
    dnn_operation *more = dnn_realloc(o->operations, o->n_operations + 1, sizeof *more);
    if (!more) {
        o->status = DNN_E_MEMORY;
        return 0;
    }
    o->operations = more;
    op.result = add_value(o, &(dnn_outline_value){ .kind = DNN_VALUE_RESULT, .number = o->n_operations });
    o->operations[o->n_operations++] = op;
    return op.result;
}

dnn_value dnn_outline_1(dnn_outline *o, const char *name, dnn_value x) { return dnn_outline_add(o, name, 1, &x); }

dnn_value dnn_outline_2(dnn_outline *o, const char *name, dnn_value a, dnn_value b)
{
    return dnn_outline_add(o, name, 2, (dnn_value[]){ a, b });
}

dnn_value dnn_outline_where(dnn_outline *o, dnn_value condition, dnn_value a, dnn_value b)
{
    return dnn_outline_add(o, "Where", 3, (dnn_value[]){ condition, a, b });
}

static void set(dnn_outline *o, const dnn_outline_attribute *attribute)
{
    if (o->status != DNN_OK) return;
    dnn_operation *op = &o->operations[o->n_operations - 1];
    DNN_ASSERT(op->n_attributes < DNN_OUTLINE_ATTRIBUTES);
    op->attributes[op->n_attributes++] = *attribute;
}

void dnn_outline_set_integer(dnn_outline *o, const char *name, int64_t value)
{
    set(o, &(dnn_outline_attribute){ .name = name, .type = DNN_ATTRIBUTE_INTEGER, .integers = { value } });
}

void dnn_outline_set_integers(dnn_outline *o, const char *name, size_t count, const int64_t *values)
{
    dnn_outline_attribute a = { .name = name, .type = DNN_ATTRIBUTE_INTEGERS, .count = count };
    DNN_ASSERT(count <= DNN_OUTLINE_RANK);
    memcpy(a.integers, values, count * sizeof *values);
    set(o, &a);
}

void dnn_outline_set_real(dnn_outline *o, const char *name, double value)
{
    set(o, &(dnn_outline_attribute){ .name = name, .type = DNN_ATTRIBUTE_REAL, .real = (float)value });
}

void dnn_outline_set_text(dnn_outline *o, const char *name, const char *value)
{
    set(o, &(dnn_outline_attribute){ .name = name, .type = DNN_ATTRIBUTE_TEXT, .text = value });
}

dnn_value dnn_outline_transpose(dnn_outline *o, dnn_value x, size_t rank, const int64_t *axes)
{
    const dnn_value y = dnn_outline_1(o, "Transpose", x);
    dnn_outline_set_integers(o, "perm", rank, axes);
    return y;
}

dnn_value dnn_outline_clip(dnn_outline *o, dnn_value x, double low, double high)
{
    if (isfinite(low)) x = dnn_outline_2(o, "Max", x, dnn_outline_real(o, low));
    return isfinite(high) ? dnn_outline_2(o, "Min", x, dnn_outline_real(o, high)) : x;
}

/* 0 is the batch as it comes. */
dnn_value dnn_outline_reshape(dnn_outline *o, dnn_value x, const dnn_shape *shape)
{
    int64_t dim[1 + DNN_MAX_RANK] = { 0 };
    for (size_t i = 0; i < shape->rank; i++) dim[i + 1] = (int64_t)shape->dim[i];
    return dnn_outline_2(o, "Reshape", x, dnn_outline_integers(o, shape->rank + 1, dim));
}

dnn_value dnn_outline_pass(const struct dnn_layer *layer, dnn_outline *o)
{
    (void)layer;
    return dnn_outline_input(o, 0);
}

/* Layers that only look at their input anew need tell nothing. */
static dnn_value tell(dnn_outline *o)
{
    const dnn_layer *l = o->layer;
    if (l->plan.view && l->n_inputs == 1) {
        const dnn_value x = dnn_outline_input(o, 0);
        return dnn_shape_equal(&l->in[0], &l->out) ? x : dnn_outline_reshape(o, x, &l->out);
    }
    if (l->kind->activation_layer && !l->plan.along_others) return dnn_outline_input(o, 0);
    if (l->kind->outline) return l->kind->outline(l, o);
    o->status = dnn_fail(DNN_E_MODEL, "layer '%s': what %s computes cannot be said in the operations of ONNX", l->name,
                         l->kind->kind.name);
    return 0;
}

dnn_status dnn_outline_make(const struct dnn_layer *layer, const float *const *weights, dnn_outline *out)
{
    *out = (dnn_outline){ .layer = layer, .weights = weights };
    out->result = tell(out);
    if (out->status != DNN_OK || !layer->activation || layer->plan.along_others) return out->status;
    if (layer->activation->outline) out->result = layer->activation->outline(layer->activation_params, out, out->result);
    else
        out->status = dnn_fail(DNN_E_MODEL, "layer '%s': its activation %s cannot be said in the operations of ONNX",
                               layer->name, layer->activation->kind.name);
    return out->status;
}

void dnn_outline_clear(dnn_outline *outline)
{
    for (size_t i = 0; i < outline->n_values; i++) {
        dnn_free(outline->values[i].reals);
        dnn_free(outline->values[i].integers);
    }
    dnn_free(outline->values);
    dnn_free(outline->operations);
    *outline = (dnn_outline){ 0 };
}
