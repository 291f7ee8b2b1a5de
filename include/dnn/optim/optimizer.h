/** Optimizers, one file each under src/optim/optimizers/. They work on stretches of flat vectors and know no layer. The gradient they
 * get is reduced, divided and clipped. All arithmetic per element, so a slice gives the same bits
 * whoever owns it. Local. */
#ifndef DNN_OPTIM_OPTIMIZER_H
#define DNN_OPTIM_OPTIMIZER_H

#include "dnn/base/param.h"
#include "dnn/math/segment.h"
#include "dnn/math/shape.h"

enum { DNN_MAX_SLOTS = 4, DNN_MAX_VECTORS = DNN_MAX_SLOTS + 2, DNN_MAX_SCALARS = 4 };

/** A stretch of one segment to be updated: pointers to its first element. */
typedef struct dnn_update {
    size_t n;
    float *w;
    const float *g;
    float *slot[DNN_MAX_SLOTS];
    double learning_rate;   /**< of this step */
    const double *momentum; /**< of this step, where the schedule moves it; NULL: the optimizer's own */
    uint64_t t;             /**< this update, from 1 */
    const double *scalars;  /**< as `begin` left them (Nadam's product) */
    double w_norm, g_norm;  /**< of the whole tensor, before the update; only where the kind wants_norms */
    size_t length;          /**< elements of the whole tensor; likewise */
} dnn_update;

/** A whole tensor's update in double, on one rank: what `verify` holds the engine's against. */
typedef struct dnn_serial_update {
    size_t n;
    const dnn_shape *shape;
    double *w, *g;          /**< weights after their decay; the clipped gradient, which the rule may work in */
    double *slot[DNN_MAX_SLOTS];
    double learning_rate, momentum; /**< of this step; momentum NaN: the optimizer's own */
    uint64_t t;             /**< this update, from 1 */
} dnn_serial_update;

/** Every optimizer's parameter struct begins with this. */
typedef struct dnn_optimizer_head { dnn_component learning_rate; } dnn_optimizer_head;

/** Rows common to all optimizers. NaN: not set. Order when combined: global_clipnorm, clipnorm, clipvalue; what is in force
 * says dnn_clip_of. */
typedef struct dnn_optimizer_common {
    double clipvalue, clipnorm, global_clipnorm;
    double weight_decay;                   /**< w -= learning_rate · weight_decay · w after clipping, before the update */
    dnn_strings exclude_from_weight_decay; /**< parts of weight names */
    double gradient_accumulation_steps;    /**< steps whose mean gradient makes one update */
    bool use_ema;
    double ema_momentum, ema_overwrite_frequency;
} dnn_optimizer_common;

typedef struct dnn_optimizer_kind {
    dnn_kind kind;
    size_t (*slots)(const void *params);                       /**< moments kept per weight; they start at zero or at `slot_start` */
    const char *(*slot_name)(const void *params, size_t slot); /**< Keras's: "momentum", "velocity" */
    float (*slot_start)(const void *params, size_t slot);      /**< NULL: 0 */
    bool slots_by_weight;                                      /**< Keras's file order: per weight slots 0 and 1, then all of slot 2 …; else all of
                                                                    slot 0, then all of slot 1 … */
    size_t n_scalars;
    /** Before update t: advances the scalars (all ranks compute the same). NULL where n_scalars is 0. */
    void (*begin)(const void *params, uint64_t t, double *scalars);
    double usual_weight_decay;  /**< where weight_decay is not given */
    bool momentum_moves;        /**< its `momentum` may be moved by the schedule */
    /** Kinds that scale a tensor's step by norms of the whole tensor: `direction` (NULL: the gradient itself) turns g into the direction in place, then
     * norms of w and g are taken over the tensor, then `update` is called. */
    bool wants_norms;
    void (*direction)(const void *params, const dnn_update *u, float *g);
    /** In place of `direction` where it takes more than stretches: u and g are those of a whole tensor of that shape. */
    void (*tensor_direction)(const void *params, const dnn_update *u, const dnn_shape *shape, float *g);
    void (*update)(const void *params, const dnn_update *u);
    /** The same once more, plainly, element by element as the paper has it: none of the code above. NULL: `verify` cannot check the rule. */
    void (*serial)(const void *params, const dnn_serial_update *u);
} dnn_optimizer_kind;

extern dnn_family dnn_optimizers;

/** Learning rate before update number `step` + 1: a pure function of the step (and of what does not change in a run). */
typedef struct dnn_schedule_time {
    uint64_t step, steps_per_epoch, total_steps;
    uint64_t batch_size;  /**< rows of the whole job that make one update */
} dnn_schedule_time;
double dnn_optimizer_learning_rate(const dnn_component *optimizer, const dnn_schedule_time *time);
/** Likewise the momentum; NaN where the schedule leaves it alone. */
double dnn_optimizer_momentum(const dnn_component *optimizer, const dnn_schedule_time *time);
/** Vectors kept beside the weights, in the order of Keras's file: "average" (use_ema), "gradient_accumulator" (accumulation), then the kind's own
 * slots, of which dnn_optimizer_first_slot is the first. */
size_t dnn_optimizer_vectors(const dnn_component *optimizer);
size_t dnn_optimizer_first_slot(const dnn_component *optimizer);
const char *dnn_optimizer_vector_name(const dnn_component *optimizer, size_t vector);
/** Place of the average or the accumulator among the vectors; SIZE_MAX: not kept. */
size_t dnn_optimizer_average(const dnn_component *optimizer);
size_t dnn_optimizer_accumulator(const dnn_component *optimizer);
/** Steps that make one update: 1 without accumulation. */
uint64_t dnn_optimizer_steps_per_update(const dnn_component *optimizer);
/** The decay of the tensor of that name: 0 where it is excluded or none is asked for. */
double dnn_optimizer_weight_decay(const dnn_component *optimizer, const char *name);
/** w -= learning_rate · decay · w. */
void dnn_decay_weights(double learning_rate, double decay, size_t n, float *w);
/** Moving average of the weights after an update: average = momentum · average + (1 - momentum) · w; it starts at w. */
void dnn_average_weights(double momentum, size_t n, const float *w, float *average);
/** What parameter rows cannot check of an optimizer and its schedule. DNN_E_CONFIG with the place. */
dnn_status dnn_optimizer_check(const dnn_component *optimizer);

#endif
