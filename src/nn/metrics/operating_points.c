/* The best of one of precision, recall and specificity at those thresholds where another of them is at least a given value; 0 where it is at none.
 * num_thresholds of them, evenly from 0 to 1; one is 1/2. Sensitivity is another word for recall, tp / (tp + fn); precision is tp / (tp + fp),
 * specificity tn / (tn + fp); 0 / 0 counts as 0, as in Keras.
 *
 * State: weight of positives and of negatives, then for each threshold the weight of positives, then that of negatives, whose output lies above it and
 * not above the next. */
#include <math.h>

#include "nn/metrics/metrics.h"

typedef struct operating_point { double least; size_t num_thresholds; double class_id; } operating_point;

#define PARAMS(key_, help_) \
    { \
        { .key = key_, .type = DNN_PARAM_REAL, .offset = offsetof(operating_point, least), .range = "[0, 1]", .help = help_ }, \
        DNN_SIZE(operating_point, num_thresholds, "200", ">= 1", "thresholds that are tried"), \
        DNN_REAL(operating_point, class_id, "null", ">= 0", "the one unit that is looked at, from 0; null: all"), \
    }
static const dnn_param precision_at_recall_params[] = PARAMS("recall", "least recall");
static const dnn_param recall_at_precision_params[] = PARAMS("precision", "least precision");
static const dnn_param sensitivity_at_specificity_params[] = PARAMS("specificity", "least specificity");
static const dnn_param specificity_at_sensitivity_params[] = PARAMS("sensitivity", "least sensitivity");

static size_t state_size(const void *q, size_t units)
{
    (void)units;
    return 2 + 2 * ((const operating_point *)q)->num_thresholds;
}

static dnn_status check(const void *q, size_t units)
{
    const double unit = ((const operating_point *)q)->class_id;
    if (isnan(unit) || (unit < (double)units && unit == floor(unit))) return DNN_OK;
    return dnn_fail(DNN_E_CONFIG, "class_id = %g: the output has the units 0 … %zu", unit, units - 1);
}

/* The last threshold that y lies above, in the precision of y; num_thresholds where it is above none. */
static size_t bucket_of(size_t n, real y)
{
    if (n == 1) return y > (real)0.5 ? 0 : n;
    const real last = (real)(n - 1), at = (real)ceil((double)((y > 1 ? 1 : y) * last));
    return at >= 1 ? (size_t)at - 1 : n;
}

static void update(const void *q, const dnn_loss_pass *p, dnn_target target, double *state)
{
    const operating_point *o = q;
    const size_t n = o->num_thresholds, first = isnan(o->class_id) ? 0 : (size_t)o->class_id, end = isnan(o->class_id) ? p->units : first + 1;
    for (size_t r = 0; r < p->rows; r++)
        for (size_t i = first; i < end; i++) {
            const double weight = metric_weight(p, r), truth = metric_truth(p, target, r, i), positive = n == 1 ? truth != 0 : truth;
            const real y = p->y[r * p->units + i];
            const size_t bucket = bucket_of(n, y);
            /* An output that is no number has no place; no value has one then either. */
            state[0] += isnan(y) ? NAN : weight * positive;
            state[1] += weight * (1 - positive);
            if (bucket == n) continue;
            state[2 + bucket] += weight * positive;
            state[2 + n + bucket] += weight * (1 - positive);
        }
}

typedef struct point { double tp, fp, tn, fn; } point;
typedef double quality(const point *at);

static double precision(const point *at) { return metric_ratio(at->tp, at->tp + at->fp); }
static double recall(const point *at) { return metric_ratio(at->tp, at->tp + at->fn); }
static double specificity(const point *at) { return metric_ratio(at->tn, at->tn + at->fp); }

static double best(const operating_point *o, const double *state, quality *wanted, quality *bound)
{
    const size_t n = o->num_thresholds;
    double most = 0;
    point at = { 0 };
    if (state[0] + state[1] == 0 || isnan(state[0])) return NAN;
    for (size_t t = n; t-- > 0;) {
        at.tp += state[2 + t];
        at.fp += state[2 + n + t];
        at.fn = state[0] - at.tp;
        at.tn = state[1] - at.fp;
        if (bound(&at) >= o->least) most = fmax(most, wanted(&at));
    }
    return most;
}

/* Keras indexes with whole numbers. */
static dnn_status encode(const void *q, dnn_node *config)
{
    const double unit = ((const operating_point *)q)->class_id;
    return dnn_node_set(config, "class_id", isnan(unit) ? dnn_node_null() : dnn_node_int((int64_t)unit));
}

#define OPERATING_POINT(name_, keras_, wanted, bound, help_) \
    static double result_##name_(const void *q, size_t units, const double *state) \
    { \
        (void)units; \
        return best(q, state, wanted, bound); \
    } \
    const dnn_metric_kind dnn_metric_##name_ = { \
        .kind = { .name = #name_, .help = help_, .params_size = sizeof(operating_point), DNN_PARAMS(name_##_params), .keras = keras_, \
                  .encode = encode }, \
        .larger_is_better = true, .state = state_size, .check = check, .update = update, .result = result_##name_, \
    }
OPERATING_POINT(precision_at_recall, "PrecisionAtRecall", precision, recall, "best precision at thresholds whose recall is large enough");
OPERATING_POINT(recall_at_precision, "RecallAtPrecision", recall, precision, "best recall at thresholds whose precision is large enough");
OPERATING_POINT(sensitivity_at_specificity, "SensitivityAtSpecificity", recall, specificity,
                "best sensitivity (recall) at thresholds whose specificity is large enough");
OPERATING_POINT(specificity_at_sensitivity, "SpecificityAtSensitivity", specificity, recall,
                "best specificity at thresholds whose sensitivity (recall) is large enough");
