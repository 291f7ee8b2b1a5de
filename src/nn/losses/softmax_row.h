/* One row of logits, for the two cross-entropies of classes. */
#ifndef DNN_NN_SOFTMAX_ROW_H
#define DNN_NN_SOFTMAX_ROW_H

#include <math.h>

#include "dnn/math/vector.h"

/* e^z = power · e^shift; the softmax is power / sum, its logarithm z - shift - log sum. */
typedef struct softmax_row { double shift, sum; } softmax_row;

/* `power` [units] receives e^(z - shift) where it is not NULL. The largest z as shift: no power overflows and the sum is at least 1. */
static inline softmax_row softmax_of(size_t units, const real *z, real *power)
{
    enum { AT_ONCE = 64 };
    real most = -INFINITY, e[AT_ONCE];
    double sum = 0;
    for (size_t i = 0; i < units; i++) most = z[i] > most ? z[i] : most;
    for (size_t first = 0; first < units; first += AT_ONCE) {
        const size_t n = units - first < AT_ONCE ? units - first : AT_ONCE;
        for (size_t i = 0; i < n; i++) e[i] = dnn_exp(z[first + i] - most);
        for (size_t i = 0; i < n; i++) sum += (double)e[i];
        for (size_t i = 0; power && i < n; i++) power[first + i] = e[i];
    }
    return (softmax_row){ .shift = (double)most, .sum = sum };
}

/* Probabilities that come from elsewhere than a softmax: divided by their sum, then cut to [1e-7, 1 - 1e-7]. */
static inline double sum_of(size_t units, const real *y)
{
    double sum = 0;
    for (size_t i = 0; i < units; i++) sum += (double)y[i];
    return sum;
}

/* log of a normalized probability after the cut; its slope by the normalized probability, 0 where it was cut. */
static inline double log_of_cut(double q, double *slope)
{
    const double cut = q < 1e-7 ? 1e-7 : q > 1 - 1e-7 ? 1 - 1e-7 : q;
    *slope = cut == q ? 1 / q : 0;
    return log(cut);
}

#endif
