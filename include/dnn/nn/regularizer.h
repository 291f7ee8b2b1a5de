/** Regularizers (src/nn/regularizers.c): penalties on weights, added once to the loss of the global batch after the reduction. They are sums over elements,
 * so a stretch of a tensor can be treated alone. Weights are float in both builds: the penalty is the trainer's. */
#ifndef DNN_NN_REGULARIZER_H
#define DNN_NN_REGULARIZER_H

#include "dnn/base/param.h"

typedef struct dnn_regularizer_kind {
    dnn_kind kind;
    double (*penalty)(const void *params, size_t n, const float *w);  /**< of n elements, in double, in order */
    void (*add_gradient)(const void *params, size_t n, const float *w, float *g);  /**< g += d penalty / d w; NULL: none */
    /** As a penalty on a layer's outputs (its activity_regularizer): l1·sum |y| + l2·sum y². NULL: for weights alone. */
    void (*factors)(const void *params, double *l1, double *l2);
    /** After the update with this learning rate; NULL: nothing. */
    void (*after_update)(const void *params, double learning_rate, size_t n, float *w);
} dnn_regularizer_kind;

extern dnn_family dnn_regularizers;

#endif
