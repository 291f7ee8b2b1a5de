/* How many units are called positive, or not, rightly or wrongly: their weights, summed. A unit is called positive where its output is above the
 * threshold; it is positive where its target is not 0. Of several thresholds the mean is reported, and evaluate shows each.
 *
 * State: weight of the rows seen, then the count at each threshold. */
#include <math.h>

#include "nn/metrics/metrics.h"

typedef struct confusion_counts { dnn_numbers thresholds; } confusion_counts;

static const dnn_param params[] = {
    DNN_NUMBERS(confusion_counts, thresholds, "0.5", "[0, 1]", "outputs above it count as positive; of several the mean is reported"),
};

static size_t state_size(const void *q, size_t units)
{
    (void)units;
    return 1 + ((const confusion_counts *)q)->thresholds.count;
}

static dnn_status check(const void *q, size_t units)
{
    (void)units;
    return ((const confusion_counts *)q)->thresholds.count ? DNN_OK : dnn_fail(DNN_E_CONFIG, "thresholds = []: at least one is wanted");
}

static void count(const void *q, const dnn_loss_pass *p, dnn_target target, bool positive, bool called, double *state)
{
    const dnn_numbers *thresholds = &((const confusion_counts *)q)->thresholds;
    for (size_t r = 0; r < p->rows; r++) {
        const double weight = metric_weight(p, r);
        state[0] += weight;
        for (size_t i = 0; i < p->units; i++) {
            if ((metric_truth(p, target, r, i) != 0) != positive) continue;
            const real y = p->y[r * p->units + i];
            for (size_t t = 0; t < thresholds->count; t++) state[1 + t] += (y > (real)thresholds->at[t]) == called ? weight : 0;
        }
    }
}

static double result(const void *q, size_t units, const double *state)
{
    const size_t n = state_size(q, units) - 1;
    double sum = 0;
    for (size_t t = 0; t < n; t++) sum += state[1 + t];
    return state[0] == 0 ? NAN : sum / (double)n;
}

static size_t table_rows(const void *q, size_t units, size_t *columns)
{
    const size_t n = state_size(q, units) - 1;
    *columns = 1;
    return n > 1 ? n : 0;
}

static void table(const void *q, size_t units, const double *state, double *values)
{
    for (size_t t = 0; t + 1 < state_size(q, units); t++) values[t] = state[1 + t];
}

/* One threshold is a number in Keras. */
static dnn_status encode(const void *q, dnn_node *config)
{
    const dnn_numbers *t = &((const confusion_counts *)q)->thresholds;
    return t->count == 1 ? dnn_node_set(config, "thresholds", dnn_node_real(t->at[0])) : DNN_OK;
}

#define COUNTS(name_, keras_, positive, called, better, help_) \
    static void update_##name_(const void *q, const dnn_loss_pass *p, dnn_target target, double *state) \
    { \
        count(q, p, target, positive, called, state); \
    } \
    const dnn_metric_kind dnn_metric_##name_ = { \
        .kind = { .name = #name_, .help = help_, .params_size = sizeof(confusion_counts), DNN_PARAMS(params), .keras = keras_, .encode = encode }, \
        .larger_is_better = better, .state = state_size, .check = check, .update = update_##name_, .result = result, \
        .table_by = "threshold", .table_rows = table_rows, .table = table, \
    }
COUNTS(true_positives, "TruePositives", true, true, true, "how many positives were called so");
COUNTS(true_negatives, "TrueNegatives", false, false, true, "how many negatives were not called positive");
COUNTS(false_positives, "FalsePositives", false, true, false, "how many negatives were called positive");
COUNTS(false_negatives, "FalseNegatives", true, false, false, "how many positives were not called so");
