/* Shapes written as lists of numbers. Private to nn. */
#ifndef DNN_NN_LAYERS_SHAPES_H
#define DNN_NN_LAYERS_SHAPES_H

#include "dnn/base/param.h"
#include "dnn/math/shape.h"

/* Whole numbers >= 1 (with `open`: one of them may be -1, given back as 0), at most DNN_MAX_RANK of them. DNN_E_CONFIG
 * names `key`. */
dnn_status shape_read(const dnn_numbers *numbers, const char *key, bool open, dnn_shape *shape);
/* Product of the dimensions, or 0 where it is 0 or too large to be meant. */
size_t shape_units_checked(const dnn_shape *shape);

#endif
