/* What planted faults (dnn/base/failpoint.h) do where it takes more than a word at the place. There in builds with -DDNN_FAILPOINTS=ON alone. Private to
 * `train`. */
#ifndef DNN_TRAIN_PLANTS_H
#define DNN_TRAIN_PLANTS_H

#include "train/step/runner.h"

/* Each shard's gradient is clipped by its own norm before it is added. */
void plant_clip_shards(worker *k);
/* Each shard is divided by its own rows, and all shards count alike. */
void plant_mean_of_means(worker *k, size_t rows);
/* Rows of this worker's shards. */
double plant_own_rows(const worker *k);
/* The weights of the step before, on the last worker of all. */
const float *plant_stale_weights(worker *k);
/* Balanced over the rows that would be this rank's. */
void plant_class_weights(runner *r);
void plant_normalize_weights(bay *b);
/* The last metric, of two sums, becomes the mean over the shards of their quotients. */
void plant_average_metrics(worker *k, const double *records);
void plant_leave_out_record(worker *k, const double *record);
void plant_add_last_shard(const runner *r, const slice_block *b, float scale, float *out);
/* From as many shards on as there are workers, around: right but for rounding. */
void plant_add_in_another_order(const runner *r, const slice_block *b, float scale, float *out);
double plant_norm_of_slice(const worker *k);

/* A bit of the last learned tensor in a vector [total]. */
void plant_flip(const runner *r, float *vector);

#endif
