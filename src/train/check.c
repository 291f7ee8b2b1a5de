/* `check`: everything that `train` does before its first step, on one rank, and advice. */
#include "dnn/base/memory.h"
#include "dnn/train/train.h"
#include "train/advice.h"
#include "train/gradient_check.h"
#include "train/setup.h"

static dnn_status check(const dnn_check_request *request, const dnn_config *config, dnn_team *team)
{
    dnn_dataset *ds = NULL;
    dnn_graph *graph = NULL;
    dnn_objective *objective = NULL;
    runner run = { 0 };
    dnn_status st = dnn_dataset_open(team, &config->data, (uint64_t)config->seed, NULL, &ds);
    if (st == DNN_OK) st = setup_network(config->model, ds, &graph);
    if (st == DNN_OK) st = setup_objective(graph, &config->training, &objective);
    if (st == DNN_OK) {
        run = (runner){ .graph = graph, .objective = objective, .dataset = ds };
        st = runner_match_data(&run);
    }
    if (st == DNN_OK) st = runner_class_weights(&run, config->training.class_weights);
    if (st == DNN_OK) st = setup_cut(&config->training, team, &run.cut);
    if (st == DNN_OK) {
        advise(config, ds, graph);
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
    if (st == DNN_OK) st = check(request, &config, team);
    if (team) dnn_team_destroy(team);
    shared_model_close(&start);
    dnn_config_clear(&config);
    return st;
}
