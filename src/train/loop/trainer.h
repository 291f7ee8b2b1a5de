/* A training under way: the runner, what looks on, and where it stands. Private to `train`. */
#ifndef DNN_TRAIN_TRAINER_H
#define DNN_TRAIN_TRAINER_H

#include "train/folder/history.h"
#include "train/folder/saver.h"
#include "train/loop/deadline.h"
#include "train/loop/phases.h"
#include "train/observe/stragglers.h"
#include "train/setup/setup.h"
#include "train/step/runner.h"

enum { MAX_CALLBACKS = 16, MAX_VALUES = 64 };

/* A callback with its state and, where it keeps weights, its copy of them. */
typedef struct watcher {
    const dnn_component *component;
    const dnn_callback_kind *kind;
    void *state;
    float *kept;                   /* [segments.total] on ranks that lead a team; NULL: nothing kept yet */
    float *spare;                  /* likewise: room for the next ones while a file is being written from these */
    bool lent;                     /* it is */
} watcher;

struct trainer {
    dnn_comm *comm;
    dnn_team *team;
    dnn_config config;
    dnn_dataset *dataset;
    dnn_graph *graph;
    dnn_objective *objective;
    runner run;                    /* training */
    runner forward;                /* validation, on the same weights */
    const dnn_progress *progress;  /* rank 0; NULL elsewhere */
    run_folder folder;             /* rank 0 */
    history history;               /* rank 0 */
    watcher watchers[MAX_CALLBACKS]; size_t n_watchers;
    phases phases;                 /* at least one */
    stragglers stragglers;

    const char *names[MAX_VALUES]; /* of a report: training values, then val_ ones */
    char *val_names[MAX_VALUES];   /* owned */
    size_t n_names, n_train_values;
    double values[MAX_VALUES];

    /* Where it stands; the same on all ranks */
    uint64_t epoch;                /* epochs done */
    uint64_t epoch_step;           /* updates done in the epoch under way */
    uint64_t step;                 /* updates done */
    uint64_t epoch_first_step;     /* updates done before the epoch under way */
    double *epoch_record;          /* [record] sums of the epoch under way */
    double *validation_record;
    double epoch_penalty;          /* sum over the epoch's steps of penalties times rows */
    double epoch_seconds, last_rate;
    size_t phase;                  /* the one under way, from 0 */
    uint64_t phase_first_epoch;    /* epochs done before it */
    bool stop, end;                /* of the phase; of the training */
    bool resumed;                  /* it goes on from a checkpoint */
    bool begun;                    /* callbacks have been told that the training begins */
    bool diverged, interrupted, drifted;

    saver saver;                   /* its thread and what it reports: rank 0's */
    bool save_wished;              /* rank 0: since the last save somebody has asked for one */
    /* rank 0: saving */
    dnn_status side_status;        /* of what rank 0 does alone in the step loop */
    double epoch_began, last_saved, last_shown;
    deadline deadline;             /* rank 0 */
    bool out_of_time;
};

/* trainer.c: what a training starts from; `model` is closed by the caller (shared_model_close), also after a failure. */
typedef struct trainer_start { shared_model model; bool with_optimizer; } trainer_start;
/* Reads the run file into t->config. Collective over t->comm. */
dnn_status trainer_load(trainer *t, const char *run_file, const char *const *overrides, size_t count, trainer_start *start);
/* Team, data, network, runners, first weights: all that comes before the first step but the output folder. Collective. */
dnn_status trainer_prepare(trainer *t, int threads, trainer_start *start);
/* Names of the values that are reported, training and validation; data set, graph and objective are there. Local. */
dnn_status trainer_name_values(trainer *t);
void trainer_destroy(trainer *t);

/* checkpoint.c */
/* Where the training stands: what a checkpoint's section holds beside what stays the same all along. Owned by the caller; NULL: out of memory. */
dnn_node *checkpoint_position(const trainer *t);
/* Removes the checkpoints beyond the newest `keep` up to step `last`, and those of later steps. Rank 0. */
void checkpoint_prune(const trainer *t, uint64_t last);
/* The newest checkpoint of a folder that is whole, skipping damaged ones with a warning; NULL where there is none. Rank 0; owned by the caller. */
char *checkpoint_newest(const char *folder);
/* Takes up where the file left off. Collective. */
dnn_status checkpoint_resume(trainer *t, const char *path);
/* Optimizer state of a file the training starts from. Collective. */
dnn_status checkpoint_take_optimizer(trainer *t, shared_model *m);

/* phase_start.c: phase `number` begins after so many epochs and updates: what is frozen, its optimizer with fresh state. Collective. */
dnn_status phase_start(trainer *t, size_t number, uint64_t first_epoch, uint64_t first_step);
/* Says so where there are several. */
void phase_announce(const trainer *t);

/* watchers.c: callbacks and their states */
dnn_status watchers_create(trainer *t);
void watchers_destroy(trainer *t);
/* Those that see each phase as a training of their own begin anew. */
dnn_status watchers_phase_begin(trainer *t);
dnn_node *watchers_save(const trainer *t);
dnn_status watchers_load(trainer *t, const dnn_node *saved);
/* A training goes on: a callback that keeps its best model in a file which is not there, or is of a later step and so of a course that was left, forgets
 * what was best; such a file is removed. Collective. */
dnn_status watchers_match_files(trainer *t);

/* wishes.c: what callbacks are told and wish for */
/* FLAG_… wished for before a step, and after one whose values are those of `outcome`. Local. */
uint64_t watchers_step_begin(trainer *t);
uint64_t watchers_step_end(trainer *t, const double *outcome);
/* A hook (its place in dnn_callback_kind) that may stop or fail, of all callbacks or those by phase alone. Collective. */
dnn_status watchers_tell(trainer *t, size_t hook, const dnn_report *report, bool by_phase_alone);
dnn_status watchers_epoch_end(trainer *t, const dnn_report *report);
/* The phase has ended, and with it the training of callbacks that see each as one of their own; with `last` that of all. */
dnn_status watchers_train_end(trainer *t, const dnn_report *report, bool last);
/* What callbacks keep, for a file to be written from: until it is taken back they keep new weights elsewhere. Returns how many. Rank 0. */
size_t watchers_lend(trainer *t, dnn_model_array *arrays);
void watchers_take_back(trainer *t);

/* loop.c: epochs until the end, a stop, or a divergence. Collective. */
dnn_status training_loop(trainer *t);

/* divergence.c: the status of a training whose loss is not finite, with what is known of the reason. Collective. */
dnn_status divergence_status(trainer *t);

/* trace_file.c: every rank's events into trace.json. Collective. */
dnn_status trace_file_write(trainer *t);

/* signals.c */
bool signals_listening(void);  /* whether dnn_train_listen was called */
void signals_install(void);
void signals_remove(bool listening);
/* FLAG_… asked for by signals: to stop from the first such on, to save once for each. */
uint64_t signals_asked(void);

#endif
