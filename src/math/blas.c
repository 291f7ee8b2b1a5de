#include "dnn/math/blas.h"
#include <cblas.h>
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include "dnn/base/status.h"

#ifdef DNN_DOUBLE
#define gemm cblas_dgemm
#else
#define gemm cblas_sgemm
#endif

/* Up to this many multiplications OpenBLAS (SkylakeX and later, no transposed operand) works on the operands where they lie; above, it first
 * copies both into packed panels. For the few rows of a small shard that copy of the weights costs as much as
 * the product, hence pieces below the limit. */
#define PIECE 1000000u
/* From this many rows on packing pays for itself. */
#define FEW_ROWS 48u

static blasint narrow(size_t n)
{
    DNN_ASSERT(n <= INT_MAX);
    return (blasint)n;
}

/* Columns a piece of b and c takes; multiples of 64 keep the kernels on whole registers. */
static size_t piece_columns(size_t m, size_t n, size_t k)
{
    const size_t most = PIECE / (m * k);
    return most >= n ? n : most < 64 ? 0 : most / 64 * 64;
}

static void scale(size_t m, size_t n, real beta, real *c, size_t ldc)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) c[i * ldc + j] = beta == 0 ? 0 : beta * c[i * ldc + j];
}

void dnn_gemm(bool trans_a, bool trans_b, size_t m, size_t n, size_t k, real alpha, const real *a, size_t lda, const real *b,
              size_t ldb, real beta, real *c, size_t ldc)
{
    if (m == 0 || n == 0) return;
    if (k == 0) {
        scale(m, n, beta, c, ldc);
        return;
    }
    size_t columns = n;
    if (!trans_a && !trans_b && m <= FEW_ROWS) columns = piece_columns(m, n, k);
    if (columns == 0) columns = n;
    for (size_t j = 0; j < n; j += columns) {
        const size_t wide = n - j < columns ? n - j : columns;
        gemm(CblasRowMajor, trans_a ? CblasTrans : CblasNoTrans, trans_b ? CblasTrans : CblasNoTrans, narrow(m), narrow(wide),
             narrow(k), alpha, a, narrow(lda), trans_b ? b + j * ldb : b + j, narrow(ldb), beta, c + j, narrow(ldc));
    }
}

void dnn_blas_use_one_thread(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    /* The setting of the pthreads build is one for the process and not meant to be changed from two threads at a time. */
    pthread_mutex_lock(&lock);
    if (openblas_get_num_threads() != 1) openblas_set_num_threads(1);
    pthread_mutex_unlock(&lock);
    /* The OpenMP build asks libgomp, which counts per calling thread. Looked up at run time: other builds do not load it. */
    void (*set_omp)(int) = NULL;
    *(void **)&set_omp = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    if (set_omp != NULL) set_omp(1);
}

static char version[128];

static void describe(void)
{
    char name[64] = "BLAS", number[64] = "";
    const char *config = openblas_get_config();
    if (config != NULL) sscanf(config, "%63s %63s", name, number);
    const int kind = openblas_get_parallel();
    snprintf(version, sizeof version, "%s %s (%s, %s kernels)", name, number,
             kind == OPENBLAS_OPENMP ? "OpenMP" : kind == OPENBLAS_THREAD ? "pthreads" : "serial", openblas_get_corename());
}

const char *dnn_blas_version(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, describe);
    return version;
}
