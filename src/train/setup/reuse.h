/* Parts of a saved model in a new one (`model.reuse`, `model.weights`). Private to `train`. Collective where a communicator is. */
#ifndef DNN_TRAIN_REUSE_H
#define DNN_TRAIN_REUSE_H

#include "train/setup/setup.h"

/* Opens the file of `model.reuse`, puts its layers in front of `model.layers` and takes the key away; `start->origin` is then what
 * `model.weights` would have to say for the same start. A name that is taken twice is the graph's to refuse. */
dnn_status reuse_expand(dnn_comm *comm, dnn_node *model, shared_model *start);
/* Opens the file of `model.weights`. */
dnn_status reuse_open(dnn_comm *comm, const dnn_node *weights, shared_model *start, bool *with_optimizer);
/* Weights of the file that `start` is into those of `graph`: all in order, or where `origin` names layers only theirs, by name. DNN_E_MODEL
 * names both sides where they differ. */
dnn_status reuse_weights(dnn_team *team, shared_model *start, const dnn_graph *graph, float *weights);
/* Whether `origin` (NULL: no) names the layer. */
bool reuse_has(const dnn_node *origin, const char *layer);
/* `*`, `?` and [] as in file names. */
bool reuse_matches(const char *pattern, const char *name);

#endif
