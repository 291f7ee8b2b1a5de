/* A bell of singular values: sklearn.datasets.make_low_rank_matrix. Its two bases are Q of normal matrices as LAPACK gives it: by Householder's
 * reflections, with the signs of dgeqrf (Anderson et al. 1999, LAPACK Users' Guide, 2.4.4), which are part of the data. */
#include <math.h>

#include "dnn/base/memory.h"
#include "data/sources/made.h"

/* Columns side by side: a [columns, rows]. */
static void reflect(const double *v, double tau, double *column, size_t rows)
{
    double sum = 0.0;
    for (size_t i = 0; i < rows; i++) sum += v[i] * column[i];
    for (size_t i = 0; i < rows; i++) column[i] -= tau * sum * v[i];
}

/* The reflection that leaves of `x` [rows] its first entry alone; x becomes its vector, with 1 in front. */
static double reflection_of(double *x, size_t rows)
{
    double rest = 0.0;
    for (size_t i = 1; i < rows; i++) rest += x[i] * x[i];
    const double alpha = x[0], beta = -copysign(sqrt(alpha * alpha + rest), alpha);
    x[0] = 1.0;
    if (rest == 0.0) return 0.0;
    for (size_t i = 1; i < rows; i++) x[i] /= alpha - beta;
    return (beta - alpha) / beta;
}

/* a [columns, rows] becomes Q, rows >= columns; tau [columns]. */
static void orthogonalize(double *a, size_t rows, size_t columns, double *tau)
{
    for (size_t j = 0; j < columns; j++) {
        tau[j] = reflection_of(a + j * rows + j, rows - j);
        for (size_t k = j + 1; k < columns; k++) reflect(a + j * rows + j, tau[j], a + k * rows + j, rows - j);
    }
    for (size_t j = columns; j-- > 0;) {
        double *const v = a + j * rows;
        for (size_t k = j + 1; k < columns; k++) reflect(v + j, tau[j], a + k * rows + j, rows - j);
        for (size_t i = 0; i < rows; i++) v[i] = i < j ? 0.0 : (i == j) - tau[j] * v[i];
    }
}

/* Q [columns, rows] of a matrix drawn row by row. */
static void draw_basis(dnn_legacy_random *random, size_t rows, size_t columns, double *a, double *tau)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) a[j * rows + i] = dnn_legacy_normal(random);
    orthogonalize(a, rows, columns, tau);
}

dnn_status dnn_made_low_rank(dnn_made *made, double rank, double tail, dnn_legacy_random *random)
{
    const size_t n = made->rows, d = made->features, k = n < d ? n : d;
    double *u = dnn_alloc(n * k, sizeof *u), *v = k == 0 || d <= SIZE_MAX / sizeof *v / k ? dnn_alloc(d * k, sizeof *v) : NULL;
    double *tau = dnn_alloc(k, sizeof *tau);
    const bool room = u != NULL && v != NULL && tau != NULL;
    if (room) {
        draw_basis(random, n, k, u, tau);
        draw_basis(random, d, k, v, tau);
        for (size_t s = 0; s < k; s++) {
            const double at = (double)s / rank, size = (1.0 - tail) * exp(-at * at) + tail * exp(-0.1 * at);
            for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < d; j++) made->x[i * d + j] += u[s * n + i] * size * v[s * d + j];
        }
    }
    dnn_free(u);
    dnn_free(v);
    dnn_free(tau);
    return room ? DNN_OK : DNN_E_MEMORY;
}
