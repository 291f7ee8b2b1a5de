/* Inputs and outputs of the network: what the model says against what the data bring. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "nn/graph.h"
#include "nn/layers/shapes.h"

/* ---- inputs ---- */

static dnn_status add_input(dnn_graph *g, const char *name, const dnn_shape *shape, dnn_place place)
{
    if (g->n_inputs == DNN_MAX_IO) return dnn_place_fail(DNN_E_CONFIG, place, "inputs: more than %d", DNN_MAX_IO);
    if (!graph_name_is_fit(name)) return graph_unfit_name(place, name);
    if (shape_units_checked(shape) == 0) {
        char text[128];
        return dnn_place_fail(DNN_E_CONFIG, place, "input '%s' has shape %s: it holds no values, or too many", name,
                              dnn_shape_text(shape, text, sizeof text));
    }
    dnn_port *port = &g->inputs[g->n_inputs++];
    snprintf(port->name, sizeof port->name, "%s", name);
    port->shape = *shape;
    return DNN_OK;
}

static dnn_status written_shape(const dnn_node *node, dnn_shape *shape)
{
    *shape = (dnn_shape){ .rank = node->count };
    bool fit = node->type == DNN_NODE_LIST && node->count <= DNN_MAX_RANK;
    if (node->type == DNN_NODE_INT && node->integer >= 1) {
        *shape = dnn_shape_1((size_t)node->integer);
        return DNN_OK;
    }
    for (size_t i = 0; fit && i < node->count; i++) {
        fit = node->items[i]->type == DNN_NODE_INT && node->items[i]->integer >= 1;
        shape->dim[i] = fit ? (size_t)node->items[i]->integer : 0;
    }
    if (fit) return DNN_OK;
    return dnn_node_fail(DNN_E_CONFIG, node,
                         "inputs.%s: must be the shape of one sample, at most %d whole numbers >= 1, as in [28, 28]",
                         node->key, DNN_MAX_RANK);
}

static dnn_status written_inputs(dnn_graph *g, const dnn_node *inputs)
{
    if (inputs && inputs->type != DNN_NODE_MAP)
        return dnn_node_fail(DNN_E_CONFIG, inputs,
                             "inputs: must be a map from names to shapes, as in {wide: [5], deep: [6]}");
    dnn_status st = DNN_OK;
    for (size_t i = 0; inputs && i < inputs->count && st == DNN_OK; i++) {
        const dnn_node *item = inputs->items[i];
        dnn_shape shape;
        st = written_shape(item, &shape);
        if (st == DNN_OK) st = add_input(g, item->key, &shape, item->key_place);
    }
    return st;
}

static dnn_status shapes_differ(dnn_place place, const char *name, const dnn_shape *a, const char *whose,
                                const dnn_shape *b)
{
    char x[128], y[128];
    return dnn_place_fail(DNN_E_CONFIG, place, "input '%s' has shape %s here, but %s %s", name,
                          dnn_shape_text(a, x, sizeof x), whose, dnn_shape_text(b, y, sizeof y));
}

/* Layers that are inputs add theirs, under the layer's name. */
static dnn_status layer_inputs(dnn_graph *g)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < g->n_layers && st == DNN_OK; i++) {
        dnn_layer *l = &g->layers[i];
        dnn_shape shape;
        if (!l->kind->input_shape) continue;
        st = l->kind->input_shape(l, &shape);
        if (st != DNN_OK) return graph_fail_in(l, st);
        const size_t same = graph_find_input(g, l->name);
        if (same == SIZE_MAX) st = add_input(g, l->name, &shape, l->component.place);
        else if (!dnn_shape_equal(&shape, &g->inputs[same].shape))
            st = shapes_differ(l->component.place, l->name, &shape, "model.inputs says", &g->inputs[same].shape);
    }
    return st;
}

static dnn_status no_port(dnn_place place, const char *name, const dnn_port *ports, size_t n)
{
    const char *names[DNN_MAX_IO];
    for (size_t i = 0; i < n && i < DNN_MAX_IO; i++) names[i] = ports[i].name;
    const char *near = dnn_nearest(name, names, n < DNN_MAX_IO ? n : DNN_MAX_IO);
    return dnn_place_fail(DNN_E_CONFIG, place,
                          "model input '%s': the data bring no input of that name (see data.inputs)%s%s%s", name,
                          near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* What the model says against what the data bring. A single value may be written [] or [1]. */
static dnn_status match_inputs(const dnn_graph *g, dnn_place place, const dnn_port *ports, size_t n)
{
    bool used[DNN_MAX_IO] = { false };
    for (size_t i = 0; i < g->n_inputs; i++) {
        const dnn_port *mine = &g->inputs[i];
        size_t p = 0;
        while (p < n && strcmp(ports[p].name, mine->name) != 0) p++;
        if (p == n && n == 1 && g->n_inputs == 1) p = 0;
        if (p == n) return no_port(place, mine->name, ports, n);
        const bool single = dnn_shape_units(&mine->shape) == 1 && dnn_shape_units(&ports[p].shape) == 1;
        if (!single && !dnn_shape_equal(&mine->shape, &ports[p].shape))
            return shapes_differ(place, mine->name, &mine->shape, "the data bring", &ports[p].shape);
        used[p] = true;
    }
    for (size_t p = 0; p < n; p++)
        if (!used[p])
            return dnn_place_fail(DNN_E_CONFIG, place, "the data's input '%s' is no input of the model", ports[p].name);
    return DNN_OK;
}

dnn_status graph_make_inputs(dnn_graph *g, const dnn_node *model, const dnn_node *inputs, const dnn_port *ports,
                             size_t n)
{
    dnn_status st = written_inputs(g, inputs);
    /* A layer that is an input needs its name before the others get theirs, which step around inputs' names. */
    for (size_t i = 0; i < g->n_layers && st == DNN_OK; i++) {
        dnn_layer *l = &g->layers[i];
        if (!l->kind->input_shape || l->name) continue;
        for (size_t k = 0; !l->name && st == DNN_OK; k++) {
            char *name = k ? dnn_format("%s_%zu", l->kind->kind.name, k) : dnn_strdup(l->kind->kind.name);
            if (!name) st = DNN_E_MEMORY;
            else if (graph_find_layer(g, name) == SIZE_MAX) l->name = name;
            else dnn_free(name);
        }
    }
    if (st == DNN_OK) st = layer_inputs(g);
    if (st != DNN_OK) return st;
    if (n > DNN_MAX_IO)
        return dnn_fail(DNN_E_CONFIG, "the data bring %zu inputs, at most %d are possible", n, DNN_MAX_IO);
    const dnn_place place = inputs ? inputs->place : model->place;
    if (g->n_inputs > 0) return n > 0 ? match_inputs(g, place, ports, n) : DNN_OK;
    if (n == 0)
        return dnn_node_fail(DNN_E_CONFIG, model,
                             "the model does not say what its input is; add inputs, as in inputs: {x: [28, 28]}");
    for (size_t p = 0; p < n && st == DNN_OK; p++) st = add_input(g, ports[p].name, &ports[p].shape, place);
    return st;
}

/* ---- outputs ---- */

static dnn_status add_output(dnn_graph *g, const dnn_node *node, const char *name, const char *layer)
{
    const size_t found = graph_find_layer(g, layer);
    if (found == SIZE_MAX) {
        const char **names = dnn_alloc(g->n_layers, sizeof *names);
        if (!names) return DNN_E_MEMORY;
        for (size_t i = 0; i < g->n_layers; i++) names[i] = g->layers[i].name;
        const char *near = dnn_nearest(layer, names, g->n_layers);
        const dnn_status st = dnn_node_fail(DNN_E_CONFIG, node, "outputs: there is no layer '%s'%s%s%s", layer,
                                            near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        dnn_free(names);
        return st;
    }
    if (g->n_outputs == DNN_MAX_IO) return dnn_node_fail(DNN_E_CONFIG, node, "outputs: more than %d", DNN_MAX_IO);
    if (!graph_name_is_fit(name)) return graph_unfit_name(node->place, name);
    for (size_t o = 0; o < g->n_outputs; o++)
        if (g->output_layer[o] == found || strcmp(g->outputs[o].name, name) == 0)
            return dnn_node_fail(DNN_E_CONFIG, node, "outputs: '%s' is given twice",
                                 g->output_layer[o] == found ? layer : name);
    snprintf(g->outputs[g->n_outputs].name, sizeof g->outputs->name, "%s", name);
    g->output_layer[g->n_outputs++] = found;
    return DNN_OK;
}

dnn_status graph_make_outputs(dnn_graph *g, const dnn_node *outputs)
{
    if (!outputs) {
        const dnn_layer *last = &g->layers[g->n_layers - 1];
        return add_output(g, NULL, last->name, last->name);
    }
    if (outputs->type == DNN_NODE_STRING) return add_output(g, outputs, outputs->text, outputs->text);
    const bool list = outputs->type == DNN_NODE_LIST;
    dnn_status st = DNN_OK;
    bool fit = (list || outputs->type == DNN_NODE_MAP) && outputs->count > 0;
    for (size_t i = 0; fit && i < outputs->count && st == DNN_OK; i++) {
        const dnn_node *item = outputs->items[i];
        fit = item->type == DNN_NODE_STRING;
        if (fit) st = add_output(g, item, list ? item->text : item->key, item->text);
    }
    return fit ? st
               : dnn_node_fail(DNN_E_CONFIG, outputs,
                               "outputs: must be a list of layer names, or a map from output names to them");
}
