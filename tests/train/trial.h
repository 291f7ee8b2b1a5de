/* A network bound to ranks from the text of a run file, without an output folder: what the tests of the runner start from. */
#ifndef DNN_TESTS_TRAIN_TRIAL_H
#define DNN_TESTS_TRAIN_TRIAL_H

#include <string.h>
#include "support/mpi_test.h"
#include "dnn/base/memory.h"
#include "dnn/base/status.h"
#include "dnn/io/tree.h"
#include "dnn/train/config.h"
#include "train/setup/setup.h"
#include "train/step/runner.h"

typedef struct trial {
    dnn_config config;
    dnn_team *team;
    dnn_dataset *dataset;
    dnn_graph *graph;
    dnn_objective *objective;
    runner run;
} trial;

static inline dnn_status trial_open(dnn_comm *comm, const char *text, int threads, trial *t)
{
    dnn_node *root = NULL;
    *t = (trial){ 0 };
    dnn_status st = dnn_yaml_parse(text, strlen(text), "trial.yaml", &root);
    if (st == DNN_OK) st = dnn_config_read(root, &t->config);
    dnn_node_destroy(root);
    if (st == DNN_OK) st = dnn_team_create(comm, (dnn_team_scope)t->config.comm.team, threads, &t->team);
    if (st == DNN_OK) st = dnn_dataset_open(t->team, &t->config.data, (uint64_t)t->config.seed, NULL, &t->dataset);
    if (st == DNN_OK) st = setup_training(&t->config, t->dataset, &t->graph, &t->objective);
    runner_options options = { 0 };
    if (st == DNN_OK) st = setup_runner(&t->config, t->team, t->dataset, t->graph, t->objective, &options);
    if (st == DNN_OK) st = runner_create(&options, &t->run);
    if (st == DNN_OK && dnn_team_leads(t->team)) st = dnn_graph_initialize(t->graph, options.seed, t->run.weights);
    if (st != DNN_OK) fprintf(stderr, "trial: %s\n", dnn_fail_text());
    dnn_comm_barrier(comm);
    return st;
}

static inline void trial_close(trial *t)
{
    runner_destroy(&t->run);
    dnn_objective_destroy(t->objective);
    dnn_graph_destroy(t->graph);
    if (t->dataset) dnn_dataset_close(t->dataset);
    if (t->team) dnn_team_destroy(t->team);
    dnn_config_clear(&t->config);
}

typedef struct trial_epoch { trial *t; uint64_t epoch, steps; bool finite; } trial_epoch;

static inline void trial_epoch_worker(void *context, int index)
{
    trial_epoch *e = context;
    worker *k = &e->t->run.workers[index - dnn_team_first_worker(e->t->team)];
    bool finite = true;
    for (uint64_t s = 0; s < e->steps && finite; s++) finite = train_step(k, e->epoch, s);
    if (k->main) e->finite = finite;
}

/* `steps` steps of epoch `epoch` (from 1). */
static inline bool trial_steps(trial *t, uint64_t epoch, uint64_t steps)
{
    trial_epoch e = { .t = t, .epoch = epoch, .steps = steps };
    dnn_team_run(t->team, trial_epoch_worker, &e);
    return e.finite;
}

/* Largest difference of the weights, relative to the largest weight. */
static inline double trial_distance(const trial *a, const trial *b)
{
    double distance = 0.0, largest = 0.0;
    for (size_t i = 0; i < a->graph->segments.total; i++) {
        const double x = (double)a->run.weights[i], y = (double)b->run.weights[i];
        const double d = x > y ? x - y : y - x, m = x > 0 ? x : -x;
        if (!(d <= distance)) distance = d;
        if (m > largest) largest = m;
    }
    return distance / largest;
}

#endif
