/* From a configuration to things that run: data set, graph, objective; and model files shared by all ranks. Collective. */
#ifndef DNN_TRAIN_SETUP_H
#define DNN_TRAIN_SETUP_H

#include "dnn/exchange/model_file.h"
#include "dnn/train/config.h"
#include "train/step/runner.h"

/* A model file that rank 0 has opened and the others know the descriptive part of. */
typedef struct shared_model {
    dnn_model_file *file;                     /* rank 0; NULL elsewhere */
    dnn_node *architecture, *training, *section; /* owned; each may be NULL */
    dnn_node *nested;                         /* owned; a training's start: parts of the model and their files (train/setup/nested.h); NULL: none */
    dnn_node *origin;                         /* owned; a training's start: what `model.weights` says of it; NULL otherwise */
    dnn_port inputs[DNN_MAX_IO]; size_t n_inputs;
} shared_model;
dnn_status shared_model_open(dnn_comm *comm, const char *path, shared_model *out);
void shared_model_close(shared_model *m);
/* Reads on rank 0 by `read(context, file, values)` into `values` [count] of every team's shared memory. */
typedef dnn_status shared_read(void *context, dnn_model_file *file, float *values);
dnn_status shared_values(dnn_team *team, shared_model *m, shared_read *read, void *context, float *values, size_t count);
/* The weights of a graph of the same architecture into the team's `weights`. */
dnn_status shared_weights(dnn_team *team, shared_model *m, const dnn_graph *graph, float *weights);
/* Whatever rank 0 holds in `bytes` of `data` becomes what each team's leader holds. */
dnn_status share_with_leaders(dnn_team *team, void *data, size_t bytes);

/* Where `model` names a file (`file:`) its architecture takes the place of the node, and what `training` leaves out is taken from it; layers
 * of `reuse:` become layers of the node. `start` is that file, or that of `weights:` or `reuse:`; its `file` stays open on rank 0.
 * `start->origin` NULL: none. */
dnn_status setup_model_start(dnn_comm *comm, dnn_node *root, shared_model *start, bool *with_optimizer);

/* The team of a run, `threads` workers in this rank, where this BLAS serves them. Collective. */
dnn_status setup_team(dnn_comm *comm, const dnn_config *config, int threads, dnn_team **out);

/* The network for the data's arrays, and its objective where `training` says one. */
dnn_status setup_network(const dnn_node *model, const dnn_dataset *ds, dnn_graph **graph);
dnn_status setup_objective(const dnn_graph *graph, const dnn_training_config *training, dnn_objective **out);
/* Both, for a training; what it has to train on is there: else DNN_E_DATA without rows, DNN_E_CONFIG without targets. Local. */
dnn_status setup_training(const dnn_config *config, const dnn_dataset *ds, dnn_graph **graph, dnn_objective **objective);
/* What the run file says of a runner that trains them: with `training.optimizer` for `training.epochs`, cut for the team's workers, with a warning where some
 * stay idle. Callers with other needs change what they need otherwise. `objective` NULL: outputs only. */
dnn_status setup_runner(const dnn_config *config, dnn_team *team, dnn_dataset *ds, dnn_graph *graph, dnn_objective *objective, runner_options *out);
/* Of the same network for passes forward alone: in batches large enough for the products to be quick, the same on all ranks. */
runner_options setup_forward_runner(const runner_options *training);
/* Rows of such a batch. */
size_t setup_forward_batch(size_t training_batch);

#endif
