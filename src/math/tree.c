/* The fixed tree of additions. */
#include "dnn/math/tree.h"
#include <string.h>

/* Levels of the tree are kept for stretches of this many floats: 64 levels at most, of which log2(n_parts) are touched, stay in the L1 cache. */
enum { STRETCH = 256, LEVELS = 64 };

void dnn_tree_merge(size_t n_items, dnn_tree_merger *merge, void *context)
{
    for (size_t stride = 1; stride < n_items; stride *= 2)
        for (size_t i = 0; i + stride < n_items; i += 2 * stride) merge(context, i, i + stride);
}

/* The numbers of workers that occur daily, one pass each. ivdep: out may be one of the parts. */
static void sum_1(const float *a, size_t n, float scale, float *out)
{
#pragma GCC ivdep
    for (size_t i = 0; i < n; i++) out[i] = a[i] * scale;
}

static void sum_2(const float *a, const float *b, size_t n, float scale, float *out)
{
#pragma GCC ivdep
    for (size_t i = 0; i < n; i++) out[i] = (a[i] + b[i]) * scale;
}

static void sum_3(const float *a, const float *b, const float *c, size_t n, float scale, float *out)
{
#pragma GCC ivdep
    for (size_t i = 0; i < n; i++) out[i] = ((a[i] + b[i]) + c[i]) * scale;
}

static void sum_4(const float *a, size_t s, size_t n, float scale, float *out)
{
    const float *b = a + s, *c = b + s, *d = c + s;
#pragma GCC ivdep
    for (size_t i = 0; i < n; i++) out[i] = ((a[i] + b[i]) + (c[i] + d[i])) * scale;
}

static void sum_8(const float *a, size_t s, size_t n, float scale, float *out)
{
    const float *b = a + s, *c = b + s, *d = c + s, *e = d + s, *f = e + s, *g = f + s, *h = g + s;
#pragma GCC ivdep
    for (size_t i = 0; i < n; i++)
        out[i] = (((a[i] + b[i]) + (c[i] + d[i])) + ((e[i] + f[i]) + (g[i] + h[i]))) * scale;
}

/* Part by part, as a binary counter: node[l] is a sum of 2^l parts that waits for its right neighbour when bit l of the number of parts seen is
 * set. Single parts wait where they lie, so row 0 is free for sums that are carried on at once. */
static void sum_stretch(const float *part, size_t stride, size_t n_parts, size_t n, float scale, float *out)
{
    float row[LEVELS][STRETCH];
    const float *node[LEVELS], *sum = NULL;
    for (size_t p = 0; p < n_parts; p++, part += stride) {
        size_t level = 0;
        for (sum = part; p >> level & 1; level++) {
            float *to = p >> (level + 1) & 1 ? row[0] : row[level + 1];
            sum_2(node[level], sum, n, 1.0f, to);
            sum = to;
        }
        node[level] = sum;
    }
    sum = NULL;
    for (size_t level = 0; n_parts >> level; level++) {
        if (!(n_parts >> level & 1)) continue;
        if (sum != NULL) sum_2(node[level], sum, n, 1.0f, row[0]);
        sum = sum != NULL ? row[0] : node[level];
    }
    sum_1(sum, n, scale, out);
}

void dnn_tree_sum(const float *parts, size_t stride, size_t n_parts, size_t offset, size_t n, float scale, float *out)
{
    const float *a = parts + offset;
    switch (n_parts) {
    case 0: memset(out, 0, n * sizeof *out); return;
    case 1: sum_1(a, n, scale, out); return;
    case 2: sum_2(a, a + stride, n, scale, out); return;
    case 3: sum_3(a, a + stride, a + 2 * stride, n, scale, out); return;
    case 4: sum_4(a, stride, n, scale, out); return;
    case 8: sum_8(a, stride, n, scale, out); return;
    default: break;
    }
    for (size_t i = 0; i < n; i += STRETCH)
        sum_stretch(a + i, stride, n_parts, n - i < STRETCH ? n - i : STRETCH, scale, out + i);
}
