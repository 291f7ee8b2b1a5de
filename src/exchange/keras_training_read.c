/* Keras's `training_config` to a `training` section. A model is of use without it, so what cannot be taken over is left
 * out with a warning and not refused: who trains on must then say it. */
#include "exchange/keras.h"

#include <stdio.h>
#include <string.h>

#include "dnn/base/log.h"
#include "dnn/nn/loss.h"
#include "dnn/nn/metric.h"

typedef struct reader {
    const keras_source *source;
    const char *file;
    const dnn_graph *graph;
} reader;

static void left_out(const reader *r, const char *key)
{
    dnn_warn("%s: training_config: %s is not taken over: %s", r->file, key, dnn_fail_text());
    dnn_fail_clear();
}

/* The name of the output that a layer's name means. */
static const char *output_name(const dnn_graph *g, const char *layer)
{
    for (size_t o = 0; o < g->n_outputs; o++)
        if (strcmp(g->layers[g->output_layer[o]].name, layer) == 0) return g->outputs[o].name;
    return layer;
}

/* An object of Keras, or a name, which is a string; not yet a list or map of them. */
static bool is_single(const dnn_node *node)
{
    return node->type == DNN_NODE_STRING || (node->type == DNN_NODE_MAP && dnn_node_find(node, "class_name"));
}

/* Metrics one by one, so that one that is unknown does not take the others with it. */
static dnn_status add_metrics(const reader *r, const dnn_node *node, dnn_node *list)
{
    dnn_status st = DNN_OK;
    if (node->type == DNN_NODE_LIST) {
        for (size_t i = 0; i < node->count && st == DNN_OK; i++) st = add_metrics(r, node->items[i], list);
        return st;
    }
    if (node->type == DNN_NODE_NULL) return DNN_OK;
    dnn_node *metric = NULL;
    dnn_component component = {0};
    st = keras_decode_component(r->source, &dnn_metrics, node, "metrics", &metric);
    if (st == DNN_OK) st = dnn_component_read(&dnn_metrics, metric, &component);
    dnn_component_clear(&component);
    if (st == DNN_OK) return dnn_node_append(list, metric);
    dnn_node_destroy(metric);
    if (st == DNN_E_MEMORY) return st;
    left_out(r, "a metric");
    return DNN_OK;
}

static dnn_status metrics_of(const reader *r, const dnn_node *node, dnn_node **out)
{
    *out = dnn_node_list();
    dnn_status st = *out ? add_metrics(r, node, *out) : DNN_E_MEMORY;
    if (st == DNN_OK) return DNN_OK;
    dnn_node_destroy(*out);
    *out = NULL;
    return st;
}

static dnn_status loss_of(const reader *r, const dnn_node *node, dnn_node **out)
{
    return keras_decode_component(r->source, &dnn_losses, node, "loss", out);
}

typedef dnn_status one_reader(const reader *r, const dnn_node *node, dnn_node **out);

/* By output: a map of names, or a list in the order of the outputs. */
static dnn_status by_output(const reader *r, const dnn_node *node, one_reader *read, dnn_node **out)
{
    *out = dnn_node_map();
    dnn_status st = *out ? DNN_OK : DNN_E_MEMORY;
    if (node->type == DNN_NODE_LIST && node->count != r->graph->n_outputs)
        st = dnn_fail(DNN_E_MODEL, "a list of %zu for %zu outputs", node->count, r->graph->n_outputs);
    for (size_t i = 0; i < node->count && st == DNN_OK; i++) {
        const char *name =
            node->type == DNN_NODE_MAP ? output_name(r->graph, node->items[i]->key) : r->graph->outputs[i].name;
        dnn_node *value = NULL;
        if (node->items[i]->type == DNN_NODE_NULL) continue;
        st = read(r, node->items[i], &value);
        if (st == DNN_OK) st = dnn_node_set(*out, name, value);
    }
    if (st == DNN_OK) return DNN_OK;
    dnn_node_destroy(*out);
    *out = NULL;
    return st;
}

/* Takes `value` over. */
static dnn_status keep(const reader *r, const char *key, dnn_status st, dnn_node *value, dnn_node *training)
{
    if (st == DNN_OK) return dnn_node_set(training, key, value);
    if (st == DNN_E_MEMORY) return st;
    left_out(r, key);
    return DNN_OK;
}

static dnn_status read_loss(const reader *r, const dnn_node *node, dnn_node *training)
{
    dnn_node *value = NULL;
    if (!node || node->type == DNN_NODE_NULL) return DNN_OK;
    const bool lone = node->type == DNN_NODE_LIST && node->count == 1;
    if (lone) node = node->items[0];
    const dnn_status st = is_single(node) ? loss_of(r, node, &value) : by_output(r, node, loss_of, &value);
    return keep(r, "loss", st, value, training);
}

/* With one output all that is listed is its metrics; with several, flat names are metrics of the first alone only where
 * there is but one output, so a flat list is given to each. */
static dnn_status read_metrics(const reader *r, const char *key, const dnn_node *node, dnn_node *training)
{
    dnn_node *value = NULL;
    if (!node || node->type == DNN_NODE_NULL) return DNN_OK;
    bool nested = node->type == DNN_NODE_MAP && !is_single(node);
    for (size_t i = 0; node->type == DNN_NODE_LIST && i < node->count; i++)
        nested = nested || (r->graph->n_outputs > 1 && !is_single(node->items[i]));
    const dnn_status st = nested ? by_output(r, node, metrics_of, &value) : metrics_of(r, node, &value);
    if (st == DNN_OK && value->count == 0) {
        dnn_node_destroy(value);
        return DNN_OK;
    }
    return keep(r, key, st, value, training);
}

static dnn_status weight_of(const reader *r, const dnn_node *node, dnn_node **out)
{
    (void)r;
    *out = NULL;
    if (node->type != DNN_NODE_INT && node->type != DNN_NODE_REAL)
        return dnn_fail(DNN_E_MODEL, "a weight that is no number");
    *out = dnn_node_real(node->real);
    return *out ? DNN_OK : DNN_E_MEMORY;
}

static dnn_status read_weights(const reader *r, const dnn_node *node, dnn_node *training)
{
    dnn_node *value = NULL;
    if (!node || (node->type != DNN_NODE_MAP && node->type != DNN_NODE_LIST)) return DNN_OK;
    const dnn_status st = by_output(r, node, weight_of, &value);
    return keep(r, "loss_weights", st, value, training);
}

static dnn_status read_optimizer(const reader *r, const dnn_node *node, dnn_node *training)
{
    dnn_node *value = NULL;
    dnn_component component = {0};
    if (!node || node->type == DNN_NODE_NULL) return DNN_OK;
    dnn_status st = keras_decode_component(r->source, &dnn_optimizers, node, "optimizer", &value);
    if (st == DNN_OK) st = dnn_component_read(&dnn_optimizers, value, &component);
    if (st == DNN_OK) st = dnn_optimizer_check(&component);
    dnn_component_clear(&component);
    if (st != DNN_OK) dnn_node_destroy(value);
    return keep(r, "optimizer", st, value, training);
}

dnn_status keras_training_read(const keras_source *source, const dnn_node *config, const char *file,
                               const dnn_graph *graph, dnn_node **training)
{
    const reader r = {.source = source, .file = file, .graph = graph};
    *training = dnn_node_map();
    dnn_status st = *training ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK) st = read_loss(&r, dnn_node_find(config, "loss"), *training);
    if (st == DNN_OK) st = read_weights(&r, dnn_node_find(config, "loss_weights"), *training);
    if (st == DNN_OK) st = read_metrics(&r, "metrics", dnn_node_find(config, "metrics"), *training);
    if (st == DNN_OK) st = read_metrics(&r, "weighted_metrics", dnn_node_find(config, "weighted_metrics"), *training);
    if (st == DNN_OK) st = read_optimizer(&r, dnn_node_find(config, "optimizer_config"), *training);
    if (st == DNN_OK) return DNN_OK;
    dnn_node_destroy(*training);
    *training = NULL;
    return st;
}
