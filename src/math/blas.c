/* The product, cut into pieces that OpenBLAS computes without packing.
 *
 * OpenBLAS copies both operands into panels before it multiplies. That pays for itself when each panel is used for many rows; at the 8 to 64 rows
 * of a shard it costs as much as the product. On AVX-512 it has kernels that need no copy, used up to 10^6 multiplications
 * and not for all forms. A product that fits the second level cache runs at the processor's full rate when it is cut into pieces
 * of that size: 8x300x784 at 105 instead of 55 GFLOP/s, 64x300x784 at 113 instead of 97 (4 and more rows, Zen 4). Sizes
 * of pieces and the limits beyond which packing is better come from measurements over 4 to 1024 rows. */
#include "dnn/math/blas.h"

#include <cblas.h>
#include <limits.h>

#include "dnn/base/status.h"
#include "math/blas_library.h"
#include "math/products.h"

typedef struct piece { size_t m, n, k; } piece;

enum { MOST_OF_PIECE = 960000, MOST_IN_CACHE = 1200000 };

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* `whole` in equal parts of at most `most`. */
static size_t part_of(size_t whole, size_t most)
{
    const size_t parts = (whole + most - 1) / most;
    return (whole + parts - 1) / parts;
}

/* x w: few rows times weights. */
static piece cut_plain(const product *p)
{
    if (p->m > 64 && p->n * p->k > MOST_IN_CACHE) return (piece){ p->m, p->n, p->k };
    piece cut = { smaller(p->m, 64), smaller(p->n, 128), 0 };
    cut.k = part_of(p->k, MOST_OF_PIECE / (cut.m * cut.n));
    return cut;
}

/* dw = transposed x times dy: k is the rows of the shard, c has the size of the weights. */
static piece cut_trans_a(const product *p)
{
    if (p->m * p->n > MOST_IN_CACHE) return (piece){ p->m, p->n, p->k };
    piece cut = { 0, smaller(p->n, 64), smaller(p->k, 64) };
    cut.m = (part_of(p->m, MOST_OF_PIECE / (cut.n * cut.k)) + 7) / 8 * 8;
    return cut;
}

/* dx = dy times transposed w: the kernels take at most 1200 elements of c and at least 32 products for each. */
static piece cut_trans_b(const product *p)
{
    if (p->k < 32 || p->m > 64 || (p->m > 32 && p->k < 256)) return (piece){ p->m, p->n, p->k };
    piece cut = { smaller(p->m, 32), 0, 0 };
    cut.n = smaller(p->n, 1200 / cut.m / 16 * 16);
    cut.k = part_of(p->k, MOST_OF_PIECE / (cut.m * cut.n));
    return cut;
}

static piece cut_of(const product *p)
{
    const piece whole = { p->m, p->n, p->k };
    if ((p->trans_a && p->trans_b) || !blas_has_small_kernels()) return whole;
    if (p->trans_b) return cut_trans_b(p);
    if ((double)p->m * (double)p->n * (double)p->k <= MOST_OF_PIECE) return whole;
    return p->trans_a ? cut_trans_a(p) : cut_plain(p);
}

static blasint narrow(size_t n)
{
    DNN_ASSERT(n <= INT_MAX);
    return (blasint)n;
}

/* The piece of c at row i, column j, from products l to l + k. */
static void multiply(const product *p, size_t i, size_t j, size_t l, piece size)
{
    const size_t m = smaller(size.m, p->m - i), n = smaller(size.n, p->n - j), k = smaller(size.k, p->k - l);
    const real *a = p->trans_a ? p->a + l * p->lda + i : p->a + i * p->lda + l;
    const real *b = p->trans_b ? p->b + j * p->ldb + l : p->b + l * p->ldb + j;
#ifdef DNN_DOUBLE
    cblas_dgemm(
#else
    cblas_sgemm(
#endif
        CblasRowMajor, p->trans_a ? CblasTrans : CblasNoTrans, p->trans_b ? CblasTrans : CblasNoTrans, narrow(m), narrow(n), narrow(k),
        p->alpha, a, narrow(p->lda), b, narrow(p->ldb), l == 0 ? p->beta : 1, p->c + i * p->ldc + j, narrow(p->ldc));
}

static void scale(const product *p)
{
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++) {
            real *c = &p->c[i * p->ldc + j];
            *c = p->beta == 0 ? 0 : p->beta * *c;
        }
}

void dnn_gemm(bool trans_a, bool trans_b, size_t m, size_t n, size_t k, real alpha, const real *a, size_t lda, const real *b, size_t ldb,
              real beta, real *c, size_t ldc)
{
    const product p = { trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc };
    if (m == 0 || n == 0) return;
    if (products_noted) products_note(&p);
    if (k == 0) {
        scale(&p);
        return;
    }
    const piece cut = cut_of(&p);
    for (size_t i = 0; i < m; i += cut.m)
        for (size_t j = 0; j < n; j += cut.n)
            for (size_t l = 0; l < k; l += cut.k) multiply(&p, i, j, l, cut);
}
