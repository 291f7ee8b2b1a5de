/* Saving beside the training. What a file is written from is copied in a moment, and a thread of rank 0 writes it while the steps go on:
 *
 *   all workers of rank 0's team    saver_copy: each its slice of weights and moments
 *   rank 0                          saver_hand_over: where the training stands; then the thread has it all
 *   the thread                      the files asked for; after a checkpoint the old ones go
 *   rank 0, after a step            saver_collect: what became of it
 *
 * One save at a time: who comes while the one before is being written waits for it, so every file asked for is there in the end. A save that fails is
 * warned of and the training goes on with what is there, until `checkpoint.max_failures` have failed in a row. With `checkpoint.background: false`
 * nothing is copied and rank 0 itself writes. Private to `train`. */
#ifndef DNN_TRAIN_SAVER_H
#define DNN_TRAIN_SAVER_H

#include "dnn/exchange/model_file.h"
#include "train/folder/background.h"
#include "train/step/runner.h"

enum { SAVE_TARGETS = 17, SAVE_TEXT = 1024 }; /* a file for each callback and the checkpoint */

typedef struct trainer trainer;

/* A file wished for. */
typedef struct save_target {
    char *path;          /* owned */
    bool weights_only;
    bool checkpoint;     /* of checkpoints/: old ones go when it is there */
} save_target;

typedef struct saver {
    background thread;
    dnn_window window;         /* rank 0's team: weights and moments as they were; no base: nothing is copied */
    dnn_node *constant;        /* of the section: run file, scalers, seed */
    dnn_node *training;        /* loss, metrics as in a run file */

    /* The save under way; the thread's between hand-over and collection */
    save_target targets[SAVE_TARGETS]; size_t n_targets;
    dnn_node *section;
    dnn_model_content content;
    const float *slots[DNN_MAX_VECTORS];
    double scalars[DNN_MAX_SCALARS];
    dnn_model_array arrays[SAVE_TARGETS];
    uint64_t step, epoch, epoch_step;
    bool handed_over;
    dnn_status status;         /* how it went, and in which words */
    char text[SAVE_TEXT];
    double seconds;            /* that writing took */

    int failures;              /* in a row */
    bool any_saved;            /* a checkpoint, by this run or the one it goes on from */
    uint64_t saved_step, saved_epoch_step; /* and where that stood */
    double last_seconds;       /* the longest a save has taken lately */
    double waited;             /* seconds the training has waited for saves */
} saver;

/* Reserves the copy's memory and starts the thread. Collective; every rank. DNN_E_MEMORY names the way out. */
dnn_status saver_create(trainer *t);
/* Waits for what is being written. Collective. */
void saver_destroy(trainer *t);

/* Every worker of every rank calls it, at a moment when nobody changes weights; then nobody does before it has returned on all. Waits for the save
 * before. */
void saver_copy(trainer *t, worker *k);
/* Rank 0. A file for the next hand-over: checkpoints/step-…, or one of the output folder by name. */
dnn_status saver_want_checkpoint(trainer *t);
dnn_status saver_want_file(trainer *t, const char *name, bool weights_only);
/* Rank 0, main thread, after saver_copy: what was wanted is on its way. */
dnn_status saver_hand_over(trainer *t);
/* Rank 0. Nothing to collect and all well: DNN_OK; a failed save that can be borne: DNN_OK and a warning. Else what ends the training. */
dnn_status saver_collect(trainer *t);
/* As saver_collect, after waiting. */
dnn_status saver_finish(trainer *t);
/* Rank 0. Returns when the thread has nothing to do; what became of its work is left for the next that collects it. */
void saver_wait(trainer *t);
/* Rank 0, no step under way: a checkpoint of where the training stands, unless it is there. Returns when it is on disk, or its failure, whatever
 * max_failures says. */
dnn_status saver_save_now(trainer *t);
/* Rank 0, no step under way: the model as it stands into a file of the output folder; its failure likewise. */
dnn_status saver_write_model(trainer *t, const char *name);
/* save.c: writes what was asked for and notes how it went; the thread's work, or rank 0's own. `trainer`: a trainer. */
void save_files(void *trainer);
/* Rank 0. A save could not even be begun: counts as one that has failed. */
dnn_status saver_failed(trainer *t, dnn_status why);

#endif
