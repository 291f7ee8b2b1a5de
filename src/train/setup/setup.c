/* From a configuration to things that run. */
#include "train/setup/setup.h"

#include <string.h>

#include "dnn/base/log.h"
#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "dnn/math/blas.h"
#include "train/setup/nested.h"
#include "train/setup/reuse.h"

enum { FORWARD_BATCH = 1024 };

/* What the run file's `training` leaves out is taken from the model file. */
static dnn_status merge_training(dnn_node *root, const dnn_node *from_file)
{
    dnn_node *training = dnn_node_find(root, "training");
    if (!from_file) return DNN_OK;
    if (!training) return dnn_node_set(root, "training", dnn_node_copy(from_file));
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < from_file->count && st == DNN_OK; i++)
        if (!dnn_node_find(training, from_file->items[i]->key))
            st = dnn_node_set(training, from_file->items[i]->key, dnn_node_copy(from_file->items[i]));
    return st;
}

/* What `model.weights` would have to say for the same start. */
static dnn_node *origin_of(const char *file, bool with_optimizer)
{
    if (!with_optimizer) return dnn_node_string(file);
    dnn_node *origin = dnn_node_map();
    dnn_status st = origin ? dnn_node_set(origin, "file", dnn_node_string(file)) : DNN_E_MEMORY;
    if (st == DNN_OK) st = dnn_node_set(origin, "optimizer", dnn_node_bool(true));
    if (st == DNN_OK) return origin;
    dnn_node_destroy(origin);
    return NULL;
}

static dnn_status take_file(dnn_comm *comm, dnn_node *root, const dnn_node *file, shared_model *start, bool *with_optimizer)
{
    if (file->type != DNN_NODE_STRING) return dnn_node_fail(DNN_E_CONFIG, file, "model.file: must be the path of a model file");
    dnn_status st = shared_model_open(comm, file->text, start);
    if (st != DNN_OK) return st;
    if (!start->architecture) return dnn_node_fail(DNN_E_MODEL, file, "model.file: %s holds weights alone; write model.layers and model.weights", file->text);
    *with_optimizer = !dnn_node_at(root, "training.optimizer") && !dnn_node_at(root, "training.phases");
    start->origin = origin_of(file->text, *with_optimizer);
    st = start->origin ? dnn_node_set(root, "model", dnn_node_copy(start->architecture)) : DNN_E_MEMORY;
    return st == DNN_OK ? merge_training(root, start->training) : st;
}

dnn_status setup_model_start(dnn_comm *comm, dnn_node *root, shared_model *start, bool *with_optimizer)
{
    *start = (shared_model){ 0 };
    *with_optimizer = false;
    dnn_node *model = dnn_node_find(root, "model");
    const dnn_node *file = dnn_node_find(model, "file"), *weights = dnn_node_find(model, "weights"), *reuse = dnn_node_find(model, "reuse");
    dnn_status st = DNN_OK;
    if (file && (weights || reuse || dnn_node_find(model, "layers")))
        return dnn_node_fail(DNN_E_CONFIG, file, "model.file brings layers and weights; leave out model.layers, model.weights and model.reuse");
    if (weights && reuse) return dnn_node_fail(DNN_E_CONFIG, weights, "model.weights: the weights of model.reuse are those of its file; leave out one of them");
    if (reuse) st = reuse_expand(comm, model, start);
    if (weights) st = reuse_open(comm, weights, start, with_optimizer);
    if (st == DNN_OK && weights) dnn_node_remove(model, "weights"); /* the rest is the network's */
    if (file) st = take_file(comm, root, file, start, with_optimizer);
    st = dnn_agree(comm, st);
    dnn_node *nested = NULL;
    if (st == DNN_OK && !file && model) st = nested_expand(comm, model, &nested);
    start->nested = nested;
    st = dnn_agree(comm, st);
    if (st != DNN_OK) shared_model_close(start);
    return st;
}

dnn_status setup_team(dnn_comm *comm, const dnn_config *config, int threads, dnn_team **out)
{
    dnn_status st = DNN_OK;
    *out = NULL;
    if (threads > 1 && !dnn_blas_serves_threads())
        st = dnn_fail(DNN_E_CONFIG, "--threads %d: %s computes wrong products for several threads at once; start more ranks instead, or install its "
                                    "OpenMP build (libopenblas0-openmp)", threads, dnn_blas_version());
    st = dnn_agree(comm, st);
    return st == DNN_OK ? dnn_team_create(comm, (dnn_team_scope)config->comm.team, threads, out) : st;
}

dnn_status setup_network(const dnn_node *model, const dnn_dataset *ds, dnn_graph **graph)
{
    dnn_port ports[DNN_MAX_IO] = { 0 };
    size_t n = 0;
    for (; n < dnn_dataset_inputs(ds) && n < DNN_MAX_IO; n++) {
        const dnn_array_info *info = dnn_dataset_input(ds, n);
        memcpy(ports[n].name, info->name, sizeof ports[n].name);
        ports[n].shape = info->shape;
    }
    return dnn_graph_create(model, ports, n, graph);
}

dnn_status setup_objective(const dnn_graph *graph, const dnn_training_config *t, dnn_objective **out)
{
    return dnn_objective_create(graph, t->loss, t->metrics, t->weighted_metrics, t->loss_weights, out);
}

static dnn_status check_training_data(const dnn_dataset *ds)
{
    if (dnn_dataset_rows(ds, DNN_TRAIN) == 0)
        return dnn_fail(DNN_E_DATA, "data: the training part has no rows; split, classes and limit left none of it");
    if (dnn_dataset_targets(ds) == 0) return dnn_fail(DNN_E_CONFIG, "data.source: training needs targets; name them (csv: target, hdf5: y)");
    return DNN_OK;
}

dnn_status setup_training(const dnn_config *config, const dnn_dataset *ds, dnn_graph **graph, dnn_objective **objective)
{
    dnn_status st = setup_network(config->model, ds, graph);
    if (st == DNN_OK) st = setup_objective(*graph, &config->training, objective);
    return st == DNN_OK ? check_training_data(ds) : st;
}

/* From `auto` or a number. */
static dnn_status cut_of(const dnn_training_config *training, const dnn_team *team, cut *out)
{
    const dnn_node *s = training->shards;
    size_t shards = 0;
    if (s && s->type == DNN_NODE_INT && s->integer >= 1 && s->integer <= 4096) {
        shards = (size_t)s->integer;
    } else if (s && !(s->type == DNN_NODE_STRING && strcmp(s->text, "auto") == 0) && s->type != DNN_NODE_NULL) {
        char value[64];
        return dnn_node_fail(DNN_E_CONFIG, s, "training.shards = %s: must be auto or a number from 1 to 4096",
                             dnn_node_describe(s, value, sizeof value));
    }
    const int workers = dnn_team_all_workers(team);
    if (shards && shards < (size_t)workers && dnn_comm_rank(dnn_team_comm(team)) == 0)
        dnn_warn("training.shards = %zu: %d of %d workers stay idle", shards, workers - (int)shards, workers);
    *out = cut_batch((size_t)training->batch_size, shards, team);
    return DNN_OK;
}

/* Rounded otherwise where there are more or fewer teams, and not at all where there is one. */
static dnn_status check_compression(const dnn_config *config, const dnn_team *team, const cut *of)
{
    if (!config->comm.compression) return DNN_OK;
    if (dnn_team_count(team) == 1 && dnn_comm_rank(dnn_team_comm(team)) == 0)
        dnn_advise("comm.compression has no effect on one team: nothing travels between machines; comm.team: rank makes each rank a team of its own, to try it");
    if (!of->exact) return DNN_OK;
    return dnn_fail(DNN_E_CONFIG, "comm.compression: bfloat16 rounds otherwise where there are more or fewer teams, and training.shards promises the same bits: "
                                  "leave one of them out");
}

size_t setup_forward_batch(size_t training_batch) { return training_batch > FORWARD_BATCH ? training_batch : FORWARD_BATCH; }

dnn_status setup_runner(const dnn_config *config, dnn_team *team, dnn_dataset *ds, dnn_graph *graph, dnn_objective *objective, runner_options *out)
{
    const dnn_training_config *t = &config->training;
    *out = (runner_options){ .team = team, .graph = graph, .objective = objective, .dataset = ds, .optimizer = &t->optimizer, .seed = (uint64_t)config->seed,
                             .shuffle = t->shuffle, .class_weights = t->class_weights, .epochs = (uint64_t)t->epochs, .log_every = (uint64_t)t->log_every,
                             .sentinel = (uint64_t)config->comm.sentinel, .noise = t, .diagnose = t->diagnose, .trace = t->trace,
                             .compression = (dnn_compression)config->comm.compression, .overlap = (dnn_overlap)config->comm.overlap };
    const dnn_status st = cut_of(t, team, &out->cut);
    return st == DNN_OK ? check_compression(config, team, &out->cut) : st;
}

runner_options setup_forward_runner(const runner_options *training)
{
    const cut *c = &training->cut;
    return (runner_options){ .team = training->team, .graph = training->graph, .objective = training->objective, .dataset = training->dataset,
                             .seed = training->seed, .cut = cut_batch(setup_forward_batch(c->batch), c->exact ? c->shards : 0, training->team) };
}
