/* Memory, constants and nodes of a graph of ONNX. */
#ifdef DNN_ONNX

#include "exchange/onnx_writer.h"

#include <string.h>

#include "dnn/base/memory.h"

/* ---- memory ---- */

static void *own(onnx_writer *w, void *memory)
{
    void **more = memory ? dnn_realloc(w->owned, w->n_owned + 1, sizeof *more) : NULL;
    if (!more) {
        dnn_free(memory);
        w->status = DNN_E_MEMORY;
        return NULL;
    }
    w->owned = more;
    return w->owned[w->n_owned++] = memory;
}

void *onnx_take(onnx_writer *w, size_t count, size_t size)
{
    return w->status == DNN_OK ? own(w, dnn_alloc(count, size)) : NULL;
}

char *onnx_text(onnx_writer *w, char *made) { return own(w, made); }

/* ---- constants ---- */

static void put_half(uint8_t *out, const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const uint16_t bits = dnn_half_bits(values[i]);
        memcpy(out + 2 * i, &bits, sizeof bits);
    }
}

static void add_tensor(onnx_writer *w, const dnn_outline_value *v, char *name, bool half)
{
    const bool whole = v->kind == DNN_VALUE_INTEGERS;
    const size_t size = whole ? sizeof(int64_t) : half ? 2 : sizeof(float);
    Onnx__TensorProto *t = ONNX_TAKE(w, Onnx__TensorProto, onnx__tensor_proto__init);
    Onnx__TensorProto **more = t ? dnn_realloc(w->tensors, w->n_tensors + 1, sizeof *more) : NULL;
    int64_t *dims = onnx_take(w, v->rank, sizeof *dims);
    uint8_t *data = onnx_take(w, v->count, size);
    if (more) w->tensors = more;
    else w->status = DNN_E_MEMORY;
    if (w->status != DNN_OK) return;
    w->tensors[w->n_tensors++] = t;
    for (size_t i = 0; i < v->rank; i++) dims[i] = (int64_t)v->dim[i];
    if (half) put_half(data, v->reals, v->count);
    else memcpy(data, whole ? (void *)v->integers : (void *)v->reals, v->count * size);
    t->name = name;
    t->has_data_type = true;
    t->data_type = whole ? ONNX__TENSOR_PROTO__DATA_TYPE__INT64
                   : half ? ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16 : ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    t->n_dims = v->rank;
    t->dims = dims;
    t->has_raw_data = true;
    t->raw_data = (ProtobufCBinaryData){ .len = v->count * size, .data = data };
    w->bytes += v->count * size;
}

/* ---- nodes ---- */

Onnx__NodeProto *onnx_add_node(onnx_writer *w, const char *operation, size_t n, const char *const *inputs, const char *output)
{
    Onnx__NodeProto *node = ONNX_TAKE(w, Onnx__NodeProto, onnx__node_proto__init);
    Onnx__NodeProto **more = node ? dnn_realloc(w->nodes, w->n_nodes + 1, sizeof *more) : NULL;
    char **in = onnx_take(w, n, sizeof *in), **out = onnx_take(w, 1, sizeof *out);
    if (more) w->nodes = more;
    else w->status = DNN_E_MEMORY;
    if (w->status != DNN_OK) return NULL;
    w->nodes[w->n_nodes++] = node;
    for (size_t i = 0; i < n; i++) in[i] = (char *)inputs[i];
    out[0] = (char *)output;
    node->n_input = n;
    node->input = in;
    node->n_output = 1;
    node->output = out;
    node->op_type = (char *)operation;
    node->name = onnx_text(w, dnn_format("%s_%zu", operation, w->number++));
    return node;
}

static Onnx__AttributeProto *attribute(onnx_writer *w, const dnn_outline_attribute *from)
{
    Onnx__AttributeProto *a = ONNX_TAKE(w, Onnx__AttributeProto, onnx__attribute_proto__init);
    int64_t *many = onnx_take(w, from->count, sizeof *many);
    if (w->status != DNN_OK) return NULL;
    a->name = (char *)from->name;
    a->has_type = true;
    switch (from->type) {
    case DNN_ATTRIBUTE_INTEGER:
        a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
        a->has_i = true;
        a->i = from->integers[0];
        break;
    case DNN_ATTRIBUTE_INTEGERS:
        a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
        memcpy(many, from->integers, from->count * sizeof *many);
        a->n_ints = from->count;
        a->ints = many;
        break;
    case DNN_ATTRIBUTE_REAL:
        a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
        a->has_f = true;
        a->f = from->real;
        break;
    case DNN_ATTRIBUTE_TEXT:
        a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
        a->has_s = true;
        a->s = (ProtobufCBinaryData){ .len = strlen(from->text), .data = (uint8_t *)from->text };
        break;
    }
    return a;
}

void onnx_set_attributes(onnx_writer *w, const dnn_operation *from, Onnx__NodeProto *node)
{
    Onnx__AttributeProto **all = onnx_take(w, from->n_attributes, sizeof *all);
    for (size_t i = 0; w->status == DNN_OK && i < from->n_attributes; i++) all[i] = attribute(w, &from->attributes[i]);
    if (w->status != DNN_OK || from->n_attributes == 0) return;
    node->n_attribute = from->n_attributes;
    node->attribute = all;
}

const char *onnx_add_constant(onnx_writer *w, const dnn_outline_value *v, const char *layer)
{
    char *name = onnx_text(w, v->name ? dnn_format("%s/%s", layer, v->name) : dnn_format("%s/constant_%zu", layer, w->number++));
    const bool half = w->half && v->name && !v->statistic;
    char *stored = half ? onnx_text(w, dnn_format("%s_float16", name ? name : "")) : name;
    add_tensor(w, v, stored, half);
    if (!half || w->status != DNN_OK) return name;
    const dnn_outline_attribute to = { .name = "to", .type = DNN_ATTRIBUTE_INTEGER,
                                       .integers = { ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT } };
    const dnn_operation cast = { .attributes = { to }, .n_attributes = 1 };
    Onnx__NodeProto *node = onnx_add_node(w, "Cast", 1, (const char *const[]){ stored }, name);
    if (node) onnx_set_attributes(w, &cast, node);
    return name;
}

#endif
