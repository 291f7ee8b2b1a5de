/* Share of rows that are right, Keras's automatic choice: an output of one unit is right if (y > .5) is the target; else the largest output
 * (the first of equals) must be the target's class. */
#include "nn/metrics/metrics.h"

static bool right(const dnn_loss_pass *p, dnn_target target, size_t row)
{
    if (p->units == 1) return (real)(p->y[row] > (real)0.5) == p->target[row];
    return metric_argmax(p->units, p->y + row * p->units) == metric_class(p, target, row);
}

static void update(const void *q, const dnn_loss_pass *p, dnn_target target, double *state)
{
    (void)q;
    for (size_t r = 0; r < p->rows; r++) {
        const double weight = metric_weight(p, r);
        state[0] += right(p, target, r) ? weight : 0;
        state[1] += weight;
    }
}

const dnn_metric_kind dnn_metric_accuracy = {
    .kind = { .name = "accuracy", .help = "share of right rows: y > .5 for one unit, else the largest output", .keras = "accuracy" },
    .larger_is_better = true, .update = update,
};

const dnn_metric_kind dnn_metric_acc = {
    .kind = { .name = "acc", .help = "another name of accuracy", .keras = "accuracy" },
    .larger_is_better = true, .update = update,
};
