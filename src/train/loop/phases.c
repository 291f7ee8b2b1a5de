#include "train/loop/phases.h"

#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/optim/schedule.h"
#include "train/setup/reuse.h"

typedef struct written {
    int64_t epochs;
    dnn_strings freeze, unfreeze;
    dnn_component learning_rate, optimizer;
} written;

const dnn_param phase_params[PHASE_PARAMS] = {
    DNN_INT(written, epochs, NULL, ">= 1", "passes over the training part; they count on from phase to phase"),
    DNN_STRINGS(written, freeze, "[]", "layers whose weights stay as they are: names, `*` and `?` standing for any letters, or `reused`"),
    DNN_STRINGS(written, unfreeze, "[]", "layers that are trained although `freeze`, or `trainable: false` of their own, says otherwise"),
    DNN_COMPONENT(written, learning_rate, &dnn_schedules, "null", "in place of that of the optimizer"),
    DNN_COMPONENT(written, optimizer, &dnn_optimizers, "null", "in place of `training.optimizer`"),
};

/* The optimizer of the phase with the learning rate of the phase. */
static dnn_status resolve_optimizer(const written *w, const dnn_component *usual, dnn_component *out)
{
    const dnn_component *base = w->optimizer.kind ? &w->optimizer : usual;
    if (!w->learning_rate.kind) {
        const dnn_status st = dnn_component_copy(base, out);
        return st == DNN_OK ? dnn_optimizer_check(out) : st;
    }
    dnn_node *node = dnn_component_write(base);
    dnn_status st = node ? dnn_node_set(node->items[0], "learning_rate", dnn_component_write(&w->learning_rate)) : DNN_E_MEMORY;
    if (st == DNN_OK) st = dnn_component_read(&dnn_optimizers, node, out);
    if (st == DNN_OK) out->place = w->learning_rate.place;
    dnn_node_destroy(node);
    return st == DNN_OK ? dnn_optimizer_check(out) : st;
}

static dnn_status unknown_layer(const char *key, const char *name, const dnn_node *place, const dnn_graph *graph)
{
    const char **names = dnn_alloc(graph->n_layers, sizeof *names), *near = NULL;
    size_t count = 0;
    for (size_t i = 0; names && i < graph->n_layers; i++)
        if (!graph->layers[i].internal) names[count++] = graph->layers[i].name;
    if (names) near = dnn_nearest(name, names, count);
    const dnn_status st = dnn_node_fail(DNN_E_CONFIG, place, "training.phases: %s: no layer of the model is called '%s'%s%s%s", key, name,
                                        near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    dnn_free(names);
    return st;
}

/* Layers that the names, globs and `reused` of `key` mean get the value. */
static dnn_status match(const char *key, const dnn_strings *names, const dnn_node *place, const dnn_node *origin, const dnn_graph *graph, bool value,
                        bool *frozen)
{
    for (size_t n = 0; n < names->count; n++) {
        const char *name = names->at[n];
        const bool reused = strcmp(name, "reused") == 0;
        bool any = false;
        for (size_t i = 0; i < graph->n_layers; i++) {
            const dnn_layer *l = &graph->layers[i];
            if (reused ? !reuse_has(origin, l->name) : !reuse_matches(name, l->name)) continue;
            frozen[i] = value;
            any = true;
        }
        if (!any && reused)
            return dnn_node_fail(DNN_E_CONFIG, place, "training.phases: %s: reused: this model has no reused layers; model.reuse brings them", key);
        if (!any) return unknown_layer(key, name, place, graph);
    }
    return DNN_OK;
}

static bool trains(const dnn_graph *graph, const bool *frozen)
{
    for (size_t i = 0; i < graph->segments.count; i++)
        if (graph->segments.at[i].weight && !frozen[graph->segments.at[i].layer]) return true;
    return false;
}

/* Internal layers have no weights; what is split off a layer shares its fate nevertheless. */
static dnn_status resolve_frozen(const written *w, const dnn_node *place, const dnn_node *origin, const dnn_graph *graph, bool **out)
{
    bool *frozen = *out = dnn_alloc(graph->n_layers, sizeof *frozen);
    if (!frozen) return DNN_E_MEMORY;
    for (size_t i = 0; i < graph->n_layers; i++) frozen[i] = graph->layers[i].frozen;
    dnn_status st = match("freeze", &w->freeze, place, origin, graph, true, frozen);
    if (st == DNN_OK) st = match("unfreeze", &w->unfreeze, place, origin, graph, false, frozen);
    if (st == DNN_OK && place && !trains(graph, frozen))
        st = dnn_node_fail(DNN_E_CONFIG, place, "training.phases: all layers with weights are frozen; there is nothing to train");
    return st;
}

static dnn_status add(const written *w, const dnn_node *place, const dnn_training_config *training, const dnn_node *origin, const dnn_graph *graph,
                      phases *out)
{
    phase *p = &out->at[out->count++];
    p->epochs = (uint64_t)w->epochs;
    dnn_status st = resolve_optimizer(w, &training->optimizer, &p->optimizer);
    if (st == DNN_OK && graph) st = resolve_frozen(w, place, origin, graph, &p->frozen);
    return st;
}

static dnn_status read(const dnn_training_config *training, const dnn_node *origin, const dnn_graph *graph, phases *out)
{
    const dnn_node *list = training->phases;
    if (!list || list->type == DNN_NODE_NULL) {
        const written one = { .epochs = training->epochs };
        out->at = dnn_alloc(1, sizeof *out->at);
        return out->at ? add(&one, NULL, training, origin, graph, out) : DNN_E_MEMORY;
    }
    if (list->type != DNN_NODE_LIST || list->count == 0)
        return dnn_node_fail(DNN_E_CONFIG, list, "training.phases: must be a list, as in [{epochs: 4, freeze: reused}, {epochs: 16}]");
    out->at = dnn_alloc(list->count, sizeof *out->at);
    dnn_status st = out->at ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < list->count && st == DNN_OK; i++) {
        char path[64];
        written w = { 0 };
        snprintf(path, sizeof path, "training.phases.%zu", i);
        st = dnn_params_read(phase_params, PHASE_PARAMS, path, list->items[i], &w);
        if (st == DNN_OK) st = add(&w, list->items[i], training, origin, graph, out);
        dnn_params_clear(phase_params, PHASE_PARAMS, &w);
    }
    return st;
}

dnn_status phases_create(const dnn_training_config *training, const dnn_node *origin, const dnn_graph *graph, phases *out)
{
    *out = (phases){ 0 };
    const dnn_status st = read(training, origin, graph, out);
    if (st != DNN_OK) phases_clear(out);
    return st;
}

void phases_clear(phases *p)
{
    for (size_t i = 0; i < p->count; i++) {
        dnn_component_clear(&p->at[i].optimizer);
        dnn_free(p->at[i].frozen);
    }
    dnn_free(p->at);
    *p = (phases){ 0 };
}

size_t phases_vectors(const phases *p)
{
    size_t most = 0;
    for (size_t i = 0; i < p->count; i++) {
        const size_t vectors = dnn_optimizer_vectors(&p->at[i].optimizer);
        if (vectors > most) most = vectors;
    }
    return most;
}

dnn_status phases_count_epochs(dnn_training_config *training)
{
    phases all = { 0 };
    if (!training->phases || training->phases->type == DNN_NODE_NULL) return DNN_OK;
    const dnn_status st = phases_create(training, NULL, NULL, &all);
    if (st != DNN_OK) return st;
    training->epochs = 0;
    for (size_t i = 0; i < all.count; i++) training->epochs += (int64_t)all.at[i].epochs;
    phases_clear(&all);
    return DNN_OK;
}

void phases_freeze(const phase *p, dnn_graph *graph)
{
    for (size_t i = 0; i < graph->n_layers; i++) dnn_graph_freeze(graph, i, p->frozen[i]);
}
