/* Several teams keep a copy of weights and optimizer state each; nothing sends them around, so nothing else would notice that they differ. Every
 * comm.sentinel steps a 64-bit hash of each copy travels with the record of the step; before a save and between epochs the copies meet for it. With one
 * team there is nothing to compare. Private to `train`.
 *
 * The hash of a copy is the sum over blocks of DNN_BLOCK values of each block's own, so it does not depend on how many workers a team has. */
#ifndef DNN_TRAIN_REPLICAS_H
#define DNN_TRAIN_REPLICAS_H

#include "train/step/runner.h"

/* Whether the step after `step` updates compares. */
bool replicas_due(const runner *r, uint64_t step);
/* Writes the hash of this worker's share into a record, before the step changes anything. */
void replicas_put_hash(const worker *k, double *records);
/* After the meeting for that record: whether all teams' hashes are the same. */
bool replicas_same(const runner *r, const double *records);
/* Every worker, between steps: the same with a meeting of its own. */
bool replicas_meet(worker *k);
/* DNN_E_REPLICAS where the copies are not the same to the bit after `step` updates, with the first tensor and the teams that differ. Collective,
 * between steps. */
dnn_status replicas_check(runner *r, uint64_t step);

#endif
