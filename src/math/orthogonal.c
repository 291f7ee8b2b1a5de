/* Gram and Schmidt, twice. */
#include "dnn/math/orthogonal.h"

#include <math.h>

#include "dnn/base/status.h"

/* Eight partial sums: without them the additions of a dot product wait for one another. */
static double dot(const double *a, const double *b, size_t n)
{
    double part[8] = {0}, rest = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t l = 0; l < 8; l++) part[l] += a[i + l] * b[i + l];
    for (; i < n; i++) rest += a[i] * b[i];
    return ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7])) + rest;
}

static void remove_component(const double *direction, double *v, size_t n)
{
    const double share = dot(direction, v, n);
    for (size_t i = 0; i < n; i++) v[i] -= share * direction[i];
}

void dnn_orthonormalize(double *v, size_t count, size_t length)
{
    DNN_ASSERT(count <= length);
    for (size_t j = 0; j < count; j++) {
        double *column = v + j * length;
        /* Once loses orthogonality where cancellation is heavy; twice is enough (Giraud, Langou and Rozloznik 2005). */
        for (int pass = 0; pass < 2; pass++)
            for (size_t i = 0; i < j; i++) remove_component(v + i * length, column, length);
        const double norm = sqrt(dot(column, column, length));
        DNN_ASSERT(norm > 0);
        for (size_t i = 0; i < length; i++) column[i] /= norm;
    }
}
