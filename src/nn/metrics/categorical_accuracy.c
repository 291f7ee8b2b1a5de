/* Share of rows whose largest output is at the target's class: the place of its largest value, or, sparse, its number. Of equals the
 * first counts. */
#include "nn/metrics/metrics.h"

static void update(const void *q, const dnn_loss_pass *p, dnn_target target, double *state)
{
    (void)q;
    for (size_t r = 0; r < p->rows; r++) {
        const double weight = metric_weight(p, r);
        state[0] += metric_argmax(p->units, p->y + r * p->units) == metric_class(p, target, r) ? weight : 0;
        state[1] += weight;
    }
}

const dnn_metric_kind dnn_metric_categorical_accuracy = {
    .kind = { .name = "categorical_accuracy", .help = "share of rows whose largest output is where the target is largest",
              .keras = "CategoricalAccuracy" },
    .accepts = metric_wants_values, .larger_is_better = true, .update = update,
};

const dnn_metric_kind dnn_metric_sparse_categorical_accuracy = {
    .kind = { .name = "sparse_categorical_accuracy", .help = "share of rows whose largest output is that of the class",
              .keras = "SparseCategoricalAccuracy" },
    .accepts = metric_wants_classes, .larger_is_better = true, .update = update,
};
