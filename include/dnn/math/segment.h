/** The one table that optimizers, the exchange of gradients, checkpoints and hashes know of a network: which stretch of the flat
 * vectors is which tensor. Weights, gradients, moments and averages all have this layout. A segment
 * starts on a multiple of 16 elements (64 bytes) and is cut into blocks of DNN_BLOCK elements; the gaps
 * between segments hold zeros. Local. */
#ifndef DNN_MATH_SEGMENT_H
#define DNN_MATH_SEGMENT_H

#include "dnn/base/param.h"
#include "dnn/math/shape.h"

enum { DNN_BLOCK = 4096 };

typedef struct dnn_segment {
    char *name;            /**< "dense/kernel": layer and weight, owned by the table */
    dnn_shape shape;
    size_t offset, length; /**< in elements */
    bool weight;           /**< moved by the optimizer in principle; false: a moving statistic */
    bool trainable;        /**< weight, and its layer is not frozen at present */
    size_t layer;          /**< index in the graph */
    size_t fan_in, fan_out;
    const dnn_component *initializer, *regularizer, *constraint; /**< borrowed from the layer; NULL: none */
} dnn_segment;

typedef struct dnn_segments {
    dnn_segment *at;       /**< in layer order; within a layer trainable weights, then statistics */
    size_t count;
    size_t total;          /**< elements of a flat vector, gaps included; a multiple of 16 */
} dnn_segments;

static inline size_t dnn_segment_blocks(const dnn_segment *s) { return (s->length + DNN_BLOCK - 1) / DNN_BLOCK; }

#endif
