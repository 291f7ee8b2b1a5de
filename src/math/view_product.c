/* Tiles of c are summed up in registers: R rows by V vectors of columns, for each summand V loads of b and R elements
 * of a spread over a vector. With 24 sums at work the multipliers of a processor with 32 vector registers are busy
 * throughout, whatever the strides of a; b is read along its rows and nothing is copied. */
#include "dnn/math/view_product.h"

#include "dnn/math/vector.h"
#include "math/products.h"

#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#endif

/* Eight filters are common, and half a vector where one holds 16. */
#if defined(__AVX512F__) && defined(__FMA__) && !defined(DNN_DOUBLE)
#define HAS_HALF
#endif
#if defined(__AVX512F__)
enum { VECTOR_BYTES = 64, REGISTERS = 24 };
#elif defined(__AVX2__)
enum { VECTOR_BYTES = 32, REGISTERS = 12 };
#else
enum { VECTOR_BYTES = 16, REGISTERS = 12 };
#endif
enum { QUAD_BYTES = 4 * sizeof(real), LANES = VECTOR_BYTES / sizeof(real), MOST_ROWS = 12, MOST_VECTORS = 4 };

/* In registers, and anywhere in memory with the alignment of one element. */
typedef real wide __attribute__((vector_size(VECTOR_BYTES)));
typedef real quad __attribute__((vector_size(QUAD_BYTES)));
typedef real single;
typedef real wide_at __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real)), may_alias));
typedef real quad_at __attribute__((vector_size(QUAD_BYTES), aligned(sizeof(real)), may_alias));
typedef real single_at;
#ifdef HAS_HALF
typedef real half __attribute__((vector_size(VECTOR_BYTES / 2)));
typedef real half_at __attribute__((vector_size(VECTOR_BYTES / 2), aligned(sizeof(real)), may_alias));
#define half_fma(a, b, c) FUSED(half, 256, ps, a, b, c)
#endif

/* a b + c, rounded once where dnn_fma is. Left to the compiler (-ffp-contract) it would be for some sizes of tiles and
 * not for others, and the bits of an element would depend on its place. */
#define FUSED(vector, width, suffix, a, b, c)                                                                          \
    (vector) _mm##width##_fmadd_##suffix(_mm##width##_set1_##suffix(a), b, c)
#if !defined(__AVX2__) || !defined(__FMA__)
#define wide_fma(a, b, c) ((a) * (b) + (c))
#define quad_fma wide_fma
#define single_fma wide_fma
#else
#ifdef DNN_DOUBLE
#define quad_fma(a, b, c) FUSED(quad, 256, pd, a, b, c)
#else
#define quad_fma(a, b, c) FUSED(quad, , ps, a, b, c)
#endif
#if defined(__AVX512F__) && defined(DNN_DOUBLE)
#define wide_fma(a, b, c) FUSED(wide, 512, pd, a, b, c)
#elif defined(__AVX512F__)
#define wide_fma(a, b, c) FUSED(wide, 512, ps, a, b, c)
#elif defined(DNN_DOUBLE)
#define wide_fma(a, b, c) FUSED(wide, 256, pd, a, b, c)
#else
#define wide_fma(a, b, c) FUSED(wide, 256, ps, a, b, c)
#endif
#define single_fma(a, b, c) dnn_fma(a, b, c)
#endif

typedef void tile(const dnn_view_product *p, const real *a, const real *b, real *c);

/* One tile function for each size: with constant R and V the sums stay in registers. */
#define TILE(type, R, V)                                                                                               \
    static void type##_##R##x##V(const dnn_view_product *p, const real *a, const real *b, real *c)                     \
    {                                                                                                                  \
        const size_t step = sizeof(type) / sizeof(real);                                                               \
        type sum[R][V];                                                                                                \
        _Pragma("GCC unroll 12") for (size_t r = 0; r < R; r++)                                                        \
            _Pragma("GCC unroll 4") for (size_t v = 0; v < V; v++) sum[r][v] = (type){ 0 };                            \
        for (size_t o = 0; o < p->outer; o++) {                                                                        \
            const real *at = a + o * p->a_outer, *bt = b + o * p->b_outer;                                             \
            for (size_t t = 0; t < p->inner; t++, at += p->a_inner, bt += p->b_inner) {                                \
                type from[V];                                                                                          \
                _Pragma("GCC unroll 4") for (size_t v = 0; v < V; v++) from[v] = *(const type##_at *)(bt + v * step);  \
                _Pragma("GCC unroll 12") for (size_t r = 0; r < R; r++)                                                \
                    _Pragma("GCC unroll 4") for (size_t v = 0; v < V; v++)                                             \
                        sum[r][v] = type##_fma(at[r * p->a_row], from[v], sum[r][v]);                                  \
            }                                                                                                          \
        }                                                                                                              \
        _Pragma("GCC unroll 12") for (size_t r = 0; r < R; r++)                                                        \
            _Pragma("GCC unroll 4") for (size_t v = 0; v < V; v++)                                                     \
        {                                                                                                              \
            type##_at *to = (type##_at *)(c + r * p->c_row + v * step);                                               \
            if (p->add) sum[r][v] += *to;                                                                              \
            *to = sum[r][v];                                                                                           \
        }                                                                                                              \
    }
#define TILES_TO_6(type, V)                                                                                            \
    TILE(type, 1, V) TILE(type, 2, V) TILE(type, 3, V) TILE(type, 4, V) TILE(type, 5, V) TILE(type, 6, V)
#define TILES_TO_12(type, V)                                                                                           \
    TILES_TO_6(type, V)                                                                                                \
    TILE(type, 7, V) TILE(type, 8, V) TILE(type, 9, V) TILE(type, 10, V) TILE(type, 11, V) TILE(type, 12, V)
TILES_TO_12(wide, 1)
TILES_TO_12(wide, 2)
TILES_TO_6(wide, 3)
TILE(wide, 7, 3)
TILE(wide, 8, 3)
TILES_TO_6(wide, 4)
TILES_TO_6(quad, 1)
TILES_TO_6(single, 1)
#ifdef HAS_HALF
TILES_TO_12(half, 1)
#endif

#define NAMES_TO_6(type, V)                                                                                            \
    type##_1x##V, type##_2x##V, type##_3x##V, type##_4x##V, type##_5x##V, type##_6x##V
#define NAMES_TO_12(type, V)                                                                                           \
    NAMES_TO_6(type, V), type##_7x##V, type##_8x##V, type##_9x##V, type##_10x##V, type##_11x##V, type##_12x##V

static tile *const wide_tiles[MOST_VECTORS][MOST_ROWS] = {
    { NAMES_TO_12(wide, 1) },
    { NAMES_TO_12(wide, 2) },
    { NAMES_TO_6(wide, 3), wide_7x3, wide_8x3 },
    { NAMES_TO_6(wide, 4) },
};
#ifdef HAS_HALF
static tile *const half_tiles[] = { NAMES_TO_12(half, 1) };
#endif
static tile *const quad_tiles[] = { NAMES_TO_6(quad, 1) };
static tile *const single_tiles[] = { NAMES_TO_6(single, 1) };

/* Rows in tiles as equal as can be: a last tile of one row would leave the multipliers waiting for one sum. */
static void columns(const dnn_view_product *p, tile *const *tiles, size_t most, size_t first)
{
    const size_t parts = (p->m + most - 1) / most, rows = p->m / parts, longer = p->m % parts;
    size_t i = 0;
    for (size_t k = 0; k < parts; k++) {
        const size_t n = rows + (k < longer);
        tiles[n - 1](p, p->a + i * p->a_row, p->b + first, p->c + i * p->c_row + first);
        i += n;
    }
}

void dnn_view_product_run(const dnn_view_product *p)
{
    const size_t most_vectors = REGISTERS / 6;
    size_t j = 0;
    if (p->m == 0) return;
    if (products_noted) products_note_view(p);
    while (p->n - j >= LANES) {
        size_t v = (p->n - j) / LANES;
        if (v > most_vectors) v = most_vectors;
        const size_t rows = REGISTERS / v;
        columns(p, wide_tiles[v - 1], rows < MOST_ROWS ? rows : MOST_ROWS, j);
        j += v * LANES;
    }
#ifdef HAS_HALF
    if (p->n - j >= LANES / 2) {
        columns(p, half_tiles, MOST_ROWS, j);
        j += LANES / 2;
    }
#endif
    for (; p->n - j >= 4; j += 4) columns(p, quad_tiles, 6, j);
    for (; j < p->n; j++) columns(p, single_tiles, 6, j);
}
