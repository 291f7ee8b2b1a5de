/** The network in double on one rank, without shards: what `check --gradients` and `verify` measure the engine against. Built from the same sources as
 * the engine with `real` = double; only these functions leave that second build (src/CMakeLists.txt). Local. */
#ifndef DNN_NN_REFERENCE_H
#define DNN_NN_REFERENCE_H

#include "dnn/base/param.h"
#include "dnn/math/segment.h"

typedef struct dnn_reference dnn_reference;

/** One batch; all borrowed for as long as the reference lives. */
typedef struct dnn_reference_batch {
    size_t rows;
    const double *const *x;        /**< per input [rows, units] */
    const double *const *targets;  /**< per output [rows, units] or class indices [rows] */
    const double *weight;          /**< [rows] or NULL */
    uint64_t seed, step;           /**< of masks and noise */
} dnn_reference_batch;

/** `model` and `training` (of which loss, loss_weights, metrics, weighted_metrics) as in a run file; `names` and `shapes` [n_inputs] of the inputs. */
dnn_status dnn_reference_create(const dnn_node *model, size_t n_inputs, const char *const *names, const dnn_shape *shapes,
                                const dnn_node *training, dnn_reference **out);
void dnn_reference_destroy(dnn_reference *reference);
/** Elements of a flat vector; the layout is the engine's. */
size_t dnn_reference_total(const dnn_reference *reference);
dnn_status dnn_reference_bind(dnn_reference *reference, const dnn_reference_batch *batch);
/** Layer `layer` learns or not, as in the engine's graph. */
void dnn_reference_freeze(dnn_reference *reference, size_t layer, bool frozen);
/** What a training step comes to before its update. */
typedef struct dnn_reference_pass {
    double *gradient;  /**< [total] of the mean of the data term and of what layers add to the loss */
    double *moved;     /**< [total] the weights, statistics moved */
    double *values;    /**< [dnn_reference_values] data loss and metrics, as dnn_objective_results gives them */
    double penalty;    /**< out: mean of what layers add to the loss */
    /** Sees every layer's outputs (forward) and their gradients (backward, of the sum over rows); as dnn_observer. */
    void (*see)(void *context, size_t layer, bool backward, size_t rows, const double *values, size_t units);
    void *context;
} dnn_reference_pass;
size_t dnn_reference_values(const dnn_reference *reference);
void dnn_reference_step(dnn_reference *reference, const double *weights, dnn_reference_pass *pass);
/** Data term of the mean loss in training mode with `weights` [total]; `gradient` [total] of that mean, or NULL. */
double dnn_reference_loss(dnn_reference *reference, const double *weights, double *gradient);

/** Adds a member to the double build's family of that name (layer, activation, loss, initializer, regularizer, constraint): a descriptor
 * compiled in double, or one whose functions work on float in both builds. It is copied, since its rows name the families of the other
 * build; what its functions are stays borrowed. */
dnn_status dnn_reference_add(const char *family, const dnn_kind *kind);
/** Families as they were built. */
void dnn_reference_forget(void);

#endif
