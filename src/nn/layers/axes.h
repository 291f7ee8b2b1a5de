/* Axes as Keras counts them: 0 is the batch, 1 the first of a sample, -1 the last. Private to the layers. */
#ifndef DNN_NN_LAYERS_AXES_H
#define DNN_NN_LAYERS_AXES_H

#include "dnn/base/param.h"
#include "dnn/math/shape.h"

/* named[i]: axis i of a sample of that shape is in the list. DNN_E_CONFIG names `key`. */
dnn_status axes_read(const dnn_numbers *axes, const char *key, const dnn_shape *shape, bool named[DNN_MAX_RANK]);
/* The shape with the axes that are not named left out, or with `keep_rank` as axes of length 1. */
dnn_shape axes_shape(const dnn_shape *shape, const bool named[DNN_MAX_RANK], bool keep_rank);
/* Where element `index` of a sample lies in the tensor of the named axes alone. */
size_t axes_place(const dnn_shape *shape, const bool named[DNN_MAX_RANK], size_t index);

#endif
