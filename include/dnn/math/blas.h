/** Matrix products: the one place that knows BLAS. Local. */
#ifndef DNN_MATH_BLAS_H
#define DNN_MATH_BLAS_H

#if defined DNN_DOUBLE && !defined DNN_LIBRARY
#error "the half in double of a plug-in cannot call these: the program has them in float; write the sums out under #ifdef DNN_DOUBLE"
#endif

#include <stdbool.h>
#include <stddef.h>
#include "dnn/math/real.h"

/** c [m, n] = alpha · op(a) [m, k] · op(b) [k, n] + beta · c, row-major; op transposes where told, `lda`, `ldb`, `ldc` are the lengths of
 * rows as stored. With `beta` 0 the old c is not read. A size of 0 is fine. The order of additions depends on
 * the sizes and flags alone (same library, same processor), as long as one BLAS thread is used. */
void dnn_gemm(bool trans_a, bool trans_b, size_t m, size_t n, size_t k, real alpha, const real *a, size_t lda,
              const real *b, size_t ldb, real beta, real *c, size_t ldc);

/** From here on a product runs on the thread that calls it. To be called by every worker thread before its first
 * product: OpenMP keeps its number of threads per thread. Parallelism comes from workers, never from inside a product. */
void dnn_blas_use_one_thread(void);

/** Whether products may be computed by several threads at once: the serial build of OpenBLAS gives wrong numbers then (docs/libraries.md). */
bool dnn_blas_serves_threads(void);
/** "OpenBLAS 0.3.21 (pthreads, Cooperlake kernels)"; valid for the life of the program. */
const char *dnn_blas_version(void);

#endif
