/** Activations (src/nn/activations/): a file for each family of them, with formulas and derivatives. */
#ifndef DNN_NN_ACTIVATION_H
#define DNN_NN_ACTIVATION_H

#include "dnn/base/param.h"
#include "dnn/math/real.h"
#include "dnn/nn/outline.h"

typedef struct dnn_activation_kind {
    dnn_kind kind;
    bool from_input;  /**< backward wants x; else y, so that x need not be kept */
    bool whole_row;   /**< acts on the last axis as a whole (softmax), not element by element */
    /** x, y [rows, units] row-major; x == y is allowed. */
    void (*forward)(const void *params, size_t rows, size_t units, const real *x, real *y);
    /** dx = dy * f'; `seen` is x or y as from_input says; dx == dy is allowed. */
    void (*backward)(const void *params, size_t rows, size_t units, const real *seen, const real *dy, real *dx);
    dnn_value (*outline)(const void *params, dnn_outline *o, dnn_value x); /**< f(x) in operations; NULL: cannot be told */
} dnn_activation_kind;

extern dnn_family dnn_activations;

#endif
