/* Share of rows whose right class is among the k largest outputs: fewer than k outputs are strictly greater than its own. As in
 * TensorFlow's in_top_k, a row with an output that is not finite is wrong. */
#include <math.h>

#include "nn/metrics/metrics.h"

typedef struct top_k { size_t k; } top_k;

static const dnn_param params[] = {
    DNN_SIZE(top_k, k, "5", ">= 1", "how many guesses count"),
};

static bool among(size_t k, size_t units, const real *y, size_t class)
{
    size_t greater = 0;
    if (class >= units) return false;
    for (size_t i = 0; i < units; i++) {
        if (!isfinite(y[i])) return false;
        greater += y[i] > y[class];
    }
    return greater < k;
}

static void update(const void *q, const dnn_loss_pass *p, dnn_target target, double *state)
{
    for (size_t r = 0; r < p->rows; r++) {
        const double weight = metric_weight(p, r);
        const bool right = among(((const top_k *)q)->k, p->units, p->y + r * p->units, metric_class(p, target, r));
        state[0] += right ? weight : 0;
        state[1] += weight;
    }
}

const dnn_metric_kind dnn_metric_top_k_categorical_accuracy = {
    .kind = { .name = "top_k_categorical_accuracy", .help = "share of rows whose class is among the k largest outputs",
              .params_size = sizeof(top_k), DNN_PARAMS(params), .keras = "TopKCategoricalAccuracy" },
    .larger_is_better = true, .update = update,
};

const dnn_metric_kind dnn_metric_sparse_top_k_categorical_accuracy = {
    .kind = { .name = "sparse_top_k_categorical_accuracy", .help = "share of rows whose class number is among the k largest outputs",
              .params_size = sizeof(top_k), DNN_PARAMS(params), .keras = "SparseTopKCategoricalAccuracy" },
    .accepts = metric_wants_classes, .larger_is_better = true, .update = update,
};
