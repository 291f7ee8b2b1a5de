/** The one order in which parts are added, wherever parts of the global batch come together: neighbours first, then pairs of
 * pairs; a part without a partner is carried up unchanged. With 5 parts: ((0+1)+(2+3))+4. The tree depends on
 * the number of parts alone, not on who holds them, so sums have the same bits for any number of workers. Its nodes
 * are the stretches [j·2^l, (j+1)·2^l), so parts that begin at a multiple of a power of two may be added ahead. Local. */
#ifndef DNN_MATH_TREE_H
#define DNN_MATH_TREE_H

#include <stddef.h>

/** Adds item `from` to item `into`; `from` > `into` and is not used again. */
typedef void dnn_tree_merger(void *context, size_t into, size_t from);

/** Merges items 0 … n_items-1 into item 0 in the tree's order. */
void dnn_tree_merge(size_t n_items, dnn_tree_merger *merge, void *context);

/** out[i] = scale · (sum over p of parts[p * stride + offset + i]) for i < n, added in the tree's order. The bits of an element do not
 * depend on how a vector is cut into stretches. `out` may be the very place of one part (parts + p * stride +
 * offset). n_parts 0 gives zeros. */
void dnn_tree_sum(const float *parts, size_t stride, size_t n_parts, size_t offset, size_t n, float scale, float *out);

#endif
