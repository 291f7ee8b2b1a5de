/* The runner: a network bound to the memory of a team, and the workers that take it through steps. What flows where is
 * told in docs/architecture.md. Private to `train`.
 *
 *   global batch -> V shards (contiguous rows, equal capacity)   cut.c
 *   rows -> inputs, targets, weights of a shard                  gather.c
 *   forward, loss, backward per shard                            step.c, evaluate_part.c
 *   sums over the global batch, gradients, records -> one tree   reduce.c
 *   clip, update on slices                                       norms.c, update.c */
#ifndef DNN_TRAIN_RUNNER_H
#define DNN_TRAIN_RUNNER_H

#include "dnn/comm/team.h"
#include "dnn/data/dataset.h"
#include "dnn/nn/objective.h"
#include "dnn/optim/clip.h"
#include "dnn/optim/optimizer.h"
#include "dnn/train/config.h"
#include "train/observe/trace.h"
#include "train/step/buckets.h"
#include "train/step/tree_nodes.h"

typedef struct runner runner;

/* Shards of one purpose: training, or passes forward only (whose batches are larger). V and the batch are the same on all ranks. */
typedef struct cut {
    size_t batch;      /* rows of a full global batch */
    size_t shards;     /* V */
    size_t capacity;   /* rows of a shard: ceil(batch / V) */
    bool exact;        /* V was given: the same bits however ranks are spread over teams */
} cut;

/* One shard's memory beside what the graph keeps in it. */
typedef struct bay {
    dnn_shard shard;
    size_t number;                 /* global number of the shard */
    float *x[DNN_MAX_IO];          /* [capacity, units] */
    float *target[DNN_MAX_IO];     /* [capacity, target units] */
    float *weight;                 /* [capacity]; NULL: all samples count alike */
    float *label;                  /* [capacity] scratch where labels become one-hot rows */
    uint64_t *rows;                /* [capacity] positions within the part */
} bay;

typedef struct worker {
    runner *r;
    int index;                     /* within the team */
    bool main;                     /* the rank's own thread: the one that may call MPI */
    bay *bays; size_t n_bays;      /* its shards in order */
    dnn_shard **shards;            /* [n_bays] the same, as nn takes them */
    double *merge;                 /* [max(shards * sums_width, record)] where trees are folded */
    unsigned reductions;           /* calls of the sums' reduction so far: which half of the double buffer */
    uint64_t step;                 /* updates done; every worker counts for itself */
    double scalars[DNN_MAX_SCALARS]; /* the optimizer's, likewise */
    double *outcome;               /* [record] of the last step, over the global batch */
    uint64_t flags;                /* of the last step: all workers' or-ed */
    float *block;                  /* [DNN_BLOCK] reduced gradient on its way to the weights */
    double *factors, *norms, *weight_norms; /* [segments] clipping, norms of tensors */
    bucket_course course;
    size_t *row_offsets;           /* [teams + 1] of outputs exchanged between teams */
    double gradient_norm, clip_factor;
    bool loss_is_finite;           /* of its own shards, in the last step */
    bool sums_are_finite;          /* those of its layers over the global batch, on the way forward: all workers know the same */
    trace trace;                   /* with training.trace */
    bool diagnoses;                /* this step is looked at (diagnosis.c) */
    const dnn_observer *look;      /* verify's; else NULL */
} worker;

/* A block of DNN_BLOCK elements of one trainable segment. */
typedef struct slice_block { uint32_t segment; size_t offset; uint32_t length; } slice_block;

/* What travels in a step's record. SAVE: all workers copy for a file after this step, said by rank 0 alone; WISH_SAVE: some rank was asked for it. Both let
 * the steps go on, the others end the epoch's. */
enum { FLAG_DRIFT = 32, FLAG_STOP = 1, FLAG_SAVE = 2, FLAG_FAILED = 4, FLAG_END = 8, FLAG_WISH_SAVE = 16, FLAGS_GO_ON = FLAG_SAVE | FLAG_WISH_SAVE };

struct runner {
    dnn_team *team;
    dnn_graph *graph;
    dnn_objective *objective;
    dnn_dataset *dataset;
    const dnn_component *optimizer; /* NULL: forward only */
    uint64_t seed;
    bool shuffle;
    cut cut;
    size_t record;                 /* doubles of a record */
    size_t sums_width;             /* doubles of the widest reduction, of a layer or of the losses */
    size_t input_of[DNN_MAX_IO];   /* data set's array for each input of the graph */
    size_t target_of[DNN_MAX_IO];  /* and for each output; SIZE_MAX: none */
    size_t target_units[DNN_MAX_IO];
    bool one_hot[DNN_MAX_IO];      /* labels that the loss wants as rows of K */
    double *class_weight; size_t classes;

    /* Shared by the team */
    dnn_window state_window, step_window;
    float *weights;
    float *slots[DNN_MAX_VECTORS]; /* the optimizer's vectors: average, accumulator, its own */
    bool borrowed;                 /* the weights are another runner's */
    size_t n_slots;
    float *gradients;              /* [shards of the team, total] */
    float *without_noise;          /* [total] the weights while noise is on them; with training.weight_noise */
    float *tap;                    /* [total] verify's copy of the reduced gradient with penalties, before accumulation; else NULL */
    float *reduced;                /* [total] where a gradient is needed whole before the update */
    buckets buckets;               /* several teams in the fast path */
    tree_nodes tree;               /* several teams in exact shards; else no nodes */
    float *node_sums;              /* [nodes of all teams, total] */
    double *seen;                  /* [V, seen_width] what was seen of each layer; with training.diagnose */
    double *gradient_squares, *change_squares; /* [blocks] of the step looked at */
    size_t *node_offsets;          /* [teams + 1] bytes */
    double *records[2];            /* [V records and a flag word per worker], teams side by side */
    bool sums_by_team;             /* each team merges its own shards' sums before they travel */
    double *sums[2];               /* [V, sums_width], then, where sums go by team, [teams, sums_width] */
    double *squares;               /* [blocks] sums of squares of the reduced gradient */
    double *weight_squares;        /* [blocks] and of the weights */
    double *penalties;             /* [blocks] of the last step */
    size_t team_first_shard, team_shards;
    size_t *record_offsets, *sums_offsets;   /* [teams + 1] bytes, for the exchange between teams */
    size_t *record_at;             /* [V] place of a shard's record in records[] */
    size_t *flags_at;              /* [all workers] place of a worker's flag word; behind it its hash (replicas.h) */

    /* This rank's */
    worker *workers; int n_workers;
    slice_block *blocks; size_t n_blocks;    /* of all trainable segments */
    size_t *segment_first_block;   /* [segments + 1] */
    bool pairs;                    /* workers add the gradients of shards up by twos as they make them: dnn_run.pairs */
    bool penalized, constrained;   /* some trainable segment is */
    uint64_t steps_per_epoch, total_steps;
    uint64_t first_step;           /* updates done before the phase began: the optimizer and its schedule count from there */
    dnn_status fault;              /* what this rank's own part of a step came to */
    struct { dnn_weight_noise weights; dnn_gradient_noise gradients; double labels; } noise; /* all 0: none */
    uint64_t request;              /* FLAG_… this rank asks for; read at each step */
    dnn_clip clip;
    double rate_factor;            /* of the learning rate, moved between epochs by callbacks; 1 at first */
    double (*rate_instead)(const void *params, double rate, const dnn_schedule_time *time); /* a callback's, or NULL */
    const void *rate_params;
    bool keeps_gradient;           /* callbacks look at it: whole in `reduced` after the last step of an epoch */
    bool diagnose;
    size_t *seen_at, seen_width;   /* [layers] places within a shard's stretch */
    struct diagnosis_line *diagnosed; /* [layers] the last ones, on rank 0 */
    size_t *seen_offsets;          /* [teams + 1] bytes */
    uint64_t sentinel;             /* steps between comparisons of the teams' copies; 0: none in the step */
    uint64_t last_same;            /* updates done when they were last seen the same */
    uint64_t log_every;            /* steps at which the gradient norm is wanted for steps.csv; 0: never */
};

typedef struct runner_options {
    dnn_team *team;
    dnn_graph *graph;              /* all borrowed */
    dnn_objective *objective;      /* NULL: outputs only */
    dnn_dataset *dataset;
    const dnn_component *optimizer;/* NULL: forward only */
    size_t vectors;                /* room for so many beside the weights, where later optimizers want more than this one */
    float *weights;                /* another runner's, of the same team and graph; NULL: own */
    uint64_t seed;
    bool shuffle;
    cut cut;
    const dnn_node *class_weights;
    uint64_t epochs, log_every, sentinel;
    const dnn_training_config *noise; /* weight_noise, gradient_noise and label_noise; NULL: none */
    bool diagnose, trace;
    dnn_compression compression;   /* of gradients between teams */
    dnn_overlap overlap;           /* whether they travel while backward runs */
} runner_options;

/* Collective. Plans, allocates and binds everything; weights and slots are zero afterwards. */
dnn_status runner_create(const runner_options *options, runner *r);
void runner_destroy(runner *r);
/* Cuts a batch for the team's workers; `shards` 0: as many as workers. */
cut cut_batch(size_t batch, size_t shards, const dnn_team *team);
/* Rows of shard `v` in a global batch of `rows`: first and count; capacity is that of this batch. */
void cut_rows(const cut *c, size_t rows, size_t v, size_t *first, size_t *count, size_t *capacity);
/* Shards [first, end) belong to worker `w` of `workers` over all teams: contiguous, sizes differing by one at most. */
void cut_shards(size_t shards, size_t w, size_t workers, size_t *first, size_t *end);
/* workers.c: this rank's workers with their bays. Local. */
dnn_status workers_create(runner *r);
void workers_destroy(runner *r);
/* Learning rate of the update after `step` updates in all. */
double runner_learning_rate(const runner *r, uint64_t step);
/* Its momentum where the schedule moves it, else NaN. */
double runner_momentum(const runner *r, uint64_t step);
/* Another optimizer from the update after `first_step` on, for `epochs` epochs, and the slices of what is trainable now. Its vectors are left as
 * they are. Local. */
dnn_status runner_begin(runner *r, const dnn_component *optimizer, uint64_t first_step, uint64_t epochs);
/* Sets every worker's position: updates done and the optimizer's scalars. */
void runner_set_step(runner *r, uint64_t step, const double *scalars);
/* Things [first, end) of this worker among the team's. */
void slice_of(const worker *k, size_t things, size_t *first, size_t *end);
/* Blocks anew after freezing or freeing layers. */
dnn_status runner_cut_slices(runner *r);

/* gather.c: does the data set fit the graph and the loss? DNN_E_CONFIG or DNN_E_DATA. Local. */
dnn_status runner_match_data(runner *r);
dnn_status runner_class_weights(runner *r, const dnn_node *class_weights);
/* Fills a bay with its rows of the batch that begins at `first_row` of a part's order; epoch 0: as stored. */
void gather(const runner *r, dnn_part part, uint64_t epoch, uint64_t first_row, size_t rows, bool targets, bay *b);
/* Likewise for training step `step`: with label noise. */
void gather_for_step(const runner *r, uint64_t step, uint64_t epoch, uint64_t first_row, size_t rows, bay *b);
/* Where the data set streams: has the reading of a later training batch's rows begin. */
void gather_expect(const runner *r, uint64_t epoch, uint64_t first_row, size_t rows, bay *b);

/* reduce.c */
bool all_finite(const double *values, size_t n);
const double *reduce_sums(void *context, const dnn_layer *layer, bool backward, dnn_shard *const *shards, size_t n);
/* What losses want summed over the global batch, after forward; NULL where none does. Every worker calls it. */
const double *reduce_loss_sums(worker *k);
/* All workers meet; afterwards every team's blocks of `all` are whole. */
void meet(worker *k, void *all, const size_t *offsets);
/* Records of all shards added in the tree into k->outcome, flags or-ed into k->flags; after a meeting. */
void merge_records(worker *k, const double *records);
/* All workers meet outside of a training step; the words (below 2^53) of the ranks' main threads, or-ed. Uses the second half of the records. */
uint64_t meet_words(worker *k, uint64_t word);
/* update.c: reduces the gradients of `count` samples and moves the weights of this worker's slices. */
void reduce_and_update(worker *k, double count);

/* noise.c: what training.weight_noise, gradient_noise and label_noise ask for; nothing where they ask for none. Weights get noise before the forward
 * pass, with barriers around, and are what they were to the last bit after the meeting that ends the backward pass: each worker's slice. */
void noise_on_weights(worker *k);
void noise_off_weights(worker *k);
/* g [b->length]: reduced; `update` counts from 1. */
void noise_on_gradient(const worker *k, const slice_block *b, uint64_t update, float *g);
/* label [rows of the bay] of an output's target */
void noise_on_labels(const runner *r, uint64_t step, size_t output, const bay *b, float *label);
/* Whether there are labels to put noise on: DNN_E_CONFIG. */
dnn_status noise_check(const runner *r);

/* penalties.c: adds the gradient of a block's penalty and notes its value; soft thresholds after the update. */
void penalize_block(runner *r, size_t block, float *g);
void shrink_block(runner *r, size_t block, double learning_rate);
/* Sum of the penalties of the last step's weights, before its update; of given weights; whether there are any. */
double penalties_of_step(const runner *r);
double penalties_of_weights(const dnn_graph *graph, const float *weights);
bool has_penalties(const dnn_graph *graph);

/* adapt.c: layers that learn statistics of the data (normalization) learn them from the training part. Collective. */
dnn_status adapt(runner *r);

/* Whether this worker goes backward in the step under way, or went in the last: not where its loss is not finite, so that the gradients of the step before
 * are still there to tell why, unless others wait for its part. */
bool worker_goes_backward(const worker *k);
/* One training step; every worker calls it. False: nothing was updated, because the loss is not finite or, with FLAG_DRIFT, the teams' copies differ. */
bool train_step(worker *k, uint64_t epoch, uint64_t step_of_epoch);

/* evaluate_part.c: a pass forward over a part. */
typedef struct part_pass {
    dnn_part part;
    bool stochastic;               /* Monte-Carlo: what is random stays on; statistics are frozen by the caller */
    uint64_t pass;                 /* number of the stochastic pass */
    bool targets;                  /* evaluate the objective */
    float *outputs[DNN_MAX_IO];    /* [batch, units] of the team's window, or NULL: outputs not wanted */
    dnn_window outputs_window;
    void (*batch_done)(void *context, uint64_t first, size_t rows);  /* rank 0's main thread, outputs of the batch whole */
    uint64_t (*asked)(void *context); /* each rank's main thread, a few times a second: FLAG_…, any of which on any rank ends the pass; NULL: nothing does */
    void *context;
} part_pass;
/* Collective. `record` [r->record] gets the sums over the part; not where the pass was ended by what was asked for, which is returned. 0: it is whole. */
uint64_t evaluate_part(runner *r, part_pass *pass, double *record);

#endif
