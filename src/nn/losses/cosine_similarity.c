/* Minus the cosine of the angle between output and target along the last axis; as a metric the cosine itself. Lengths below 1e-7
 * count as 1e-7. */
#include <math.h>

#include "nn/losses/losses.h"

static double length(const real *v, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)v[i] * (double)v[i];
    const double root = sqrt(sum);
    return root < LOSS_EPSILON ? LOSS_EPSILON : root;
}

static double eval(const void *q, const dnn_loss_pass *p)
{
    (void)q;
    double sum = 0;
    for (size_t r = 0; r < p->rows; r++) {
        const real *y = p->y + r * p->units, *t = p->target + r * p->units;
        const double weight = row_weight(p, r), share = weight * p->scale;
        const double y_length = length(y, p->units), t_length = length(t, p->units);
        double cosine = 0;
        for (size_t i = 0; i < p->units; i++) cosine += (double)y[i] / y_length * ((double)t[i] / t_length);
        sum -= weight * cosine;
        if (!p->dy) continue;
        /* A length that was cut off does not change with y. */
        const double along = y_length > LOSS_EPSILON ? cosine : 0;
        for (size_t i = 0; i < p->units; i++)
            p->dy[r * p->units + i] = (real)(share * ((double)y[i] / y_length * along - (double)t[i] / t_length) / y_length);
    }
    return sum;
}

const dnn_loss_kind dnn_loss_cosine_similarity = {
    .kind = { .name = "cosine_similarity", .help = "minus the cosine between y and t; as a metric the cosine", .keras = "CosineSimilarity" },
    .target = DNN_TARGET_VALUES, .eval = eval, .negated_as_metric = true,
};
