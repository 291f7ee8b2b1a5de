#include "nn/metrics/threshold_counts.h"

#include <math.h>

const dnn_param threshold_counts_params[THRESHOLD_COUNTS_PARAMS] = {
    DNN_NUMBERS(threshold_counts, thresholds, "null", "[0, 1]",
                "outputs above it count as positive; of several the mean is reported; null: 0.5, or none with top_k"),
    DNN_REAL(threshold_counts, top_k, "null", ">= 1", "only the k largest outputs of a row can count as positive"),
    DNN_REAL(threshold_counts, class_id, "null", ">= 0", "the one unit that is looked at, from 0; null: all"),
};

static size_t count_of(const threshold_counts *c) { return c->thresholds.count > 0 ? c->thresholds.count : 1; }

static real threshold_at(const threshold_counts *c, size_t t)
{
    if (c->thresholds.count > 0) return (real)c->thresholds.at[t];
    return isnan(c->top_k) ? (real)0.5 : -INFINITY;
}

size_t threshold_counts_state(const void *params, size_t units)
{
    (void)units;
    return 1 + 2 * count_of(params);
}

dnn_status threshold_counts_check(const void *params, size_t units)
{
    const threshold_counts *c = params;
    if (!isnan(c->class_id) && (c->class_id >= (double)units || c->class_id != floor(c->class_id)))
        return dnn_fail(DNN_E_CONFIG, "class_id = %g: the output has the units 0 … %zu", c->class_id, units - 1);
    if (!isnan(c->top_k) && c->top_k != floor(c->top_k)) return dnn_fail(DNN_E_CONFIG, "top_k = %g: must be a whole number", c->top_k);
    return DNN_OK;
}

static bool among_top(double k, size_t units, const real *y, size_t unit)
{
    size_t before = 0;
    for (size_t i = 0; i < units; i++) before += y[i] > y[unit] || (i < unit && y[i] == y[unit]);
    return (double)before < k;
}

static void count_unit(const threshold_counts *c, real y, bool possible, bool positive, double weight, counted_error error, double *state)
{
    for (size_t t = 0; t < count_of(c); t++) {
        const bool called = possible && y > threshold_at(c, t);
        if (called && positive) state[2 * t] += weight;
        if (error == FALSE_POSITIVES ? called && !positive : positive && !called) state[2 * t + 1] += weight;
    }
}

void threshold_counts_update(const void *params, const dnn_loss_pass *p, dnn_target target, counted_error error, double *state)
{
    const threshold_counts *c = params;
    const bool all = isnan(c->class_id);
    const size_t first = all ? 0 : (size_t)c->class_id, end = all ? p->units : first + 1;
    for (size_t r = 0; r < p->rows; r++) {
        const real *y = p->y + r * p->units;
        const double weight = metric_weight(p, r);
        state[0] += weight;
        for (size_t i = first; i < end; i++) {
            const bool possible = isnan(c->top_k) || among_top(c->top_k, p->units, y, i);
            count_unit(c, y[i], possible, metric_truth(p, target, r, i) != 0, weight, error, state + 1);
        }
    }
}

static double value_at(const double *state, size_t t)
{
    const double found = state[1 + 2 * t], wrong = state[2 + 2 * t];
    return state[0] == 0 ? NAN : metric_ratio(found, found + wrong);
}

double threshold_counts_result(const void *params, size_t units, const double *state)
{
    const size_t n = count_of(params);
    double sum = 0;
    (void)units;
    for (size_t t = 0; t < n; t++) sum += value_at(state, t);
    return sum / (double)n;
}

size_t threshold_counts_table_rows(const void *params, size_t units, size_t *columns)
{
    (void)units;
    *columns = 1;
    return count_of(params) > 1 ? count_of(params) : 0;
}

void threshold_counts_table(const void *params, size_t units, const double *state, double *values)
{
    (void)units;
    for (size_t t = 0; t < count_of(params); t++) values[t] = value_at(state, t);
}

static dnn_node *whole(double value) { return isnan(value) ? dnn_node_null() : dnn_node_int((int64_t)value); }

dnn_status threshold_counts_encode(const void *params, dnn_node *config)
{
    const threshold_counts *c = params;
    const dnn_numbers *t = &c->thresholds;
    dnn_status st = dnn_node_set(config, "top_k", whole(c->top_k));
    if (st == DNN_OK) st = dnn_node_set(config, "class_id", whole(c->class_id));
    if (st == DNN_OK && t->count < 2) st = dnn_node_set(config, "thresholds", t->count == 1 ? dnn_node_real(t->at[0]) : dnn_node_null());
    return st;
}
