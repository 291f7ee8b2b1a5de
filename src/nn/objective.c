/* The objective from the run file: which loss and which metrics each output has. */
#include "nn/objective.h"

#include <math.h>
#include <string.h>

#include "dnn/base/memory.h"

static bool given(const dnn_node *node) { return node && node->type != DNN_NODE_NULL; }

static size_t output_named(const dnn_graph *graph, const char *name)
{
    for (size_t o = 0; o < graph->n_outputs; o++)
        if (strcmp(graph->outputs[o].name, name) == 0) return o;
    return SIZE_MAX;
}

/* A component is a map of one key; a map of more keys, or of an output's name, goes by outputs. Where there are several outputs a key that is
 * neither is an output's name misspelt. (Losses are metrics as well.) */
static bool goes_by_output(const dnn_graph *graph, const dnn_node *node)
{
    if (node->type != DNN_NODE_MAP || node->count == 0) return false;
    const char *key = node->items[0]->key;
    return node->count > 1 || output_named(graph, key) != SIZE_MAX || (graph->n_outputs > 1 && !dnn_family_find(&dnn_metrics, key));
}

static dnn_status check_output_names(const dnn_graph *graph, const char *what, const dnn_node *map)
{
    for (size_t i = 0; i < map->count; i++) {
        const char *key = map->items[i]->key, *known[DNN_MAX_IO];
        if (output_named(graph, key) != SIZE_MAX) continue;
        for (size_t o = 0; o < graph->n_outputs; o++) known[o] = graph->outputs[o].name;
        const char *near = dnn_nearest(key, known, graph->n_outputs);
        return dnn_place_fail(DNN_E_CONFIG, map->items[i]->key_place, "%s.%s: no output of the model has that name; %s '%s'", what, key,
                              near ? "did you mean" : "its first is", near ? near : known[0]);
    }
    return DNN_OK;
}

/* What `node` says about output o: its entry where it goes by outputs, else all of it. */
static const dnn_node *entry_of(const dnn_graph *graph, const dnn_node *node, size_t o)
{
    return goes_by_output(graph, node) ? dnn_node_find(node, graph->outputs[o].name) : node;
}

/* Lists of losses and of their weights are by position. */
static dnn_status check_list(const dnn_graph *graph, const char *what, const dnn_node *node)
{
    if (node->type != DNN_NODE_LIST || node->count == graph->n_outputs) return DNN_OK;
    return dnn_node_fail(DNN_E_CONFIG, node, "%s: a list of %zu: the model has %zu output%s", what, node->count, graph->n_outputs,
                         graph->n_outputs == 1 ? "" : "s");
}

static dnn_status check_form(const dnn_graph *graph, const char *what, const dnn_node *node)
{
    return goes_by_output(graph, node) ? check_output_names(graph, what, node) : check_list(graph, what, node);
}

/* The activation that was split off behind the logits of output o. */
static const dnn_activation_kind *output_activation(const dnn_graph *graph, size_t o)
{
    if (graph->logits_tensor[o] == SIZE_MAX) return NULL;
    for (size_t i = 0; i < graph->n_ops; i++)
        if (graph->ops[i].out == graph->output_tensor[o]) return graph->layers[graph->ops[i].layer].activation;
    return NULL;
}

static bool can_fuse(const dnn_graph *graph, size_t o, const dnn_component *loss)
{
    const dnn_loss_kind *kind = (const dnn_loss_kind *)loss->kind;
    const dnn_activation_kind *activation = output_activation(graph, o);
    /* The penalty's gradient is one of the output, where that of a fused loss would pass by. */
    if (graph->layers[graph->ops[graph->output_tensor[o] - graph->n_inputs].layer].activity) return false;
    if (!kind->fused_with || !activation || strcmp(activation->kind.name, kind->fused_with) != 0) return false;
    return !kind->fuses || kind->fuses(loss->params);
}

static dnn_status read_loss(dnn_objective *objective, size_t o, const dnn_node *node)
{
    goal *g = &objective->goals[o];
    const dnn_status st = dnn_loss_read(node, &g->loss, &g->reduction);
    if (st != DNN_OK) return st;
    const dnn_loss_kind *kind = (const dnn_loss_kind *)g->loss.kind;
    if (g->units < kind->least_units)
        return dnn_node_fail(DNN_E_CONFIG, node, "loss = %s: output '%s' has %zu unit: must have %zu or more (binary_crossentropy takes one)",
                             kind->kind.name, objective->graph->outputs[o].name, g->units, kind->least_units);
    g->target = kind->target;
    DNN_ASSERT(kind->sums <= DNN_LOSS_SUMS);
    g->sums = objective->sums;
    objective->sums += g->reduction == DNN_REDUCTION_MEAN ? kind->sums : REDUCTION_SUMS;
    objective->fused[o] = can_fuse(objective->graph, o, &g->loss);
    return DNN_OK;
}

static dnn_status read_losses(dnn_objective *objective, const dnn_node *loss)
{
    const dnn_graph *graph = objective->graph;
    if (!given(loss)) return DNN_OK;
    dnn_status st = check_form(graph, "loss", loss);
    for (size_t o = 0; o < graph->n_outputs && st == DNN_OK; o++) {
        const dnn_node *entry = loss->type == DNN_NODE_LIST ? loss->items[o] : entry_of(graph, loss, o);
        if (given(entry)) st = read_loss(objective, o, entry);
    }
    return st;
}

static dnn_status read_weights(dnn_objective *objective, const dnn_node *weights)
{
    const dnn_graph *graph = objective->graph;
    for (size_t o = 0; o < graph->n_outputs; o++) objective->goals[o].weight = 1;
    if (!given(weights)) return DNN_OK;
    const bool by_output = weights->type == DNN_NODE_MAP;
    dnn_status st = by_output ? check_output_names(graph, "loss_weights", weights) : check_list(graph, "loss_weights", weights);
    for (size_t o = 0; o < graph->n_outputs && st == DNN_OK; o++) {
        const dnn_node *entry = by_output                       ? dnn_node_find(weights, graph->outputs[o].name)
                                : weights->type == DNN_NODE_LIST ? weights->items[o]
                                                                 : weights;
        if (!given(entry)) continue;
        char value[64];
        if ((entry->type != DNN_NODE_INT && entry->type != DNN_NODE_REAL) || !isfinite(entry->real))
            return dnn_node_fail(DNN_E_CONFIG, entry, "loss_weights = %s: must be a number", dnn_node_describe(entry, value, sizeof value));
        objective->goals[o].weight = entry->real;
    }
    return st;
}

static dnn_status check_metric(const measure *m, size_t units, const dnn_node *node)
{
    if (dnn_metric_check(&m->metric, units) == DNN_OK) return DNN_OK;
    char place[256];
    return dnn_fail_in(DNN_E_CONFIG, "%s: %s", dnn_place_text(node->place, place, sizeof place), m->metric.kind->name);
}

static dnn_status read_metric(dnn_objective *objective, size_t o, bool weighted, const dnn_node *node)
{
    measure *grown = dnn_realloc(objective->measures, objective->n_measures + 1, sizeof *grown);
    if (!grown) return DNN_E_MEMORY;
    objective->measures = grown;
    measure *m = &grown[objective->n_measures];
    *m = (measure){ .output = o, .weighted = weighted, .state = objective->record };
    const dnn_status st = dnn_component_read(&dnn_metrics, node, &m->metric);
    if (st != DNN_OK) return st;
    objective->n_measures++;
    const goal *g = &objective->goals[o];
    objective->record += dnn_metric_state(&m->metric, g->units);
    if (dnn_metric_accepts(&m->metric, g->target, g->units)) return check_metric(m, g->units, node);
    return dnn_node_fail(DNN_E_CONFIG, node, "metrics: %s does not fit output '%s': its %s, the metric wants %s", m->metric.kind->name,
                         objective->graph->outputs[o].name, g->target == DNN_TARGET_CLASS ? "loss takes class numbers" : "targets are values",
                         g->target == DNN_TARGET_CLASS ? "targets shaped like the output" : "class numbers");
}

static dnn_status read_metrics(dnn_objective *objective, const char *what, bool weighted, const dnn_node *metrics)
{
    const dnn_graph *graph = objective->graph;
    if (!given(metrics)) return DNN_OK;
    dnn_status st = goes_by_output(graph, metrics) ? check_output_names(graph, what, metrics) : DNN_OK;
    for (size_t o = 0; o < graph->n_outputs && st == DNN_OK; o++) {
        const dnn_node *entry = entry_of(graph, metrics, o);
        if (!given(entry)) continue;
        if (entry->type != DNN_NODE_LIST) st = read_metric(objective, o, weighted, entry);
        else
            for (size_t i = 0; i < entry->count && st == DNN_OK; i++) st = read_metric(objective, o, weighted, entry->items[i]);
    }
    return st;
}

dnn_status dnn_objective_create(const dnn_graph *graph, const dnn_node *loss, const dnn_node *metrics, const dnn_node *weighted_metrics,
                                const dnn_node *loss_weights, dnn_objective **out)
{
    dnn_objective *objective = dnn_alloc(1, sizeof *objective);
    *out = NULL;
    if (!objective) return DNN_E_MEMORY;
    objective->graph = graph;
    objective->record = 1 + graph->n_outputs;
    if (dnn_graph_penalizes(graph)) objective->penalty = objective->record++;
    for (size_t o = 0; o < graph->n_outputs; o++) {
        const dnn_shape *shape = &graph->outputs[o].shape;
        objective->goals[o].units = dnn_shape_last(shape);
        objective->goals[o].per_sample = dnn_shape_units(shape) / dnn_shape_last(shape);
    }
    dnn_status st = read_losses(objective, loss);
    if (st == DNN_OK) st = read_weights(objective, loss_weights);
    if (st == DNN_OK) st = read_metrics(objective, "metrics", false, metrics);
    if (st == DNN_OK) st = read_metrics(objective, "weighted_metrics", true, weighted_metrics);
    if (st == DNN_OK) st = objective_name(objective);
    if (st != DNN_OK) dnn_objective_destroy(objective);
    else *out = objective;
    return st;
}

void dnn_objective_destroy(dnn_objective *objective)
{
    if (!objective) return;
    for (size_t o = 0; o < objective->graph->n_outputs; o++) dnn_component_clear(&objective->goals[o].loss);
    for (size_t m = 0; m < objective->n_measures; m++) dnn_component_clear(&objective->measures[m].metric);
    for (size_t v = 0; v < objective->names.count; v++) dnn_free(objective->names.at[v]);
    dnn_free(objective->names.at);
    dnn_free(objective->measures);
    dnn_free(objective);
}
