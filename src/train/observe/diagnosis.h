/* `training.diagnose`: at the last step of each epoch, how activations and gradients spread over the layers and which units are dead, into diagnosis.csv.
 * Sums are kept per shard and folded in the one tree; steps without a diagnosis cost nothing. */
#ifndef DNN_TRAIN_DIAGNOSIS_H
#define DNN_TRAIN_DIAGNOSIS_H

#include "train/folder/history.h"
#include "train/step/runner.h"

#define DIAGNOSIS_HEADER "epoch,layer,activation_mean,activation_sd,gradient_norm,weight_norm,update_ratio,dead_share\n"

/* What diagnosis.csv says of a layer, and which share of the variance of its activations lies between rows (and places of an
 * image) rather than between units: where that is gone, whatever stands behind sees all rows alike. */
typedef struct diagnosis_line { double mean, sd, gradient, weights, ratio, dead, between_rows; bool looked_at, learns; } diagnosis_line;

/* Places per layer within a shard's stretch of r->seen; r->seen_width is 0 where nothing is diagnosed. Local. */
dnn_status diagnosis_plan(runner *r);
void diagnosis_clear(runner *r);
/* What one worker sees in a step. */
typedef struct diagnosis_eye { worker *k; const dnn_layer *layer; size_t shard; } diagnosis_eye;
/* Zeroes this worker's stretches and makes the observer. */
dnn_observer diagnosis_open(diagnosis_eye *eye, worker *k);

/* After such a step, on rank 0: one line per layer appended to the file. */
dnn_status diagnosis_write(const runner *r, history_file *file, uint64_t epoch);

/* verdict.c: what the last diagnosis says of the network, a line each: what has gone wrong, in which layers, and what usually helps; or
 * that nothing has. On rank 0; nothing where there was no diagnosis. */
void diagnosis_say(const runner *r);
enum { VERDICT_LINES = 5, VERDICT_TEXT = 400 };
/* The lines into `out`; returns their number. `healthy`: they tell of no trouble. */
size_t verdict_of(const diagnosis_line *lines, const char *const *names, size_t n, char out[VERDICT_LINES][VERDICT_TEXT], bool *healthy);

#endif
