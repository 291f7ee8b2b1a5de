/* A training set up, for `train` and `verify` alike: run file, team, data, network, runners, first weights. */
#include "train/loop/trainer.h"

#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "train/setup/nested.h"
#include "train/setup/reuse.h"
#include "train/loop/values.h"

/* The run file as it is meant: components resolved, layers unrolled, a start from given weights kept. */
static dnn_status resolve(trainer *t, const dnn_node *weights, const dnn_node *nested)
{
    dnn_node *model = dnn_graph_write(t->graph), *training = dnn_node_map();
    dnn_status st = model && training ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK && weights) st = dnn_node_set(model, "weights", dnn_node_copy(weights));
    if (st == DNN_OK && nested) st = dnn_node_set(model, "nested", dnn_node_copy(nested));
    if (st == DNN_OK) st = dnn_objective_write(t->objective, training);
    if (st == DNN_OK) {
        dnn_node_destroy(t->config.model);
        t->config.model = model;
        model = NULL;
        dnn_training_config *c = &t->config.training;
        dnn_node **const places[] = { &c->loss, &c->loss_weights, &c->metrics, &c->weighted_metrics };
        static const char *const keys[] = { "loss", "loss_weights", "metrics", "weighted_metrics" };
        for (size_t i = 0; i < 4; i++) {
            const dnn_node *value = dnn_node_find(training, keys[i]);
            if (!value) continue;
            dnn_node *copy = dnn_node_copy(value);
            if (!copy) st = DNN_E_MEMORY;
            dnn_node_destroy(*places[i]);
            *places[i] = copy;
        }
    }
    dnn_node_destroy(model);
    dnn_node_destroy(training);
    return st;
}

dnn_status trainer_name_values(trainer *t)
{
    t->n_train_values = values_count(t->objective, t->graph);
    const bool validates = dnn_dataset_rows(t->dataset, DNN_VALIDATION) > 0;
    if (t->n_train_values * 2 > MAX_VALUES) return dnn_fail(DNN_E_CONFIG, "training.metrics: more than %d values to report", MAX_VALUES / 2);
    for (size_t i = 0; i < t->n_train_values; i++) t->names[t->n_names++] = values_name(t->objective, t->graph, i);
    for (size_t i = 0; validates && i < t->n_train_values; i++) {
        t->val_names[i] = dnn_format("val_%s", t->names[i]);
        if (!t->val_names[i]) return DNN_E_MEMORY;
        t->names[t->n_names++] = t->val_names[i];
    }
    return DNN_OK;
}

static dnn_status build(trainer *t, const dnn_node *origin, const dnn_node *nested)
{
    dnn_status st = setup_training(&t->config, t->dataset, &t->graph, &t->objective);
    if (st == DNN_OK) st = trainer_name_values(t);
    if (st == DNN_OK) st = resolve(t, origin, nested);
    if (st == DNN_OK) st = phases_create(&t->config.training, origin, t->graph, &t->phases);
    if (st != DNN_OK) return st;
    t->epoch_record = dnn_alloc(dnn_objective_record_size(t->objective), sizeof(double));
    t->validation_record = dnn_alloc(dnn_objective_record_size(t->objective), sizeof(double));
    return t->epoch_record && t->validation_record ? DNN_OK : DNN_E_MEMORY;
}

static dnn_status create_runners(trainer *t)
{
    runner_options options;
    dnn_status st = setup_runner(&t->config, t->team, t->dataset, t->graph, t->objective, &options);
    options.optimizer = &t->phases.at[0].optimizer;
    options.vectors = phases_vectors(&t->phases);
    if (st == DNN_OK) st = runner_create(&options, &t->run);
    if (st != DNN_OK || dnn_dataset_rows(t->dataset, DNN_VALIDATION) == 0) return st;
    options = setup_forward_runner(&options);
    options.weights = t->run.weights;
    return runner_create(&options, &t->forward);
}

/* Initial weights, drawn by every team's leader alike, or those of the file the run starts from. */
static dnn_status start_weights(trainer *t, shared_model *start, bool with_optimizer)
{
    dnn_status st = DNN_OK;
    if (dnn_team_leads(t->team)) st = dnn_graph_initialize(t->graph, (uint64_t)t->config.seed, t->run.weights);
    st = dnn_agree(t->comm, st);
    if (st == DNN_OK) st = adapt(&t->run);
    if (st == DNN_OK) st = phase_start(t, 0, 0, 0);
    if (st == DNN_OK && start->origin) st = reuse_weights(t->team, start, t->graph, t->run.weights);
    if (st == DNN_OK) st = nested_weights(t->team, start->nested, t->graph, t->run.weights);
    if (st == DNN_OK && with_optimizer) st = checkpoint_take_optimizer(t, start);
    dnn_comm_barrier(t->comm);
    return st;
}

void trainer_destroy(trainer *t)
{
    saver_destroy(t);
    stragglers_clear(&t->stragglers);
    watchers_destroy(t);
    phases_clear(&t->phases);
    history_close(&t->history);
    runner_destroy(&t->forward);
    runner_destroy(&t->run);
    for (size_t i = 0; i < MAX_VALUES; i++) dnn_free(t->val_names[i]);
    dnn_free(t->epoch_record);
    dnn_free(t->validation_record);
    dnn_objective_destroy(t->objective);
    dnn_graph_destroy(t->graph);
    if (t->dataset) dnn_dataset_close(t->dataset);
    if (t->team) dnn_team_destroy(t->team);
    if (t->folder.path) run_folder_close(&t->folder);
    dnn_config_clear(&t->config);
}

dnn_status trainer_load(trainer *t, const char *run_file, const char *const *overrides, size_t count, trainer_start *start)
{
    dnn_node *root = NULL;
    *start = (trainer_start){ 0 };
    dnn_status st = dnn_config_load(t->comm, run_file, overrides, count, &root);
    if (st == DNN_OK) st = setup_model_start(t->comm, root, &start->model, &start->with_optimizer);
    if (st == DNN_OK) st = dnn_agree(t->comm, dnn_config_read(root, &t->config));
    dnn_node_destroy(root);
    if (st == DNN_OK) dnn_watch_timeout(t->config.comm.timeout);
    return st;
}

dnn_status trainer_prepare(trainer *t, int threads, trainer_start *start)
{
    dnn_status st = setup_team(t->comm, &t->config, threads, &t->team);
    dnn_watch_phase(DNN_PHASE_DATA);
    if (st == DNN_OK) st = dnn_dataset_open(t->team, &t->config.data, (uint64_t)t->config.seed, NULL, &t->dataset);
    dnn_watch_phase(DNN_PHASE_SETUP);
    if (st == DNN_OK) st = dnn_agree(t->comm, build(t, start->model.origin, start->model.nested));
    if (st == DNN_OK) st = create_runners(t);
    if (st == DNN_OK) st = start_weights(t, &start->model, start->with_optimizer);
    return st;
}
