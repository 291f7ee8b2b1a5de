/** Losses, one file each under src/nn/losses/. A loss returns sums, never means: the division by the global count comes
 * after the reduction. */
#ifndef DNN_NN_LOSS_H
#define DNN_NN_LOSS_H

#include "dnn/base/param.h"
#include "dnn/math/real.h"

typedef enum dnn_target { DNN_TARGET_VALUES /**< shaped like the output */, DNN_TARGET_CLASS /**< one class index a row */ } dnn_target;

typedef struct dnn_loss_pass {
    size_t rows;          /**< loss values: batch rows times all axes of the output but the last */
    size_t units;         /**< last axis of the output */
    size_t per_sample;    /**< loss values of one sample: weight of row i is weight[i / per_sample] */
    const real *y;        /**< [rows, units] output (probabilities) */
    const real *z;        /**< [rows, units] what the output activation was computed from; eval_fused only */
    const real *target;   /**< [rows, units], or [rows] class indices */
    const real *weight;   /**< per sample; NULL: all 1 */
    /** [rows, units] scale · d(weighted sum)/dy (eval_fused: /dz); NULL: not wanted. With scale = 1 / per_sample only the number of samples
     * is left to be divided by. Gradients at a kink are 0, those outside of a clipped range likewise. */
    real *dy;
    double scale;
    const double *sums;   /**< kinds with two halves: their sums over the global batch */
} dnn_loss_pass;

/** Sums that one loss may ask for. */
enum { DNN_LOSS_SUMS = 8 };

/** A loss value belongs to a row: where a loss is made element by element, it is the mean over the last axis. */
typedef struct dnn_loss_kind {
    dnn_kind kind;
    dnn_target target;
    const char *fused_with;  /**< output activation for which eval_fused computes from its input ("softmax"), or NULL */
    bool (*fuses)(const void *params);  /**< false: not with these parameters; NULL: always */
    bool probabilities;      /**< targets are probabilities: from 0 to 1 */
    size_t least_units;      /**< of the last axis that make sense; 0: any */
    /** The weighted sum over rows, in double, rows in order. */
    double (*eval)(const void *params, const dnn_loss_pass *pass);
    double (*eval_fused)(const void *params, const dnn_loss_pass *pass);
    bool negated_as_metric;  /**< the metric of this name is minus the loss */
    /** Two halves, for a loss that is one value for the whole global batch: doubles, at most DNN_LOSS_SUMS, to which `sum` adds a shard's
     * rows, the first their weights. Merged by addition they come back in pass->sums; eval returns the value times the weights of its own
     * rows. 0: no halves. */
    size_t sums;
    void (*sum)(const void *params, const dnn_loss_pass *pass, double *sums);
    double (*value)(const void *params, const double *sums);  /**< as a metric: of all rows seen */
} dnn_loss_kind;

/** All of them are metrics as well (nn/metric.h). */
extern dnn_family dnn_losses;

/** How the loss values of a batch, each times its sample's weight, become one number; in the order of dnn_reduction_names. */
typedef enum dnn_reduction {
    DNN_REDUCTION_MEAN,             /**< their sum over their number: what is meant where nothing is said */
    DNN_REDUCTION_SUM,              /**< their sum */
    DNN_REDUCTION_MEAN_OF_WEIGHTS,  /**< their sum over that of the samples' weights; without weights over their number */
    DNN_REDUCTIONS
} dnn_reduction;
extern const char *const dnn_reduction_names[DNN_REDUCTIONS];

/** A loss of a run file: a component of dnn_losses, among whose parameters `reduction` may stand. */
dnn_status dnn_loss_read(const dnn_node *node, dnn_component *loss, dnn_reduction *reduction);
/** The node that reads back to it; the usual reduction is left out. NULL: out of memory. */
dnn_node *dnn_loss_write(const dnn_component *loss, dnn_reduction reduction);

#endif
