/* Keras's `model_config` to a `model` section. Sequential and Functional, as Keras 2 and 3 write them. */
#include "exchange/keras.h"

#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "exchange/keras_nodes.h"

typedef struct reader {
    const keras_source *source;
    dnn_node *inputs, *layers, *outputs; /* owned */
    dnn_node *models; /* owned; the layers that each model used as a layer has become */
    dnn_node *model;  /* that of the outermost model we are in; NULL: in none */
    char *above;      /* owned; the layer or input that was read last, for the next one of a Sequential */
} reader;

/* Where we are: within the model itself, or within one that is a layer of it. */
typedef struct place {
    keras_scope scope;
    bool frozen;      /* a model above says trainable: false */
    const char *calls; /* prefix of the layers of the first use, whose weights this use of a model has; NULL: this is the first */
} place;

static bool is_outermost(const place *at) { return !*at->scope.prefix; }

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

static dnn_status note_above(reader *r, const char *name)
{
    char *copy = dnn_strdup(name);
    dnn_free(r->above);
    r->above = copy;
    return copy ? DNN_OK : DNN_E_MEMORY;
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
    if (st == DNN_OK) st = note_above(r, name);
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
static dnn_status read_implied_input(reader *r, const dnn_node *model, const char *first, const dnn_node *entry, const dnn_node *config)
{
    /* A model in front says it at its own first layer. */
    for (const dnn_node *l = list_at(config, "layers"); l && l->count > 0; l = list_at(config, "layers"))
        config = dnn_node_find(l->items[0], "config");
    const dnn_node *shape = batch_shape(config), *units = dnn_node_find(config, "input_dim");
    char *name = dnn_format("%.50s_input", first);
    dnn_status st = name ? DNN_OK : DNN_E_MEMORY;
    if (!shape) shape = list_at(model, "build_input_shape");
    if (!shape && dnn_node_find(entry, "build_config")) shape = list_at(dnn_node_find(entry, "build_config"), "input_shape");
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

/* The layer in the list, and in that of the outermost model it belongs to. Takes `params` over. */
static dnn_status add_layer(reader *r, const dnn_kind *kind, const char *name, dnn_node *params)
{
    dnn_node *layer = dnn_node_map();
    dnn_status st = layer ? dnn_node_set(params, "name", dnn_node_string(name)) : DNN_E_MEMORY;
    if (st == DNN_OK) {
        st = dnn_node_set(layer, kind->name, params);
        params = NULL;
    }
    if (st == DNN_OK && r->model) st = dnn_node_append(r->model, dnn_node_string(name));
    if (st == DNN_OK) st = note_above(r, name);
    if (st == DNN_OK) return dnn_node_append(r->layers, layer);
    dnn_node_destroy(params);
    dnn_node_destroy(layer);
    return st;
}

/* Another use of our layer `layer`, called `ours`. Takes `sources` over. */
static dnn_status add_call(reader *r, const char *layer, const char *ours, dnn_node *sources)
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

/* Use `number` of a layer, or any use of it within a model that is called again. Takes `sources` over. */
static dnn_status read_again(reader *r, const place *at, const char *name, size_t number, dnn_node *sources)
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

/* `sources` (taken over; NULL: the layer above) go in as inputs. */
static dnn_status read_plain_layer(reader *r, const place *at, const char *class_name, const char *name, const dnn_node *config,
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

static dnn_status read_layers(reader *r, place *at, const char *class_name, const dnn_node *config, const dnn_node *sources);

static dnn_node *list_of(const char *name)
{
    dnn_node *list = dnn_node_list();
    if (list && dnn_node_append(list, dnn_node_string(name)) == DNN_OK) return list;
    dnn_node_destroy(list);
    return NULL;
}

/* A model that knows its input has a node for its own making, which the file leaves out and counts: Functional ones; in Keras 2 also a Sequential
 * with an InputLayer. */
static size_t first_node(const reader *r, const char *class_name, const dnn_node *config)
{
    const dnn_node *layers = list_at(config, "layers");
    const char *first = layers && layers->count ? text_at(layers->items[0], "class_name") : NULL;
    const bool functional = strcmp(class_name, "Sequential") != 0;
    return functional || (r->source->major < 3 && first && strcmp(first, "InputLayer") == 0);
}

/* Its only use is known by either count, since writers differ. */
static dnn_status name_output(keras_scope *scope, const char *name, size_t number, size_t node, size_t tensor, const char *layer)
{
    dnn_status st = keras_scope_set(scope, name, node, tensor, layer);
    if (st == DNN_OK && number == 0) st = keras_scope_set(scope, name, 0, tensor, layer);
    return st;
}

/* The layers of a model that is a layer, in its place; what reads it reads theirs. `sources` are taken over. */
static dnn_status read_model_as_layer(reader *r, place *outer, const char *class_name, const char *name, size_t number, const dnn_node *config,
                                      dnn_node *sources)
{
    const dnn_node *trainable = dnn_node_find(config, "trainable");
    char *use = keras_use_name(name, number), *first = dnn_format("%s%s_", outer->calls ? outer->calls : outer->scope.prefix, name);
    char *prefix = use ? dnn_format("%s%s_", outer->scope.prefix, use) : NULL;
    const size_t node = number + first_node(r, class_name, config);
    place at = { .scope = { .prefix = prefix, .ends = dnn_node_map() },
                 .frozen = outer->frozen || (trainable && trainable->type == DNN_NODE_BOOL && !trainable->boolean),
                 .calls = number || outer->calls ? first : NULL };
    const bool outermost = !r->model && !at.calls;
    if (!sources && r->above) sources = list_of(r->above);
    dnn_status st = prefix && first && at.scope.ends && sources ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK && outermost) {
        r->model = dnn_node_list();
        st = dnn_node_set(r->models, name, r->model);
    }
    dnn_node *outputs = r->outputs;
    r->outputs = st == DNN_OK ? dnn_node_list() : NULL;
    if (st == DNN_OK) st = r->outputs ? read_layers(r, &at, class_name, config, sources) : DNN_E_MEMORY;
    for (size_t i = 0; st == DNN_OK && i < r->outputs->count; i++)
        st = name_output(&outer->scope, name, number, node, i, r->outputs->items[i]->text);
    if (st == DNN_OK && r->outputs->count > 0) st = note_above(r, r->outputs->items[0]->text);
    if (st == DNN_OK && r->outputs->count == 0) st = name_output(&outer->scope, name, number, node, 0, r->above);
    dnn_node_destroy(r->outputs);
    r->outputs = outputs;
    if (outermost) r->model = NULL;
    dnn_node_destroy(at.scope.ends);
    dnn_node_destroy(sources);
    dnn_free(prefix);
    dnn_free(first);
    dnn_free(use);
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

/* `sources` (taken over; NULL: the layer above) go in as inputs. */
static dnn_status read_layer(reader *r, place *at, const char *class_name, const char *name, size_t number, const dnn_node *config, dnn_node *sources)
{
    if (dnn_node_find(config, "layers")) return read_model_as_layer(r, at, class_name, name, number, config, sources);
    if (number || at->calls) return read_again(r, at, name, number, sources);
    return read_plain_layer(r, at, class_name, name, config, sources);
}

/* Within a model, and behind one, the layer above is not always the one before; there it is named. `sources`: of a model that is a layer. */
static dnn_status read_sequential(reader *r, place *at, const dnn_node *config, const dnn_node *sources)
{
    /* Before 2.3 the config was the list itself. */
    const dnn_node *layers = config->type == DNN_NODE_LIST ? config : list_at(config, "layers");
    dnn_status st = layers ? DNN_OK : dnn_fail(DNN_E_MODEL, "the Sequential has no list of layers");
    if (st == DNN_OK && sources && sources->count != 1)
        st = dnn_fail(DNN_E_MODEL, "a Sequential as a layer is given %zu inputs", sources->count);
    if (st == DNN_OK && sources) st = note_above(r, sources->items[0]->text);
    bool behind_model = false;
    for (size_t i = 0; st == DNN_OK && i < layers->count; i++) {
        const char *class_name, *name;
        const dnn_node *own;
        st = entry_of(layers->items[i], i, &class_name, &name, &own);
        if (st != DNN_OK) break;
        if (strcmp(class_name, "InputLayer") == 0) {
            if (i > 0) st = dnn_fail(DNN_E_MODEL, "layer '%s': an InputLayer behind another layer", name);
            else if (is_outermost(at)) st = read_input_layer(r, name, own);
            continue;
        }
        if (r->inputs->count == 0) st = read_implied_input(r, config, name, layers->items[i], own);
        dnn_node *above = st == DNN_OK && (behind_model || !is_outermost(at)) ? list_of(r->above) : NULL;
        if (st == DNN_OK) st = read_layer(r, at, class_name, name, 0, own, above);
        behind_model = dnn_node_find(own, "layers") != NULL;
    }
    /* Else the last layer is the output by itself. */
    if (st == DNN_OK && is_outermost(at) && behind_model) st = dnn_node_append(r->outputs, dnn_node_string(r->above));
    return st;
}

/* ---- Functional ---- */

/* Ports in the order of input_layers: that is the order of the model's arguments. */
static dnn_status order_inputs(reader *r, const place *at, const dnn_node *config)
{
    dnn_node *names = dnn_node_list(), *ordered = dnn_node_map();
    dnn_status st = names && ordered
                        ? keras_ends_read(&at->scope, dnn_node_find(config, "input_layers"), "input_layers", names)
                        : DNN_E_MEMORY;
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

/* The inputs of a model that is a layer are what it is called on, in the order of input_layers. */
static dnn_status connect_inputs(place *at, const dnn_node *config, const dnn_node *sources)
{
    const keras_scope plain = { .prefix = "", .ends = at->scope.ends };
    dnn_node *names = dnn_node_list();
    dnn_status st = names ? keras_ends_read(&plain, dnn_node_find(config, "input_layers"), "input_layers", names) : DNN_E_MEMORY;
    if (st == DNN_OK && names->count != sources->count)
        st = dnn_fail(DNN_E_MODEL, "a model as a layer has %zu inputs and is given %zu", names->count, sources->count);
    for (size_t i = 0; st == DNN_OK && i < names->count; i++)
        st = keras_scope_set(&at->scope, names->items[i]->text, 0, 0, sources->items[i]->text);
    dnn_node_destroy(names);
    return st;
}

static dnn_status read_functional(reader *r, place *at, const dnn_node *config, const dnn_node *sources)
{
    const dnn_node *layers = list_at(config, "layers");
    dnn_status st = layers ? DNN_OK : dnn_fail(DNN_E_MODEL, "the model has no list of layers");
    at->scope.layers = layers;
    if (st == DNN_OK && sources) st = connect_inputs(at, config, sources);
    for (size_t i = 0; st == DNN_OK && i < layers->count; i++) {
        const char *class_name, *name;
        const dnn_node *own;
        dnn_node *inputs = NULL;
        st = entry_of(layers->items[i], i, &class_name, &name, &own);
        if (st != DNN_OK) break;
        if (strcmp(class_name, "InputLayer") == 0) {
            if (is_outermost(at)) st = read_input_layer(r, name, own);
            continue;
        }
        for (size_t n = 0; n < keras_uses(layers->items[i]) && st == DNN_OK; n++) {
            st = keras_sources_read(&at->scope, layers->items[i], n, name, &inputs);
            if (st == DNN_OK) st = read_layer(r, at, class_name, name, n, own, inputs);
        }
    }
    if (st == DNN_OK && is_outermost(at)) st = order_inputs(r, at, config);
    if (st == DNN_OK) st = keras_ends_read(&at->scope, dnn_node_find(config, "output_layers"), "output_layers", r->outputs);
    return st;
}

/* ---- all of it ---- */

static dnn_status read_layers(reader *r, place *at, const char *class_name, const dnn_node *config, const dnn_node *sources)
{
    if (strcmp(class_name, "Sequential") == 0) return read_sequential(r, at, config, sources);
    if (strcmp(class_name, "Functional") == 0 || strcmp(class_name, "Model") == 0) return read_functional(r, at, config, sources);
    return dnn_fail(DNN_E_MODEL, "class_name = %s: Sequential and Functional models are read", class_name);
}

static dnn_status read_model(reader *r, const dnn_node *config)
{
    const char *class_name = text_at(config, "class_name");
    const dnn_node *inner = dnn_node_find(config, "config");
    place at = { .scope = { .prefix = "", .ends = dnn_node_map() } };
    dnn_status st = at.scope.ends ? DNN_OK : DNN_E_MEMORY;
    if (!class_name || !inner) st = dnn_fail(DNN_E_MODEL, "has no class_name or config");
    if (st == DNN_OK) st = read_layers(r, &at, class_name, inner, NULL);
    dnn_node_destroy(at.scope.ends);
    return st;
}

dnn_status keras_model_read(const keras_source *source, const dnn_node *config, dnn_node **model, dnn_node **models)
{
    reader r = { .source = source, .inputs = dnn_node_map(), .layers = dnn_node_list(), .outputs = dnn_node_list(),
                 .models = dnn_node_map() };
    *model = dnn_node_map();
    dnn_status st = *model && r.inputs && r.layers && r.outputs && r.models ? read_model(&r, config) : DNN_E_MEMORY;
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
    *models = r.models;
    dnn_node_destroy(r.inputs);
    dnn_node_destroy(r.layers);
    dnn_node_destroy(r.outputs);
    dnn_free(r.above);
    if (st == DNN_OK) return DNN_OK;
    dnn_node_destroy(*model);
    dnn_node_destroy(*models);
    *model = *models = NULL;
    return st;
}
