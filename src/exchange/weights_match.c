/* /model_weights as it is read: groups of the file to layers of a network. Files name layers and weights in many ways. In a file that describes its
 * network each layer's group is found by the layer's name, else by its place in Keras's order. All is judged by shape. */
#include "exchange/parts.h"

#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"

/* ---- the groups of the file ---- */

typedef struct group {
    const char *layer; /* borrowed from the list of names */
    char path[MAX_NAME];
    dnn_strings weights;
} group;

typedef struct groups {
    group *at; /* those with weights, in the order of layer_names */
    size_t count;
    dnn_strings names;
} groups;

static dnn_status names_at(dnn_model_file *file, const char *where, const char *attribute, dnn_strings *names)
{
    bool found;
    const dnn_status st = dnn_hdf5_attribute_texts(file->hdf5, where, attribute, names, &found);
    return st != DNN_OK || found ? st : model_fail(file, where, "has no attribute %s", attribute);
}

static const char *root_of(const dnn_model_file *file) { return *file->weights ? file->weights : "/"; }

/* State of random generators, which some versions kept among the weights; nothing here needs it. */
static bool is_generator(const char *weight)
{
    const char *slash = strrchr(weight, '/'), *name = slash ? slash + 1 : weight;
    return strcmp(name, "StateVar:0") == 0 || strcmp(name, "seed_generator_state") == 0;
}

static void leave_out_generators(dnn_strings *weights)
{
    size_t kept = 0;
    for (size_t i = 0; i < weights->count; i++) {
        if (is_generator(weights->at[i])) dnn_free(weights->at[i]);
        else weights->at[kept++] = weights->at[i];
    }
    weights->count = kept;
}

static dnn_status read_groups(dnn_model_file *file, groups *all)
{
    *all = (groups){ 0 };
    dnn_status st = names_at(file, root_of(file), "layer_names", &all->names);
    if (st == DNN_OK && !(all->at = dnn_alloc(all->names.count, sizeof *all->at))) st = DNN_E_MEMORY;
    for (size_t i = 0; i < all->names.count && st == DNN_OK; i++) {
        group *g = &all->at[all->count];
        g->layer = all->names.at[i];
        if ((size_t)snprintf(g->path, sizeof g->path, "%s/%s", file->weights, g->layer) >= sizeof g->path)
            return model_fail(file, root_of(file), "names a layer too long");
        st = names_at(file, g->path, "weight_names", &g->weights);
        if (st == DNN_OK) leave_out_generators(&g->weights);
        if (g->weights.count > 0) all->count++;
        else dnn_hdf5_names_clear(&g->weights);
    }
    return st;
}

static void clear_groups(groups *all)
{
    for (size_t i = 0; i < all->count; i++) dnn_hdf5_names_clear(&all->at[i].weights);
    dnn_free(all->at);
    dnn_hdf5_names_clear(&all->names);
}

/* ---- groups of the file to layers of its network ---- */

typedef struct matching {
    dnn_model_file *file;
    const dnn_graph *graph; /* the file's, or where that says nothing the one at hand */
    weight_bearers bearers;
    bool *taken; /* [n_layers] */
    weight_paths *paths;
} matching;

static const dnn_node *model_of(const matching *m, const group *g)
{
    return m->file->models ? dnn_node_find(m->file->models, g->layer) : NULL;
}

size_t weights_layer_named(const dnn_graph *g, const char *name)
{
    for (size_t i = 0; i < g->n_layers; i++)
        if (!g->layers[i].internal && strcmp(g->layers[i].name, name) == 0) return i;
    return g->n_layers;
}

/* Whether each group that is no model's has the name of a layer with weights. */
static bool named_alike(const matching *m, const groups *all)
{
    for (size_t i = 0; i < all->count; i++) {
        const size_t layer = weights_layer_named(m->graph, all->at[i].layer);
        if (!model_of(m, &all->at[i]) && (layer == m->graph->n_layers || !weights_has(m->graph, layer))) return false;
    }
    return true;
}

static dnn_status keep_path(matching *m, const group *g, size_t weight, const dnn_segment *segment)
{
    char path[MAX_NAME];
    const size_t s = (size_t)(segment - m->graph->segments.at);
    if ((size_t)snprintf(path, sizeof path, "%s/%s", g->path, g->weights.at[weight]) >= sizeof path)
        return model_fail(m->file, g->path, "names a weight too long");
    if (m->paths->at[s]) return model_fail(m->file, root_of(m->file), "names layer '%s' twice", g->layer);
    m->paths->order[m->paths->count++] = s;
    return (m->paths->at[s] = dnn_strdup(path)) ? DNN_OK : DNN_E_MEMORY;
}

dnn_status weights_count_differs(dnn_model_file *file, const char *where, size_t has, const dnn_layer *l, size_t wants)
{
    return model_fail(file, where, "has %zu weights, but layer '%s' (%s) of the model has %zu", has, l->name, l->kind->kind.name, wants);
}

static dnn_status take_layer(matching *m, const group *g, size_t layer)
{
    size_t count;
    const dnn_segment *first = weights_of_layer(m->graph, layer, &count);
    dnn_status st = g->weights.count == count ? DNN_OK : weights_count_differs(m->file, g->path, g->weights.count, &m->graph->layers[layer], count);
    for (size_t i = 0; i < count && st == DNN_OK; i++) st = keep_path(m, g, i, &first[i]);
    m->taken[layer] = true;
    return st;
}

/* Layers that a model used as a layer has become: first what is trained, then the rest, frozen weights and statistics as they come. */
static dnn_status take_model(matching *m, const group *g, const dnn_node *layers)
{
    dnn_status st = DNN_OK;
    size_t count = 0;
    for (int trained = 1; trained >= 0; trained--)
        for (size_t i = 0; i < layers->count && st == DNN_OK; i++) {
            const size_t layer = weights_layer_named(m->graph, layers->items[i]->text);
            size_t n = 0;
            const dnn_segment *first = layer < m->graph->n_layers ? weights_of_layer(m->graph, layer, &n) : NULL;
            if (first) m->taken[layer] = true;
            for (size_t s = 0; s < n && st == DNN_OK; s++)
                if (first[s].trainable == trained && count++ < g->weights.count) st = keep_path(m, g, count - 1, &first[s]);
        }
    if (st == DNN_OK && count != g->weights.count)
        st = model_fail(m->file, g->path, "has %zu weights, but its layers have %zu", g->weights.count, count);
    return st;
}

static dnn_status take_group(matching *m, const group *g, bool by_name)
{
    const dnn_node *model = model_of(m, g);
    if (model) return take_model(m, g, model);
    if (by_name) return take_layer(m, g, weights_layer_named(m->graph, g->layer));
    for (size_t i = 0; i < m->bearers.count; i++)
        if (!m->taken[m->bearers.at[i]]) return take_layer(m, g, m->bearers.at[i]);
    return model_fail(m->file, g->path, "has weights, but the model has no further layer with weights");
}

dnn_status weights_missing(dnn_model_file *file, const dnn_layer *l)
{
    return model_fail(file, root_of(file), "has no weights for layer '%s' (%s) of the model", l->name, l->kind->kind.name);
}

static dnn_status take_groups(matching *m, const groups *all, bool by_name)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < all->count && st == DNN_OK; i++) st = take_group(m, &all->at[i], by_name);
    for (size_t i = 0; i < m->bearers.count && st == DNN_OK; i++)
        if (!m->taken[m->bearers.at[i]]) st = weights_missing(m->file, &m->graph->layers[m->bearers.at[i]]);
    return st;
}

void weights_paths_clear(const dnn_graph *graph, weight_paths *paths)
{
    for (size_t i = 0; paths->at && i < graph->segments.count; i++) dnn_free(paths->at[i]);
    dnn_free(paths->at);
    dnn_free(paths->order);
    *paths = (weight_paths){ 0 };
}

dnn_status weights_locate(dnn_model_file *file, const dnn_graph *graph, bool described, weight_paths *paths)
{
    matching m = { .file = file, .graph = graph, .paths = paths };
    groups all;
    *paths = (weight_paths){ .at = dnn_alloc(graph->segments.count, sizeof *paths->at),
                             .order = dnn_alloc(graph->segments.count, sizeof *paths->order) };
    m.taken = dnn_alloc(graph->n_layers, sizeof *m.taken);
    dnn_status st = paths->at && paths->order && m.taken ? weights_bearers(graph, &m.bearers) : DNN_E_MEMORY;
    const dnn_status read = read_groups(file, &all);
    if (st == DNN_OK) st = read;
    if (st == DNN_OK) st = take_groups(&m, &all, described && named_alike(&m, &all));
    clear_groups(&all);
    dnn_free(m.bearers.at);
    dnn_free(m.taken);
    return st;
}

const char *weights_whose(const dnn_graph *g, const dnn_segment *s, char out[200])
{
    const char *slash = strrchr(s->name, '/');
    snprintf(out, 200, "%.100s of layer '%.64s'", slash ? slash + 1 : s->name, g->layers[s->layer].name);
    return out;
}

dnn_status weights_open(dnn_model_file *file)
{
    char text[200];
    const dnn_graph *g = file->graph;
    dnn_status st = weights_locate(file, g, true, &file->paths);
    for (size_t i = 0; i < g->segments.count && st == DNN_OK; i++)
        st = values_check(file, file->paths.at[i], &g->segments.at[i].shape, weights_whose(g, &g->segments.at[i], text));
    return st;
}

