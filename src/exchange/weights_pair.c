/* The network at hand beside that of a file: layers of the same names, kinds and sources are the same; where one has not, the first with weights goes
 * with the first in Keras's order. */
#include "exchange/parts.h"

#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "exchange/keras.h"

bool weights_has(const dnn_graph *g, size_t layer)
{
    size_t count;
    return weights_of_layer(g, layer, &count) != NULL;
}

dnn_status weights_bearers(const dnn_graph *g, weight_bearers *b)
{
    size_t *order, count;
    *b = (weight_bearers){ 0 };
    const dnn_status st = keras_order_make(g, &order, &count);
    if (st != DNN_OK) return st;
    for (size_t i = 0; i < count; i++)
        if (order[i] >= g->n_inputs && weights_has(g, order[i] - g->n_inputs)) order[b->count++] = order[i] - g->n_inputs;
    b->at = order;
    return DNN_OK;
}

static bool same_place(const dnn_graph *a, size_t i, const dnn_graph *b, size_t k)
{
    const dnn_layer *x = &a->layers[i], *y = &b->layers[k];
    bool same = x->kind == y->kind && x->n_inputs == y->n_inputs;
    for (size_t n = 0; same && n < x->n_inputs; n++)
        same = strcmp(dnn_graph_tensor_name(a, keras_op_of(a, i)->in[n]), dnn_graph_tensor_name(b, keras_op_of(b, k)->in[n])) == 0;
    return same;
}

/* Layers with weights of the same names, kinds and sources on both sides. */
static bool same_by_name(const dnn_graph *own, const weight_bearers *theirs, const dnn_graph *g, weight_bearers *ours)
{
    bool same = theirs->count == ours->count;
    for (size_t i = 0; same && i < ours->count; i++) {
        const size_t k = weights_layer_named(own, g->layers[ours->at[i]].name);
        same = k < own->n_layers && same_place(g, ours->at[i], own, k);
    }
    for (size_t i = 0; same && i < ours->count; i++) theirs->at[i] = weights_layer_named(own, g->layers[ours->at[i]].name);
    return same;
}

/* partner [segments of the file's network]: segment of `g`. */
static dnn_status pair_layer(dnn_model_file *file, size_t theirs, const dnn_graph *g, size_t ours, size_t *partner)
{
    size_t has, wants;
    const dnn_segment *from = weights_of_layer(file->graph, theirs, &has), *to = weights_of_layer(g, ours, &wants);
    if (has != wants) return weights_count_differs(file, file->paths.at[from - file->graph->segments.at], has, &g->layers[ours], wants);
    for (size_t i = 0; i < has; i++) partner[from - file->graph->segments.at + (ptrdiff_t)i] = (size_t)(to - g->segments.at) + i;
    return DNN_OK;
}

static dnn_status pair(dnn_model_file *file, const dnn_graph *g, size_t *partner)
{
    const dnn_graph *own = file->graph;
    weight_bearers theirs = { 0 }, ours = { 0 };
    dnn_status st = weights_bearers(own, &theirs);
    if (st == DNN_OK) st = weights_bearers(g, &ours);
    if (st == DNN_OK) (void)same_by_name(own, &theirs, g, &ours);
    for (size_t i = 0; i < theirs.count && i < ours.count && st == DNN_OK; i++) st = pair_layer(file, theirs.at[i], g, ours.at[i], partner);
    if (st == DNN_OK && theirs.count < ours.count) st = weights_missing(file, &g->layers[ours.at[theirs.count]]);
    if (st == DNN_OK && theirs.count > ours.count) {
        size_t n;
        const dnn_segment *first = weights_of_layer(own, theirs.at[ours.count], &n);
        st = model_fail(file, file->paths.at[first - own->segments.at], "is a weight, but the model has no further layer with weights");
    }
    dnn_free(theirs.at);
    dnn_free(ours.at);
    return st;
}

/* Paths and order for the network at hand, from those of the file's. */
static dnn_status translate(dnn_model_file *file, const dnn_graph *g, weight_paths *paths)
{
    const size_t n = file->graph->segments.count;
    size_t *partner = dnn_alloc(n, sizeof *partner);
    *paths = (weight_paths){ .at = dnn_alloc(g->segments.count, sizeof *paths->at), .order = dnn_alloc(g->segments.count, sizeof *paths->order) };
    dnn_status st = partner && paths->at && paths->order ? pair(file, g, partner) : DNN_E_MEMORY;
    for (size_t i = 0; i < n && st == DNN_OK; i++) {
        const size_t own = file->paths.order[i], ours = partner[own];
        paths->order[paths->count++] = ours;
        if (!(paths->at[ours] = dnn_strdup(file->paths.at[own]))) st = DNN_E_MEMORY;
    }
    dnn_free(partner);
    return st;
}

dnn_status weights_find(dnn_model_file *file, const dnn_graph *graph, weight_paths *paths)
{
    return file->graph ? translate(file, graph, paths) : weights_locate(file, graph, false, paths);
}

dnn_status dnn_model_weights(dnn_model_file *file, const dnn_graph *graph, float *weights)
{
    weight_paths paths;
    char text[200];
    dnn_status st = weights_find(file, graph, &paths);
    for (size_t i = 0; i < graph->segments.count && st == DNN_OK; i++) {
        const dnn_segment *s = &graph->segments.at[i];
        st = values_check(file, paths.at[i], &s->shape, weights_whose(graph, s, text));
        if (st == DNN_OK) st = values_read(file, paths.at[i], DNN_HDF5_FLOAT, s->length, weights + s->offset);
    }
    weights_paths_clear(graph, &paths);
    return st;
}
