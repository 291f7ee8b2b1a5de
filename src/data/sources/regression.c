/* A random linear problem: sklearn.datasets.make_regression. */
#include <math.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "data/sources/made.h"

typedef struct regression {
    size_t n_samples, n_features, n_informative, n_targets;
    double noise, bias, effective_rank, tail_strength;
    int64_t random_state;
    bool shuffle;
} regression;

static const dnn_param params[] = {
    DNN_SIZE(regression, n_samples, "100", ">= 1", "rows"),
    DNN_SIZE(regression, n_features, "100", ">= 1", "features, standard normal"),
    DNN_SIZE(regression, n_informative, "10", NULL,
             "features that the target depends on, with coefficients in [0, 100)"),
    DNN_SIZE(regression, n_targets, "1", ">= 1", "targets of a row, each with coefficients of its own"),
    DNN_REAL(regression, bias, "0.0", NULL, "constant term of the targets"),
    DNN_REAL(regression, effective_rank, "null", ">= 1",
             "about how many singular values of the features are large; null: features are independent"),
    DNN_REAL(regression, tail_strength, "0.5", "[0, 1]", "with effective_rank: share of the long tail in the singular values"),
    DNN_REAL(regression, noise, "0.0", ">= 0", "standard deviation of the normal noise added to the targets"),
    DNN_INT(regression, random_state, "0", "[0, 4294967295]",
            "seed of NumPy's legacy stream; the rows are scikit-learn's"),
    DNN_BOOL(regression, shuffle, "true", "puts rows and features in random order"),
};

static dnn_status shuffle_features(dnn_made *made, dnn_legacy_random *random)
{
    const size_t d = made->features;
    size_t *order = dnn_alloc(d, sizeof *order);
    double *row = dnn_alloc(d, sizeof *row);
    const bool room = order != NULL && row != NULL;
    if (room) {
        for (size_t j = 0; j < d; j++) order[j] = j;
        dnn_legacy_shuffle(random, order, d);
        for (size_t i = 0; i < made->rows; i++) {
            double *const x = made->x + i * d;
            for (size_t j = 0; j < d; j++) row[j] = x[order[j]];
            memcpy(x, row, d * sizeof *x);
        }
    }
    dnn_free(order);
    dnn_free(row);
    return room ? DNN_OK : DNN_E_MEMORY;
}

/* coefficients [informative, targets] */
static void draw_targets(const regression *p, dnn_legacy_random *random, size_t informative, double *coefficients, dnn_made *made)
{
    const size_t d = p->n_features, t = p->n_targets;
    for (size_t j = 0; j < informative * t; j++) coefficients[j] = 100.0 * dnn_legacy_sample(random);
    for (size_t i = 0; i < p->n_samples; i++)
        for (size_t k = 0; k < t; k++) {
            double sum = 0.0;
            for (size_t j = 0; j < informative; j++) sum += made->x[i * d + j] * coefficients[j * t + k];
            made->y[i * t + k] = sum + p->bias;
        }
    /* Drawn only where there is noise: the order of the rows depends on the stream's position. */
    if (p->noise > 0.0)
        for (size_t i = 0; i < p->n_samples * t; i++) made->y[i] += p->noise * dnn_legacy_normal(random);
}

static dnn_status draw(const regression *p, dnn_made *made)
{
    const size_t informative = p->n_informative < p->n_features ? p->n_informative : p->n_features;
    double *coefficients = p->n_targets <= SIZE_MAX / sizeof *coefficients / (informative + 1)
                               ? dnn_alloc(informative * p->n_targets, sizeof *coefficients)
                               : NULL;
    dnn_legacy_random random;
    dnn_legacy_seed(&random, (uint32_t)p->random_state);
    dnn_status st = coefficients == NULL ? DNN_E_MEMORY : DNN_OK;
    if (st == DNN_OK && !isnan(p->effective_rank)) st = dnn_made_low_rank(made, p->effective_rank, p->tail_strength, &random);
    if (st == DNN_OK && isnan(p->effective_rank))
        for (size_t i = 0; i < p->n_samples * p->n_features; i++) made->x[i] = dnn_legacy_normal(&random);
    if (st == DNN_OK) draw_targets(p, &random, informative, coefficients, made);
    if (st == DNN_OK && p->shuffle) st = dnn_made_shuffle(made, &random);
    if (st == DNN_OK && p->shuffle) st = shuffle_features(made, &random);
    dnn_free(coefficients);
    return st;
}

static dnn_status open(const void *parameters, dnn_source_info *info, void **state)
{
    const regression *p = parameters;
    dnn_made *made;
    dnn_status st = dnn_made_create(p->n_samples, p->n_features, p->n_targets, false, &made);
    if (st != DNN_OK) return st;
    st = draw(p, made);
    if (st != DNN_OK) {
        dnn_made_close(made);
        return st;
    }
    dnn_made_describe(made, info);
    *state = made;
    return DNN_OK;
}

const dnn_source_kind dnn_source_regression = {
    .kind = {.name = "regression",
             .help = "a random linear problem; scikit-learn's make_regression, row for row",
             .params_size = sizeof(regression),
             DNN_PARAMS(params)},
    .open = open,
    .read = dnn_made_read,
    .close = dnn_made_close,
};
