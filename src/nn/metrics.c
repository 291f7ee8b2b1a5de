/* The family of metrics: kinds of its own, then the losses. */
#include "dnn/nn/metric.h"

#include <math.h>

#define X(name) extern const dnn_metric_kind dnn_metric_##name;
#include "nn/metrics/kinds.def"
#undef X
#define X(name) extern const dnn_loss_kind dnn_loss_##name;
#include "nn/losses/kinds.def"
#undef X

static const dnn_kind *const kinds[] = {
#define X(name) &dnn_metric_##name.kind,
#include "nn/metrics/kinds.def"
#undef X
#define X(name) &dnn_loss_##name.kind,
#include "nn/losses/kinds.def"
#undef X
};

dnn_family dnn_metrics = { .name = "metric", .kinds = kinds, .count = sizeof kinds / sizeof *kinds };

/* The same descriptor stands in both families, so its address tells. */
static const dnn_loss_kind *loss_of(const dnn_kind *kind)
{
    return dnn_family_find(&dnn_losses, kind->name) == kind ? (const dnn_loss_kind *)kind : NULL;
}

static const dnn_loss_kind *as_loss(const dnn_component *metric) { return loss_of(metric->kind); }
static const dnn_metric_kind *as_metric(const dnn_component *metric) { return (const dnn_metric_kind *)metric->kind; }

size_t dnn_metric_state(const dnn_component *metric, size_t units)
{
    if (as_loss(metric)) return as_loss(metric)->sums ? as_loss(metric)->sums : 2;
    if (!as_metric(metric)->state) return 2;
    return as_metric(metric)->state(metric->params, units);
}

bool dnn_metric_accepts(const dnn_component *metric, dnn_target target, size_t units)
{
    const dnn_loss_kind *loss = as_loss(metric);
    /* One number a row is both: a value and a class. */
    if (loss) return loss->target == target || units == 1;
    return !as_metric(metric)->accepts || as_metric(metric)->accepts(metric->params, target, units);
}

dnn_status dnn_metric_check(const dnn_component *metric, size_t units)
{
    return as_loss(metric) || !as_metric(metric)->check ? DNN_OK : as_metric(metric)->check(metric->params, units);
}

static double weight_of_rows(const dnn_loss_pass *p)
{
    if (!p->weight) return (double)p->rows;
    double sum = 0;
    for (size_t r = 0; r < p->rows; r++) sum += (double)p->weight[r / p->per_sample];
    return sum;
}

void dnn_metric_update(const dnn_component *metric, const dnn_loss_pass *pass, dnn_target target, double *state)
{
    const dnn_loss_kind *loss = as_loss(metric);
    if (!loss) {
        as_metric(metric)->update(metric->params, pass, target, state);
        return;
    }
    dnn_loss_pass value_only = *pass;
    value_only.dy = NULL;
    if (loss->sums) {
        loss->sum(metric->params, &value_only, state);
        return;
    }
    const double sum = loss->eval(metric->params, &value_only);
    state[0] += loss->negated_as_metric ? -sum : sum;
    state[1] += weight_of_rows(pass);
}

double dnn_metric_result(const dnn_component *metric, size_t units, const double *state)
{
    if (as_loss(metric) && as_loss(metric)->sums) return state[0] != 0 ? as_loss(metric)->value(metric->params, state) : NAN;
    if (!as_loss(metric) && as_metric(metric)->result) return as_metric(metric)->result(metric->params, units, state);
    return state[0] / state[1];
}

bool dnn_metric_has_result(const dnn_component *metric) { return as_loss(metric) || !as_metric(metric)->table_only; }

size_t dnn_metric_table_rows(const dnn_component *metric, size_t units, size_t *columns)
{
    *columns = 0;
    return as_loss(metric) || !as_metric(metric)->table_rows ? 0 : as_metric(metric)->table_rows(metric->params, units, columns);
}

const char *dnn_metric_table_by(const dnn_component *metric) { return as_loss(metric) ? NULL : as_metric(metric)->table_by; }

void dnn_metric_table(const dnn_component *metric, size_t units, const double *state, double *values)
{
    as_metric(metric)->table(metric->params, units, state, values);
}

bool dnn_metric_larger_is_better(const dnn_kind *kind)
{
    const dnn_loss_kind *loss = loss_of(kind);
    return loss ? loss->negated_as_metric : ((const dnn_metric_kind *)kind)->larger_is_better;
}
