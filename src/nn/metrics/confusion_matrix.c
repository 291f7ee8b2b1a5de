/* Rows of each true class (down) by the class that the outputs say (across): the largest output, the first of equals; of one unit, above
 * 0.5 or not. Its diagonal over its sum is the accuracy. */
#include "nn/metrics/metrics.h"

static size_t classes(size_t units) { return units == 1 ? 2 : units; }

static size_t state_size(const void *q, size_t units)
{
    (void)q;
    return classes(units) * classes(units);
}

static void update(const void *q, const dnn_loss_pass *p, dnn_target target, double *state)
{
    (void)q;
    const size_t n = classes(p->units);
    for (size_t r = 0; r < p->rows; r++) {
        const bool one = p->units == 1;
        const size_t said = one ? p->y[r] > (real)0.5 : metric_argmax(p->units, p->y + r * p->units);
        const size_t is = one ? p->target[r] > (real)0.5 : metric_class(p, target, r);
        if (is < n) state[is * n + said] += metric_weight(p, r);
    }
}

static size_t table_rows(const void *q, size_t units, size_t *columns)
{
    (void)q;
    *columns = classes(units);
    return classes(units);
}

static void table(const void *q, size_t units, const double *state, double *values)
{
    for (size_t i = 0; i < state_size(q, units); i++) values[i] = state[i];
}

const dnn_metric_kind dnn_metric_confusion_matrix = {
    .kind = { .name = "confusion_matrix", .help = "rows of each true class by the class that the outputs say, in evaluate" },
    .state = state_size, .update = update, .table_only = true, .table_rows = table_rows, .table = table,
};
