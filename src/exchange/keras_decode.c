/* Keras's config to nodes that our readers take. */
#include "exchange/keras.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/base/number.h"
#include "dnn/io/tree.h"
#include "dnn/nn/loss.h"
#include "dnn/nn/metric.h"
#include "dnn/optim/optimizer.h"

/* Keys of configs that change no value computed here, whatever they say. */
static const char *const neutral[] = {
    "seed",         "dtype",        "input_axes",   "output_axes", "build_input_shape",   "batch_input_shape",
    "batch_shape",  "input_dim",    "input_length", "jit_compile", "is_legacy_optimizer",
    "build_config", "autocast",
};

/* Where the same name means something else in Keras 2. */
static const struct {
    const dnn_family *family;
    const char *name, *json;
} keras_2[] = {
    {&dnn_activations, "hard_sigmoid", "{\"hard_sigmoid\": {\"slope\": 0.2}}"},
};

const char *keras_show(const dnn_node *value, char *out, size_t size)
{
    char *json = NULL;
    if (dnn_json_write(value, &json) == DNN_OK)
        snprintf(out, size, "%.*s%s", (int)size - 8, json, strlen(json) > size - 8 ? "…" : "");
    else
        dnn_node_describe(value, out, size);
    dnn_free(json);
    return out;
}

/* Keras keeps learning rates and some strengths as float and prints them as double: 0.10000000149011612 was 0.1. */
static double unrounded(double value)
{
    char text[DNN_NUMBER_TEXT];
    double plain;
    if ((double)(float)value != value || value == floor(value) || fabs(value) > 1e6) return value;
    return dnn_number_read(dnn_float_text((float)value, text), &plain) ? plain : value;
}

static dnn_status copy_value(const dnn_node *node, dnn_node **out)
{
    const bool list = node->type == DNN_NODE_LIST, map = node->type == DNN_NODE_MAP;
    *out = node->type == DNN_NODE_REAL ? dnn_node_real(unrounded(node->real))
           : list                      ? dnn_node_list()
           : map                       ? dnn_node_map()
                                       : dnn_node_copy(node);
    dnn_status st = *out ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; (list || map) && i < node->count && st == DNN_OK; i++) {
        dnn_node *item;
        st = copy_value(node->items[i], &item);
        if (st == DNN_OK) st = list ? dnn_node_append(*out, item) : dnn_node_set(*out, node->items[i]->key, item);
    }
    if (st == DNN_OK) return DNN_OK;
    dnn_node_destroy(*out);
    *out = NULL;
    return st;
}

static dnn_status unknown(const dnn_family *family, const dnn_node *node, const char *where)
{
    char text[200];
    return dnn_fail(DNN_E_MODEL, "%s: %s: no %s of ours", where, keras_show(node, text, sizeof text), family->name);
}

/* {kind: params}, or the bare name where there are none. Takes `params` over. */
static dnn_status component_node(const dnn_kind *kind, dnn_node *params, dnn_node **out)
{
    if (params->count == 0) {
        dnn_node_destroy(params);
        *out = dnn_node_string(kind->name);
        return *out ? DNN_OK : DNN_E_MEMORY;
    }
    *out = dnn_node_map();
    if (!*out) {
        dnn_node_destroy(params);
        return DNN_E_MEMORY;
    }
    const dnn_status st = dnn_node_set(*out, kind->name, params);
    if (st == DNN_OK) return DNN_OK;
    dnn_node_destroy(*out);
    *out = NULL;
    return st;
}

static dnn_status decode_name(const keras_source *source, const dnn_family *family, const dnn_node *node,
                              const char *where, dnn_node **out)
{
    const dnn_kind *kind = keras_find_class(family, node->text);
    if (!kind) return unknown(family, node, where);
    for (size_t i = 0; source->major < 3 && i < sizeof keras_2 / sizeof *keras_2; i++)
        if (keras_2[i].family == family && strcmp(keras_2[i].name, kind->name) == 0)
            return dnn_json_parse(keras_2[i].json, strlen(keras_2[i].json), "Keras 2", out);
    *out = dnn_node_string(kind->name);
    return *out ? DNN_OK : DNN_E_MEMORY;
}

/* An activation given as a layer has that layer's defaults, which are not always those of the activation's name. */
static dnn_status decode_layer_as_activation(const keras_source *source, const dnn_kind *layer, const dnn_node *config,
                                             const char *where, dnn_node **out)
{
    const dnn_kind *activation = dnn_family_find(&dnn_activations, layer->name);
    dnn_node *params = NULL, *node = NULL, *all = NULL;
    dnn_component component = {0};
    dnn_status st = keras_decode_config(source, layer, &dnn_layers, config, where, &params);
    if (st == DNN_OK) dnn_node_remove(params, "name");
    if (st == DNN_OK) st = component_node(layer, params, &node);
    if (st == DNN_OK) st = dnn_component_read(&dnn_layers, node, &component);
    if (st == DNN_OK)
        st = (all = dnn_params_write(layer->params, layer->n_params, component.params)) ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = st == DNN_OK ? all->count : 0; i-- > 0;) {
        const char *key = all->items[i]->key;
        if (!dnn_params_find(activation->params, activation->n_params, key)) dnn_node_remove(all, key);
    }
    dnn_component_clear(&component);
    dnn_node_destroy(node);
    return st == DNN_OK ? component_node(activation, all, out) : st;
}

static dnn_status decode_object(const keras_source *source, const dnn_family *family, const dnn_node *node,
                                const char *where, dnn_node **out)
{
    const char *class_name = keras_text_at(node, "class_name");
    const dnn_node *config = dnn_node_find(node, "config");
    if (!class_name) return unknown(family, node, where);
    if (strcmp(class_name, "function") == 0 && config)
        return keras_decode_component(source, family, config, where, out);
    /* A metric that was compiled by its name, in the words of some versions. */
    if (family == &dnn_metrics && strcmp(class_name, "MeanMetricWrapper") == 0 && dnn_node_find(config, "fn"))
        return keras_decode_component(source, family, dnn_node_find(config, "fn"), where, out);
    const dnn_kind *layer = family == &dnn_activations ? dnn_family_find_keras(&dnn_layers, class_name) : NULL;
    if (layer && strcmp(layer->name, "activation") == 0)
        return keras_decode_component(source, family, dnn_node_find(config, "activation"), where, out);
    if (layer && dnn_family_find(&dnn_activations, layer->name))
        return decode_layer_as_activation(source, layer, config, where, out);
    const dnn_kind *kind = keras_find_class(family, class_name);
    dnn_node *params;
    if (!kind) return unknown(family, node, where);
    const dnn_status st = keras_decode_config(source, kind, family, config, where, &params);
    if (st != DNN_OK) return st;
    dnn_node_remove(params, "name");
    return component_node(kind, params, out);
}

dnn_status keras_decode_component(const keras_source *source, const dnn_family *family, const dnn_node *node,
                                  const char *where, dnn_node **out)
{
    *out = NULL;
    if (!node || node->type == DNN_NODE_NULL) {
        *out = dnn_node_null();
        return *out ? DNN_OK : DNN_E_MEMORY;
    }
    if (node->type == DNN_NODE_STRING) return decode_name(source, family, node, where, out);
    if (node->type == DNN_NODE_MAP) return decode_object(source, family, node, where, out);
    if (family->number_kind && (node->type == DNN_NODE_INT || node->type == DNN_NODE_REAL))
        return copy_value(node, out);
    return unknown(family, node, where);
}

static dnn_status decode_list(const keras_source *source, const dnn_family *family, const dnn_node *node,
                              const char *where, dnn_node **out)
{
    if (node->type != DNN_NODE_LIST) return keras_decode_component(source, family, node, where, out);
    *out = dnn_node_list();
    dnn_status st = *out ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < node->count && st == DNN_OK; i++) {
        dnn_node *item;
        st = keras_decode_component(source, family, node->items[i], where, &item);
        if (st == DNN_OK) st = dnn_node_append(*out, item);
    }
    if (st == DNN_OK) return DNN_OK;
    dnn_node_destroy(*out);
    *out = NULL;
    return st;
}

static const dnn_param *row_of(const dnn_kind *kind, const dnn_family *family, const char *key)
{
    const dnn_param *row = dnn_params_find(kind->params, kind->n_params, key);
    return row ? row : dnn_params_find(family->common, family->n_common, key);
}

/* dtype is the precision Keras computed in; ours is float32 throughout. Whole numbers and strings as inputs are
 * something else. */
static bool computes_with_reals(const dnn_node *dtype)
{
    const char *name = dtype->type == DNN_NODE_STRING ? dtype->text : keras_text_at(dnn_node_find(dtype, "config"), "name");
    return dtype->type == DNN_NODE_NULL || !name || strstr(name, "float") != NULL;
}

/* A key that is unknown to us but switched off asks for nothing. */
static bool is_off(const dnn_node *value)
{
    if (value->type == DNN_NODE_NULL) return true;
    if (value->type == DNN_NODE_BOOL) return !value->boolean;
    return (value->type == DNN_NODE_INT || value->type == DNN_NODE_REAL) && value->real == 0;
}

/* Sums over the batch are divided by its size here as with these reductions; the last axis is where losses are made. */
static bool is_neutral_for_losses(const dnn_node *item)
{
    if (strcmp(item->key, "axis") == 0) return item->type == DNN_NODE_INT && item->integer == -1;
    if (strcmp(item->key, "reduction") != 0 || item->type != DNN_NODE_STRING) return false;
    return strcmp(item->text, "sum_over_batch_size") == 0 || strcmp(item->text, "mean") == 0 || strcmp(item->text, "auto") == 0;
}

/* Other reductions stand among a loss's parameters here as well. */
static bool is_reduction(const dnn_family *family, const dnn_node *item)
{
    if (family != &dnn_losses || strcmp(item->key, "reduction") != 0 || item->type != DNN_NODE_STRING) return false;
    for (size_t i = 0; i < DNN_REDUCTIONS; i++)
        if (i != DNN_REDUCTION_MEAN && strcmp(item->text, dnn_reduction_names[i]) == 0) return true;
    return false;
}

static bool is_neutral(const dnn_family *family, const dnn_node *item)
{
    if (is_off(item)) return true;
    if (strcmp(item->key, "dtype") == 0) return computes_with_reals(item);
    if ((family == &dnn_losses || family == &dnn_metrics) && is_neutral_for_losses(item)) return true;
    /* The loss is multiplied and its gradient divided by it. */
    if (family == &dnn_optimizers && strcmp(item->key, "loss_scale_factor") == 0) return true;
    if (family != &dnn_layers && strcmp(item->key, "name") == 0) return true;
    for (size_t i = 0; i < sizeof neutral / sizeof *neutral; i++)
        if (strcmp(item->key, neutral[i]) == 0) return true;
    return false;
}

static dnn_status translate(const keras_source *source, const dnn_kind *kind, const dnn_family *family,
                            const dnn_node *config, const char *where, dnn_node *params)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; config && i < config->count && st == DNN_OK; i++) {
        const dnn_node *item = config->items[i];
        /* The optimizers' learning rate was called lr for long. */
        const char *key =
            strcmp(item->key, "lr") == 0 && !row_of(kind, family, "lr") && row_of(kind, family, "learning_rate")
                ? "learning_rate"
                : item->key;
        const dnn_param *row = row_of(kind, family, key);
        char place[256];
        dnn_node *value = NULL;
        snprintf(place, sizeof place, "%s: %s", where, key);
        if (row && row->type == DNN_PARAM_COMPONENT)
            st = keras_decode_component(source, row->family, item, place, &value);
        else if (row && row->type == DNN_PARAM_COMPONENTS)
            st = decode_list(source, row->family, item, place, &value);
        else
            st = copy_value(item, &value);
        if (st == DNN_OK) st = dnn_node_set(params, key, value);
    }
    return st;
}

dnn_status keras_decode_config(const keras_source *source, const dnn_kind *kind, const dnn_family *family,
                               const dnn_node *config, const char *where, dnn_node **params)
{
    if (config && config->type != DNN_NODE_MAP && config->type != DNN_NODE_NULL)
        return dnn_fail(DNN_E_MODEL, "%s: config is no map", where);
    *params = dnn_node_map();
    dnn_status st = *params ? translate(source, kind, family, config, where, *params) : DNN_E_MEMORY;
    if (st == DNN_OK && kind->decode) st = kind->decode(config, *params);
    for (size_t i = st == DNN_OK ? (*params)->count : 0; i-- > 0 && st == DNN_OK;) {
        const dnn_node *item = (*params)->items[i];
        const dnn_param *row = row_of(kind, family, item->key);
        char value[200];
        if (row && item->type == DNN_NODE_NULL && row->preset == NULL)
            dnn_node_remove(*params, item->key);
        else if (row || is_reduction(family, item))
            continue;
        else if (is_neutral(family, item))
            dnn_node_remove(*params, item->key);
        else
            st = dnn_fail(DNN_E_MODEL, "%s: %s = %s: %s has no such parameter here", where, item->key,
                          keras_show(item, value, sizeof value), kind->name);
    }
    if (st == DNN_OK) return DNN_OK;
    dnn_node_destroy(*params);
    *params = NULL;
    return st;
}
