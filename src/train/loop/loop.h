/* What the parts of the loop share: steps of an epoch (epoch.c), when and how they are saved (saves.c), epochs and phases (loop.c). Private to
 * `train/loop`. */
#ifndef DNN_TRAIN_LOOP_H
#define DNN_TRAIN_LOOP_H

#include "train/loop/trainer.h"

/* ---- epoch.c ---- */

/* Where the training stands, with the first `count` of its values. */
dnn_report report_of(trainer *t, size_t count);
/* Values of the epoch so far: batch losses with the penalties of their moment, weighted by batch rows. */
void epoch_values(trainer *t);
/* The steps of the epoch under way that are still to do; t->drifted, diverged, interrupted, stop say why there are no more. Collective; the outcome of this
 * rank's own work beside the steps is in t->side_status. */
void epoch_steps(trainer *t);
/* FLAG_… that signals, or on rank 0 the end of the batch job, ask for. Local; main thread. */
uint64_t asked_between_steps(trainer *t);

/* ---- saves.c ---- */

/* Whether a checkpoint is due after this worker's step, by their number or the step's flags: every worker says the same. */
bool save_due(const trainer *t, const worker *k);
/* Rank 0, after a step: whether the clock, or somebody who asked, wants one after the next. */
bool time_to_save(trainer *t, const worker *k, bool asked);
/* Every worker, after a step after which a checkpoint is due. */
void save_in_epoch(trainer *t, worker *k);
/* Rank 0. A checkpoint of here among the files that are wanted. */
dnn_status want_checkpoint(trainer *t);
/* Collective, between steps: the files that rank 0 has noted are on their way. */
dnn_status save_wanted(trainer *t);
/* Collective. Interrupted on request: a checkpoint of this very step, then DNN_E_STOPPED. */
dnn_status save_and_stop(trainer *t);
/* Rank 0, at the end of a training that began at `began`: where it has waited for saves a good part of its time, advice. */
void tell_waiting(const trainer *t, double began);

#endif
