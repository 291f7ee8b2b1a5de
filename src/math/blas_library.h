/* What the product has to know of the library. Private to math. */
#ifndef DNN_MATH_BLAS_LIBRARY_H
#define DNN_MATH_BLAS_LIBRARY_H

#include <stdbool.h>

/* OpenBLAS on processors with AVX-512 has kernels for small products that work on the operands where they lie. */
bool blas_has_small_kernels(void);

#endif
