/* What the parts of an update share: blocks on their way (update.c), norms of whole tensors (norms.c). Private to `train/step`. */
#ifndef DNN_TRAIN_UPDATE_H
#define DNN_TRAIN_UPDATE_H

#include "train/step/runner.h"

/* What is the same for all blocks of this step. */
typedef struct step_plan {
    double learning_rate;
    double momentum;    /* the schedule's; NaN: it leaves the optimizer's own alone */
    float scale;        /* 1 / samples */
    bool updates;       /* false: gradients are accumulated only */
    bool wants_norm;    /* of the gradient, for steps.csv */
    bool rule_norms;    /* the optimizer's rule scales by norms of tensors */
    bool whole;         /* the reduced gradient is needed whole before the update */
    uint64_t update;    /* number of this update, from 1 */
    uint64_t per_update;
} step_plan;

static inline const dnn_optimizer_kind *rule_of(const runner *r) { return (const dnn_optimizer_kind *)r->optimizer->kind; }

/* What the optimizer's rule is given for a block whose gradient is `g`. */
dnn_update update_of(const worker *k, const slice_block *b, const step_plan *p, const float *g);
/* Clips this worker's blocks [first, end) of the reduced gradient, by norms of all of them where that is asked for. Every worker calls it. */
void clip_blocks(worker *k, const step_plan *p, size_t first, size_t end);
/* For rules that scale by norms of tensors: reduced gradients become directions, k->norms and k->weight_norms their norms and the weights'. Every worker
 * calls it. */
void find_rule_norms(worker *k, const step_plan *p, size_t first, size_t end);

#endif
