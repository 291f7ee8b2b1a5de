/* The nodes that create an objective again. With one output they are the components themselves, with several maps of the outputs' names. */
#include "dnn/base/memory.h"
#include "nn/objective.h"

static const char *name_of(const dnn_objective *objective, size_t o) { return objective->graph->outputs[o].name; }

/* `child` (taken over) as `key` of `training`, below the output's name where there are several. */
static dnn_status set_for(const dnn_objective *objective, dnn_node *training, const char *key, size_t o, dnn_node *child)
{
    if (objective->graph->n_outputs == 1) return dnn_node_set(training, key, child);
    dnn_node *map = dnn_node_find(training, key);
    if (!map) {
        const dnn_status st = dnn_node_set(training, key, dnn_node_map());
        map = dnn_node_find(training, key);
        if (st != DNN_OK) {
            dnn_node_destroy(child);
            return st;
        }
    }
    return dnn_node_set(map, name_of(objective, o), child);
}

static dnn_status write_metrics(const dnn_objective *objective, const char *key, bool weighted, size_t o, dnn_node *training)
{
    dnn_node *list = dnn_node_list();
    dnn_status st = list ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < objective->n_measures && st == DNN_OK; i++) {
        const measure *m = &objective->measures[i];
        if (m->output == o && m->weighted == weighted) st = dnn_node_append(list, dnn_component_write(&m->metric));
    }
    if (st == DNN_OK && list->count > 0) return set_for(objective, training, key, o, list);
    dnn_node_destroy(list);
    return st;
}

dnn_status dnn_objective_write(const dnn_objective *objective, dnn_node *training)
{
    static const char *const keys[] = { "loss", "loss_weights", "metrics", "weighted_metrics" };
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) dnn_node_remove(training, keys[k]);
    dnn_status st = DNN_OK;
    for (size_t o = 0; o < objective->graph->n_outputs && st == DNN_OK; o++) {
        const goal *g = &objective->goals[o];
        if (g->loss.kind) st = set_for(objective, training, "loss", o, dnn_loss_write(&g->loss, g->reduction));
        if (st == DNN_OK && g->weight != 1) st = set_for(objective, training, "loss_weights", o, dnn_node_real(g->weight));
        if (st == DNN_OK) st = write_metrics(objective, "metrics", false, o, training);
        if (st == DNN_OK) st = write_metrics(objective, "weighted_metrics", true, o, training);
    }
    return st;
}
