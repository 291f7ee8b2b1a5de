/* Where descriptions say what shape the inputs of a model have. */
#include "exchange/keras_reader.h"

#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"

const dnn_node *keras_list_at(const dnn_node *map, const char *key)
{
    const dnn_node *n = dnn_node_find(map, key);
    return n && n->type == DNN_NODE_LIST ? n : NULL;
}

static const dnn_node *batch_shape(const dnn_node *config)
{
    const dnn_node *shape = keras_list_at(config, "batch_shape");
    return shape ? shape : keras_list_at(config, "batch_input_shape");
}

dnn_status keras_note_above(keras_reader *r, const char *name)
{
    char *copy = dnn_strdup(name);
    dnn_free(r->above);
    r->above = copy;
    return copy ? DNN_OK : DNN_E_MEMORY;
}

/* `full` with the batch axis in front, whatever it says there. */
static dnn_status add_input(keras_reader *r, const char *name, const dnn_node *full)
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
    if (st == DNN_OK) st = keras_note_above(r, name);
    if (st == DNN_OK) return dnn_node_set(r->inputs, name, shape);
    dnn_node_destroy(shape);
    return st;
}

/* Whole numbers are what they are as floats too: Keras makes floats of them at the first layer with weights. */
static bool is_number(const char *dtype) { return strstr(dtype, "float") || strstr(dtype, "int") || strcmp(dtype, "bool") == 0; }

dnn_status keras_input_read(keras_reader *r, const char *name, const dnn_node *config)
{
    const dnn_node *shape = batch_shape(config), *dtype = dnn_node_find(config, "dtype");
    char text[120];
    if (!shape || shape->count == 0) return dnn_fail(DNN_E_MODEL, "input '%s': has no batch_shape", name);
    if (dtype && dtype->type == DNN_NODE_STRING && !is_number(dtype->text))
        return dnn_fail(DNN_E_MODEL, "input '%s': dtype = %s: inputs are numbers here", name,
                        keras_show(dtype, text, sizeof text));
    return add_input(r, name, shape);
}

dnn_status keras_implied_input_read(keras_reader *r, const dnn_node *model, const char *first, const dnn_node *entry, const dnn_node *config)
{
    /* A model in front says it at its own first layer. */
    for (const dnn_node *l = keras_list_at(config, "layers"); l && l->count > 0; l = keras_list_at(config, "layers"))
        config = dnn_node_find(l->items[0], "config");
    const dnn_node *shape = batch_shape(config), *units = dnn_node_find(config, "input_dim");
    char *name = dnn_format("%.50s_input", first);
    dnn_status st = name ? DNN_OK : DNN_E_MEMORY;
    if (!shape) shape = keras_list_at(model, "build_input_shape");
    if (!shape && dnn_node_find(entry, "build_config")) shape = keras_list_at(dnn_node_find(entry, "build_config"), "input_shape");
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

dnn_status keras_inputs_order(keras_reader *r, const keras_place *at, const dnn_node *config)
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
