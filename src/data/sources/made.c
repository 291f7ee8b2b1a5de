#include "data/sources/made.h"

#include <math.h>
#include <string.h>

#include "dnn/base/memory.h"

dnn_status dnn_made_create(size_t rows, size_t features, bool labels, dnn_made **out)
{
    *out = NULL;
    dnn_made *made = dnn_alloc(1, sizeof *made);
    if (made == NULL) return DNN_E_MEMORY;
    if (features != 0 && rows > SIZE_MAX / features) {
        dnn_free(made);
        return dnn_fail(DNN_E_MEMORY, "data.source: %zu rows of %zu features do not fit into memory", rows, features);
    }
    *made = (dnn_made){.rows = rows, .features = features, .labels = labels};
    made->x = dnn_alloc(rows * features, sizeof *made->x);
    made->y = dnn_alloc(rows, sizeof *made->y);
    if (made->x == NULL || made->y == NULL) {
        dnn_made_close(made);
        return DNN_E_MEMORY;
    }
    *out = made;
    return DNN_OK;
}

dnn_status dnn_made_shuffle(dnn_made *made, dnn_legacy_random *random)
{
    const size_t n = made->rows, d = made->features;
    size_t *order = dnn_alloc(n, sizeof *order);
    double *x = dnn_alloc(n * d, sizeof *x), *y = dnn_alloc(n, sizeof *y);
    const bool room = order != NULL && x != NULL && y != NULL;
    if (room) {
        for (size_t i = 0; i < n; i++) order[i] = i;
        dnn_legacy_shuffle(random, order, n);
        for (size_t i = 0; i < n; i++) {
            memcpy(x + i * d, made->x + order[i] * d, d * sizeof *x);
            y[i] = made->y[order[i]];
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
    for (size_t i = 0; i < rows; i++) {
        if (made->labels)
            ((int32_t *)y[0])[i] = (int32_t)made->y[first + i];
        else
            ((float *)y[0])[i] = (float)made->y[first + i];
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
