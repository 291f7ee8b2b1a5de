/* Area under the curve of recall over false positive rate (ROC) or of precision over recall (PR), from counts at thresholds as in Keras:
 * num_thresholds of them, evenly from -1e-7 to 1 + 1e-7, or those given between these two. Summed by trapezoids, for PR by the
 * interpolation of Davis and Goadrich 2006 ("The relationship between precision-recall and ROC curves"), or by rectangles of the
 * smaller (minoring) or larger (majoring) end.
 *
 * State, per label (one, unless multi_label): for each threshold the weight of positives, then that of negatives, whose output lies above it
 * and not above the next. */
#include <math.h>

#include "dnn/math/vector.h"
#include "nn/metrics/metrics.h"

typedef struct auc {
    size_t num_thresholds;
    int curve, summation_method;
    dnn_numbers thresholds;
    bool multi_label, from_logits;
} auc;

enum { ROC, PR };
enum { INTERPOLATION, MINORING, MAJORING };

static const dnn_param params[] = {
    DNN_SIZE(auc, num_thresholds, "200", ">= 2", "points of the curve"),
    DNN_CHOICE(auc, curve, "ROC", "ROC|PR", "ROC: recall over false positive rate; PR: precision over recall"),
    DNN_CHOICE(auc, summation_method, "interpolation", "interpolation|minoring|majoring", "height between two points: between, the smaller, the larger"),
    DNN_NUMBERS(auc, thresholds, "null", "[0, 1]", "rising, in place of num_thresholds"),
    DNN_BOOL(auc, multi_label, "false", "one curve for each unit, of whose areas the mean is reported; else one for all"),
    DNN_BOOL(auc, from_logits, "false", "outputs are what a sigmoid would be computed from"),
};

static size_t points(const auc *a) { return a->thresholds.count > 0 ? a->thresholds.count + 2 : a->num_thresholds; }
static size_t labels(const auc *a, size_t units) { return a->multi_label ? units : 1; }

static size_t state_size(const void *q, size_t units) { return 2 * points(q) * labels(q, units); }

static dnn_status check(const void *q, size_t units)
{
    const dnn_numbers *t = &((const auc *)q)->thresholds;
    (void)units;
    for (size_t i = 1; i < t->count; i++)
        if (t->at[i] <= t->at[i - 1]) return dnn_fail(DNN_E_CONFIG, "thresholds: %g after %g: must rise", t->at[i], t->at[i - 1]);
    return DNN_OK;
}

/* The last threshold that y lies above; the first, -1e-7, in any case. Even thresholds: i / (n - 1) < y, in the precision of y. */
static size_t bucket_of(const auc *a, real y)
{
    size_t bucket = 0;
    if (a->thresholds.count > 0) {
        while (bucket < a->thresholds.count && y > (real)a->thresholds.at[bucket]) bucket++;
        return bucket;
    }
    const real last = (real)(a->num_thresholds - 1), at = (real)ceil((double)(y * last)) - 1;
    return at <= 0 ? 0 : at >= last - 1 ? a->num_thresholds - 2 : (size_t)at;
}

static void update(const void *q, const dnn_loss_pass *p, dnn_target target, double *state)
{
    const auc *a = q;
    const size_t n = points(a);
    for (size_t r = 0; r < p->rows; r++) {
        const double weight = metric_weight(p, r);
        for (size_t i = 0; i < p->units; i++) {
            const real out = p->y[r * p->units + i], y = a->from_logits ? dnn_sigmoid(out) : out;
            const double truth = metric_truth(p, target, r, i), positive = a->thresholds.count > 0 ? truth != 0 : truth;
            double *counts = state + (a->multi_label ? 2 * n * i : 0);
            /* There is no place for an output that is no number; the area is none then either. */
            const size_t bucket = isnan(y) ? 0 : bucket_of(a, y);
            counts[bucket] += isnan(y) ? NAN : weight * positive;
            counts[n + bucket] += weight * (1 - positive);
        }
    }
}

/* One threshold's counts, on the way from the highest, where nothing is called positive, to the lowest. */
typedef struct point { double tp, fp; } point;

static double height(const auc *a, double one, double other)
{
    if (a->summation_method == INTERPOLATION) return (one + other) / 2;
    return a->summation_method == MINORING ? fmin(one, other) : fmax(one, other);
}

static double interpolated_pr(point high, point low, double positives)
{
    const double p_high = high.tp + high.fp, p_low = low.tp + low.fp, found = low.tp - high.tp;
    const double slope = metric_ratio(found, fmax(p_low - p_high, 0)), intercept = high.tp - slope * p_high;
    const double safe = p_low > 0 && p_high > 0 ? p_low / p_high : 1;
    return metric_ratio(slope * (found + intercept * log(safe)), positives);
}

static double strip(const auc *a, point high, point low, double positives, double negatives)
{
    if (a->curve == PR && a->summation_method == INTERPOLATION) return interpolated_pr(high, low, positives);
    const double width = metric_ratio(low.tp, positives) - metric_ratio(high.tp, positives);
    if (a->curve == PR)
        return width * height(a, metric_ratio(high.tp, high.tp + high.fp), metric_ratio(low.tp, low.tp + low.fp));
    const double fp_width = metric_ratio(low.fp, negatives) - metric_ratio(high.fp, negatives);
    return fp_width * height(a, metric_ratio(high.tp, positives), metric_ratio(low.tp, positives));
}

static double area(const auc *a, const double *counts)
{
    const size_t n = points(a);
    double positives = 0, negatives = 0, sum = 0;
    for (size_t t = 0; t < n; t++) {
        positives += counts[t];
        negatives += counts[n + t];
    }
    if (positives + negatives == 0) return NAN;
    point high = { counts[n - 1], counts[2 * n - 1] };
    for (size_t t = n - 1; t-- > 0;) {
        const point low = { high.tp + counts[t], high.fp + counts[n + t] };
        sum += strip(a, high, low, positives, negatives);
        high = low;
    }
    return sum;
}

static void table(const void *q, size_t units, const double *state, double *values)
{
    for (size_t l = 0; l < labels(q, units); l++) values[l] = area(q, state + 2 * points(q) * l);
}

static size_t table_rows(const void *q, size_t units, size_t *columns)
{
    *columns = 1;
    return labels(q, units) > 1 ? units : 0;
}

static double result(const void *q, size_t units, const double *state)
{
    const size_t n = labels(q, units);
    double sum = 0;
    for (size_t l = 0; l < n; l++) sum += area(q, state + 2 * points(q) * l);
    return sum / (double)n;
}

/* Keras names thresholds only where they were given; by then num_thresholds counts its two ends as well. */
static dnn_status encode(const void *q, dnn_node *config)
{
    const auc *a = q;
    dnn_node_remove(config, "from_logits");
    if (a->thresholds.count == 0) {
        dnn_node_remove(config, "thresholds");
        return DNN_OK;
    }
    return dnn_node_set(config, "num_thresholds", dnn_node_int((int64_t)points(a)));
}

const dnn_metric_kind dnn_metric_auc = {
    .kind = { .name = "auc", .help = "area under the ROC or precision-recall curve", .params_size = sizeof(auc), DNN_PARAMS(params),
              .keras = "AUC", .encode = encode },
    .larger_is_better = true, .state = state_size, .check = check, .update = update, .result = result,
    .table_by = "label", .table_rows = table_rows, .table = table,
};
