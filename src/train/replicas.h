/* Several teams keep a copy of the weights each; nothing sends them around, so nothing else would notice that they differ. Private to `train`. */
#ifndef DNN_TRAIN_REPLICAS_H
#define DNN_TRAIN_REPLICAS_H

#include "train/runner.h"

/* DNN_E_REPLICAS where the teams' weights are not the same to the bit after `step` updates. Collective, between steps; nothing happens with one team. */
dnn_status replicas_check(const runner *r, uint64_t step);

#endif
