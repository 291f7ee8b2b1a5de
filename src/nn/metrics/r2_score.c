/* Coefficient of determination of each unit, 1 - sum (t - y)² / sum (t - mean t)², and their mean; -inf (a constant target) counts as 0.
 * num_regressors p: 1 - (1 - r2)(n - 1)/(n - p - 1), where n counts the target's values, as in Keras.
 *
 * State: values seen, then for each unit sum t, sum t², sum (t - y)², weight. The spread comes from the first two, because only plain sums add
 * over shards; targets are floats, so that in double the difference keeps enough digits unless their mean is 10^4
 * times their spread. */
#include <math.h>

#include "nn/metrics/metrics.h"

typedef struct r2_score { int class_aggregation; size_t num_regressors; } r2_score;

enum { NONE, UNIFORM_AVERAGE, VARIANCE_WEIGHTED_AVERAGE };

static const dnn_param params[] = {
    DNN_CHOICE(r2_score, class_aggregation, "uniform_average", "none|uniform_average|variance_weighted_average",
               "how the values of several units become one; none: their mean, and evaluate shows each"),
    DNN_SIZE(r2_score, num_regressors, "0", ">= 0", "inputs of the model, for the adjusted value; 0: not adjusted"),
};

static size_t state_size(const void *q, size_t units)
{
    (void)q;
    return 1 + 4 * units;
}

static void update(const void *q, const dnn_loss_pass *p, dnn_target target, double *state)
{
    (void)q;
    (void)target;
    state[0] += (double)(p->rows * p->units);
    for (size_t r = 0; r < p->rows; r++) {
        const double weight = metric_weight(p, r);
        for (size_t i = 0; i < p->units; i++) {
            const double t = (double)p->target[r * p->units + i], d = t - (double)p->y[r * p->units + i];
            double *s = state + 1 + 4 * i;
            s[0] += weight * t;
            s[1] += weight * t * t;
            s[2] += weight * d * d;
            s[3] += weight;
        }
    }
}

static double spread_of(const double *s) { return s[1] - s[0] * (s[0] / s[3]); }

static double score_of(const double *s)
{
    const double score = 1 - s[2] / spread_of(s);
    return isinf(score) ? 0 : score;
}

static double adjusted(const r2_score *q, double score, double n)
{
    return q->num_regressors == 0 ? score : 1 - (1 - score) * (n - 1) / (n - (double)q->num_regressors - 1);
}

static double result(const void *q, size_t units, const double *state)
{
    const bool by_variance = ((const r2_score *)q)->class_aggregation == VARIANCE_WEIGHTED_AVERAGE;
    double sum = 0, weights = 0;
    for (size_t i = 0; i < units; i++) {
        const double *s = state + 1 + 4 * i, weight = by_variance ? spread_of(s) : 1;
        sum += weight * score_of(s);
        weights += weight;
    }
    return adjusted(q, sum / weights, state[0]);
}

static size_t table_rows(const void *q, size_t units, size_t *columns)
{
    *columns = 1;
    return ((const r2_score *)q)->class_aggregation == NONE && units > 1 ? units : 0;
}

static void table(const void *q, size_t units, const double *state, double *values)
{
    for (size_t i = 0; i < units; i++) values[i] = adjusted(q, score_of(state + 1 + 4 * i), state[0]);
}

static dnn_status encode(const void *q, dnn_node *config)
{
    return ((const r2_score *)q)->class_aggregation == NONE ? dnn_node_set(config, "class_aggregation", dnn_node_null()) : DNN_OK;
}

static dnn_status decode(const dnn_node *config, dnn_node *node)
{
    (void)config;
    const dnn_node *how = dnn_node_find(node, "class_aggregation");
    return how && how->type == DNN_NODE_NULL ? dnn_node_set(node, "class_aggregation", dnn_node_string("none")) : DNN_OK;
}

const dnn_metric_kind dnn_metric_r2_score = {
    .kind = { .name = "r2_score", .help = "share of the targets' variance that the outputs explain", .params_size = sizeof(r2_score),
              DNN_PARAMS(params), .keras = "R2Score", .encode = encode, .decode = decode },
    .accepts = metric_wants_values, .larger_is_better = true, .state = state_size, .update = update, .result = result,
    .table_by = "output", .table_rows = table_rows, .table = table,
};
