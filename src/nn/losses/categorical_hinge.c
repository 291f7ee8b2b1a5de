/* max(max((1 - t) y) - sum(t y) + 1, 0) along the last axis: Weston and Watkins 1999 in Keras's form. Equal largest ones share the gradient, as
 * outputs of a network do that starts from zeros. */
#include <math.h>

#include "nn/losses/losses.h"

static double eval(const void *q, const dnn_loss_pass *p)
{
    (void)q;
    double sum = 0;
    for (size_t r = 0; r < p->rows; r++) {
        const real *y = p->y + r * p->units, *t = p->target + r * p->units;
        const double weight = row_weight(p, r), share = weight * p->scale;
        double right = 0, wrong = -INFINITY;
        size_t equals = 0;
        for (size_t i = 0; i < p->units; i++) {
            const double other = (1 - (double)t[i]) * (double)y[i];
            right += (double)t[i] * (double)y[i];
            equals = other > wrong ? 1 : equals + (other == wrong);
            wrong = other > wrong ? other : wrong;
        }
        const double missing = wrong - right + 1;
        sum += weight * (missing <= 0 ? 0 : missing); /* lets NaN through */
        if (!p->dy) continue;
        real *dy = p->dy + r * p->units;
        for (size_t i = 0; i < p->units; i++) {
            const double rest = 1 - (double)t[i], pull = rest * (double)y[i] == wrong ? rest / (double)equals : 0;
            dy[i] = missing <= 0 ? 0 : (real)(share * (pull - (double)t[i]));
        }
    }
    return sum;
}

const dnn_loss_kind dnn_loss_categorical_hinge = {
    .kind = { .name = "categorical_hinge", .help = "margin of 1 between the right class and the best of the others", .keras = "CategoricalHinge" },
    .target = DNN_TARGET_VALUES, .eval = eval,
};
