/* Keras's `model_config` to a `model` section. Sequential and Functional, as Keras 2 and 3 write them. */
#include "exchange/keras_reader.h"

#include <string.h>

#include "dnn/base/memory.h"

static bool is_outermost(const keras_place *at) { return !*at->scope.prefix; }

static dnn_status read_layers(keras_reader *r, keras_place *at, const char *class_name, const dnn_node *config, const dnn_node *sources);

static dnn_node *list_of(const char *name)
{
    dnn_node *list = dnn_node_list();
    if (list && dnn_node_append(list, dnn_node_string(name)) == DNN_OK) return list;
    dnn_node_destroy(list);
    return NULL;
}

/* A model that knows its input has a node for its own making, which the file leaves out and counts: Functional ones; in Keras 2 also a Sequential
 * with an InputLayer. */
static size_t first_node(const keras_reader *r, const char *class_name, const dnn_node *config)
{
    const dnn_node *layers = keras_list_at(config, "layers");
    const char *first = layers && layers->count ? keras_text_at(layers->items[0], "class_name") : NULL;
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
static dnn_status read_model_as_layer(keras_reader *r, keras_place *outer, const char *class_name, const char *name, size_t number, const dnn_node *config,
                                      dnn_node *sources)
{
    const dnn_node *trainable = dnn_node_find(config, "trainable");
    char *use = keras_use_name(name, number), *first = dnn_format("%s%s_", outer->calls ? outer->calls : outer->scope.prefix, name);
    char *prefix = use ? dnn_format("%s%s_", outer->scope.prefix, use) : NULL;
    const size_t node = number + first_node(r, class_name, config);
    keras_place at = { .scope = { .prefix = prefix, .ends = dnn_node_map() },
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
    if (st == DNN_OK && r->outputs->count > 0) st = keras_note_above(r, r->outputs->items[0]->text);
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
    *class_name = keras_text_at(entry, "class_name");
    *config = dnn_node_find(entry, "config");
    *name = keras_text_at(entry, "name");
    if (!*name) *name = keras_text_at(*config, "name");
    if (*class_name && *name && *config && (*config)->type == DNN_NODE_MAP) return DNN_OK;
    return dnn_fail(DNN_E_MODEL, "layers: entry %zu has no class_name, name or config", i);
}

/* `sources` (taken over; NULL: the layer above) go in as inputs. */
static dnn_status read_layer(keras_reader *r, keras_place *at, const char *class_name, const char *name, size_t number, const dnn_node *config, dnn_node *sources)
{
    if (dnn_node_find(config, "layers")) return read_model_as_layer(r, at, class_name, name, number, config, sources);
    if (number || at->calls) return keras_layer_call(r, at, name, number, sources);
    return keras_layer_read(r, at, class_name, name, config, sources);
}

/* Within a model, and behind one, the layer above is not always the one before; there it is named. `sources`: of a model that is a layer. */
static dnn_status read_sequential(keras_reader *r, keras_place *at, const dnn_node *config, const dnn_node *sources)
{
    /* Before 2.3 the config was the list itself. */
    const dnn_node *layers = config->type == DNN_NODE_LIST ? config : keras_list_at(config, "layers");
    dnn_status st = layers ? DNN_OK : dnn_fail(DNN_E_MODEL, "the Sequential has no list of layers");
    if (st == DNN_OK && sources && sources->count != 1)
        st = dnn_fail(DNN_E_MODEL, "a Sequential as a layer is given %zu inputs", sources->count);
    if (st == DNN_OK && sources) st = keras_note_above(r, sources->items[0]->text);
    bool behind_model = false;
    for (size_t i = 0; st == DNN_OK && i < layers->count; i++) {
        const char *class_name, *name;
        const dnn_node *own;
        st = entry_of(layers->items[i], i, &class_name, &name, &own);
        if (st != DNN_OK) break;
        if (strcmp(class_name, "InputLayer") == 0) {
            if (i > 0) st = dnn_fail(DNN_E_MODEL, "layer '%s': an InputLayer behind another layer", name);
            else if (is_outermost(at)) st = keras_input_read(r, name, own);
            continue;
        }
        if (r->inputs->count == 0) st = keras_implied_input_read(r, config, name, layers->items[i], own);
        dnn_node *above = st == DNN_OK && (behind_model || !is_outermost(at)) ? list_of(r->above) : NULL;
        if (st == DNN_OK) st = read_layer(r, at, class_name, name, 0, own, above);
        behind_model = dnn_node_find(own, "layers") != NULL;
    }
    /* Else the last layer is the output by itself. */
    if (st == DNN_OK && is_outermost(at) && behind_model) st = dnn_node_append(r->outputs, dnn_node_string(r->above));
    return st;
}

/* ---- Functional ---- */

/* The inputs of a model that is a layer are what it is called on, in the order of input_layers. */
static dnn_status connect_inputs(keras_place *at, const dnn_node *config, const dnn_node *sources)
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

static dnn_status read_functional(keras_reader *r, keras_place *at, const dnn_node *config, const dnn_node *sources)
{
    const dnn_node *layers = keras_list_at(config, "layers");
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
            if (is_outermost(at)) st = keras_input_read(r, name, own);
            continue;
        }
        for (size_t n = 0; n < keras_uses(layers->items[i]) && st == DNN_OK; n++) {
            st = keras_sources_read(&at->scope, layers->items[i], n, name, &inputs);
            if (st == DNN_OK) st = read_layer(r, at, class_name, name, n, own, inputs);
        }
    }
    if (st == DNN_OK && is_outermost(at)) st = keras_inputs_order(r, at, config);
    if (st == DNN_OK) st = keras_ends_read(&at->scope, dnn_node_find(config, "output_layers"), "output_layers", r->outputs);
    return st;
}

/* ---- all of it ---- */

static dnn_status read_layers(keras_reader *r, keras_place *at, const char *class_name, const dnn_node *config, const dnn_node *sources)
{
    if (strcmp(class_name, "Sequential") == 0) return read_sequential(r, at, config, sources);
    if (strcmp(class_name, "Functional") == 0 || strcmp(class_name, "Model") == 0) return read_functional(r, at, config, sources);
    return dnn_fail(DNN_E_MODEL, "class_name = %s: Sequential and Functional models are read", class_name);
}

static dnn_status read_model(keras_reader *r, const dnn_node *config)
{
    const char *class_name = keras_text_at(config, "class_name");
    const dnn_node *inner = dnn_node_find(config, "config");
    keras_place at = { .scope = { .prefix = "", .ends = dnn_node_map() } };
    dnn_status st = at.scope.ends ? DNN_OK : DNN_E_MEMORY;
    if (!class_name || !inner) st = dnn_fail(DNN_E_MODEL, "has no class_name or config");
    if (st == DNN_OK) st = read_layers(r, &at, class_name, inner, NULL);
    dnn_node_destroy(at.scope.ends);
    return st;
}

dnn_status keras_model_read(const keras_source *source, const dnn_node *config, dnn_node **model, dnn_node **models)
{
    keras_reader r = { .source = source, .inputs = dnn_node_map(), .layers = dnn_node_list(), .outputs = dnn_node_list(),
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
