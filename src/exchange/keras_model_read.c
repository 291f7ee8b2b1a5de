/* Keras's `model_config` to a `model` section. Sequential and Functional, as Keras 2 and 3 write them. */
#include "exchange/keras.h"

#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"

typedef struct reader {
    const keras_source *source;
    dnn_node *inputs, *layers, *outputs; /* owned */
} reader;

static const char *text_at(const dnn_node *map, const char *key)
{
    const dnn_node *n = dnn_node_find(map, key);
    return n && n->type == DNN_NODE_STRING ? n->text : NULL;
}

static const dnn_node *list_at(const dnn_node *map, const char *key)
{
    const dnn_node *n = dnn_node_find(map, key);
    return n && n->type == DNN_NODE_LIST ? n : NULL;
}

/* ---- shapes ---- */

static const dnn_node *batch_shape(const dnn_node *config)
{
    const dnn_node *shape = list_at(config, "batch_shape");
    return shape ? shape : list_at(config, "batch_input_shape");
}

/* `full` with the batch axis in front, whatever it says there. */
static dnn_status add_input(reader *r, const char *name, const dnn_node *full)
{
    dnn_node *shape = dnn_node_list();
    dnn_status st = shape ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 1; i < full->count && st == DNN_OK; i++) {
        char text[120];
        if (full->items[i]->type == DNN_NODE_INT && full->items[i]->integer > 0)
            st = dnn_node_append(shape, dnn_node_copy(full->items[i]));
        else
            st = dnn_fail(DNN_E_MODEL, "input '%s': shape %s: all axes but the first must have a size", name,
                          keras_show(full, text, sizeof text));
    }
    if (st == DNN_OK) return dnn_node_set(r->inputs, name, shape);
    dnn_node_destroy(shape);
    return st;
}

static dnn_status read_input_layer(reader *r, const char *name, const dnn_node *config)
{
    const dnn_node *shape = batch_shape(config), *dtype = dnn_node_find(config, "dtype");
    char text[120];
    if (!shape || shape->count == 0) return dnn_fail(DNN_E_MODEL, "input '%s': has no batch_shape", name);
    if (dtype && dtype->type == DNN_NODE_STRING && !strstr(dtype->text, "float") && strcmp(dtype->text, "uint8") != 0)
        return dnn_fail(DNN_E_MODEL, "input '%s': dtype = %s: inputs are numbers with a point here", name,
                        keras_show(dtype, text, sizeof text));
    return add_input(r, name, shape);
}

/* A Sequential without an InputLayer says its input at the first layer, or only as the shape it was built with. */
static dnn_status read_implied_input(reader *r, const dnn_node *model, const char *first, const dnn_node *config)
{
    const dnn_node *shape = batch_shape(config), *units = dnn_node_find(config, "input_dim");
    char *name = dnn_format("%.50s_input", first);
    dnn_status st = name ? DNN_OK : DNN_E_MEMORY;
    if (!shape) shape = list_at(model, "build_input_shape");
    if (st != DNN_OK) return st;
    if (shape && shape->count > 0) {
        st = add_input(r, name, shape);
    } else if (units && units->type == DNN_NODE_INT) {
        dnn_node *list = dnn_node_list();
        st = list ? dnn_node_append(list, dnn_node_copy(units)) : DNN_E_MEMORY;
        if (st == DNN_OK)
            st = dnn_node_set(r->inputs, name, list);
        else
            dnn_node_destroy(list);
    } else {
        st = dnn_fail(DNN_E_MODEL,
                      "layer '%s': neither an InputLayer nor batch_input_shape says what the input is; build the model "
                      "before saving it",
                      first);
    }
    dnn_free(name);
    return st;
}

/* ---- layers ---- */

/* `sources` (taken over; NULL: the layer above) go in as inputs. */
static dnn_status read_layer(reader *r, const char *class_name, const char *name, const dnn_node *config,
                             dnn_node *sources)
{
    char where[160];
    dnn_node *params = NULL, *layer = NULL;
    const dnn_kind *kind = keras_find_class(&dnn_layers, class_name);
    dnn_status st = DNN_OK;
    snprintf(where, sizeof where, "layer '%.64s' (%.64s)", name, class_name);
    if (dnn_node_find(config, "layers"))
        st = dnn_fail(DNN_E_MODEL, "%s: is a model of its own; models as layers are not read", where);
    else if (!kind)
        st = dnn_fail(DNN_E_MODEL, "%s: there is no such layer here", where);
    if (st == DNN_OK) st = keras_decode_config(r->source, kind, &dnn_layers, config, where, &params);
    if (st == DNN_OK) st = dnn_node_set(params, "name", dnn_node_string(name));
    if (st == DNN_OK && sources) {
        st = dnn_node_set(params, "inputs", sources);
        sources = NULL;
    }
    if (st == DNN_OK) st = (layer = dnn_node_map()) ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK) {
        st = dnn_node_set(layer, kind->name, params);
        params = NULL;
    }
    if (st == DNN_OK) return dnn_node_append(r->layers, layer);
    dnn_node_destroy(sources);
    dnn_node_destroy(params);
    dnn_node_destroy(layer);
    return st;
}

static dnn_status entry_of(const dnn_node *entry, size_t i, const char **class_name, const char **name,
                           const dnn_node **config)
{
    *class_name = text_at(entry, "class_name");
    *config = dnn_node_find(entry, "config");
    *name = text_at(entry, "name");
    if (!*name) *name = text_at(*config, "name");
    if (*class_name && *name && *config && (*config)->type == DNN_NODE_MAP) return DNN_OK;
    return dnn_fail(DNN_E_MODEL, "layers: entry %zu has no class_name, name or config", i);
}

static dnn_status read_sequential(reader *r, const dnn_node *config)
{
    /* Before 2.3 the config was the list itself. */
    const dnn_node *layers = config->type == DNN_NODE_LIST ? config : list_at(config, "layers");
    dnn_status st = layers ? DNN_OK : dnn_fail(DNN_E_MODEL, "the Sequential has no list of layers");
    for (size_t i = 0; st == DNN_OK && i < layers->count; i++) {
        const char *class_name, *name;
        const dnn_node *own;
        st = entry_of(layers->items[i], i, &class_name, &name, &own);
        if (st != DNN_OK) break;
        if (strcmp(class_name, "InputLayer") == 0) {
            st = i == 0 ? read_input_layer(r, name, own)
                        : dnn_fail(DNN_E_MODEL, "layer '%s': an InputLayer behind another layer", name);
            continue;
        }
        if (r->inputs->count == 0) st = read_implied_input(r, config, name, own);
        if (st == DNN_OK) st = read_layer(r, class_name, name, own, NULL);
    }
    return st;
}

/* ---- nodes: which tensors a layer is called on ---- */

/* [name, node, tensor, …] */
static dnn_status add_source(const dnn_node *tensor, const char *layer, dnn_node *sources)
{
    const bool fit = tensor->type == DNN_NODE_LIST && tensor->count >= 3 && tensor->items[0]->type == DNN_NODE_STRING &&
                     tensor->items[1]->type == DNN_NODE_INT && tensor->items[2]->type == DNN_NODE_INT;
    char text[160];
    if (!fit)
        return dnn_fail(DNN_E_MODEL, "layer '%s': inbound_nodes: %s is no tensor", layer,
                        keras_show(tensor, text, sizeof text));
    if (tensor->items[1]->integer != 0 || tensor->items[2]->integer != 0)
        return dnn_fail(
            DNN_E_MODEL,
            "layer '%s': inbound_nodes: %s: layers that are called twice or have several outputs are not read", layer,
            keras_show(tensor, text, sizeof text));
    const dnn_node *arguments = tensor->count > 3 ? tensor->items[3] : NULL;
    for (size_t i = 0; arguments && arguments->type == DNN_NODE_MAP && i < arguments->count; i++)
        if (arguments->items[i]->type != DNN_NODE_NULL)
            return dnn_fail(DNN_E_MODEL, "layer '%s': inbound_nodes: call argument %s = %s is not read", layer,
                            arguments->items[i]->key, keras_show(arguments->items[i], text, sizeof text));
    return dnn_node_append(sources, dnn_node_string(tensor->items[0]->text));
}

/* Keras 3: tensors anywhere in the arguments. */
static dnn_status collect_tensors(const dnn_node *node, const char *layer, dnn_node *sources)
{
    const char *class_name = text_at(node, "class_name");
    dnn_status st = DNN_OK;
    if (class_name && strcmp(class_name, "__keras_tensor__") == 0) {
        const dnn_node *history = dnn_node_at(node, "config.keras_history");
        return history ? add_source(history, layer, sources)
                       : dnn_fail(DNN_E_MODEL, "layer '%s': inbound_nodes: a tensor without keras_history", layer);
    }
    if (node->type != DNN_NODE_LIST)
        return node->type == DNN_NODE_NULL
                   ? DNN_OK
                   : dnn_fail(DNN_E_MODEL, "layer '%s': inbound_nodes: an argument that is no tensor is not read",
                              layer);
    for (size_t i = 0; i < node->count && st == DNN_OK; i++) st = collect_tensors(node->items[i], layer, sources);
    return st;
}

static dnn_status read_node(const dnn_node *node, const char *layer, dnn_node *sources)
{
    dnn_status st = DNN_OK;
    if (node->type == DNN_NODE_MAP) {
        const dnn_node *args = dnn_node_find(node, "args"), *kwargs = dnn_node_find(node, "kwargs");
        char text[160];
        for (size_t i = 0; kwargs && kwargs->type == DNN_NODE_MAP && i < kwargs->count; i++)
            if (kwargs->items[i]->type != DNN_NODE_NULL)
                return dnn_fail(DNN_E_MODEL, "layer '%s': inbound_nodes: call argument %s = %s is not read", layer,
                                kwargs->items[i]->key, keras_show(kwargs->items[i], text, sizeof text));
        return args ? collect_tensors(args, layer, sources)
                    : dnn_fail(DNN_E_MODEL, "layer '%s': inbound_nodes: a node without args", layer);
    }
    if (node->type != DNN_NODE_LIST)
        return dnn_fail(DNN_E_MODEL, "layer '%s': inbound_nodes: neither a list nor a map", layer);
    if (node->count > 0 && node->items[0]->type == DNN_NODE_STRING) return add_source(node, layer, sources);
    for (size_t i = 0; i < node->count && st == DNN_OK; i++) st = add_source(node->items[i], layer, sources);
    return st;
}

static dnn_status read_sources(const dnn_node *entry, const char *layer, dnn_node **sources)
{
    const dnn_node *nodes = list_at(entry, "inbound_nodes");
    *sources = NULL;
    if (!nodes || nodes->count == 0)
        return dnn_fail(DNN_E_MODEL, "layer '%s': has no inbound_nodes: nothing leads into it", layer);
    if (nodes->count > 1)
        return dnn_fail(DNN_E_MODEL, "layer '%s': is called %zu times; shared layers are not read", layer,
                        nodes->count);
    *sources = dnn_node_list();
    dnn_status st = *sources ? read_node(nodes->items[0], layer, *sources) : DNN_E_MEMORY;
    if (st == DNN_OK && (*sources)->count == 0)
        st = dnn_fail(DNN_E_MODEL, "layer '%s': inbound_nodes: nothing leads into it", layer);
    if (st == DNN_OK) return DNN_OK;
    dnn_node_destroy(*sources);
    *sources = NULL;
    return st;
}

/* ---- Functional ---- */

/* [name, 0, 0], a list of them, or a map of names to them. */
static dnn_status read_ends(const dnn_node *ends, const char *key, dnn_node *names)
{
    dnn_status st = DNN_OK;
    if (!ends || (ends->type != DNN_NODE_LIST && ends->type != DNN_NODE_MAP))
        return dnn_fail(DNN_E_MODEL, "%s: is no list", key);
    if (ends->type == DNN_NODE_LIST && ends->count > 0 && ends->items[0]->type == DNN_NODE_STRING)
        return add_source(ends, key, names);
    for (size_t i = 0; i < ends->count && st == DNN_OK; i++) st = read_ends(ends->items[i], key, names);
    return st;
}

/* Ports in the order of input_layers: that is the order of the model's arguments. */
static dnn_status order_inputs(reader *r, const dnn_node *config)
{
    dnn_node *names = dnn_node_list(), *ordered = dnn_node_map();
    dnn_status st =
        names && ordered ? read_ends(dnn_node_find(config, "input_layers"), "input_layers", names) : DNN_E_MEMORY;
    for (size_t i = 0; st == DNN_OK && i < names->count; i++) {
        const dnn_node *shape = dnn_node_find(r->inputs, names->items[i]->text);
        st = shape ? dnn_node_set(ordered, names->items[i]->text, dnn_node_copy(shape))
                   : dnn_fail(DNN_E_MODEL, "input_layers: there is no InputLayer '%s'", names->items[i]->text);
    }
    if (st == DNN_OK && ordered->count != r->inputs->count)
        st = dnn_fail(DNN_E_MODEL, "input_layers: names %zu of %zu InputLayers", ordered->count, r->inputs->count);
    dnn_node_destroy(names);
    if (st != DNN_OK) {
        dnn_node_destroy(ordered);
        return st;
    }
    dnn_node_destroy(r->inputs);
    r->inputs = ordered;
    return DNN_OK;
}

static dnn_status read_functional(reader *r, const dnn_node *config)
{
    const dnn_node *layers = list_at(config, "layers");
    dnn_status st = layers ? DNN_OK : dnn_fail(DNN_E_MODEL, "the model has no list of layers");
    for (size_t i = 0; st == DNN_OK && i < layers->count; i++) {
        const char *class_name, *name;
        const dnn_node *own;
        dnn_node *sources = NULL;
        st = entry_of(layers->items[i], i, &class_name, &name, &own);
        if (st != DNN_OK) break;
        if (strcmp(class_name, "InputLayer") == 0) {
            st = read_input_layer(r, name, own);
            continue;
        }
        st = read_sources(layers->items[i], name, &sources);
        if (st == DNN_OK) st = read_layer(r, class_name, name, own, sources);
    }
    if (st == DNN_OK) st = order_inputs(r, config);
    if (st == DNN_OK) st = read_ends(dnn_node_find(config, "output_layers"), "output_layers", r->outputs);
    return st;
}

/* ---- all of it ---- */

static dnn_status read_model(reader *r, const dnn_node *config)
{
    const char *class_name = text_at(config, "class_name");
    const dnn_node *inner = dnn_node_find(config, "config");
    if (!class_name || !inner) return dnn_fail(DNN_E_MODEL, "has no class_name or config");
    if (strcmp(class_name, "Sequential") == 0) return read_sequential(r, inner);
    if (strcmp(class_name, "Functional") == 0 || strcmp(class_name, "Model") == 0) return read_functional(r, inner);
    return dnn_fail(DNN_E_MODEL, "class_name = %s: Sequential and Functional models are read", class_name);
}

dnn_status keras_model_read(const keras_source *source, const dnn_node *config, dnn_node **model)
{
    reader r = {.source = source, .inputs = dnn_node_map(), .layers = dnn_node_list(), .outputs = dnn_node_list()};
    *model = dnn_node_map();
    dnn_status st = *model && r.inputs && r.layers && r.outputs ? read_model(&r, config) : DNN_E_MEMORY;
    if (st == DNN_OK && r.layers->count == 0) st = dnn_fail(DNN_E_MODEL, "the model has no layers");
    if (st == DNN_OK) {
        st = dnn_node_set(*model, "inputs", r.inputs);
        r.inputs = NULL;
    }
    if (st == DNN_OK) {
        st = dnn_node_set(*model, "layers", r.layers);
        r.layers = NULL;
    }
    if (st == DNN_OK && r.outputs->count > 0) {
        st = dnn_node_set(*model, "outputs", r.outputs);
        r.outputs = NULL;
    }
    dnn_node_destroy(r.inputs);
    dnn_node_destroy(r.layers);
    dnn_node_destroy(r.outputs);
    if (st == DNN_OK) return DNN_OK;
    dnn_node_destroy(*model);
    *model = NULL;
    return st;
}
