/* The `model` section that builds the same graph again. */
#include <string.h>

#include "dnn/base/memory.h"
#include "nn/graph.h"

static dnn_node *shape_node(const dnn_shape *shape)
{
    dnn_node *list = dnn_node_list();
    for (size_t i = 0; list && i < shape->rank; i++)
        if (dnn_node_append(list, dnn_node_int((int64_t)shape->dim[i])) != DNN_OK) {
            dnn_node_destroy(list);
            return NULL;
        }
    return list;
}

static bool written_as_layer(const dnn_graph *g, size_t input)
{
    for (size_t i = 0; i < g->n_layers; i++)
        if (g->layers[i].kind->input_shape && strcmp(g->layers[i].name, g->inputs[input].name) == 0) return true;
    return false;
}

static dnn_status write_inputs(const dnn_graph *g, dnn_node *model)
{
    dnn_node *map = dnn_node_map();
    dnn_status st = map ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < g->n_inputs && st == DNN_OK; i++)
        if (!written_as_layer(g, i)) st = dnn_node_set(map, g->inputs[i].name, shape_node(&g->inputs[i].shape));
    if (st == DNN_OK && map->count > 0) return dnn_node_set(model, "inputs", map);
    dnn_node_destroy(map);
    return st;
}

static const dnn_op *op_of(const dnn_graph *g, size_t layer)
{
    const dnn_op *op = g->ops;
    while (op->layer != layer) op++;
    return op;
}

static const char *layer_above(const dnn_graph *g, size_t layer)
{
    if (layer == 0) return g->n_inputs == 1 ? g->inputs[0].name : NULL;
    do layer--;
    while (g->layers[layer].internal);
    return g->layers[layer].name;
}

/* Nothing where the default, the layer above, says the same. */
static dnn_status write_sources(const dnn_graph *g, size_t layer, dnn_node *params)
{
    const dnn_layer *l = &g->layers[layer];
    const dnn_op *op = op_of(g, layer);
    const char *above = layer_above(g, layer);
    dnn_node_remove(params, "inputs");
    if (l->kind->input_shape) return DNN_OK;
    if (l->n_inputs == 1 && above && strcmp(above, dnn_graph_tensor_name(g, op->in[0])) == 0) return DNN_OK;
    dnn_node *list = dnn_node_list();
    dnn_status st = list ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < l->n_inputs && st == DNN_OK; i++)
        st = dnn_node_append(list, dnn_node_string(dnn_graph_tensor_name(g, op->in[i])));
    if (st == DNN_OK) return dnn_node_set(params, "inputs", list);
    dnn_node_destroy(list);
    return st;
}

static dnn_status write_layer(const dnn_graph *g, size_t layer, dnn_node *list)
{
    const dnn_layer *l = &g->layers[layer];
    dnn_node *node = dnn_component_write(&l->component);
    if (!node) return DNN_E_MEMORY;
    dnn_node *params = node->items[0];
    dnn_status st = dnn_node_set(params, "name", dnn_node_string(l->name));
    if (st == DNN_OK && !l->called) st = dnn_node_set(params, "trainable", dnn_node_bool(!l->frozen));
    if (st == DNN_OK) st = write_sources(g, layer, params);
    if (st == DNN_OK) return dnn_node_append(list, node);
    dnn_node_destroy(node);
    return st;
}

static dnn_status write_layers(const dnn_graph *g, dnn_node *model)
{
    dnn_node *list = dnn_node_list();
    dnn_status st = list ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < g->n_layers && st == DNN_OK; i++)
        if (!g->layers[i].internal) st = write_layer(g, i, list);
    if (st == DNN_OK) return dnn_node_set(model, "layers", list);
    dnn_node_destroy(list);
    return st;
}

/* Nothing for the last layer under its own name. */
static dnn_status write_outputs(const dnn_graph *g, dnn_node *model)
{
    size_t last = g->n_layers - 1;
    while (g->layers[last].internal) last--;
    if (g->n_outputs == 1 && g->output_layer[0] == last && strcmp(g->outputs[0].name, g->layers[last].name) == 0)
        return DNN_OK;
    dnn_node *map = dnn_node_map();
    dnn_status st = map ? DNN_OK : DNN_E_MEMORY;
    for (size_t o = 0; o < g->n_outputs && st == DNN_OK; o++)
        st = dnn_node_set(map, g->outputs[o].name, dnn_node_string(g->layers[g->output_layer[o]].name));
    if (st == DNN_OK) return dnn_node_set(model, "outputs", map);
    dnn_node_destroy(map);
    return st;
}

dnn_node *dnn_graph_write(const dnn_graph *g)
{
    dnn_node *model = dnn_node_map();
    dnn_status st = model ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK) st = write_inputs(g, model);
    if (st == DNN_OK) st = write_layers(g, model);
    if (st == DNN_OK) st = write_outputs(g, model);
    if (st == DNN_OK) return model;
    dnn_node_destroy(model);
    return NULL;
}
