/* Between the layer batch_normalization and its computation. Private to the layers. */
#ifndef DNN_NN_LAYERS_BATCH_NORMALIZATION_H
#define DNN_NN_LAYERS_BATCH_NORMALIZATION_H

#include "dnn/nn/layer.h"

typedef struct {
    int64_t axis;
    double momentum, epsilon;
    bool center, scale;
    dnn_component beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer;
    dnn_component beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint;
    bool synchronized;
} batch_normalization;

/* Axis of the features within a sample's shape; its rank where there is no such axis. */
size_t batch_normalization_axis(const dnn_layer *l);
static inline size_t features_of(const dnn_layer *l) { return l->in[0].rank ? l->in[0].dim[batch_normalization_axis(l)] : 1; }

/* Places of the weights; what is not there has none. */
typedef struct { size_t features, gamma, beta, mean, variance; } places;
enum { NOWHERE = DNN_MAX_WEIGHTS };

static inline places places_of(const dnn_layer *l)
{
    const batch_normalization *b = l->params;
    const size_t learned = (size_t)b->scale + b->center;
    return (places){ .features = features_of(l),
                     .gamma = b->scale ? 0 : NOWHERE,
                     .beta = b->center ? learned - 1 : NOWHERE,
                     .mean = learned,
                     .variance = learned + 1 };
}

/* The halves of both directions (layer.h), on samples [places, features]. Sums: forward (count, means, sums of squares about the mean),
 * backward (count, sums of dy, sums of dy x̂). */
void batch_normalization_forward_sums(const dnn_layer *l, const dnn_pass *p);
void batch_normalization_forward(const dnn_layer *l, const dnn_pass *p);
void batch_normalization_backward_sums(const dnn_layer *l, const dnn_pass *p);
void batch_normalization_backward(const dnn_layer *l, const dnn_pass *p);
void batch_normalization_merge(const dnn_layer *l, bool backward, double *into, const double *from);

#endif
