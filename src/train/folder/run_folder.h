/* The output folder of a run: whose it is, what a former run left there, status.json. Rank 0 alone works on it. */
#ifndef DNN_TRAIN_RUN_FOLDER_H
#define DNN_TRAIN_RUN_FOLDER_H

#include "dnn/base/node.h"
#include "dnn/train/train.h"

typedef struct run_folder {
    const char *path;
    int lock;
    bool fresh;  /* made by run_folder_open, and no run has begun in it */
} run_folder;

/* Makes and locks it. DNN_E_CONFIG where it holds a run and neither resuming nor overwriting was asked for (names both ways out). */
dnn_status run_folder_open(const char *path, dnn_resume resume, bool overwrite, run_folder *out);
/* A run begins, and all that may be wrong before has been found: only now `overwrite` removes what a former run left, nothing else. */
dnn_status run_folder_begin(run_folder *folder, bool overwrite);
/* A folder that is still fresh goes with it. */
void run_folder_close(run_folder *folder);
/* Whether a file of `checkpoints/` is one by its name, step-%010d.h5, and the updates it was saved after. */
bool run_folder_is_checkpoint(const char *name, uint64_t *step);
/* "path/name" in new memory; NULL when out of memory. */
char *run_folder_file(const run_folder *folder, const char *name);
dnn_status run_folder_write_tree(const run_folder *folder, const char *name, const dnn_node *tree);
/* state: running, done, failed, stopped, diverged. */
dnn_status run_folder_write_status(const run_folder *folder, const char *state, uint64_t epoch, uint64_t step, dnn_status code);

/* How far the run had come that wrote a status.json; both stay as they are where it cannot be read. */
void run_folder_read_status(const char *path, uint64_t *epoch, uint64_t *step);

#endif
