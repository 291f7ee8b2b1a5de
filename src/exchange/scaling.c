/* The scalers of the data section as layers: a normalization behind each scaled input, one the other way behind each output whose
 * targets were scaled, so that the network takes and gives values as they are in the data. (x - shift) * factor is
 * (x - mean) / deviation with mean = shift and variance = 1 / factor². */
#include "dnn/exchange/export.h"

#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"

/* One layer to be put in. */
typedef struct scaled { char name[96]; const dnn_node *entry; size_t units; } scaled;

typedef struct inclusion {
    const dnn_graph *graph;
    scaled inputs[DNN_MAX_IO], outputs[DNN_MAX_IO];
} inclusion;

/* By name, or where there is one on both sides, whatever its name: as the data set does it. */
static const dnn_node *entry_of(const dnn_node *map, const char *name, size_t n)
{
    const dnn_node *named = dnn_node_find(map, name);
    return !named && map && map->type == DNN_NODE_MAP && map->count == 1 && n == 1 ? map->items[0] : named;
}

static bool fits(const dnn_node *list, size_t units)
{
    return list && list->type == DNN_NODE_LIST && (list->count == 1 || list->count == units);
}

static dnn_status plan_one(const dnn_node *map, const dnn_port *port, size_t n, const char *end, scaled *s)
{
    s->entry = entry_of(map, port->name, n);
    s->units = dnn_shape_units(&port->shape);
    if (!s->entry) return DNN_OK;
    snprintf(s->name, sizeof s->name, "%s_%s", port->name, end);
    const dnn_node *factor = dnn_node_find(s->entry, "factor");
    bool positive = fits(factor, s->units) && fits(dnn_node_find(s->entry, "shift"), s->units);
    for (size_t i = 0; positive && i < factor->count; i++) positive = factor->items[i]->real > 0;
    if (positive) return DNN_OK;
    return dnn_fail(DNN_E_MODEL, "the scaling of '%s' cannot be put into the network: it does not fit its %zu values, or a factor is not above 0", port->name,
                    s->units);
}

/* ---- the network with them ---- */

static dnn_node *names(const char *name)
{
    dnn_node *list = dnn_node_list();
    if (!list || dnn_node_append(list, dnn_node_string(name)) == DNN_OK) return list;
    dnn_node_destroy(list);
    return NULL;
}

/* One number for all, or one for each value of a sample. */
static dnn_node *axes_of(const scaled *s, const dnn_shape *shape)
{
    dnn_node *list = dnn_node_list();
    const bool each = dnn_node_find(s->entry, "shift")->count > 1 || dnn_node_find(s->entry, "factor")->count > 1;
    for (size_t i = 0; list && each && i < shape->rank; i++)
        if (dnn_node_append(list, dnn_node_int((int64_t)i + 1)) != DNN_OK) {
            dnn_node_destroy(list);
            return NULL;
        }
    return list;
}

static dnn_node *layer_node(const scaled *s, const dnn_shape *shape, const char *source, bool invert)
{
    dnn_node *layer = dnn_node_map(), *params = dnn_node_map();
    dnn_status st = layer && params ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK) st = dnn_node_set(params, "name", dnn_node_string(s->name));
    if (st == DNN_OK) st = dnn_node_set(params, "inputs", names(source));
    if (st == DNN_OK) st = dnn_node_set(params, "axis", axes_of(s, shape));
    if (st == DNN_OK) st = dnn_node_set(params, "invert", dnn_node_bool(invert));
    if (st == DNN_OK) {
        st = dnn_node_set(layer, "normalization", params);
        params = NULL;
    }
    if (st == DNN_OK) return layer;
    dnn_node_destroy(layer);
    dnn_node_destroy(params);
    return NULL;
}

static const char *source_name(const inclusion *p, size_t tensor)
{
    if (tensor < p->graph->n_inputs && p->inputs[tensor].entry) return p->inputs[tensor].name;
    return dnn_graph_tensor_name(p->graph, tensor);
}

/* What a layer reads, in words: the layer above is another one now. */
static dnn_status name_sources(const inclusion *p, const dnn_op *op, dnn_node *params)
{
    dnn_node *list = dnn_node_list();
    dnn_status st = list ? DNN_OK : DNN_E_MEMORY;
    for (size_t k = 0; k < p->graph->layers[op->layer].n_inputs && st == DNN_OK; k++)
        st = dnn_node_append(list, dnn_node_string(source_name(p, op->in[k])));
    if (st == DNN_OK) return dnn_node_set(params, "inputs", list);
    dnn_node_destroy(list);
    return st;
}

static dnn_node *params_named(const dnn_node *layers, const char *name)
{
    for (size_t i = 0; i < layers->count; i++) {
        dnn_node *params = layers->items[i]->items[0];
        if (strcmp(dnn_node_find(params, "name")->text, name) == 0) return params;
    }
    return NULL;
}

static dnn_status rewire(const inclusion *p, const dnn_node *layers)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < p->graph->n_ops && st == DNN_OK; i++) {
        const dnn_layer *l = &p->graph->layers[p->graph->ops[i].layer];
        if (!l->internal && l->n_inputs > 0) st = name_sources(p, &p->graph->ops[i], params_named(layers, l->name));
    }
    return st;
}

/* Behind the layers that are inputs, in front of the others. */
static dnn_status put_in_front(dnn_node *layers, dnn_node *layer)
{
    const dnn_status st = dnn_node_append(layers, layer);
    if (st != DNN_OK) return st;
    size_t at = 0;
    while (strcmp(layers->items[at]->items[0]->key, "input") == 0) at++;
    memmove(layers->items + at + 1, layers->items + at, (layers->count - 1 - at) * sizeof *layers->items);
    layers->items[at] = layer;
    return DNN_OK;
}

static dnn_status name_outputs(const inclusion *p, dnn_node *model)
{
    const dnn_graph *g = p->graph;
    dnn_node *map = dnn_node_map();
    dnn_status st = map ? DNN_OK : DNN_E_MEMORY;
    for (size_t o = 0; o < g->n_outputs && st == DNN_OK; o++)
        st = dnn_node_set(map, g->outputs[o].name, dnn_node_string(p->outputs[o].entry ? p->outputs[o].name : g->layers[g->output_layer[o]].name));
    if (st == DNN_OK) return dnn_node_set(model, "outputs", map);
    dnn_node_destroy(map);
    return st;
}

static dnn_status extend(const inclusion *p, dnn_node *model)
{
    const dnn_graph *g = p->graph;
    dnn_node *layers = dnn_node_find(model, "layers");
    dnn_status st = rewire(p, layers);
    for (size_t i = 0; i < g->n_inputs && st == DNN_OK; i++)
        if (p->inputs[i].entry) st = put_in_front(layers, layer_node(&p->inputs[i], &g->inputs[i].shape, g->inputs[i].name, false));
    for (size_t o = 0; o < g->n_outputs && st == DNN_OK; o++)
        if (p->outputs[o].entry)
            st = dnn_node_append(layers, layer_node(&p->outputs[o], &g->outputs[o].shape, g->layers[g->output_layer[o]].name, true));
    return st == DNN_OK ? name_outputs(p, model) : st;
}

/* ---- their weights ---- */

static double number(const dnn_node *entry, const char *key, size_t i)
{
    const dnn_node *list = dnn_node_find(entry, key);
    return list->items[list->count == 1 ? 0 : i]->real;
}

static void fill(const scaled *s, const dnn_segment *segment, float *w)
{
    const char *name = strrchr(segment->name, '/') + 1;
    for (size_t i = 0; i < segment->length; i++) {
        const double factor = number(s->entry, "factor", i);
        w[i] = (float)(strcmp(name, "mean") == 0 ? number(s->entry, "shift", i) : strcmp(name, "variance") == 0 ? 1 / (factor * factor) : 0);
    }
}

static const scaled *owner(const inclusion *p, const char *layer)
{
    for (size_t i = 0; i < DNN_MAX_IO; i++) {
        if (p->inputs[i].entry && strcmp(p->inputs[i].name, layer) == 0) return &p->inputs[i];
        if (p->outputs[i].entry && strcmp(p->outputs[i].name, layer) == 0) return &p->outputs[i];
    }
    return NULL;
}

static void copy_weights(const inclusion *p, const float *weights, const dnn_graph *to, float *out)
{
    const dnn_segments *from = &p->graph->segments;
    for (size_t i = 0; i < to->segments.count; i++) {
        const dnn_segment *s = &to->segments.at[i];
        const scaled *own = owner(p, to->layers[s->layer].name);
        if (own) fill(own, s, out + s->offset);
        for (size_t k = 0; !own && k < from->count; k++)
            if (strcmp(from->at[k].name, s->name) == 0) memcpy(out + s->offset, weights + from->at[k].offset, s->length * sizeof *out);
    }
}

dnn_status dnn_include_scaling(const dnn_graph *graph, const float *weights, const dnn_node *scalers, dnn_graph **scaled_graph,
                               float **scaled_weights, size_t *count)
{
    inclusion p = { .graph = graph };
    const dnn_node *features = dnn_node_find(scalers, "features"), *targets = dnn_node_find(scalers, "targets");
    dnn_status st = DNN_OK;
    *scaled_graph = NULL;
    *scaled_weights = NULL;
    *count = 0;
    for (size_t i = 0; i < graph->n_inputs && st == DNN_OK; i++) st = plan_one(features, &graph->inputs[i], graph->n_inputs, "scaling", &p.inputs[i]);
    for (size_t o = 0; o < graph->n_outputs && st == DNN_OK; o++) st = plan_one(targets, &graph->outputs[o], graph->n_outputs, "units", &p.outputs[o]);
    for (size_t i = 0; i < DNN_MAX_IO; i++) *count += (p.inputs[i].entry != NULL) + (p.outputs[i].entry != NULL);
    if (st != DNN_OK || *count == 0) return st;
    dnn_node *model = dnn_graph_write(graph);
    st = model ? extend(&p, model) : DNN_E_MEMORY;
    if (st == DNN_OK) st = dnn_graph_create(model, NULL, 0, scaled_graph);
    dnn_node_destroy(model);
    if (st != DNN_OK) return st;
    *scaled_weights = dnn_alloc((*scaled_graph)->segments.total, sizeof **scaled_weights);
    if (*scaled_weights) {
        copy_weights(&p, weights, *scaled_graph, *scaled_weights);
        return DNN_OK;
    }
    dnn_graph_destroy(*scaled_graph);
    *scaled_graph = NULL;
    return DNN_E_MEMORY;
}
