/* A network as ONNX: the outlines of its layers, one after the other, as nodes of one graph; their constants as
 * initializers. Messages are those that protobuf-c makes of onnx.proto at build time. */
#include "dnn/exchange/export.h"

#ifndef DNN_ONNX

dnn_status dnn_onnx_export(const char *path, const dnn_graph *graph, const float *weights, bool half)
{
    (void)graph;
    (void)weights;
    (void)half;
    return dnn_fail(DNN_E_CONFIG, "%s: this program was built without ONNX: install libonnx-dev, protobuf-c-compiler and "
                    "libprotobuf-c-dev (jobs/install-packages.sh) and build again", path);
}

#else

#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/io/file.h"
#include "exchange/onnx_writer.h"

/* ---- layers ---- */

static bool taken_by_input(const dnn_graph *g, const char *name)
{
    for (size_t i = 0; i < g->n_inputs; i++)
        if (strcmp(g->inputs[i].name, name) == 0) return true;
    return false;
}

static const char *output_name(onnx_writer *w, size_t o)
{
    const char *name = w->graph->outputs[o].name;
    return taken_by_input(w->graph, name) ? onnx_text(w, dnn_format("%s_output", name)) : name;
}

/* The name that the result of a layer shall have: that of the output it is, if any. */
static const char *result_name(onnx_writer *w, size_t tensor)
{
    for (size_t o = 0; o < w->graph->n_outputs; o++)
        if (w->graph->output_tensor[o] == tensor) return output_name(w, o);
    return NULL;
}

static void add_layer(onnx_writer *w, const dnn_op *op)
{
    const dnn_graph *g = w->graph;
    const dnn_layer *l = &g->layers[op->layer];
    const float *weights[DNN_MAX_WEIGHTS];
    dnn_outline o;
    for (size_t k = 0; k < l->plan.n_weights; k++) weights[k] = w->weights + g->segments.at[op->first_segment + k].offset;
    w->status = dnn_outline_make(l, weights, &o);
    const char **names = onnx_take(w, o.n_values, sizeof *names);
    for (size_t v = 0; w->status == DNN_OK && v < o.n_values; v++) {
        if (o.values[v].kind == DNN_VALUE_INPUT) names[v] = w->names[op->in[o.values[v].number]];
        else if (o.values[v].kind != DNN_VALUE_RESULT) names[v] = onnx_add_constant(w, &o.values[v], l->name);
    }
    for (size_t i = 0; w->status == DNN_OK && i < o.n_operations; i++) {
        const dnn_operation *from = &o.operations[i];
        const char *in[DNN_OUTLINE_INPUTS], *wanted = from->result == o.result ? result_name(w, op->out) : NULL;
        for (size_t k = 0; k < from->n_inputs; k++) in[k] = names[from->inputs[k]];
        names[from->result] = wanted ? wanted : onnx_text(w, dnn_format("%s/%s_%zu", l->name, from->name, w->number));
        Onnx__NodeProto *node = onnx_add_node(w, from->name, from->n_inputs, in, names[from->result]);
        if (node) onnx_set_attributes(w, from, node);
    }
    if (w->status == DNN_OK) w->names[op->out] = names[o.result];
    dnn_outline_clear(&o);
}

/* An output that no node made under its name: an input, or what another output is as well. */
static void name_outputs(onnx_writer *w)
{
    for (size_t o = 0; o < w->graph->n_outputs && w->status == DNN_OK; o++) {
        const char *name = output_name(w, o), *is = w->names[w->graph->output_tensor[o]];
        if (w->status == DNN_OK && strcmp(name, is) != 0) onnx_add_node(w, "Identity", 1, (const char *const[]){ is }, name);
    }
}

/* ---- the whole ---- */

static Onnx__TensorShapeProto__Dimension *dimension(onnx_writer *w, const char *name, size_t value)
{
    Onnx__TensorShapeProto__Dimension *d = ONNX_TAKE(w, Onnx__TensorShapeProto__Dimension, onnx__tensor_shape_proto__dimension__init);
    if (!d) return NULL;
    d->value_case = name ? ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM : ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
    if (name) d->dim_param = (char *)name;
    else d->dim_value = (int64_t)value;
    return d;
}

static Onnx__ValueInfoProto *port(onnx_writer *w, const char *name, const dnn_shape *shape)
{
    Onnx__ValueInfoProto *info = ONNX_TAKE(w, Onnx__ValueInfoProto, onnx__value_info_proto__init);
    Onnx__TypeProto *type = ONNX_TAKE(w, Onnx__TypeProto, onnx__type_proto__init);
    Onnx__TypeProto__Tensor *tensor = ONNX_TAKE(w, Onnx__TypeProto__Tensor, onnx__type_proto__tensor__init);
    Onnx__TensorShapeProto *dims = ONNX_TAKE(w, Onnx__TensorShapeProto, onnx__tensor_shape_proto__init);
    Onnx__TensorShapeProto__Dimension **dim = onnx_take(w, shape->rank + 1, sizeof *dim);
    for (size_t i = 0; w->status == DNN_OK && i <= shape->rank; i++)
        dim[i] = dimension(w, i == 0 ? "batch" : NULL, i ? shape->dim[i - 1] : 0);
    if (w->status != DNN_OK) return NULL;
    dims->n_dim = shape->rank + 1;
    dims->dim = dim;
    tensor->has_elem_type = true;
    tensor->elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    tensor->shape = dims;
    type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    type->tensor_type = tensor;
    info->name = (char *)name;
    info->type = type;
    return info;
}

static dnn_status pack(onnx_writer *w, const char *path, Onnx__GraphProto *graph)
{
    Onnx__ModelProto model;
    Onnx__OperatorSetIdProto opset, *opsets = &opset;
    onnx__model_proto__init(&model);
    onnx__operator_set_id_proto__init(&opset);
    opset.domain = "";
    opset.has_version = true;
    opset.version = DNN_ONNX_OPSET;
    model.has_ir_version = true;
    model.ir_version = DNN_ONNX_IR;
    model.producer_name = "dnn-mpi";
    model.producer_version = DNN_VERSION;
    model.n_opset_import = 1;
    model.opset_import = &opsets;
    model.graph = graph;
    if (w->bytes > INT32_MAX - ((size_t)1 << 20))
        return dnn_fail(DNN_E_MODEL, "%s: the weights take %zu bytes; a file of ONNX ends at 2 GiB (--half takes half of it)", path, w->bytes);
    const size_t size = onnx__model_proto__get_packed_size(&model);
    uint8_t *bytes = dnn_alloc(size, 1);
    if (!bytes) return DNN_E_MEMORY;
    onnx__model_proto__pack(&model, bytes);
    const dnn_status st = dnn_file_write(path, bytes, size);
    dnn_free(bytes);
    return st;
}

static dnn_status write_all(onnx_writer *w, const char *path)
{
    const dnn_graph *g = w->graph;
    Onnx__GraphProto graph;
    Onnx__ValueInfoProto *in[DNN_MAX_IO], *out[DNN_MAX_IO];
    for (size_t i = 0; i < g->n_inputs; i++) {
        w->names[i] = g->inputs[i].name;
        in[i] = port(w, w->names[i], &g->inputs[i].shape);
    }
    for (size_t i = 0; i < g->n_ops && w->status == DNN_OK; i++) add_layer(w, &g->ops[i]);
    if (w->status == DNN_OK) name_outputs(w);
    for (size_t o = 0; o < g->n_outputs && w->status == DNN_OK; o++) out[o] = port(w, output_name(w, o), &g->outputs[o].shape);
    if (w->status != DNN_OK) return w->status;
    onnx__graph_proto__init(&graph);
    graph.name = "model";
    graph.n_node = w->n_nodes;
    graph.node = w->nodes;
    graph.n_initializer = w->n_tensors;
    graph.initializer = w->tensors;
    graph.n_input = g->n_inputs;
    graph.input = in;
    graph.n_output = g->n_outputs;
    graph.output = out;
    return pack(w, path, &graph);
}

dnn_status dnn_onnx_export(const char *path, const dnn_graph *graph, const float *weights, bool half)
{
    onnx_writer w = { .graph = graph, .weights = weights, .half = half };
    w.names = onnx_take(&w, graph->n_tensors, sizeof *w.names);
    const dnn_status st = w.status == DNN_OK ? write_all(&w, path) : w.status;
    for (size_t i = 0; i < w.n_owned; i++) dnn_free(w.owned[i]);
    dnn_free(w.owned);
    dnn_free(w.nodes);
    dnn_free(w.tensors);
    return st;
}

#endif
