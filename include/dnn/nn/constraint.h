/** Constraints (src/nn/constraints.c): projections of weights after each update. A tensor falls into groups that are projected each on its own (a
 * column, a kernel, one element), so workers can share them. */
#ifndef DNN_NN_CONSTRAINT_H
#define DNN_NN_CONSTRAINT_H

#include "dnn/base/param.h"
#include "dnn/math/shape.h"

typedef struct dnn_constraint_kind {
    dnn_kind kind;
    /** Groups of a tensor of that shape. */
    size_t (*groups)(const void *params, const dnn_shape *shape);
    /** Projects groups [first, end) of w [shape]. */
    void (*apply)(const void *params, const dnn_shape *shape, size_t first, size_t end, float *w);
    /** DNN_E_CONFIG where a tensor of that shape cannot be constrained so; NULL: any can. */
    dnn_status (*fits)(const void *params, const dnn_shape *shape);
} dnn_constraint_kind;

extern dnn_family dnn_constraints;

#endif
