/* Kullback-Leibler divergence: sum over the last axis of t log(t / y), both cut to [1e-7, 1]. */
#include "dnn/math/vector.h"
#include "nn/losses/losses.h"

static inline real cut(real x)
{
    const real low = dnn_select(x < (real)LOSS_EPSILON, (real)LOSS_EPSILON, x);
    return dnn_select(low > 1, 1, low);
}

static double eval(const void *q, const dnn_loss_pass *p)
{
    (void)q;
    double sum = 0;
    for (size_t r = 0; r < p->rows; r++) {
        const real *y = p->y + r * p->units, *target = p->target + r * p->units;
        const double weight = row_weight(p, r);
        double row = 0;
        for (size_t i = 0; i < p->units; i++) {
            const real cut_y = cut(y[i]), t = cut(target[i]);
            row += (double)t * (double)dnn_log(t / cut_y);
            if (p->dy) p->dy[r * p->units + i] = cut_y == y[i] ? (real)(-weight * p->scale * (double)(t / cut_y)) : 0;
        }
        sum += weight * row;
    }
    return sum;
}

const dnn_loss_kind dnn_loss_kl_divergence = {
    .kind = { .name = "kl_divergence", .help = "sum of t log(t / y) over the last axis", .keras = "KLDivergence" },
    .target = DNN_TARGET_VALUES, .eval = eval,
};

const dnn_loss_kind dnn_loss_kld = {
    .kind = { .name = "kld", .help = "another name of kl_divergence", .keras = "KLDivergence" },
    .target = DNN_TARGET_VALUES, .eval = eval,
};
