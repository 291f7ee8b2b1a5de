/* (1 - y[t]^q) / q for the class t: from the cross-entropy (q to 0) to the absolute error (q to 1), which wrong labels pull less on (Zhang and
 * Sabuncu 2018, equation 6). A target that names no class gives NaN. */
#include <math.h>

#include "nn/losses/losses.h"

typedef struct categorical_generalized_cross_entropy { double q; } categorical_generalized_cross_entropy;

static const dnn_param params[] = {
    DNN_REAL(categorical_generalized_cross_entropy, q, "0.5", "(0, 1)", "near 0: like the cross-entropy; near 1: like the absolute error"),
};

static double eval(const void *params_, const dnn_loss_pass *p)
{
    const double q = ((const categorical_generalized_cross_entropy *)params_)->q;
    double sum = 0;
    for (size_t r = 0; r < p->rows; r++) {
        const real t = p->target[r];
        const bool known = t >= 0 && t < (real)p->units;
        const double weight = row_weight(p, r), y = known ? (double)p->y[r * p->units + (size_t)t] : (double)NAN;
        sum += weight * (1 - pow(y, q)) / q;
        if (!p->dy) continue;
        for (size_t i = 0; i < p->units; i++) p->dy[r * p->units + i] = known ? 0 : (real)NAN;
        if (known) p->dy[r * p->units + (size_t)t] = (real)(-weight * p->scale * pow(y, q - 1));
    }
    return sum;
}

const dnn_loss_kind dnn_loss_categorical_generalized_cross_entropy = {
    .kind = { .name = "categorical_generalized_cross_entropy", .help = "(1 - y^q) / q of the class's probability y: for noisy labels (Zhang and Sabuncu 2018)",
              .params_size = sizeof(categorical_generalized_cross_entropy), DNN_PARAMS(params), .keras = "CategoricalGeneralizedCrossEntropy" },
    .target = DNN_TARGET_CLASS, .least_units = 2, .eval = eval,
};
