/* Loss, metrics and optimizer to Keras's `training_config`. */
#include "exchange/keras.h"

#include <math.h>
#include <string.h>

#include "dnn/nn/loss.h"
#include "dnn/nn/metric.h"
#include "dnn/optim/clip.h"
#include "dnn/optim/schedule.h"

/* Keras names outputs after their layers. */
static const char *output_layer(const dnn_graph *g, const char *output)
{
    for (size_t o = 0; o < g->n_outputs; o++)
        if (strcmp(g->outputs[o].name, output) == 0) return g->layers[g->output_layer[o]].name;
    return NULL;
}

/* With several outputs a map of their names, with one it may be a map of a component's name to its parameters. */
static bool is_by_output(const dnn_graph *g, const dnn_node *node)
{
    return node->type == DNN_NODE_MAP && node->count > 0 && output_layer(g, node->items[0]->key);
}

/* A loss that is reduced in another way is an object in any case. */
static dnn_status write_loss(const dnn_node *node, dnn_node **out)
{
    dnn_component loss;
    dnn_reduction reduction;
    dnn_node *config = NULL;
    dnn_status st = dnn_loss_read(node, &loss, &reduction);
    if (st == DNN_OK && reduction == DNN_REDUCTION_MEAN) st = keras_encode_component(&loss, out);
    else if (st == DNN_OK) st = keras_encode_config(&loss, &config);
    if (st == DNN_OK && config) {
        *out = dnn_node_map();
        st = *out ? dnn_node_set(*out, "module", dnn_node_string(loss.kind->keras ? "keras.losses" : "dnn_mpi")) : DNN_E_MEMORY;
        if (st == DNN_OK) st = dnn_node_set(*out, "class_name", dnn_node_string(loss.kind->keras ? loss.kind->keras : loss.kind->name));
        if (st == DNN_OK) st = dnn_node_set(config, "reduction", dnn_node_string(dnn_reduction_names[reduction]));
        if (st == DNN_OK) st = dnn_node_set(*out, "config", config), config = NULL;
        if (st == DNN_OK) st = dnn_node_set(*out, "registered_name", dnn_node_null());
    }
    dnn_node_destroy(config);
    dnn_component_clear(&loss);
    return st;
}

static dnn_status write_component(const dnn_family *family, const dnn_node *node, dnn_node **out)
{
    dnn_component component;
    if (family == &dnn_losses) return write_loss(node, out);
    dnn_status st = dnn_component_read(family, node, &component);
    if (st == DNN_OK) st = keras_encode_component(&component, out);
    dnn_component_clear(&component);
    return st;
}

/* A metric of ours alone is left out: Keras would refuse to evaluate or train the model because of it. */
static bool keras_has(const dnn_family *family, const dnn_node *node)
{
    if (family != &dnn_metrics || (node->type != DNN_NODE_STRING && node->type != DNN_NODE_MAP)) return true;
    const dnn_kind *kind = dnn_family_find(family, node->type == DNN_NODE_STRING ? node->text : node->count ? node->items[0]->key : "");
    return !kind || kind->keras;
}

/* A component, a list of them, or a map of outputs to either. */
static dnn_status write_goal(const dnn_graph *g, const dnn_family *family, const dnn_node *node, dnn_node **out)
{
    const bool map = node && is_by_output(g, node), list = node && node->type == DNN_NODE_LIST;
    if (!node || node->type == DNN_NODE_NULL || (!map && !keras_has(family, node)))
        *out = dnn_node_null();
    else if (!map && !list)
        return write_component(family, node, out);
    else
        *out = map ? dnn_node_map() : dnn_node_list();
    dnn_status st = *out ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; (map || list) && i < node->count && st == DNN_OK; i++) {
        const char *layer = map ? output_layer(g, node->items[i]->key) : NULL;
        dnn_node *item = NULL;
        if (!keras_has(family, node->items[i])) continue;
        st = write_goal(g, family, node->items[i], &item);
        if (st == DNN_OK)
            st = list ? dnn_node_append(*out, item) : dnn_node_set(*out, layer ? layer : node->items[i]->key, item);
    }
    if (st == DNN_OK) return DNN_OK;
    dnn_node_destroy(*out);
    *out = NULL;
    return st;
}

static dnn_status write_weights(const dnn_graph *g, const dnn_node *weights, dnn_node *config)
{
    if (!weights || weights->type != DNN_NODE_MAP || !is_by_output(g, weights))
        return dnn_node_set(config, "loss_weights", dnn_node_null());
    dnn_node *map = dnn_node_map();
    dnn_status st = map ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < weights->count && st == DNN_OK; i++) {
        const char *layer = output_layer(g, weights->items[i]->key);
        if (layer) st = dnn_node_set(map, layer, dnn_node_copy(weights->items[i]));
    }
    if (st == DNN_OK) return dnn_node_set(config, "loss_weights", map);
    dnn_node_destroy(map);
    return st;
}

static dnn_status set_whole(dnn_node *config, const char *key, double value)
{
    return isnan(value) ? DNN_OK : dnn_node_set(config, key, dnn_node_int((int64_t)value));
}

/* Keras allows one kind of clipping; where more are set the first that acts goes in, the others are kept in our own part of
 * the file, as are names excluded from decay. */
static dnn_status write_common(const dnn_component *optimizer, dnn_node *config)
{
    const dnn_optimizer_common *c = optimizer->common;
    const dnn_clip clip = dnn_clip_of(optimizer);
    const double decay = dnn_optimizer_weight_decay(optimizer, "");
    dnn_status st = DNN_OK;
    if (!isnan(clip.global_clipnorm)) st = dnn_node_set(config, "global_clipnorm", dnn_node_real(clip.global_clipnorm));
    else if (!isnan(clip.clipnorm)) st = dnn_node_set(config, "clipnorm", dnn_node_real(clip.clipnorm));
    else if (!isnan(clip.clipvalue)) st = dnn_node_set(config, "clipvalue", dnn_node_real(clip.clipvalue));
    if (st == DNN_OK && decay != 0.0) st = dnn_node_set(config, "weight_decay", dnn_node_real(decay));
    if (st == DNN_OK) st = set_whole(config, "gradient_accumulation_steps", c->gradient_accumulation_steps);
    if (st != DNN_OK || !c->use_ema) return st;
    st = dnn_node_set(config, "use_ema", dnn_node_bool(true));
    if (st == DNN_OK) st = dnn_node_set(config, "ema_momentum", dnn_node_real(c->ema_momentum));
    if (st == DNN_OK) st = set_whole(config, "ema_overwrite_frequency", c->ema_overwrite_frequency);
    return st;
}

static dnn_status write_optimizer(const dnn_component *optimizer, double learning_rate, dnn_node **out)
{
    const dnn_component *schedule = optimizer->params;
    const char *class_name = optimizer->kind->keras ? optimizer->kind->keras : optimizer->kind->name;
    char name[64];
    dnn_node *config;
    *out = dnn_node_map();
    dnn_status st = *out ? keras_encode_config(optimizer, &config) : DNN_E_MEMORY;
    if (st != DNN_OK) return st;
    if (!dnn_schedule_is_keras(schedule)) st = dnn_node_set(config, "learning_rate", dnn_node_real(learning_rate));
    if (st == DNN_OK) st = dnn_node_set(config, "name", dnn_node_string(keras_snake_case(class_name, name)));
    if (st == DNN_OK) st = write_common(optimizer, config);
    if (st == DNN_OK) st = dnn_node_set(*out, "class_name", dnn_node_string(class_name));
    if (st != DNN_OK) {
        dnn_node_destroy(config);
        return st;
    }
    return dnn_node_set(*out, "config", config);
}

dnn_status keras_training_write(const dnn_graph *graph, const dnn_node *training, const dnn_component *optimizer,
                                double learning_rate, dnn_node **config)
{
    static const struct {
        const char *key;
        const dnn_family *family;
    } goals[] = {
        {"loss", &dnn_losses},
        {"metrics", &dnn_metrics},
        {"weighted_metrics", &dnn_metrics},
    };
    *config = dnn_node_map();
    dnn_status st = *config ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < sizeof goals / sizeof *goals && st == DNN_OK; i++) {
        dnn_node *goal = NULL;
        st = write_goal(graph, goals[i].family, dnn_node_find(training, goals[i].key), &goal);
        if (st == DNN_OK) st = dnn_node_set(*config, goals[i].key, goal);
    }
    if (st == DNN_OK) st = write_weights(graph, dnn_node_find(training, "loss_weights"), *config);
    if (st == DNN_OK) {
        dnn_node *node = NULL;
        st = write_optimizer(optimizer, learning_rate, &node);
        if (st == DNN_OK)
            st = dnn_node_set(*config, "optimizer_config", node);
        else
            dnn_node_destroy(node);
    }
    if (st == DNN_OK) return DNN_OK;
    dnn_node_destroy(*config);
    *config = NULL;
    return st;
}
