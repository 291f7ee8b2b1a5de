/* history.csv and steps.csv: one line an epoch, one every `log_every` steps. Rank 0 alone. Numbers are written so that they read back to
 * the same double. */
#ifndef DNN_TRAIN_HISTORY_H
#define DNN_TRAIN_HISTORY_H

#include "dnn/train/callback.h"
#include "train/folder/log_file.h"
#include "train/folder/run_folder.h"

/* A file of lines. What the disk does not take (full, no permission) waits in memory until it does, so that nothing is missing between. */
typedef struct history_file { char *path; growing waiting; } history_file;
/* Warns at the first line that must wait. DNN_E_MEMORY. */
dnn_status history_append(history_file *f, const char *text);

typedef struct history { history_file epochs, steps, diagnosis; uint64_t samples; /* of an epoch */ } history;

typedef struct history_plan {
    const char *const *names; size_t count;
    uint64_t samples;
    bool steps, diagnosis;       /* steps.csv, diagnosis.csv are wanted */
    uint64_t epoch, step;        /* done before: a run that goes on */
} history_plan;
/* Begins the files, or where a run goes on drops the lines behind those epochs and steps. */
dnn_status history_open(const run_folder *folder, const history_plan *plan, history *out);
void history_close(history *h);
/* Lines that wait go to disk; DNN_E_IO where it still does not take them: then no checkpoint may go beyond them either. */
dnn_status history_flush(history *h);
dnn_status history_epoch(history *h, const dnn_report *report);
typedef struct step_line { uint64_t step, epoch; double learning_rate, loss, gradient_norm, clip_factor; } step_line;
dnn_status history_step(history *h, const step_line *line);

#endif
