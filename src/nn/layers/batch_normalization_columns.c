/* The computation of batch_normalization (batch_normalization.h) on samples [places, features].
 *
 * Sums are centred: (count, means, sums of squares about the mean), merged by Chan, Golub and LeVeque 1979, equation 2.1; never
 * E[x²] - E[x]², which cancels. */
#include <math.h>
#include <string.h>

#include "dnn/base/failpoint.h"
#include "nn/layers/batch_normalization.h"

static bool uses_batch(const dnn_layer *l, const dnn_pass *p) { return p->training && !l->frozen; }

static size_t inner(const dnn_layer *l) { return dnn_shape_units(&l->in[0]) / features_of(l); }

/* Mean and centred squares of the columns of x [rows, k]; rows >= 1. */
static void measure(size_t rows, size_t k, const real *restrict x, double *restrict mean, double *restrict squares)
{
    for (size_t j = 0; j < k; j++) mean[j] = x[j], squares[j] = 0;
    for (size_t r = 1; r < rows; r++)
        for (size_t j = 0; j < k; j++) mean[j] += x[r * k + j];
    const double share = 1.0 / (double)rows;
    for (size_t j = 0; j < k; j++) mean[j] *= share;
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < k; j++) {
            const double d = x[r * k + j] - mean[j];
            squares[j] += d * d;
        }
}

/* Puts a second part (m rows) to a first one (n rows, n + m > 0). */
static void combine(size_t k, double n, double *restrict mean, double *restrict squares, double m,
                    const double *restrict other_mean, const double *restrict other_squares)
{
    const double share = DNN_PLANT(mean_of_batch_means) ? 0.5 : m / (n + m), both = n * share;
    for (size_t j = 0; j < k; j++) {
        const double d = other_mean[j] - mean[j];
        mean[j] += d * share;
        squares[j] += other_squares[j] + d * d * both;
    }
}

void batch_normalization_forward_sums(const dnn_layer *l, const dnn_pass *p)
{
    const size_t k = features_of(l), rows = p->rows * inner(l);
    /* Both passes over some rows find them in the second cache. */
    const size_t most = k < 65536 / 32 ? 65536 / k : 32;
    double *mean = p->sums + 1, *squares = mean + k, *part = (double *)p->scratch_fixed;
    p->sums[0] = (double)rows;
    if (rows == 0) memset(mean, 0, 2 * k * sizeof *mean);
    for (size_t r = 0; r < rows; r += most) {
        const size_t n = rows - r < most ? rows - r : most;
        measure(n, k, p->x[0] + r * k, r ? part : mean, r ? part + k : squares);
        if (r) combine(k, (double)r, mean, squares, (double)n, part, part + k);
    }
}

void batch_normalization_merge(const dnn_layer *l, bool backward, double *into, const double *from)
{
    const size_t k = features_of(l);
    if (backward) {
        for (size_t j = 0; j < 1 + 2 * k; j++) into[j] += from[j];
    } else if (into[0] == 0) {
        memcpy(into, from, (1 + 2 * k) * sizeof *into);
    } else if (from[0] > 0) {
        combine(k, into[0], into + 1, into + 1 + k, from[0], from + 1, from + 1 + k);
        into[0] += from[0];
    }
}

/* The mean and 1 / standard deviation to normalize by. */
static void statistics(const dnn_layer *l, const dnn_pass *p, real *restrict mean, real *restrict inverse)
{
    const batch_normalization *b = l->params;
    const places at = places_of(l);
    const size_t k = at.features;
    if (!uses_batch(l, p)) {
        memcpy(mean, p->w[at.mean], k * sizeof *mean);
        for (size_t j = 0; j < k; j++) inverse[j] = (real)(1 / sqrt((double)p->w[at.variance][j] + b->epsilon));
        return;
    }
    const double *sums = b->synchronized && !DNN_PLANT(local_batch_statistics) ? p->merged : p->sums, *squares = sums + 1 + k;
    const double share = sums[0] > 0 ? 1 / sums[0] : 0;
    for (size_t j = 0; j < k; j++) {
        mean[j] = (real)sums[1 + j];
        inverse[j] = (real)(1 / sqrt(squares[j] * share + b->epsilon));
    }
}

void batch_normalization_forward(const dnn_layer *l, const dnn_pass *p)
{
    const places at = places_of(l);
    const size_t k = at.features, rows = p->capacity * inner(l);
    real *mean = p->saved_fixed ? p->saved_fixed : p->scratch_fixed;
    statistics(l, p, mean, mean + k);
    const real *restrict m = mean, *restrict inverse = mean + k, *restrict x = p->x[0];
    real *restrict y = p->y;
    const real *restrict gamma = at.gamma == NOWHERE ? NULL : p->w[at.gamma], *restrict beta = at.beta == NOWHERE
                                                                                                   ? NULL
                                                                                                   : p->w[at.beta];
    /* The deviation first: x·a + (beta - mean·a) would cancel where the mean is large. */
    for (size_t r = 0; r < rows; r++, x += k, y += k) {
        for (size_t j = 0; j < k; j++) y[j] = (x[j] - m[j]) * inverse[j];
        if (gamma && beta)
            for (size_t j = 0; j < k; j++) y[j] = y[j] * gamma[j] + beta[j];
        else if (gamma)
            for (size_t j = 0; j < k; j++) y[j] *= gamma[j];
        else if (beta)
            for (size_t j = 0; j < k; j++) y[j] += beta[j];
    }
}

/* (count, sums of dy, sums of dy x̂) */
static void gradient_sums(const dnn_layer *l, const dnn_pass *p, double *sums)
{
    const size_t k = features_of(l), rows = p->rows * inner(l);
    const real *restrict mean = p->saved_fixed, *restrict inverse = mean + k, *restrict x = p->x[0],
                         *restrict dy = p->dy;
    double *restrict plain = sums + 1, *restrict hat = sums + 1 + k;
    sums[0] = (double)rows;
    memset(plain, 0, 2 * k * sizeof *plain);
    for (size_t r = 0; r < rows; r++, x += k, dy += k)
        for (size_t j = 0; j < k; j++) {
            plain[j] += dy[j];
            hat[j] += (double)dy[j] * ((x[j] - mean[j]) * inverse[j]);
        }
}

void batch_normalization_backward_sums(const dnn_layer *l, const dnn_pass *p) { gradient_sums(l, p, p->sums); }

static void round_into(size_t k, const double *restrict from, real *restrict to)
{
    for (size_t j = 0; j < k; j++) to[j] = (real)from[j];
}

/* dx = gamma / sd · (dy - sum dy / n - x̂ · sum dy x̂ / n); with fixed statistics gamma / sd · dy. `sums` NULL: fixed. */
static void input_gradient(const dnn_layer *l, const dnn_pass *p, const double *sums)
{
    const places at = places_of(l);
    const size_t k = at.features, rows = p->rows * inner(l);
    const real *restrict mean = p->saved_fixed, *restrict inverse = mean + k, *restrict x = p->x[0], *restrict dy = p->dy;
    const real *gamma = at.gamma == NOWHERE ? NULL : p->w[at.gamma];
    real *restrict dx = p->dx[0], *restrict slope = p->scratch_fixed, *restrict shift = slope + k;
    double share = sums && sums[0] > 0 ? 1 / sums[0] : 0;
    if (DNN_PLANT(batch_count_of_shard)) share = rows > 0 ? 1 / (double)rows : 0;
    for (size_t j = 0; j < k; j++) {
        shift[j] = sums ? (real)(sums[1 + j] * share) : 0;
        slope[j] = sums ? (real)(sums[1 + k + j] * share * inverse[j]) : 0;
    }
    for (size_t r = 0; r < rows; r++, x += k, dy += k, dx += k) {
        if (sums)
            for (size_t j = 0; j < k; j++) dx[j] = ((dy[j] - shift[j]) - (x[j] - mean[j]) * slope[j]) * inverse[j];
        else
            for (size_t j = 0; j < k; j++) dx[j] = dy[j] * inverse[j];
        if (gamma)
            for (size_t j = 0; j < k; j++) dx[j] *= gamma[j];
    }
    /* The sums' share must not reach rows that are not there. */
    memset(dx, 0, (p->capacity - p->rows) * inner(l) * k * sizeof *dx);
}

void batch_normalization_backward(const dnn_layer *l, const dnn_pass *p)
{
    const batch_normalization *b = l->params;
    const places at = places_of(l);
    real *dgamma = at.gamma == NOWHERE ? NULL : p->dw[at.gamma], *dbeta = at.beta == NOWHERE ? NULL : p->dw[at.beta];
    const bool batch = uses_batch(l, p);
    const double *own = p->sums;
    if (!batch && (dgamma || dbeta)) {
        gradient_sums(l, p, (double *)p->scratch_fixed);
        own = (const double *)p->scratch_fixed;
    }
    if (dgamma) round_into(at.features, own + 1 + at.features, dgamma);
    if (dbeta) round_into(at.features, own + 1, dbeta);
    if (p->dx[0]) input_gradient(l, p, !batch ? NULL : b->synchronized && !DNN_PLANT(local_batch_sums_backward) ? p->merged : p->sums);
}
