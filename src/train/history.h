/* history.csv and steps.csv: one line an epoch, one every `log_every` steps. Rank 0 alone. Numbers are written so that they read back to
 * the same double. */
#ifndef DNN_TRAIN_HISTORY_H
#define DNN_TRAIN_HISTORY_H

#include "dnn/train/callback.h"
#include "train/run_folder.h"

typedef struct history { char *epochs_path, *steps_path, *diagnosis_path; uint64_t samples; /* of an epoch */ } history;

typedef struct history_plan {
    const char *const *names; size_t count;
    uint64_t samples;
    bool steps, diagnosis;       /* steps.csv, diagnosis.csv are wanted */
    uint64_t epoch, step;        /* done before: a run that goes on */
} history_plan;
/* Begins the files, or where a run goes on drops the lines behind those epochs and steps. */
dnn_status history_open(const run_folder *folder, const history_plan *plan, history *out);
void history_close(history *h);
dnn_status history_epoch(const history *h, const dnn_report *report);
typedef struct step_line { uint64_t step, epoch; double learning_rate, loss, gradient_norm, clip_factor; } step_line;
dnn_status history_step(const history *h, const step_line *line);

#endif
