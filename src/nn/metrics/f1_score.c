/* Harmonic mean of precision and recall per unit, and with beta its weighted form: (1 + beta²) p r / (beta² p + r), where each denominator
 * has 1e-7 added as in Keras. Which units of a row are called positive: those above the threshold, or, without one, those
 * equal to the row's largest (unless that is 0).
 *
 * State: weight of the rows seen, then for each unit true positives, false positives, false negatives. */
#include <math.h>

#include "nn/metrics/metrics.h"

/* f1_score has no row for beta, which then is 0 and means 1. */
typedef struct fbeta_score { double beta; int average; double threshold; } fbeta_score;

enum { NONE, MICRO, MACRO, WEIGHTED };
#define EPSILON 1e-7

static const dnn_param params[] = {
    DNN_REAL(fbeta_score, beta, "1", "> 0", "weight of recall against precision"),
    DNN_CHOICE(fbeta_score, average, "none", "none|micro|macro|weighted",
               "none: a value per unit, whose mean is reported; micro: of the counts of all; macro: the mean; weighted: by positives"),
    DNN_REAL(fbeta_score, threshold, "null", "[0, 1]", "outputs above it count as positive; null: the largest of the row"),
};

static size_t state_size(const void *q, size_t units)
{
    (void)q;
    return 1 + 3 * units;
}

static void update(const void *q, const dnn_loss_pass *p, dnn_target target, double *state)
{
    const fbeta_score *f = q;
    for (size_t r = 0; r < p->rows; r++) {
        const real *y = p->y + r * p->units, largest = y[metric_argmax(p->units, y)];
        const double weight = metric_weight(p, r);
        state[0] += weight;
        for (size_t i = 0; i < p->units; i++) {
            const bool called = isnan(f->threshold) ? y[i] >= largest && fabs((double)y[i]) > 1e-9 : y[i] > (real)f->threshold;
            const double truth = metric_truth(p, target, r, i);
            double *count = state + 1 + 3 * i;
            if (called) count[0] += weight * truth, count[1] += weight * (1 - truth);
            else count[2] += weight * truth;
        }
    }
}

static double score(const fbeta_score *f, double tp, double fp, double fn)
{
    const double precision = tp / (tp + fp + EPSILON), recall = tp / (tp + fn + EPSILON), b = f->beta > 0 ? f->beta * f->beta : 1;
    return (1 + b) * precision * recall / (b * precision + recall + EPSILON);
}

static double result(const void *q, size_t units, const double *state)
{
    const fbeta_score *f = q;
    double all[3] = { 0 }, sum = 0, weighted = 0;
    for (size_t i = 0; i < units; i++) {
        const double *c = state + 1 + 3 * i, value = score(f, c[0], c[1], c[2]);
        for (int k = 0; k < 3; k++) all[k] += c[k];
        sum += value;
        weighted += value * (c[0] + c[2]);
    }
    if (state[0] == 0) return NAN;
    if (f->average == MICRO) return score(f, all[0], all[1], all[2]);
    return f->average == WEIGHTED ? weighted / (all[0] + all[2] + EPSILON) : sum / (double)units;
}

static size_t table_rows(const void *q, size_t units, size_t *columns)
{
    *columns = 1;
    return ((const fbeta_score *)q)->average == NONE && units > 1 ? units : 0;
}

static void table(const void *q, size_t units, const double *state, double *values)
{
    for (size_t i = 0; i < units; i++) {
        const double *c = state + 1 + 3 * i;
        values[i] = state[0] == 0 ? NAN : score(q, c[0], c[1], c[2]);
    }
}

/* Keras's word for no average is null. */
static dnn_status encode(const void *q, dnn_node *config)
{
    return ((const fbeta_score *)q)->average == NONE ? dnn_node_set(config, "average", dnn_node_null()) : DNN_OK;
}

static dnn_status decode(const dnn_node *config, dnn_node *node)
{
    (void)config;
    const dnn_node *average = dnn_node_find(node, "average");
    if (average && average->type == DNN_NODE_NULL) dnn_node_remove(node, "average");
    return DNN_OK;
}

const dnn_metric_kind dnn_metric_f1_score = {
    .kind = { .name = "f1_score", .help = "harmonic mean of precision and recall, per unit or averaged", .params_size = sizeof(fbeta_score),
              .params = params + 1, .n_params = sizeof params / sizeof *params - 1, .keras = "F1Score", .encode = encode, .decode = decode },
    .larger_is_better = true, .state = state_size, .update = update, .result = result,
    .table_by = "class", .table_rows = table_rows, .table = table,
};

const dnn_metric_kind dnn_metric_fbeta_score = {
    .kind = { .name = "fbeta_score", .help = "(1 + beta^2) p r / (beta^2 p + r) of precision p and recall r",
              .params_size = sizeof(fbeta_score), DNN_PARAMS(params), .keras = "FBetaScore", .encode = encode, .decode = decode },
    .larger_is_better = true, .state = state_size, .update = update, .result = result,
    .table_by = "class", .table_rows = table_rows, .table = table,
};
