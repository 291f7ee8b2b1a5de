#include "train/apply/apply.h"

#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "dnn/train/plugin.h"

static const char *const part_names[] = { "training", "validation", "test" };

/* A new source has other rows: what the saved split, classes and limit said of the old ones is dropped, the scalers stay. */
static void drop_for_new_source(dnn_node *root, const dnn_apply_request *request)
{
    bool replaced = false;
    for (size_t i = 0; i < request->n_overrides; i++) replaced |= strncmp(request->overrides[i], "data.source=", 12) == 0;
    dnn_node *data = dnn_node_find(root, "data");
    if (!replaced || !data) return;
    dnn_node_remove(data, "split");
    dnn_node_remove(data, "classes");
    dnn_node_remove(data, "limit");
}

/* The run that the file was made by, or where the file is a foreign one what it says of itself. */
static dnn_status base_tree(const shared_model *m, dnn_node **root)
{
    const dnn_node *run = dnn_node_find(m->section, "run");
    *root = run ? dnn_node_copy(run) : dnn_node_map();
    dnn_status st = *root ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK && !run) st = dnn_node_set(*root, "output", dnn_node_string("."));
    if (st == DNN_OK && !run && m->training) st = dnn_node_set(*root, "training", dnn_node_copy(m->training));
    if (st == DNN_OK && !dnn_node_find(*root, "training")) st = dnn_node_set(*root, "training", dnn_node_map());
    if (st == DNN_OK) st = dnn_node_set(*root, "model", dnn_node_copy(m->architecture));
    return st;
}

/* A foreign file may say none, or one that we do not have; for outputs alone none is needed, but the section wants one. */
static dnn_status fill_in_loss(dnn_node *root, const char *path, bool evaluates)
{
    const dnn_node *loss = dnn_node_at(root, "training.loss");
    if (loss && loss->type != DNN_NODE_NULL) return DNN_OK;
    if (evaluates) return dnn_fail(DNN_E_MODEL, "%s: it says no loss; give one: training.loss=…", path);
    return dnn_node_set(dnn_node_find(root, "training"), "loss", dnn_node_string("mean_squared_error"));
}

static dnn_status read_config(application *a, const dnn_apply_request *request, bool evaluates)
{
    dnn_node *root = NULL;
    dnn_status st = base_tree(&a->model, &root);
    if (st == DNN_OK) drop_for_new_source(root, request);
    if (st == DNN_OK) st = dnn_config_override(root, request->overrides, request->n_overrides);
    if (st == DNN_OK) st = fill_in_loss(root, request->model_file, evaluates);
    if (st == DNN_OK && !dnn_node_at(root, "data.source"))
        st = dnn_fail(DNN_E_CONFIG, "%s: it does not say which data to take; give a source: 'data.source={csv: {path: …, target: …}}'", request->model_file);
    if (st == DNN_OK) st = dnn_config_read(root, &a->config);
    dnn_node_destroy(root);
    return st;
}

static dnn_status no_part(const dnn_dataset *ds, int wanted)
{
    static const char *const words[] = { "train", "validation", "test" };
    char there[64] = "";
    for (int p = 0; p < DNN_PARTS; p++)
        if (dnn_dataset_rows(ds, (dnn_part)p) > 0) snprintf(there + strlen(there), sizeof there - strlen(there), "%s%s", *there ? "|" : "", words[p]);
    return dnn_fail(DNN_E_DATA, "the data have no %s part; choose one with --part %s", part_names[wanted], there);
}

static dnn_status choose_part(application *a, int wanted)
{
    int only = -1, parts = 0;
    for (int p = 0; p < DNN_PARTS; p++) {
        if (dnn_dataset_rows(a->dataset, (dnn_part)p) == 0) continue;
        only = p;
        parts++;
    }
    if (wanted < 0) wanted = parts == 1 ? only : DNN_TEST;
    if (dnn_dataset_rows(a->dataset, (dnn_part)wanted) == 0)
        return no_part(a->dataset, wanted);
    a->part = (dnn_part)wanted;
    return DNN_OK;
}

static dnn_status build(application *a, bool evaluates)
{
    dnn_status st = dnn_graph_create(a->config.model, a->model.inputs, a->model.n_inputs, &a->graph);
    if (st == DNN_OK && evaluates) st = setup_objective(a->graph, &a->config.training, &a->objective);
    if (st == DNN_OK && evaluates && dnn_dataset_targets(a->dataset) == 0)
        st = dnn_fail(DNN_E_DATA, "evaluating needs targets; name them in data.source (csv: target, hdf5: y)");
    return st;
}

/* Those that `plugins=` names; else those that the file was trained with must be there already. */
static dnn_status load_plugins(dnn_comm *comm, const dnn_apply_request *request)
{
    dnn_node *root = dnn_node_map();
    dnn_status st = dnn_agree(comm, root ? DNN_OK : DNN_E_MEMORY);
    for (size_t i = 0; i < request->n_overrides && st == DNN_OK; i++)
        if (strncmp(request->overrides[i], "plugins=", 8) == 0) st = dnn_config_override(root, &request->overrides[i], 1);
    st = dnn_agree(comm, st);
    if (st == DNN_OK) st = dnn_node_find(root, "plugins") ? dnn_plugins_load_tree(comm, root) : dnn_plugins_check_model(comm, request->model_file);
    dnn_node_destroy(root);
    return st;
}

static dnn_status create_states(application *a)
{
    const dnn_components *callbacks = &a->config.training.callbacks;
    a->states = dnn_alloc(callbacks->count, sizeof *a->states);
    if (!a->states) return DNN_E_MEMORY;
    for (; a->n_states < callbacks->count; a->n_states++) {
        const dnn_callback_kind *kind = (const dnn_callback_kind *)callbacks->at[a->n_states].kind;
        if (!(a->states[a->n_states] = dnn_alloc(1, kind->state_size))) return DNN_E_MEMORY;
    }
    return DNN_OK;
}

dnn_status application_tell(application *a, size_t hook, const char *const *names, const double *values, size_t count)
{
    const dnn_report report = { .names = names, .values = values, .count = count, .writes = dnn_comm_rank(a->comm) == 0,
                                .output = a->config.output, .segments = &a->graph->segments, .weights = a->run.weights };
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < a->n_states && st == DNN_OK; i++) {
        const dnn_component *c = &a->config.training.callbacks.at[i];
        dnn_callback_hook *function;
        dnn_wish wish = { 0 };
        memcpy(&function, (const char *)c->kind + hook, sizeof function);
        if (function) function(c->params, a->states[i], &report, &wish);
        st = wish.status;
    }
    return dnn_agree(a->comm, st);
}

dnn_status application_open(dnn_comm *comm, const dnn_apply_request *request, bool evaluates, application *a)
{
    *a = (application){ .comm = comm };
    dnn_status st = load_plugins(comm, request);
    if (st == DNN_OK) st = shared_model_open(comm, request->model_file, &a->model);
    if (st == DNN_OK) st = dnn_agree(comm, read_config(a, request, evaluates));
    if (st == DNN_OK) dnn_watch_timeout(a->config.comm.timeout);
    if (st == DNN_OK) st = setup_team(comm, &a->config, request->threads, &a->team);
    dnn_watch_phase(DNN_PHASE_DATA);
    if (st == DNN_OK)
        st = dnn_dataset_open(a->team, &a->config.data, (uint64_t)a->config.seed, dnn_node_find(a->model.section, "scalers"), &a->dataset);
    dnn_watch_phase(DNN_PHASE_SETUP);
    if (st == DNN_OK) st = choose_part(a, request->part);
    if (st == DNN_OK) st = dnn_agree(comm, build(a, evaluates));
    if (st == DNN_OK) st = dnn_agree(comm, create_states(a));
    runner_options training;
    if (st == DNN_OK) st = setup_runner(&a->config, a->team, a->dataset, a->graph, a->objective, &training);
    if (st == DNN_OK) {
        const runner_options options = setup_forward_runner(&training);
        st = runner_create(&options, &a->run);
    }
    if (st == DNN_OK) st = shared_weights(a->team, &a->model, a->graph, a->run.weights);
    if (st != DNN_OK) application_close(a);
    return st;
}

void application_close(application *a)
{
    for (size_t i = 0; i < a->n_states; i++) dnn_free(a->states[i]);
    dnn_free(a->states);
    runner_destroy(&a->run);
    dnn_objective_destroy(a->objective);
    dnn_graph_destroy(a->graph);
    if (a->dataset) dnn_dataset_close(a->dataset);
    if (a->team) dnn_team_destroy(a->team);
    dnn_config_clear(&a->config);
    shared_model_close(&a->model);
    *a = (application){ 0 };
}
