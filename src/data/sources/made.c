#include "data/sources/made.h"

#include <math.h>
#include <string.h>

#include "dnn/base/memory.h"

dnn_status dnn_made_count(const char *kind, const dnn_numbers *n_samples, size_t *sum)
{
    double all = 0.0;
    for (size_t i = 0; i < n_samples->count; i++) {
        const double n = n_samples->at[i];
        if (n != floor(n)) return dnn_fail(DNN_E_CONFIG, "data.source.%s.n_samples = %g: must be a whole number", kind, n);
        all += n;
    }
    if (!(all >= 1.0 && all <= 0x1p53))
        return dnn_fail(DNN_E_CONFIG, "data.source.%s.n_samples: makes %g rows: must be at least one, and at most 2^53", kind, all);
    *sum = (size_t)all;
    return DNN_OK;
}

dnn_status dnn_made_halves(const char *kind, const dnn_numbers *n_samples, size_t *outer, size_t *inner)
{
    size_t rows = 0;
    if (n_samples->count > 2)
        return dnn_fail(DNN_E_CONFIG, "data.source.%s.n_samples: must be one number of rows, or two: of the outer and of the inner figure", kind);
    const dnn_status st = dnn_made_count(kind, n_samples, &rows);
    if (st != DNN_OK) return st;
    *outer = n_samples->count == 2 ? (size_t)n_samples->at[0] : rows / 2;
    *inner = rows - *outer;
    return DNN_OK;
}

dnn_status dnn_made_create(size_t rows, size_t features, size_t targets, bool labels, dnn_made **out)
{
    *out = NULL;
    dnn_made *made = dnn_alloc(1, sizeof *made);
    if (made == NULL) return DNN_E_MEMORY;
    if (rows > SIZE_MAX / sizeof(double) / (features > targets ? features : targets)) {
        dnn_free(made);
        return dnn_fail(DNN_E_MEMORY, "data.source: %zu rows of %zu features do not fit into memory", rows, features);
    }
    *made = (dnn_made){.rows = rows, .features = features, .targets = targets, .labels = labels};
    made->x = dnn_alloc(rows * features, sizeof *made->x);
    made->y = dnn_alloc(rows * targets, sizeof *made->y);
    if (made->x == NULL || made->y == NULL) {
        dnn_made_close(made);
        return DNN_E_MEMORY;
    }
    *out = made;
    return DNN_OK;
}

dnn_status dnn_made_shuffle(dnn_made *made, dnn_legacy_random *random)
{
    const size_t n = made->rows, d = made->features, t = made->targets;
    size_t *order = dnn_alloc(n, sizeof *order);
    double *x = dnn_alloc(n * d, sizeof *x), *y = dnn_alloc(n * t, sizeof *y);
    const bool room = order != NULL && x != NULL && y != NULL;
    if (room) {
        for (size_t i = 0; i < n; i++) order[i] = i;
        dnn_legacy_shuffle(random, order, n);
        for (size_t i = 0; i < n; i++) {
            memcpy(x + i * d, made->x + order[i] * d, d * sizeof *x);
            memcpy(y + i * t, made->y + order[i] * t, t * sizeof *y);
        }
        double *const old_x = made->x, *const old_y = made->y;
        made->x = x, made->y = y;
        x = old_x, y = old_y;
    }
    dnn_free(order);
    dnn_free(x);
    dnn_free(y);
    return room ? DNN_OK : DNN_E_MEMORY;
}

void dnn_made_add_noise(dnn_made *made, dnn_legacy_random *random, double scale)
{
    if (isnan(scale)) return;
    for (size_t i = 0; i < made->rows * made->features; i++) made->x[i] += scale * dnn_legacy_normal(random);
}

void dnn_made_describe(const dnn_made *made, dnn_source_info *info)
{
    info->rows[DNN_TRAIN] = made->rows;
    info->n_x = info->n_y = 1;
    info->x[0] = (dnn_source_array){.name = "x", .shape = dnn_shape_1(made->features), .type = DNN_VALUE_FLOAT};
    info->y[0] = (dnn_source_array){
        .name = "y", .type = made->labels ? DNN_VALUE_INT32 : DNN_VALUE_FLOAT, .labels = made->labels};
    if (made->targets > 1) info->y[0].shape = dnn_shape_1(made->targets);
}

dnn_status dnn_made_read(void *state, dnn_part part, uint64_t first, size_t rows, void *const *x, void *const *y,
                         float *weight)
{
    (void)part;
    (void)weight;
    const dnn_made *made = state;
    float *const values = x[0];
    const double *const from = made->x + first * made->features;
    for (size_t i = 0; i < rows * made->features; i++) values[i] = (float)from[i];
    const double *const goal = made->y + first * made->targets;
    for (size_t i = 0; i < rows * made->targets; i++) {
        if (made->labels)
            ((int32_t *)y[0])[i] = (int32_t)goal[i];
        else
            ((float *)y[0])[i] = (float)goal[i];
    }
    return DNN_OK;
}

void dnn_made_close(void *state)
{
    dnn_made *made = state;
    if (made == NULL) return;
    dnn_free(made->x);
    dnn_free(made->y);
    dnn_free(made);
}

double dnn_made_linspace(double start, double stop, size_t count, bool endpoint, size_t i)
{
    const size_t steps = endpoint ? count - 1 : count;
    if (steps == 0) return start;
    if (endpoint && i == count - 1) return stop;
    return (double)i * ((stop - start) / (double)steps) + start;
}

dnn_status dnn_made_finish(dnn_made *made, int64_t random_state, bool shuffle, double noise, dnn_source_info *info, void **state)
{
    dnn_legacy_random random;
    dnn_legacy_seed(&random, (uint32_t)random_state);
    const dnn_status st = shuffle ? dnn_made_shuffle(made, &random) : DNN_OK;
    if (st != DNN_OK) {
        dnn_made_close(made);
        return st;
    }
    dnn_made_add_noise(made, &random, noise);
    dnn_made_describe(made, info);
    *state = made;
    return DNN_OK;
}
