/* /model_weights: a group for each layer, its weights below in the order trainable, then statistics, which is that of
 * the segments. Files name layers and weights in many ways, so they are matched by order and judged by shape. */
#include "exchange/parts.h"

#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "exchange/keras.h"

static const char *weight_of(const dnn_segment *segment)
{
    const char *slash = strrchr(segment->name, '/');
    return slash ? slash + 1 : segment->name;
}

const char *weights_name(bool sequential, const dnn_segment *segment, char *out)
{
    snprintf(out, MAX_NAME, "%s%s", sequential ? "sequential/" : "", segment->name);
    return out;
}

/* ---- writing ---- */

/* Inputs are written as ports, calls share the group of their layer. */
static bool has_group(const dnn_layer *l) { return !l->internal && !l->kind->input_shape && !l->called; }

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

/* Names of all groups in order; a Sequential's inputs are none of its layers in Keras. */
static dnn_status write_layer_names(model_writer *w)
{
    const dnn_graph *g = w->content->graph;
    const char **names = dnn_alloc(g->n_inputs + g->n_layers, sizeof *names);
    size_t count = 0;
    if (!names) return DNN_E_MEMORY;
    for (size_t i = 0; !w->sequential && i < g->n_inputs; i++) names[count++] = g->inputs[i].name;
    for (size_t i = 0; i < g->n_layers; i++)
        if (has_group(&g->layers[i])) names[count++] = g->layers[i].name;
    const dnn_status st = dnn_hdf5_attribute_write_texts(w->hdf5, "/model_weights", "layer_names", names, count);
    dnn_free(names);
    return st;
}

/* Segments of a layer: they lie side by side. */
static const dnn_segment *segments_of(const dnn_graph *g, size_t layer, size_t *count)
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

dnn_status weights_write(model_writer *w)
{
    const dnn_graph *g = w->content->graph;
    dnn_status st = dnn_hdf5_group_make(w->hdf5, "/model_weights");
    if (st == DNN_OK) st = write_layer_names(w);
    if (st == DNN_OK) st = dnn_hdf5_attribute_write_text(w->hdf5, "/model_weights", "backend", "tensorflow");
    if (st == DNN_OK) st = dnn_hdf5_attribute_write_text(w->hdf5, "/model_weights", "keras_version", KERAS_VERSION);
    for (size_t i = 0; !w->sequential && i < g->n_inputs && st == DNN_OK; i++)
        st = write_layer(w, g->inputs[i].name, NULL, 0);
    for (size_t i = 0; i < g->n_layers && st == DNN_OK; i++) {
        size_t count;
        const dnn_segment *first = segments_of(g, i, &count);
        if (has_group(&g->layers[i]))
            st = write_layer(w, g->layers[i].name, first, count);
    }
    if (st == DNN_OK) st = write_layer(w, "top_level_model_weights", NULL, 0);
    return st;
}

/* ---- reading ---- */

static dnn_status names_at(dnn_model_file *file, const char *group, const char *attribute, dnn_strings *names)
{
    bool found;
    const dnn_status st = dnn_hdf5_attribute_texts(file->hdf5, group, attribute, names, &found);
    return st != DNN_OK || found ? st : model_fail(file, group, "has no attribute %s", attribute);
}

static dnn_status match_layer(dnn_model_file *file, const char *group, const dnn_strings *names, const dnn_layer *layer,
                              const dnn_segment *first, size_t count, weights_visit *visit, void *context)
{
    char path[MAX_NAME], whose[200];
    if (names->count != count)
        return model_fail(file, group, "has %zu weights, but layer '%s' (%s) of the model has %zu", names->count,
                          layer->name, layer->kind->kind.name, count);
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < count && st == DNN_OK; i++) {
        if ((size_t)snprintf(path, sizeof path, "%s/%s", group, names->at[i]) >= sizeof path)
            return model_fail(file, group, "names a weight too long");
        snprintf(whose, sizeof whose, "%.100s of layer '%.64s'", weight_of(&first[i]), layer->name);
        st = visit(file, path, &first[i], whose, context);
    }
    return st;
}

/* The next layer from *layer on that has weights; n_layers where there is none. */
static size_t next_with_weights(const dnn_graph *g, size_t layer, const dnn_segment **first, size_t *count)
{
    for (; layer < g->n_layers; layer++)
        if ((*first = segments_of(g, layer, count))) break;
    return layer;
}

static bool names_layer(const dnn_node *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i]->text, name) == 0) return true;
    return false;
}

/* The segments of the layers that a model used as a layer has become, from *layer on: what is trained, then the rest, frozen
 * weights and statistics as they come. Owned by the caller. */
static const dnn_segment **segments_of_model(const dnn_graph *g, const dnn_node *list, size_t *layer, size_t *count)
{
    const dnn_segment **all = dnn_alloc(g->segments.count + 1, sizeof *all);
    *count = 0;
    if (!all) return NULL;
    size_t end = *layer;
    for (int trained = 1; trained >= 0; trained--)
        for (size_t i = *layer; i < g->n_layers; i++) {
            size_t n;
            const dnn_segment *first = segments_of(g, i, &n);
            if (n > 0 && !names_layer(list, g->layers[i].name)) break;
            for (size_t s = 0; s < n; s++)
                if (first[s].trainable == trained) all[(*count)++] = &first[s];
            end = i + 1;
        }
    *layer = end;
    return all;
}

static dnn_status match_model(dnn_model_file *file, const char *group, const dnn_strings *names, const dnn_graph *g,
                              const dnn_node *list, size_t *layer, weights_visit *visit, void *context)
{
    size_t count;
    char path[MAX_NAME];
    const dnn_segment **all = segments_of_model(g, list, layer, &count);
    dnn_status st = all ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK && names->count != count)
        st = model_fail(file, group, "has %zu weights, but its layers have %zu", names->count, count);
    for (size_t i = 0; i < count && st == DNN_OK; i++) {
        if ((size_t)snprintf(path, sizeof path, "%s/%s", group, names->at[i]) >= sizeof path)
            st = model_fail(file, group, "names a weight too long");
        if (st == DNN_OK) st = visit(file, path, all[i], all[i]->name, context);
    }
    dnn_free(all);
    return st;
}

static dnn_status match_group(dnn_model_file *file, const char *name, const dnn_graph *g, size_t *layer,
                              weights_visit *visit, void *context)
{
    char group[MAX_NAME];
    dnn_strings names;
    if ((size_t)snprintf(group, sizeof group, "%s/%s", file->weights, name) >= sizeof group)
        return model_fail(file, file->weights, "names a layer too long");
    dnn_status st = names_at(file, group, "weight_names", &names);
    if (st == DNN_OK && names.count > 0) {
        const dnn_segment *first = NULL;
        size_t count = 0;
        const size_t i = next_with_weights(g, *layer, &first, &count);
        const dnn_node *model = file->models ? dnn_node_find(file->models, name) : NULL;
        if (model && i < g->n_layers) {
            *layer = i;
            st = match_model(file, group, &names, g, model, layer, visit, context);
            dnn_hdf5_names_clear(&names);
            return st;
        }
        if (i == g->n_layers)
            st = model_fail(file, group, "has weights, but the model has no further layer with weights");
        else
            st = match_layer(file, group, &names, &g->layers[i], first, count, visit, context);
        *layer = i + 1;
    }
    dnn_hdf5_names_clear(&names);
    return st;
}

dnn_status weights_match(dnn_model_file *file, const dnn_graph *graph, weights_visit *visit, void *context)
{
    dnn_strings layers = {0};
    size_t layer = 0;
    dnn_status st = names_at(file, *file->weights ? file->weights : "/", "layer_names", &layers);
    for (size_t i = 0; i < layers.count && st == DNN_OK; i++)
        st = match_group(file, layers.at[i], graph, &layer, visit, context);
    dnn_hdf5_names_clear(&layers);
    if (st != DNN_OK) return st;
    const dnn_segment *first = NULL;
    size_t count = 0;
    layer = next_with_weights(graph, layer, &first, &count);
    if (layer == graph->n_layers) return DNN_OK;
    return model_fail(file, *file->weights ? file->weights : "/", "has no weights for layer '%s' (%s) of the model",
                      graph->layers[layer].name, graph->layers[layer].kind->kind.name);
}

static dnn_status check_one(dnn_model_file *file, const char *path, const dnn_segment *segment, const char *whose,
                            void *context)
{
    (void)context;
    return values_check(file, path, &segment->shape, whose);
}

dnn_status weights_check(dnn_model_file *file, const dnn_graph *graph)
{
    return weights_match(file, graph, check_one, NULL);
}

static dnn_status read_one(dnn_model_file *file, const char *path, const dnn_segment *segment, const char *whose,
                           void *context)
{
    float *weights = context;
    const dnn_status st = values_check(file, path, &segment->shape, whose);
    return st == DNN_OK ? values_read(file, path, DNN_HDF5_FLOAT, segment->length, weights + segment->offset) : st;
}

dnn_status dnn_model_weights(dnn_model_file *file, const dnn_graph *graph, float *weights)
{
    return weights_match(file, graph, read_one, weights);
}
