/* Which layers and inputs a layer reads. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "nn/graph.h"

static dnn_status unknown_source(const dnn_graph *g, const dnn_layer *l, const char *name)
{
    const char **names = dnn_alloc(g->n_inputs + g->n_layers, sizeof *names);
    if (!names) return DNN_E_MEMORY;
    for (size_t i = 0; i < g->n_inputs; i++) names[i] = g->inputs[i].name;
    for (size_t i = 0; i < g->n_layers; i++) names[g->n_inputs + i] = g->layers[i].name;
    const char *near = dnn_nearest(name, names, g->n_inputs + g->n_layers);
    const dnn_status st =
        dnn_place_fail(DNN_E_CONFIG, l->component.place, "%s.inputs: there is no layer or input '%s'%s%s%s", l->name,
                       name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    dnn_free(names);
    return st;
}

/* A layer of that name before an input of that name: they differ only where the layer is that input. */
static dnn_status named_sources(const dnn_graph *g, const dnn_layer *l, const dnn_strings *names, wires *w)
{
    for (size_t i = 0; i < names->count; i++) {
        const size_t layer = graph_find_layer(g, names->at[i]), input = graph_find_input(g, names->at[i]);
        if (layer == SIZE_MAX && input == SIZE_MAX) return unknown_source(g, l, names->at[i]);
        w->from[i] = layer != SIZE_MAX ? g->n_inputs + layer : input;
    }
    return DNN_OK;
}

static dnn_status default_source(const dnn_graph *g, size_t i, wires *w)
{
    if (i > 0) w->from[0] = g->n_inputs + i - 1;
    else if (g->n_inputs == 1) w->from[0] = 0;
    else
        return dnn_place_fail(DNN_E_CONFIG, g->layers[i].component.place,
                              "%s: the model has %zu inputs; say which it reads, as in inputs: %s", g->layers[i].name,
                              g->n_inputs, g->inputs[0].name);
    return DNN_OK;
}

dnn_status graph_wire(const dnn_graph *g, size_t i, wires *w)
{
    const dnn_layer *l = &g->layers[i];
    const dnn_strings *names = &((const dnn_layer_common *)l->component.common)->inputs;
    w->count = names->count ? names->count : 1;
    if (!(w->from = dnn_alloc(w->count, sizeof *w->from))) return DNN_E_MEMORY;
    if (l->kind->input_shape) {
        if (names->count)
            return dnn_place_fail(DNN_E_CONFIG, l->component.place, "%s.inputs: an input reads from no layer", l->name);
        w->from[0] = graph_find_input(g, l->name);
        return DNN_OK;
    }
    const dnn_status st = names->count ? named_sources(g, l, names, w) : default_source(g, i, w);
    if (st != DNN_OK) return st;
    if (l->kind->merges && w->count < 2)
        return dnn_place_fail(DNN_E_CONFIG, l->component.place,
                              "%s: puts two or more inputs together; name them, as in inputs: [a, b]", l->name);
    if (!l->kind->merges && w->count > 1)
        return dnn_place_fail(DNN_E_CONFIG, l->component.place, "%s.inputs: takes one input, %zu are given", l->name,
                              w->count);
    return DNN_OK;
}
