/* Penalties on what a layer puts out: of `n` values of a shard. Private to `nn`. */
#ifndef DNN_NN_ACTIVITY_H
#define DNN_NN_ACTIVITY_H

#include "dnn/math/real.h"
#include "dnn/nn/layer.h"

/* Sums are in double. */
double activity_penalty(double l1, double l2, size_t n, const real *values);
/* out[i] = dy[i] + the penalty's gradient at values[i]; `out` may be `dy`. */
void activity_gradient(double l1, double l2, size_t n, const real *values, const real *dy, real *out);

/* Reads the row `activity_regularizer` of a layer that has it into l->activity. DNN_E_CONFIG. */
dnn_status activity_set(dnn_layer *l);
/* Of a layer that has one: what it adds to the loss for y [rows, units], and its gradient onto dy. */
double activity_of(const dnn_layer *l, size_t rows, const real *y);
void activity_back(const dnn_layer *l, size_t rows, const real *y, real *dy);

#endif
