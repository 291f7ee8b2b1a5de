/* `training.diagnose`: at the last step of each epoch, how activations and gradients spread over the layers and which units are dead, into diagnosis.csv.
 * Sums are kept per shard and folded in the one tree; steps without a diagnosis cost nothing. */
#ifndef DNN_TRAIN_DIAGNOSIS_H
#define DNN_TRAIN_DIAGNOSIS_H

#include "train/history.h"
#include "train/runner.h"

#define DIAGNOSIS_HEADER "epoch,layer,activation_mean,activation_sd,gradient_norm,weight_norm,update_ratio,dead_share\n"

/* Places per layer within a shard's stretch of r->seen; r->seen_width is 0 where nothing is diagnosed. Local. */
dnn_status diagnosis_plan(runner *r);
void diagnosis_clear(runner *r);
/* What one worker sees in a step. */
typedef struct diagnosis_eye { worker *k; const dnn_layer *layer; size_t shard; } diagnosis_eye;
/* Zeroes this worker's stretches and makes the observer. */
dnn_observer diagnosis_open(diagnosis_eye *eye, worker *k);

/* After such a step, on rank 0: one line per layer appended to the file. */
dnn_status diagnosis_write(const runner *r, history_file *file, uint64_t epoch);

#endif
