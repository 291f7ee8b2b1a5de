/* Root of the mean of (y - t)² over rows and the last axis. */
#include <math.h>

#include "nn/metrics/metrics.h"

static void update(const void *q, const dnn_loss_pass *p, dnn_target target, double *state)
{
    (void)q;
    (void)target;
    for (size_t r = 0; r < p->rows; r++) {
        const double weight = metric_weight(p, r);
        double squares = 0;
        for (size_t i = r * p->units; i < (r + 1) * p->units; i++) {
            const double d = (double)p->y[i] - (double)p->target[i];
            squares += d * d;
        }
        state[0] += weight * squares / (double)p->units;
        state[1] += weight;
    }
}

static double result(const void *q, size_t units, const double *state)
{
    (void)q;
    (void)units;
    return sqrt(state[0] / state[1]);
}

const dnn_metric_kind dnn_metric_root_mean_squared_error = {
    .kind = { .name = "root_mean_squared_error", .help = "root of the mean squared error over all rows", .keras = "RootMeanSquaredError" },
    .accepts = metric_wants_values, .update = update, .result = result,
};
