/* One layer of a description, or another use of it, as a layer of ours. */
#include "exchange/keras_reader.h"

#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"

/* The layer in the list, and in that of the outermost model it belongs to. Takes `params` over. */
static dnn_status add_layer(keras_reader *r, const dnn_kind *kind, const char *name, dnn_node *params)
{
    dnn_node *layer = dnn_node_map();
    dnn_status st = layer ? dnn_node_set(params, "name", dnn_node_string(name)) : DNN_E_MEMORY;
    if (st == DNN_OK) {
        st = dnn_node_set(layer, kind->name, params);
        params = NULL;
    }
    if (st == DNN_OK && r->model) st = dnn_node_append(r->model, dnn_node_string(name));
    if (st == DNN_OK) st = keras_note_above(r, name);
    if (st == DNN_OK) return dnn_node_append(r->layers, layer);
    dnn_node_destroy(params);
    dnn_node_destroy(layer);
    return st;
}

/* Another use of our layer `layer`, called `ours`. Takes `sources` over. */
static dnn_status add_call(keras_reader *r, const char *layer, const char *ours, dnn_node *sources)
{
    const dnn_kind call = { .name = "call" };
    dnn_node *params = dnn_node_map();
    dnn_status st = params ? dnn_node_set(params, "layer", dnn_node_string(layer)) : DNN_E_MEMORY;
    if (st == DNN_OK && sources) {
        st = dnn_node_set(params, "inputs", sources);
        sources = NULL;
    }
    dnn_node_destroy(sources);
    if (st == DNN_OK) return add_layer(r, &call, ours, params);
    dnn_node_destroy(params);
    return st;
}

dnn_status keras_layer_call(keras_reader *r, const keras_place *at, const char *name, size_t number, dnn_node *sources)
{
    char *use = keras_use_name(name, number);
    char *layer = dnn_format("%s%s", at->calls ? at->calls : at->scope.prefix, name);
    char *ours = use ? dnn_format("%s%s", at->scope.prefix, use) : NULL;
    dnn_status st = layer && ours ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK) st = add_call(r, layer, ours, sources);
    else dnn_node_destroy(sources);
    dnn_free(use);
    dnn_free(layer);
    dnn_free(ours);
    return st;
}

dnn_status keras_layer_read(keras_reader *r, const keras_place *at, const char *class_name, const char *name, const dnn_node *config,
                                   dnn_node *sources)
{
    char where[160];
    dnn_node *params = NULL;
    const dnn_kind *kind = keras_find_class(&dnn_layers, class_name);
    dnn_status st = DNN_OK;
    snprintf(where, sizeof where, "layer '%.64s' (%.64s)", name, class_name);
    if (!kind) st = dnn_fail(DNN_E_MODEL, "%s: there is no such layer here", where);
    if (st == DNN_OK) st = keras_decode_config(r->source, kind, &dnn_layers, config, where, &params);
    if (st == DNN_OK && at->frozen) st = dnn_node_set(params, "trainable", dnn_node_bool(false));
    if (st == DNN_OK && sources) {
        st = dnn_node_set(params, "inputs", sources);
        sources = NULL;
    }
    char *ours = st == DNN_OK ? dnn_format("%s%s", at->scope.prefix, name) : NULL;
    if (st == DNN_OK && !ours) st = DNN_E_MEMORY;
    dnn_node_destroy(sources);
    if (st == DNN_OK) st = add_layer(r, kind, ours, params);
    else dnn_node_destroy(params);
    dnn_free(ours);
    return st;
}
