/* inbound_nodes, input_layers and output_layers of Keras 2 and 3 to names of layers. */
#include "exchange/keras_nodes.h"

#include <stdio.h>
#include <string.h>

#include "dnn/base/log.h"
#include "dnn/base/memory.h"
#include "exchange/keras.h"

/* ---- what a name means ---- */

static const char *key_of(const char *name, size_t node, size_t tensor, char *out, size_t size)
{
    char use[32] = "", which[32] = "";
    if (node) snprintf(use, sizeof use, "@%zu", node);
    if (tensor) snprintf(which, sizeof which, ":%zu", tensor);
    snprintf(out, size, "%s%s%s", name, use, which);
    return out;
}

dnn_status keras_scope_set(keras_scope *scope, const char *name, size_t node, size_t tensor, const char *layer)
{
    char key[512];
    return dnn_node_set(scope->ends, key_of(name, node, tensor, key, sizeof key), dnn_node_string(layer));
}

size_t keras_uses(const dnn_node *entry)
{
    const dnn_node *nodes = dnn_node_find(entry, "inbound_nodes");
    return nodes && nodes->type == DNN_NODE_LIST && nodes->count > 1 ? nodes->count : 1;
}

char *keras_use_name(const char *name, size_t node)
{
    if (node == 0) return dnn_strdup(name);
    return node == 1 ? dnn_format("%s_call", name) : dnn_format("%s_call_%zu", name, node - 1);
}

static const dnn_node *entry_named(const keras_scope *scope, const char *name)
{
    for (size_t i = 0; scope->layers && i < scope->layers->count; i++) {
        const dnn_node *own = dnn_node_find(scope->layers->items[i], "name");
        if (own && own->type == DNN_NODE_STRING && strcmp(own->text, name) == 0) return scope->layers->items[i];
    }
    return NULL;
}

/* Our name of use `node` of a layer that is no model. */
static char *plain_name(const keras_scope *scope, const char *name, size_t node)
{
    char *use = keras_use_name(name, node);
    char *ours = use ? dnn_format("%s%s", scope->prefix, use) : NULL;
    dnn_free(use);
    return ours;
}

/* Arguments of a call beside its tensors. Predictions are made with training = false anyway. */
static dnn_status check_arguments(const dnn_node *arguments, const char *layer)
{
    char text[160];
    for (size_t i = 0; arguments && arguments->type == DNN_NODE_MAP && i < arguments->count; i++) {
        const dnn_node *item = arguments->items[i];
        if (item->type == DNN_NODE_NULL) continue;
        if (strcmp(item->key, "training") != 0 || item->type != DNN_NODE_BOOL || item->boolean)
            return dnn_fail(DNN_E_MODEL, "layer '%s': inbound_nodes: call argument %s = %s is not read", layer, item->key,
                            keras_show(item, text, sizeof text));
        dnn_warn("layer '%s' is called with training = false in the file: it predicts the same, but in a training here dropout and "
                 "batch normalization in it are at work unless it is frozen", layer);
    }
    return DNN_OK;
}

/* [name, node, tensor, …] */
static dnn_status add_source(const keras_scope *scope, const dnn_node *tensor, const char *layer, dnn_node *sources)
{
    const bool fit = tensor->type == DNN_NODE_LIST && tensor->count >= 3 && tensor->items[0]->type == DNN_NODE_STRING &&
                     tensor->items[1]->type == DNN_NODE_INT && tensor->items[2]->type == DNN_NODE_INT &&
                     tensor->items[1]->integer >= 0 && tensor->items[2]->integer >= 0;
    char text[160], key[512];
    if (!fit)
        return dnn_fail(DNN_E_MODEL, "layer '%s': inbound_nodes: %s is no tensor", layer,
                        keras_show(tensor, text, sizeof text));
    const int64_t node = tensor->items[1]->integer, number = tensor->items[2]->integer;
    const char *name = tensor->items[0]->text;
    const dnn_node *end = dnn_node_find(scope->ends, key_of(name, (size_t)node, (size_t)number, key, sizeof key));
    if (!end && (size_t)node >= keras_uses(entry_named(scope, name)))
        return dnn_fail(DNN_E_MODEL, "layer '%s': inbound_nodes: %s: '%s' is not called %lld times", layer,
                        keras_show(tensor, text, sizeof text), name, (long long)node + 1);
    if (number != 0 && !end)
        return dnn_fail(DNN_E_MODEL, "layer '%s': inbound_nodes: %s: layers with several outputs are not read", layer,
                        keras_show(tensor, text, sizeof text));
    dnn_status st = check_arguments(tensor->count > 3 ? tensor->items[3] : NULL, layer);
    if (st != DNN_OK) return st;
    char *ours = end ? dnn_strdup(end->text) : plain_name(scope, name, (size_t)node);
    st = ours ? dnn_node_append(sources, dnn_node_string(ours)) : DNN_E_MEMORY;
    dnn_free(ours);
    return st;
}

/* ---- calls ---- */

/* Keras 3: tensors anywhere in the arguments. */
static dnn_status collect_tensors(const keras_scope *scope, const dnn_node *node, const char *layer, dnn_node *sources)
{
    const dnn_node *class_name = dnn_node_find(node, "class_name");
    dnn_status st = DNN_OK;
    if (class_name && class_name->type == DNN_NODE_STRING && strcmp(class_name->text, "__keras_tensor__") == 0) {
        const dnn_node *history = dnn_node_at(node, "config.keras_history");
        return history ? add_source(scope, history, layer, sources)
                       : dnn_fail(DNN_E_MODEL, "layer '%s': inbound_nodes: a tensor without keras_history", layer);
    }
    if (node->type != DNN_NODE_LIST)
        return node->type == DNN_NODE_NULL
                   ? DNN_OK
                   : dnn_fail(DNN_E_MODEL, "layer '%s': inbound_nodes: an argument that is no tensor is not read",
                              layer);
    for (size_t i = 0; i < node->count && st == DNN_OK; i++)
        st = collect_tensors(scope, node->items[i], layer, sources);
    return st;
}

static dnn_status read_call(const keras_scope *scope, const dnn_node *node, const char *layer, dnn_node *sources)
{
    dnn_status st = DNN_OK;
    if (node->type == DNN_NODE_MAP) {
        const dnn_node *args = dnn_node_find(node, "args");
        st = check_arguments(dnn_node_find(node, "kwargs"), layer);
        if (st != DNN_OK) return st;
        return args ? collect_tensors(scope, args, layer, sources)
                    : dnn_fail(DNN_E_MODEL, "layer '%s': inbound_nodes: a node without args", layer);
    }
    if (node->type != DNN_NODE_LIST)
        return dnn_fail(DNN_E_MODEL, "layer '%s': inbound_nodes: neither a list nor a map", layer);
    if (node->count > 0 && node->items[0]->type == DNN_NODE_STRING) return add_source(scope, node, layer, sources);
    for (size_t i = 0; i < node->count && st == DNN_OK; i++) st = add_source(scope, node->items[i], layer, sources);
    return st;
}

dnn_status keras_sources_read(const keras_scope *scope, const dnn_node *entry, size_t number, const char *layer, dnn_node **sources)
{
    const dnn_node *nodes = dnn_node_find(entry, "inbound_nodes");
    *sources = NULL;
    if (!nodes || nodes->type != DNN_NODE_LIST || nodes->count == 0)
        return dnn_fail(DNN_E_MODEL, "layer '%s': has no inbound_nodes: nothing leads into it", layer);
    *sources = dnn_node_list();
    dnn_status st = *sources ? read_call(scope, nodes->items[number], layer, *sources) : DNN_E_MEMORY;
    if (st == DNN_OK && (*sources)->count == 0)
        st = dnn_fail(DNN_E_MODEL, "layer '%s': inbound_nodes: nothing leads into it", layer);
    if (st == DNN_OK) return DNN_OK;
    dnn_node_destroy(*sources);
    *sources = NULL;
    return st;
}

/* [name, 0, 0], a list of them, or a map of names to them. */
dnn_status keras_ends_read(const keras_scope *scope, const dnn_node *ends, const char *key, dnn_node *names)
{
    dnn_status st = DNN_OK;
    if (!ends || (ends->type != DNN_NODE_LIST && ends->type != DNN_NODE_MAP))
        return dnn_fail(DNN_E_MODEL, "%s: is no list", key);
    if (ends->type == DNN_NODE_LIST && ends->count > 0 && ends->items[0]->type == DNN_NODE_STRING)
        return add_source(scope, ends, key, names);
    for (size_t i = 0; i < ends->count && st == DNN_OK; i++) st = keras_ends_read(scope, ends->items[i], key, names);
    return st;
}
