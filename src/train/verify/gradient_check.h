/* `check --gradients`: the engine against double arithmetic against finite differences. */
#ifndef DNN_TRAIN_GRADIENT_CHECK_H
#define DNN_TRAIN_GRADIENT_CHECK_H

#include "dnn/train/train.h"
#include "train/setup/setup.h"

dnn_status gradient_check(const dnn_check_request *request, const dnn_config *config, dnn_team *team, dnn_dataset *ds, dnn_graph *graph,
                          dnn_objective *objective);

#endif
