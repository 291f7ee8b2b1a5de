/** Initializers (src/nn/initializers.c). Values are drawn as float by position, so every rank and both precisions
 * start from the same numbers. */
#ifndef DNN_NN_INITIALIZER_H
#define DNN_NN_INITIALIZER_H

#include "dnn/base/param.h"
#include "dnn/base/random.h"
#include "dnn/math/shape.h"

typedef struct dnn_initializer_kind {
    dnn_kind kind;
    /** Fills w [shape]; `stream` names seed and parameter. */
    dnn_status (*fill)(const void *params, const dnn_stream *stream, const dnn_shape *shape, size_t fan_in, size_t fan_out, float *w);
} dnn_initializer_kind;

extern dnn_family dnn_initializers;

#endif
