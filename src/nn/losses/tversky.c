/* 1 - I / (I + alpha M + beta F + 1e-7), I = sum of t y, M = sum of t (1 - y), F = sum of (1 - t) y, over all values of the global batch
 * (Salehi et al. 2017). Their alpha belongs to what is wrongly claimed and so does the word of Keras's documentation, but in Keras's
 * formula it multiplies M, what is missed; here as there. */
#include "nn/losses/overlap.h"

typedef struct tversky { double alpha, beta; } tversky;

static const dnn_param params[] = {
    DNN_REAL(tversky, alpha, "0.5", NULL, "weight of what is true and not claimed, t (1 - y), as Keras computes it"),
    DNN_REAL(tversky, beta, "0.5", NULL, "weight of what is claimed and not true, (1 - t) y"),
};

static overlap of(const void *q, const double *sums)
{
    const tversky *c = q;
    const double both = sums[OVERLAP_BOTH], missed = sums[OVERLAP_TRUE] - both, wrong = sums[OVERLAP_CLAIMED] - both;
    const double all = both + c->alpha * missed + c->beta * wrong + LOSS_EPSILON, share = both / (all * all);
    /* d all / dy = beta + (1 - alpha - beta) t */
    return (overlap){ .value = 1 - both / all, .slope = share * c->beta, .slope_by_target = share * (1 - c->alpha - c->beta) - 1 / all };
}

static double value(const void *q, const double *sums) { return of(q, sums).value; }
static double eval(const void *q, const dnn_loss_pass *p) { return overlap_eval(q, p, of); }

const dnn_loss_kind dnn_loss_tversky = {
    .kind = { .name = "tversky", .help = "dice with weights for what is missed and what is wrongly claimed (Salehi et al. 2017)",
              .params_size = sizeof(tversky), DNN_PARAMS(params), .keras = "Tversky" },
    .target = DNN_TARGET_VALUES, .eval = eval, .sums = OVERLAP_SUMS, .sum = overlap_sum, .value = value,
};
