/* What a preset makes of the layers as written: initializer and activation of hidden layers, and what stands behind them. */
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/nn/layer.h"
#include "train/setup/presets.h"

static const dnn_kind *kind_of(const dnn_node *item)
{
    const char *name = item->type == DNN_NODE_STRING ? item->text : item->type == DNN_NODE_MAP && item->count == 1 ? item->items[0]->key : "";
    return dnn_family_find(&dnn_layers, name);
}

static bool is(const dnn_node *item, const char *name)
{
    const dnn_kind *kind = kind_of(item);
    return kind && strcmp(kind->name, name) == 0;
}

/* Layers whose weights and activation a preset speaks of. */
static bool learns(const dnn_node *item) { return is(item, "dense") || is(item, "conv2d"); }

static const dnn_node *repeated(const dnn_node *item)
{
    const dnn_node *inner = item->type == DNN_NODE_MAP && item->count == 1 && strcmp(item->items[0]->key, "repeat") == 0 ? item->items[0] : NULL;
    const dnn_node *layers = dnn_node_find(inner, "layers");
    return layers && layers->type == DNN_NODE_LIST ? layers : NULL;
}

static const char *name_of(const dnn_node *item)
{
    const dnn_node *name = item->type == DNN_NODE_MAP && item->count == 1 ? dnn_node_find(item->items[0], "name") : NULL;
    return name && name->type == DNN_NODE_STRING ? name->text : NULL;
}

/* A text, a list of texts or a map to them. */
static bool names(const dnn_node *node, const char *name)
{
    if (!node || !name) return false;
    if (node->type == DNN_NODE_STRING) return strcmp(node->text, name) == 0;
    for (size_t i = 0; i < node->count; i++)
        if (node->items[i]->type == DNN_NODE_STRING && strcmp(node->items[i]->text, name) == 0) return true;
    return false;
}

static bool is_hidden(const preset_work *w, const dnn_node *item)
{
    return learns(item) && item != w->output && !names(w->outputs, name_of(item));
}

static int64_t count_hidden(const preset_work *w, const dnn_node *layers)
{
    int64_t count = 0;
    for (size_t i = 0; i < layers->count; i++) {
        const dnn_node *inner = repeated(layers->items[i]);
        const dnn_node *times = inner ? dnn_node_find(layers->items[i]->items[0], "times") : NULL;
        count += inner ? count_hidden(w, inner) * (times && times->type == DNN_NODE_INT ? times->integer : 1) : is_hidden(w, layers->items[i]);
    }
    return count;
}

static bool has_normalization(const dnn_node *layers)
{
    for (size_t i = 0; i < layers->count; i++) {
        const dnn_node *item = layers->items[i], *inner = repeated(item);
        if (is(item, "batch_normalization") || is(item, "layer_normalization") || (inner && has_normalization(inner))) return true;
    }
    return false;
}

/* An activation written as a layer of its own, further down behind what does not act on single values. */
static bool activated_below(const dnn_node *layers, size_t i)
{
    while (++i < layers->count) {
        const dnn_kind *kind = kind_of(layers->items[i]);
        if (kind && ((const dnn_layer_kind *)kind)->activation_layer) return true;
        if (!is(layers->items[i], "batch_normalization") && !is(layers->items[i], "layer_normalization") && !is(layers->items[i], "dropout")) break;
    }
    return false;
}

static dnn_status set_text(dnn_node *map, const char *key, const char *text) { return dnn_node_set(map, key, dnn_node_string(text)); }

/* A map of parameters in place of a name alone or a lone value; `item` is ours. */
static dnn_status make_map(dnn_node **item)
{
    const dnn_node *from = *item;
    const dnn_kind *kind = kind_of(from);
    dnn_node *map = dnn_node_map(), *params = dnn_node_map();
    dnn_status st = map && params ? DNN_OK : DNN_E_MEMORY;
    if (from->type == DNN_NODE_MAP && from->items[0]->type == DNN_NODE_MAP) {
        dnn_node_destroy(map);
        dnn_node_destroy(params);
        return DNN_OK;
    }
    if (st == DNN_OK) map->place = params->place = from->place;
    if (st == DNN_OK && from->type == DNN_NODE_MAP && from->items[0]->type != DNN_NODE_NULL)
        st = dnn_node_set(params, kind->params[0].key, dnn_node_copy(from->items[0]));
    if (st == DNN_OK) {
        st = dnn_node_set(map, kind->name, params);
        params = NULL;
    }
    if (st == DNN_OK) {
        if (from->type == DNN_NODE_MAP) map->items[0]->key_place = from->items[0]->key_place;
        dnn_node_destroy(*item);
        *item = map;
        return DNN_OK;
    }
    dnn_node_destroy(map);
    dnn_node_destroy(params);
    return st;
}

static bool is_said(const preset_work *w, const dnn_node *item, const char *key)
{
    return dnn_node_find(item->items[0], key) || dnn_node_find(dnn_node_find(w->defaults, item->items[0]->key), key);
}

static dnn_status set_layer(const preset_work *w, dnn_node **item, bool activated)
{
    dnn_status st = make_map(item);
    dnn_node *params = st == DNN_OK ? (*item)->items[0] : NULL;
    if (st == DNN_OK && !is_said(w, *item, "kernel_initializer")) st = set_text(params, "kernel_initializer", w->kind->initializer);
    if (st == DNN_OK && !activated && !is_said(w, *item, "activation")) st = set_text(params, "activation", w->kind->activation);
    return st;
}

/* What a layer of its own does to what `item` reads: in front of it, reading what it read. Names keep meaning what they meant, whoever reads
 * them. */
static dnn_status put_in_front(dnn_node *list, const char *kind, const char *key, double value, dnn_node *item)
{
    dnn_node *made = dnn_node_map(), *params = dnn_node_map();
    const dnn_node *inputs = item->type == DNN_NODE_MAP ? dnn_node_find(item->items[0], "inputs") : NULL;
    dnn_status st = made && params ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK) made->place = params->place = item->place;
    if (st == DNN_OK && key) st = dnn_node_set(params, key, dnn_node_real(value));
    if (st == DNN_OK && inputs) st = dnn_node_set(params, "inputs", dnn_node_copy(inputs));
    if (st == DNN_OK) st = dnn_node_set(made, kind, params);
    else dnn_node_destroy(params);
    if (st == DNN_OK && inputs) dnn_node_remove(item->items[0], "inputs");
    if (st == DNN_OK) return dnn_node_append(list, made);
    dnn_node_destroy(made);
    return st;
}

static dnn_status rewrite(preset_work *w, const dnn_node *layers, dnn_node *out);

static dnn_status rewrite_inside(preset_work *w, const dnn_node *inner, dnn_node *repeat)
{
    dnn_node *list = dnn_node_list();
    const dnn_status st = list ? rewrite(w, inner, list) : DNN_E_MEMORY;
    if (st == DNN_OK) return dnn_node_set(repeat, "layers", list);
    dnn_node_destroy(list);
    return st;
}

static dnn_status rewrite(preset_work *w, const dnn_node *layers, dnn_node *out)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < layers->count && st == DNN_OK; i++) {
        const dnn_node *from = layers->items[i], *inner = repeated(from);
        dnn_node *item = dnn_node_copy(from);
        st = item ? DNN_OK : DNN_E_MEMORY;
        if (inner) w->behind_first = true; /* the same layers stand behind themselves */
        if (st == DNN_OK && inner) st = rewrite_inside(w, inner, item->items[0]);
        if (st == DNN_OK && is_hidden(w, from)) st = set_layer(w, &item, activated_below(layers, i));
        const bool behind = learns(from) && w->behind_first;
        if (st == DNN_OK && behind && w->normalize) st = put_in_front(out, "batch_normalization", NULL, 0.0, item);
        if (st == DNN_OK && behind && w->p->alpha_dropout > 0.0) st = put_in_front(out, "alpha_dropout", "rate", w->p->alpha_dropout, item);
        w->behind_first |= learns(from);
        if (st == DNN_OK) st = dnn_node_append(out, item);
        else dnn_node_destroy(item);
    }
    return st;
}

/* The last layer that learns, where `outputs` names none. */
static const dnn_node *last_that_learns(const dnn_node *layers)
{
    for (size_t i = layers->count; i-- > 0;)
        if (learns(layers->items[i])) return layers->items[i];
    return NULL;
}

dnn_status preset_set_layers(preset_work *w, dnn_node *model)
{
    const dnn_node *layers = dnn_node_find(model, "layers");
    if (!layers || layers->type != DNN_NODE_LIST) return DNN_OK; /* a model file, or what its reader will refuse */
    w->defaults = dnn_node_find(model, "defaults");
    w->outputs = dnn_node_find(model, "outputs");
    w->output = w->outputs ? NULL : last_that_learns(layers);
    w->normalize = w->p->deep > 0 && count_hidden(w, layers) >= w->p->deep && !has_normalization(layers);
    dnn_node *list = dnn_node_list();
    dnn_status st = list ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK) list->place = layers->place;
    if (st == DNN_OK) st = rewrite(w, layers, list);
    if (st == DNN_OK) return dnn_node_set(model, "layers", list);
    dnn_node_destroy(list);
    return st;
}
