#include "dnn/exchange/nested.h"

#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"

enum { MAX_INPUTS = 64 };

typedef struct nest {
    const dnn_nesting *use;
    const char *inputs[MAX_INPUTS]; /* names within the model */
    size_t n_inputs;
    char *above_input;              /* owned: name of the layer put in for what stands above; NULL: none */
} nest;

static const char *text_of(const dnn_node *item, const char *key)
{
    const dnn_node *text = item->type == DNN_NODE_MAP && item->count == 1 ? dnn_node_find(item->items[0], key) : NULL;
    return text && text->type == DNN_NODE_STRING ? text->text : NULL;
}

static bool is(const dnn_node *item, const char *kind) { return item->type == DNN_NODE_MAP && item->count == 1 && strcmp(item->items[0]->key, kind) == 0; }

static dnn_status find_inputs(nest *n, const dnn_node *architecture, const dnn_node *layers)
{
    const dnn_node *map = dnn_node_find(architecture, "inputs");
    for (size_t i = 0; map && map->type == DNN_NODE_MAP && i < map->count && n->n_inputs < MAX_INPUTS; i++) n->inputs[n->n_inputs++] = map->items[i]->key;
    for (size_t i = 0; i < layers->count && n->n_inputs < MAX_INPUTS; i++)
        if (is(layers->items[i], "input") && text_of(layers->items[i], "name")) n->inputs[n->n_inputs++] = text_of(layers->items[i], "name");
    const size_t given = n->use->sources ? n->use->n_sources : 1;
    if (given == n->n_inputs) return DNN_OK;
    return dnn_fail(DNN_E_CONFIG, "model '%s': has %zu input%s, %zu %s given", n->use->name, n->n_inputs, n->n_inputs == 1 ? "" : "s", given,
                    given == 1 ? "is" : "are");
}

/* The name that a layer or input of the model has outside, new; NULL when out of memory. */
static char *outside(const nest *n, const char *name)
{
    for (size_t i = 0; i < n->n_inputs; i++)
        if (strcmp(n->inputs[i], name) == 0) return dnn_strdup(n->use->sources ? n->use->sources[i] : n->above_input);
    return dnn_format("%s.%s", n->use->name, name);
}

static dnn_status set_text(dnn_node *map, const char *key, const char *text)
{
    return text ? dnn_node_set(map, key, dnn_node_string(text)) : DNN_E_MEMORY;
}

/* `inputs` written out with names from outside; `above` is what a layer without them reads. */
static dnn_status set_sources(const nest *n, const dnn_node *item, const char *above, dnn_node *params)
{
    const dnn_node *inputs = dnn_node_find(item->items[0], "inputs");
    const bool list = inputs && inputs->type == DNN_NODE_LIST && inputs->count > 0;
    dnn_node *names = dnn_node_list();
    dnn_status st = names ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; st == DNN_OK && i < (list ? inputs->count : 1); i++) {
        const dnn_node *one = list ? inputs->items[i] : inputs;
        char *name = one && one->type == DNN_NODE_STRING ? outside(n, one->text) : above ? dnn_strdup(above) : NULL;
        st = name ? dnn_node_append(names, dnn_node_string(name)) : DNN_E_MEMORY;
        dnn_free(name);
    }
    if (st == DNN_OK) return dnn_node_set(params, "inputs", names);
    dnn_node_destroy(names);
    return st;
}

/* Another use of the layer that the first use of the model has. */
static dnn_status call_of(const nest *n, const dnn_node *item, dnn_node **out)
{
    const char *called = is(item, "call") ? text_of(item, "layer") : text_of(item, "name");
    char *layer = dnn_format("%s.%s", n->use->calls, called);
    dnn_node *map = dnn_node_map(), *params = dnn_node_map();
    dnn_status st = layer && map && params ? set_text(params, "layer", layer) : DNN_E_MEMORY;
    if (st == DNN_OK) st = dnn_node_set(map, "call", params);
    else dnn_node_destroy(params);
    dnn_free(layer);
    if (st == DNN_OK) {
        *out = map;
        return DNN_OK;
    }
    dnn_node_destroy(map);
    return st;
}

static dnn_status copy_of(const nest *n, const dnn_node *item, dnn_node **out)
{
    *out = dnn_node_copy(item);
    if (!*out) return DNN_E_MEMORY;
    dnn_node *params = (*out)->items[0];
    dnn_status st = DNN_OK;
    if (is(item, "call")) {
        char *layer = dnn_format("%s.%s", n->use->name, text_of(item, "layer"));
        st = set_text(params, "layer", layer);
        dnn_free(layer);
    } else if (n->use->frozen) {
        st = dnn_node_set(params, "trainable", dnn_node_bool(false));
    }
    if (st == DNN_OK) return DNN_OK;
    dnn_node_destroy(*out);
    *out = NULL;
    return st;
}

/* `above` becomes the layer's name outside. */
static dnn_status add_layer(const nest *n, const dnn_node *item, char **above, dnn_node *layers)
{
    dnn_node *made = NULL;
    char *name = dnn_format("%s.%s", n->use->name, text_of(item, "name"));
    dnn_status st = name ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK) st = n->use->calls ? call_of(n, item, &made) : copy_of(n, item, &made);
    if (st == DNN_OK) st = set_text(made->items[0], "name", name);
    if (st == DNN_OK) st = set_sources(n, item, *above, made->items[0]);
    dnn_free(*above);
    *above = name;
    if (st == DNN_OK) return dnn_node_append(layers, made);
    dnn_node_destroy(made);
    return st;
}

/* What stands above has no name yet: a layer that hands it on gets one. It is a view and costs nothing. */
static dnn_status name_above(nest *n, dnn_node *layers)
{
    dnn_node *map = dnn_node_map(), *params = dnn_node_map();
    n->above_input = dnn_format("%s.%s", n->use->name, n->inputs[0]);
    dnn_status st = map && params && n->above_input ? set_text(params, "activation", "linear") : DNN_E_MEMORY;
    if (st == DNN_OK) st = set_text(params, "name", n->above_input);
    if (st == DNN_OK) st = dnn_node_set(map, "activation", params);
    else dnn_node_destroy(params);
    if (st == DNN_OK) return dnn_node_append(layers, map);
    dnn_node_destroy(map);
    return st;
}

static dnn_status add_output(const nest *n, const char *name, dnn_node *outputs)
{
    char *full = outside(n, name);
    const dnn_status st = full ? dnn_node_append(outputs, dnn_node_string(full)) : DNN_E_MEMORY;
    dnn_free(full);
    return st;
}

static dnn_status add_outputs(const nest *n, const dnn_node *architecture, const dnn_node *layers, dnn_node *outputs)
{
    const dnn_node *written = dnn_node_find(architecture, "outputs");
    dnn_status st = DNN_OK;
    if (!written || written->type == DNN_NODE_NULL) return add_output(n, text_of(layers->items[layers->count - 1], "name"), outputs);
    if (written->type == DNN_NODE_STRING) return add_output(n, written->text, outputs);
    for (size_t i = 0; i < written->count && st == DNN_OK; i++) st = add_output(n, written->items[i]->text, outputs);
    return st;
}

static dnn_status nest_layers(nest *n, const dnn_node *layers, dnn_node *into)
{
    dnn_status st = n->use->sources ? DNN_OK : name_above(n, into);
    char *above = st == DNN_OK ? outside(n, n->inputs[0]) : NULL;
    if (st == DNN_OK && !above) st = DNN_E_MEMORY;
    for (size_t i = 0; i < layers->count && st == DNN_OK; i++) {
        const dnn_node *item = layers->items[i];
        if (!text_of(item, "name")) st = dnn_fail(DNN_E_CONFIG, "model '%s': its layer %zu has no name", n->use->name, i);
        else if (!is(item, "input")) st = add_layer(n, item, &above, into);
        else {
            dnn_free(above);
            above = outside(n, text_of(item, "name"));
            st = above ? DNN_OK : DNN_E_MEMORY;
        }
    }
    dnn_free(above);
    return st;
}

dnn_status dnn_model_nest(const dnn_node *architecture, const dnn_nesting *use, dnn_node *layers, dnn_node *outputs)
{
    const dnn_node *theirs = dnn_node_find(architecture, "layers");
    nest n = { .use = use };
    if (!theirs || theirs->type != DNN_NODE_LIST || theirs->count == 0) return dnn_fail(DNN_E_CONFIG, "model '%s': has no layers", use->name);
    dnn_status st = find_inputs(&n, architecture, theirs);
    if (st == DNN_OK) st = nest_layers(&n, theirs, layers);
    if (st == DNN_OK) st = add_outputs(&n, architecture, theirs, outputs);
    dnn_free(n.above_input);
    return st;
}
