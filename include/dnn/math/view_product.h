/** Matrix products whose left factor is a view: its element (i, k) lies at a fixed distance from its neighbours, but
 * rows may overlap and the summed index may be two nested ones. A convolution is such a product of the image itself
 * (channels last: the values under one row of the kernel lie side by side), so that no patches need be copied out;
 * BLAS takes no overlapping rows. Local. */
#ifndef DNN_MATH_VIEW_PRODUCT_H
#define DNN_MATH_VIEW_PRODUCT_H

#if defined DNN_DOUBLE && !defined DNN_LIBRARY
#error "the half in double of a plug-in cannot call these: the program has them in float; write the sums out under #ifdef DNN_DOUBLE"
#endif

#include <stdbool.h>
#include <stddef.h>
#include "dnn/math/real.h"

/** c[i·c_row + j] = (add: +=) sum over o < outer, t < inner of
 *     a[i·a_row + o·a_outer + t·a_inner] · b[o·b_outer + t·b_inner + j],   i < m, j < n. */
typedef struct dnn_view_product {
    size_t m, n, outer, inner;  /**< a size of 0 is fine */
    const real *a;
    size_t a_row, a_outer, a_inner;
    const real *b;
    size_t b_outer, b_inner;
    real *c;                    /**< overlaps neither a nor b */
    size_t c_row;
    bool add;
} dnn_view_product;

/** Sums begin at 0 and run in the order o, t, fused where the processor can; the old c is added last. The bits of an
 * element depend on its own row of a and column of b alone, not on m, n or its place. On the thread that calls. */
void dnn_view_product_run(const dnn_view_product *product);

#endif
