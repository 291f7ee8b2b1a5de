/* What is shown while a training or a pass over data runs. Private to `cli`. */
#ifndef DNN_CLI_PROGRESS_H
#define DNN_CLI_PROGRESS_H

#include "dnn/train/train.h"

/* Begins a display; `display` stays valid until the command ends. */
typedef struct progress {
    dnn_progress calls;
    uint64_t epoch, epochs, steps;
    double began, last_line;     /* seconds, monotonic */
    char last[512];              /* values of the last epoch */
    char output[512];            /* folder of the run */
    bool keeps_log, anew;        /* in its log.txt: in place of what is there, or behind it */
} progress;

/* The observer to hand to dnn_train and the like; `p` must outlive it. */
const dnn_progress *progress_open(progress *p);

/* "loss: 0.3519 - accuracy: 0.8752" in the way Keras rounds. Returns `out`. */
const char *progress_values(const dnn_report *report, char *out, size_t size);
/* A bar of `width` cells, `done` of `all` filled. */
void progress_bar(char *out, size_t size, uint64_t done, uint64_t all, int width, bool utf8, bool colors);

#endif
