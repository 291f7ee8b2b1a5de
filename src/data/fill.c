/* Missing values of the features: the mean over the training part takes their place, in every part. */
#include <math.h>

#include "data/inside.h"
#include "dnn/base/memory.h"

static float *features_at(const dnn_dataset *ds, uint64_t row)
{
    return (float *)((char *)ds->values.base + ds->plan.x[0]) + row * dnn_shape_units(&ds->plan.source.x[0].shape);
}

static dnn_status means(const dnn_dataset *ds, const dnn_choice *train, size_t units, double *mean)
{
    uint64_t *count = dnn_alloc(units, sizeof *count);
    if (count == NULL) return DNN_E_MEMORY;
    for (uint64_t i = 0; i < train->count; i++) {
        const float *const x = features_at(ds, dnn_choice_row(train, i));
        for (size_t j = 0; j < units; j++)
            if (!isnan(x[j])) mean[j] += (double)x[j], count[j]++;
    }
    for (size_t j = 0; j < units; j++) mean[j] = count[j] > 0 ? mean[j] / (double)count[j] : NAN;
    dnn_free(count);
    return DNN_OK;
}

static dnn_status given(const dnn_node *fitted, size_t units, double *mean)
{
    if (fitted->type != DNN_NODE_LIST || fitted->count != units)
        return dnn_fail(DNN_E_DATA,
                        "the model was trained on %zu features with values filled in, the source brings %zu",
                        fitted->count, units);
    for (size_t j = 0; j < units; j++) {
        const dnn_node *const item = fitted->items[j];
        if ((item->type != DNN_NODE_REAL && item->type != DNN_NODE_INT) || !isfinite(item->real))
            return dnn_fail(DNN_E_MODEL, "the model's value for what is missing of feature %zu is no number", j);
        mean[j] = item->real;
    }
    return DNN_OK;
}

static dnn_status put(dnn_dataset *ds, size_t units, const double *mean)
{
    for (uint64_t row = 0; row < ds->plan.start[DNN_PARTS]; row++) {
        float *const x = features_at(ds, row);
        for (size_t j = 0; j < units; j++) {
            if (!isnan(x[j])) continue;
            if (isnan(mean[j]))
                return dnn_fail(DNN_E_DATA,
                                "%s: feature %zu has no value in the whole training part, so there is no mean to fill "
                                "in: leave it out of "
                                "`features`",
                                ds->plan.source.x[0].origin, j);
            x[j] = (float)mean[j];
        }
    }
    return DNN_OK;
}

dnn_status dnn_fill(dnn_dataset *ds, const dnn_choice *train, const dnn_node *fitted)
{
    if (!ds->plan.source.fills) return DNN_OK;
    const size_t units = dnn_shape_units(&ds->plan.source.x[0].shape);
    double *mean = dnn_alloc(units, sizeof *mean);
    if (mean == NULL) return DNN_E_MEMORY;
    dnn_status st = fitted != NULL ? given(fitted, units, mean) : means(ds, train, units, mean);
    if (st == DNN_OK) st = put(ds, units, mean);
    /* A column that misses nothing anywhere may have no training mean; then nothing needs one. */
    for (size_t j = 0; j < units; j++)
        if (isnan(mean[j])) mean[j] = 0.0;
    if (st == DNN_OK) st = dnn_lists_add(ds, mean, units * sizeof *mean, &ds->plan.fill);
    if (st == DNN_OK) ds->plan.n_fill = units;
    dnn_free(mean);
    return st;
}
