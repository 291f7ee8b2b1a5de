/** Shapes of one sample: the batch axis is left out. Rank 0 is a single number ([] has 1 unit). Local. */
#ifndef DNN_MATH_SHAPE_H
#define DNN_MATH_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

enum { DNN_MAX_RANK = 6 };
typedef struct dnn_shape { size_t rank; size_t dim[DNN_MAX_RANK]; } dnn_shape;

dnn_shape dnn_shape_of(size_t rank, const size_t *dim);
static inline dnn_shape dnn_shape_1(size_t units) { return (dnn_shape){ .rank = 1, .dim = { units } }; }
size_t dnn_shape_units(const dnn_shape *shape);  /**< product of the dimensions */
size_t dnn_shape_last(const dnn_shape *shape);   /**< last dimension; 1 for rank 0 */
bool dnn_shape_equal(const dnn_shape *a, const dnn_shape *b);
/** "[28, 28]" into `out`; returns `out`. */
const char *dnn_shape_text(const dnn_shape *shape, char *out, size_t size);

#endif
