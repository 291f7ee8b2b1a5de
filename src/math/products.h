/* What products tell the log, if there is one. Private to `math`. */
#ifndef DNN_MATH_PRODUCTS_H
#define DNN_MATH_PRODUCTS_H

#include <stdbool.h>
#include "dnn/math/product_log.h"
#include "dnn/math/view_product.h"

typedef struct product {
    bool trans_a, trans_b;
    size_t m, n, k;
    real alpha;
    const real *a;
    size_t lda;
    const real *b;
    size_t ldb;
    real beta;
    real *c;
    size_t ldc;
} product;

extern _Thread_local dnn_product_log *products_noted; /* NULL: nobody asks */
void products_note(const product *p);
void products_note_view(const dnn_view_product *p);

#endif
