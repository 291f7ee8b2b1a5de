/* /model_weights as it is written: a group for each layer, its weights below in the order trainable, then statistics, which is that of
 * the segments. */
#include "exchange/parts.h"

#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "exchange/keras.h"

const char *weights_name(bool sequential, const dnn_segment *segment, char *out)
{
    snprintf(out, MAX_NAME, "%s%s", sequential ? "sequential/" : "", segment->name);
    return out;
}

/* Segments of a layer: they lie side by side. */
const dnn_segment *weights_of_layer(const dnn_graph *g, size_t layer, size_t *count)
{
    const dnn_segment *first = NULL;
    *count = 0;
    for (size_t i = 0; i < g->segments.count; i++) {
        if (g->segments.at[i].layer != layer) continue;
        if (!first) first = &g->segments.at[i];
        ++*count;
    }
    return first;
}

static dnn_status write_names(model_writer *w, const char *group, const dnn_segment *first, size_t count)
{
    const char **names = dnn_alloc(count, sizeof *names);
    char *text = dnn_alloc(count, MAX_NAME);
    dnn_status st = names && text ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < count && st == DNN_OK; i++)
        names[i] = weights_name(w->sequential, &first[i], text + i * MAX_NAME);
    if (st == DNN_OK) st = dnn_hdf5_attribute_write_texts(w->hdf5, group, "weight_names", names, count);
    dnn_free(names);
    dnn_free(text);
    return st;
}

static dnn_status write_layer(model_writer *w, const char *layer, const dnn_segment *first, size_t count)
{
    char group[MAX_NAME], path[3 * MAX_NAME], name[MAX_NAME];
    snprintf(group, sizeof group, "/model_weights/%s", layer);
    dnn_status st = dnn_hdf5_group_make(w->hdf5, group);
    if (st == DNN_OK) st = write_names(w, group, first, count);
    for (size_t i = 0; i < count && st == DNN_OK; i++) {
        snprintf(path, sizeof path, "%s/%s", group, weights_name(w->sequential, &first[i], name));
        st = values_write(w, path, w->half && first[i].weight ? DNN_HDF5_HALF : DNN_HDF5_FLOAT, first[i].shape.rank, first[i].shape.dim,
                          w->content->weights + first[i].offset);
    }
    return st;
}

/* Names of all groups in Keras's order; a Sequential's inputs are none of its layers in Keras. */
static dnn_status write_layer_names(model_writer *w, const size_t *order, size_t count)
{
    const dnn_graph *g = w->content->graph;
    const char **names = dnn_alloc(count, sizeof *names);
    size_t n = 0;
    if (!names) return DNN_E_MEMORY;
    for (size_t i = 0; i < count; i++) {
        if (order[i] >= g->n_inputs) names[n++] = g->layers[order[i] - g->n_inputs].name;
        else if (!w->sequential) names[n++] = g->inputs[order[i]].name;
    }
    const dnn_status st = dnn_hdf5_attribute_write_texts(w->hdf5, "/model_weights", "layer_names", names, n);
    dnn_free(names);
    return st;
}

static dnn_status write_entry(model_writer *w, size_t entry)
{
    const dnn_graph *g = w->content->graph;
    size_t count;
    if (entry < g->n_inputs) return w->sequential ? DNN_OK : write_layer(w, g->inputs[entry].name, NULL, 0);
    const dnn_segment *first = weights_of_layer(g, entry - g->n_inputs, &count);
    return write_layer(w, g->layers[entry - g->n_inputs].name, first, count);
}

dnn_status weights_write(model_writer *w)
{
    size_t *order, count;
    dnn_status st = keras_order_make(w->content->graph, &order, &count);
    if (st != DNN_OK) return st;
    st = dnn_hdf5_group_make(w->hdf5, "/model_weights");
    if (st == DNN_OK) st = write_layer_names(w, order, count);
    if (st == DNN_OK) st = dnn_hdf5_attribute_write_text(w->hdf5, "/model_weights", "backend", "tensorflow");
    if (st == DNN_OK) st = dnn_hdf5_attribute_write_text(w->hdf5, "/model_weights", "keras_version", KERAS_VERSION);
    for (size_t i = 0; i < count && st == DNN_OK; i++) st = write_entry(w, order[i]);
    if (st == DNN_OK) st = write_layer(w, "top_level_model_weights", NULL, 0);
    dnn_free(order);
    return st;
}
