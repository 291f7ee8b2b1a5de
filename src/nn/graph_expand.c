/* From the layers as written to a flat list: `repeat` unrolled, `defaults` put below each layer's own parameters. Nodes
 * keep their places, so that an error in a default is shown where the default stands. */
#include <string.h>

#include "dnn/base/memory.h"
#include "nn/graph.h"

static const dnn_kind *kind_of(const dnn_node *item)
{
    if (item->type == DNN_NODE_STRING) return dnn_family_find(&dnn_layers, item->text);
    return item->type == DNN_NODE_MAP && item->count == 1 ? dnn_family_find(&dnn_layers, item->items[0]->key) : NULL;
}

static const dnn_param *row_of(const dnn_kind *kind, const char *key)
{
    const dnn_param *row = dnn_params_find(kind->params, kind->n_params, key);
    return row ? row : dnn_params_find(dnn_layers.common, dnn_layers.n_common, key);
}

/* ---- defaults ---- */

static dnn_status unknown_default(const dnn_kind *kind, const dnn_node *item)
{
    const char *keys[64];
    size_t count = 0;
    for (size_t i = 0; i < kind->n_params && count < 64; i++) keys[count++] = kind->params[i].key;
    for (size_t i = 0; i < dnn_layers.n_common && count < 64; i++) keys[count++] = dnn_layers.common[i].key;
    const char *near = dnn_nearest(item->key, keys, count);
    return dnn_place_fail(DNN_E_CONFIG, item->key_place, "defaults.%s.%s: %s has no such parameter%s%s%s", kind->name,
                          item->key, kind->name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static dnn_status unknown_layer(const dnn_node *item)
{
    const char *names[256];
    size_t count = 0;
    for (; count < dnn_layers.count && count < 256; count++) names[count] = dnn_layers.kinds[count]->name;
    const char *near = dnn_nearest(item->key, names, count);
    return dnn_place_fail(DNN_E_CONFIG, item->key_place, "defaults.%s: there is no such layer%s%s%s", item->key,
                          near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* Values are checked where they are used; keys here, so that a default for a type that does not occur is not
 * overlooked. */
static dnn_status check_defaults(const dnn_node *defaults)
{
    if (!defaults || defaults->type == DNN_NODE_NULL) return DNN_OK;
    if (defaults->type != DNN_NODE_MAP)
        return dnn_node_fail(DNN_E_CONFIG, defaults, "defaults: must be a map from layer types to parameters");
    for (size_t i = 0; i < defaults->count; i++) {
        const dnn_node *of = defaults->items[i];
        const dnn_kind *kind = dnn_family_find(&dnn_layers, of->key);
        if (!kind) return unknown_layer(of);
        if (of->type != DNN_NODE_MAP)
            return dnn_node_fail(DNN_E_CONFIG, of, "defaults.%s: must be a map of parameters", of->key);
        for (size_t j = 0; j < of->count; j++) {
            const char *key = of->items[j]->key;
            if (!row_of(kind, key)) return unknown_default(kind, of->items[j]);
            if (strcmp(key, "name") == 0 || strcmp(key, "inputs") == 0)
                return dnn_node_fail(DNN_E_CONFIG, of->items[j], "defaults.%s.%s: belongs to a single layer", of->key,
                                     key);
        }
    }
    return DNN_OK;
}

/* The same reading as that of components: a lone value stands for the first parameter. */
static bool is_params(const dnn_kind *kind, const dnn_node *value)
{
    if (value->type != DNN_NODE_MAP) return false;
    if (value->count != 1 || kind->n_params == 0 || kind->params[0].type != DNN_PARAM_COMPONENT) return true;
    return row_of(kind, value->items[0]->key) || !dnn_family_find(kind->params[0].family, value->items[0]->key);
}

/* The layer's own parameters as a map, new. */
static dnn_node *own_params(const dnn_kind *kind, const dnn_node *item)
{
    const dnn_node *value = item->type == DNN_NODE_MAP ? item->items[0] : NULL;
    if (value && is_params(kind, value)) return dnn_node_copy(value);
    dnn_node *params = dnn_node_map();
    if (!params) return NULL;
    params->place = value ? value->place : item->place;
    if (!value || value->type == DNN_NODE_NULL) return params;
    if (kind->n_params && dnn_node_set(params, kind->params[0].key, dnn_node_copy(value)) == DNN_OK) return params;
    dnn_node_destroy(params);
    return NULL;
}

static dnn_status with_defaults(const dnn_node *item, const dnn_node *defaults, dnn_node *flat)
{
    const dnn_kind *kind = kind_of(item);
    const dnn_node *preset = kind ? dnn_node_find(defaults, kind->name) : NULL;
    /* A value where there are no parameters is the component reader's to refuse. */
    const bool plain =
        item->type == DNN_NODE_STRING || (kind && item->items[0]->type == DNN_NODE_MAP) || (kind && kind->n_params);
    if (!preset || !plain) return dnn_node_append(flat, dnn_node_copy(item));
    dnn_node *layer = dnn_node_map(), *params = own_params(kind, item);
    dnn_status st = layer && params ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < preset->count && st == DNN_OK; i++)
        if (!dnn_node_find(params, preset->items[i]->key))
            st = dnn_node_set(params, preset->items[i]->key, dnn_node_copy(preset->items[i]));
    if (st != DNN_OK) {
        dnn_node_destroy(layer);
        dnn_node_destroy(params);
        return st;
    }
    const dnn_place place = item->type == DNN_NODE_MAP ? item->items[0]->key_place : item->place;
    layer->place = item->place;
    st = dnn_node_set(layer, kind->name, params);
    if (st == DNN_OK) layer->items[0]->key_place = place;
    if (st != DNN_OK) {
        dnn_node_destroy(layer);
        return st;
    }
    return dnn_node_append(flat, layer);
}

/* ---- repeat ---- */

typedef struct repeat { size_t times; dnn_node *layers; } repeat;

static const dnn_param repeat_params[] = {
    DNN_SIZE(repeat, times, NULL, ">= 1", "how often"),
    DNN_NODE(repeat, layers, NULL, "the layers that are repeated"),
};

static const dnn_node *as_repeat(const dnn_node *item)
{
    return item->type == DNN_NODE_MAP && item->count == 1 && strcmp(item->items[0]->key, "repeat") == 0 ? item->items[0]
                                                                                                        : NULL;
}

/* Calls `rename` for each name given and each name referred to in a list of layers. */
typedef dnn_status visitor(void *context, dnn_node *text, bool given);

static dnn_status visit_names(dnn_node *layers, visitor *visit, void *context)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; layers && i < layers->count && st == DNN_OK; i++) {
        dnn_node *item = layers->items[i];
        if (item->type != DNN_NODE_MAP || item->count != 1) continue;
        if (as_repeat(item)) {
            st = visit_names(dnn_node_find(item->items[0], "layers"), visit, context);
            continue;
        }
        dnn_node *name = dnn_node_find(item->items[0], "name"), *inputs = dnn_node_find(item->items[0], "inputs");
        const dnn_node *called = strcmp(item->items[0]->key, "call") == 0 ? dnn_node_find(item->items[0], "layer") : NULL;
        if (name && name->type == DNN_NODE_STRING) st = visit(context, name, true);
        if (called && called->type == DNN_NODE_STRING && st == DNN_OK) st = visit(context, (dnn_node *)called, false);
        if (inputs && inputs->type == DNN_NODE_STRING && st == DNN_OK) st = visit(context, inputs, false);
        for (size_t j = 0; inputs && inputs->type == DNN_NODE_LIST && j < inputs->count && st == DNN_OK; j++)
            if (inputs->items[j]->type == DNN_NODE_STRING) st = visit(context, inputs->items[j], false);
    }
    return st;
}

/* Later rounds number the names given inside: block, block_1, … and what refers to them. */
typedef struct round_names { const char **names; size_t count, room; size_t round; } round_names;

static dnn_status collect(void *context, dnn_node *text, bool given)
{
    round_names *r = context;
    if (!given) return DNN_OK;
    if (r->count == r->room) {
        const size_t room = r->room ? 2 * r->room : 16;
        const char **more = dnn_realloc(r->names, room, sizeof *more);
        if (!more) return DNN_E_MEMORY;
        r->names = more;
        r->room = room;
    }
    r->names[r->count++] = text->text;
    return DNN_OK;
}

static dnn_status number_name(void *context, dnn_node *text, bool given)
{
    const round_names *r = context;
    (void)given;
    for (size_t i = 0; i < r->count; i++) {
        if (strcmp(r->names[i], text->text) != 0) continue;
        char *numbered = dnn_format("%s_%zu", text->text, r->round);
        if (!numbered) return DNN_E_MEMORY;
        dnn_free(text->text);
        text->text = numbered;
        break;
    }
    return DNN_OK;
}

static dnn_status expand(const dnn_node *layers, const dnn_node *defaults, dnn_node *flat);

static dnn_status expand_round(const repeat *r, round_names *names, const dnn_node *defaults, dnn_node *flat)
{
    if (names->round == 0) return expand(r->layers, defaults, flat);
    dnn_node *copy = dnn_node_copy(r->layers);
    dnn_status st = copy ? visit_names(copy, number_name, names) : DNN_E_MEMORY;
    if (st == DNN_OK) st = expand(copy, defaults, flat);
    dnn_node_destroy(copy);
    return st;
}

static dnn_status expand_repeat(const dnn_node *node, const dnn_node *defaults, dnn_node *flat)
{
    repeat r = { 0 };
    round_names names = { 0 };
    dnn_status st = dnn_params_read(repeat_params, sizeof repeat_params / sizeof *repeat_params, "repeat", node, &r);
    if (st == DNN_OK && (r.layers->type != DNN_NODE_LIST || r.layers->count == 0))
        st = dnn_node_fail(DNN_E_CONFIG, r.layers, "repeat.layers: must be a list of layers");
    if (st == DNN_OK && r.times > GRAPH_MAX_LAYERS)
        st = dnn_node_fail(DNN_E_CONFIG, node, "repeat.times = %zu: more than %d layers", r.times, GRAPH_MAX_LAYERS);
    if (st == DNN_OK) st = visit_names(r.layers, collect, &names);
    for (; names.round < r.times && st == DNN_OK; names.round++) {
        const size_t before = flat->count;
        st = expand_round(&r, &names, defaults, flat);
        if (st == DNN_OK && flat->count + (flat->count - before) * (r.times - names.round - 1) > GRAPH_MAX_LAYERS)
            st =
                dnn_node_fail(DNN_E_CONFIG, node, "repeat.times = %zu: more than %d layers", r.times, GRAPH_MAX_LAYERS);
    }
    dnn_free(names.names);
    dnn_params_clear(repeat_params, sizeof repeat_params / sizeof *repeat_params, &r);
    return st;
}

static dnn_status expand(const dnn_node *layers, const dnn_node *defaults, dnn_node *flat)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < layers->count && st == DNN_OK; i++) {
        const dnn_node *item = layers->items[i], *again = as_repeat(item);
        st = again ? expand_repeat(again, defaults, flat) : with_defaults(item, defaults, flat);
        if (st == DNN_OK && flat->count > GRAPH_MAX_LAYERS)
            st = dnn_node_fail(DNN_E_CONFIG, item, "layers: more than %d", GRAPH_MAX_LAYERS);
    }
    return st;
}

dnn_status graph_expand(const dnn_node *layers, const dnn_node *defaults, dnn_node **flat)
{
    *flat = NULL;
    if (layers->type != DNN_NODE_LIST || layers->count == 0)
        return dnn_node_fail(DNN_E_CONFIG, layers, "layers: must be a list of layers, from the input to the output");
    dnn_status st = check_defaults(defaults);
    if (st != DNN_OK) return st;
    *flat = dnn_node_list();
    st = *flat ? expand(layers, defaults, *flat) : DNN_E_MEMORY;
    if (st == DNN_OK) return DNN_OK;
    dnn_node_destroy(*flat);
    *flat = NULL;
    return st;
}

dnn_status dnn_graph_unroll(const dnn_node *layers, dnn_node **flat) { return graph_expand(layers, NULL, flat); }
