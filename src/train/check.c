/* `check`: everything that `train` does before its first step, on one rank, and advice. */
#include "dnn/base/memory.h"
#include "dnn/train/train.h"
#include "train/loop/trainer.h"
#include "train/setup/advice.h"
#include "train/setup/nested.h"
#include "train/setup/reuse.h"
#include "train/verify/gradient_check.h"

/* Phases and callbacks find what they name in this model and its reported values. */
static dnn_status check_course(const dnn_config *config, const dnn_node *origin, dnn_dataset *ds, dnn_graph *graph, dnn_objective *objective)
{
    trainer t = { .config = *config, .dataset = ds, .graph = graph, .objective = objective };
    dnn_status st = trainer_name_values(&t);
    if (st == DNN_OK) st = phases_create(&config->training, origin, graph, &t.phases);
    if (st == DNN_OK) st = watchers_create(&t);
    watchers_destroy(&t);
    phases_clear(&t.phases);
    for (size_t i = 0; i < MAX_VALUES; i++) dnn_free(t.val_names[i]);
    return st;
}

/* The weights that the training starts from have the shapes of this model. */
static dnn_status check_start(shared_model *start, const dnn_graph *graph, dnn_team *team)
{
    if (!start->origin && !start->nested) return DNN_OK;
    float *weights = dnn_alloc(graph->segments.total, sizeof *weights);
    dnn_status st = weights ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK && start->origin) st = reuse_weights(team, start, graph, weights);
    if (st == DNN_OK) st = nested_weights(team, start->nested, graph, weights);
    dnn_free(weights);
    return st;
}

static dnn_status check(const dnn_check_request *request, const dnn_config *config, shared_model *start, dnn_team *team)
{
    dnn_dataset *ds = NULL;
    dnn_graph *graph = NULL;
    dnn_objective *objective = NULL;
    runner run = { 0 };
    runner_options options;
    dnn_status st = dnn_dataset_open(team, &config->data, (uint64_t)config->seed, NULL, &ds);
    if (st == DNN_OK) st = setup_training(config, ds, &graph, &objective);
    if (st == DNN_OK) {
        run = (runner){ .graph = graph, .objective = objective, .dataset = ds };
        st = runner_match_data(&run);
    }
    if (st == DNN_OK) st = runner_class_weights(&run, config->training.class_weights);
    if (st == DNN_OK) st = setup_runner(config, team, ds, graph, objective, &options);
    if (st == DNN_OK) st = check_course(config, start->origin, ds, graph, objective);
    if (st == DNN_OK) st = check_start(start, graph, team);
    if (st == DNN_OK) {
        advise(config, ds, graph, request->threads * request->ranks, dnn_comm_cores());
        if (request->summary) request->summary(request->context, graph, ds);
        if (request->gradient) st = gradient_check(request, config, team, ds, graph, objective);
    }
    dnn_free(run.class_weight);
    dnn_objective_destroy(objective);
    dnn_graph_destroy(graph);
    if (ds) dnn_dataset_close(ds);
    return st;
}

dnn_status dnn_check(const dnn_check_request *request)
{
    dnn_node *root = NULL;
    shared_model start = { 0 };
    bool with_optimizer = false;
    dnn_config config = { 0 };
    dnn_team *team = NULL;
    dnn_status st = dnn_config_load(NULL, request->run_file, request->overrides, request->n_overrides, &root);
    if (st == DNN_OK) st = setup_model_start(NULL, root, &start, &with_optimizer);
    if (st == DNN_OK) st = dnn_config_read(root, &config);
    dnn_node_destroy(root);
    if (st == DNN_OK) st = dnn_team_create(NULL, DNN_TEAM_RANK, 1, &team);
    if (st == DNN_OK) st = check(request, &config, &start, team);
    if (team) dnn_team_destroy(team);
    shared_model_close(&start);
    dnn_config_clear(&config);
    return st;
}
