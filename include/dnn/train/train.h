/** The commands that work on a run: training, evaluating, predicting. All are Collective over `comm` (NULL: one rank, no MPI) and return the same
 * status on all ranks. They print nothing: progress goes to an observer, messages to the log. */
#ifndef DNN_TRAIN_TRAIN_H
#define DNN_TRAIN_TRAIN_H

#include "dnn/comm/team.h"
#include "dnn/data/dataset.h"
#include "dnn/nn/graph.h"
#include "dnn/train/callback.h"

typedef enum dnn_resume { DNN_RESUME_NONE, DNN_RESUME_NEVER, DNN_RESUME_AUTO, DNN_RESUME_FILE } dnn_resume;

/** What is shown while a training runs. All calls on rank 0's main thread; any function may be NULL. */
typedef struct dnn_progress {
    void *context;
    /** Before the first step: one line about ranks, threads, data and model each. */
    void (*begin)(void *context, const char *text);
    void (*epoch_begin)(void *context, uint64_t epoch, uint64_t epochs, uint64_t steps);
    /** At most about ten times a second. `values` as in the report so far: running means over the epoch. */
    void (*step)(void *context, uint64_t step_of_epoch, const dnn_report *running);
    void (*epoch_end)(void *context, const dnn_report *report);
    /** A callback has left a table in the folder `output` that is worth a picture. A failure does not fail the training. */
    dnn_status (*plot)(void *context, const char *output, const dnn_plot *plot);
    /** Parts of an evaluation or prediction done. */
    void (*rows)(void *context, const char *what, uint64_t done, uint64_t all);
} dnn_progress;

typedef struct dnn_train_request {
    const char *run_file;
    const char *const *overrides; size_t n_overrides;
    dnn_resume resume;
    const char *resume_file;    /**< DNN_RESUME_FILE */
    bool overwrite;
    int threads;                /**< workers in this rank, >= 1 */
    const dnn_progress *progress;
} dnn_train_request;

dnn_status dnn_train(dnn_comm *comm, const dnn_train_request *request);
/** From now on SIGUSR1 (save and end) and SIGCONT (save) are noted for the training that begins later, instead of ending the process: to be called before
 * MPI starts. Local. */
void dnn_train_listen(void);

/** One tensor of `check --gradients`. Errors are relative to the tensor's largest gradient. */
typedef struct dnn_gradient_line {
    const char *name;
    size_t elements, probed;     /**< how many there are, how many were tried by finite differences */
    double engine;               /**< engine in float against the same formulas in double, worst element */
    double differences;          /**< those formulas against central differences in double, worst probed element */
    bool agrees;
} dnn_gradient_line;

/** Reads the run file and everything it names, builds the network, gives advice (log.h) and trains nothing. Local: one rank, no MPI.
 * `summary` (may be NULL) is called with the network and the data while both exist. */
typedef struct dnn_check_request {
    const char *run_file;
    const char *const *overrides; size_t n_overrides;
    int threads, ranks;         /**< that the training is meant for, on this machine: advice alone */
    void (*summary)(void *context, const dnn_graph *graph, const dnn_dataset *ds);
    /** Not NULL: the engine's gradients of the first batch are held against double arithmetic and finite differences; called once per
     * tensor. DNN_E_INTERNAL is returned where one does not agree. */
    void (*gradient)(void *context, const dnn_gradient_line *line);
    void *context;
} dnn_check_request;
dnn_status dnn_check(const dnn_check_request *request);

typedef struct dnn_apply_request {
    const char *model_file;
    const char *const *overrides; size_t n_overrides;
    int threads;
    int part;                   /**< dnn_part, or -1: test, else the only one there is */
    const char *out;            /**< predict: .h5 or .csv */
    bool overwrite;
    uint64_t passes;            /**< predict: Monte-Carlo passes; 0: none */
    const dnn_progress *progress;
} dnn_apply_request;

typedef struct dnn_results {
    char **names; double *values; size_t count;
    struct dnn_objective_table *tables; size_t n_tables;  /**< of metrics that are more than one number (nn/objective.h) */
    uint64_t samples;
    dnn_part part;
} dnn_results;

/** Loss and metrics of a part, each sample counted once. `out` owned by the caller (dnn_results_clear). */
dnn_status dnn_evaluate(dnn_comm *comm, const dnn_apply_request *request, dnn_results *out);
void dnn_results_clear(dnn_results *results);
/** Outputs of a part into a file, in row order, in original target units. */
dnn_status dnn_predict(dnn_comm *comm, const dnn_apply_request *request);

#endif
