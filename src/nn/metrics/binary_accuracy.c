/* Share of outputs on the right side of the threshold: (y > threshold) equals the target; of several labels their mean. */
#include "nn/metrics/metrics.h"

typedef struct binary_accuracy { double threshold; } binary_accuracy;

static const dnn_param params[] = {
    DNN_REAL(binary_accuracy, threshold, "0.5", "[0, 1]", "outputs above it count as 1, the others as 0"),
};

static void update(const void *q, const dnn_loss_pass *p, dnn_target target, double *state)
{
    const real threshold = (real)((const binary_accuracy *)q)->threshold;
    for (size_t r = 0; r < p->rows; r++) {
        const double weight = metric_weight(p, r);
        size_t right = 0;
        for (size_t i = 0; i < p->units; i++)
            right += (double)(p->y[r * p->units + i] > threshold) == metric_truth(p, target, r, i);
        state[0] += weight * (double)right / (double)p->units;
        state[1] += weight;
    }
}

const dnn_metric_kind dnn_metric_binary_accuracy = {
    .kind = { .name = "binary_accuracy", .help = "share of outputs that are on the right side of the threshold",
              .params_size = sizeof(binary_accuracy), DNN_PARAMS(params), .keras = "BinaryAccuracy" },
    .accepts = metric_wants_values, .larger_is_better = true, .update = update,
};
