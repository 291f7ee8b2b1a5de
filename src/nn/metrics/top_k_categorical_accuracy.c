/* Share of rows whose right class is among the k largest outputs: fewer than k outputs are strictly greater than its own. */
#include "nn/metrics/metrics.h"

typedef struct top_k { size_t k; } top_k;

static const dnn_param params[] = {
    DNN_SIZE(top_k, k, "5", ">= 1", "how many guesses count"),
};

static void update(const void *q, const dnn_loss_pass *p, dnn_target target, double *state)
{
    for (size_t r = 0; r < p->rows; r++) {
        const real *y = p->y + r * p->units;
        const size_t class = metric_class(p, target, r);
        size_t greater = 0;
        for (size_t i = 0; class < p->units && i < p->units; i++) greater += y[i] > y[class];
        const double weight = metric_weight(p, r);
        state[0] += class < p->units && greater < ((const top_k *)q)->k ? weight : 0;
        state[1] += weight;
    }
}

const dnn_metric_kind dnn_metric_top_k_categorical_accuracy = {
    .kind = { .name = "top_k_categorical_accuracy", .help = "share of rows whose class is among the k largest outputs",
              .params_size = sizeof(top_k), DNN_PARAMS(params), .keras = "TopKCategoricalAccuracy" },
    .update = update,
};
