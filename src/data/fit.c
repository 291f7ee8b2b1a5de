/* Scalers fitted on the training part. One rank does it, row by row in the order of the part: the sums have the same
 * bits at any number of ranks. */
#include <math.h>
#include <stdio.h>

#include "data/inside.h"
#include "dnn/base/memory.h"

/* Two passes: the mean first, so that squares of large values do not drown small deviations. */
static void measure(const dnn_dataset *ds, const dnn_view *view, bool target, const dnn_choice *train, double *row,
                    dnn_feature *features)
{
    const double n = (double)train->count;
    for (size_t j = 0; j < view->units; j++) features[j] = (dnn_feature){.min = INFINITY, .max = -INFINITY};
    for (uint64_t i = 0; i < train->count; i++) {
        dnn_row_raw(ds, view, target, dnn_choice_row(train, i), row);
        for (size_t j = 0; j < view->units; j++) {
            features[j].mean += row[j];
            features[j].min = row[j] < features[j].min ? row[j] : features[j].min;
            features[j].max = row[j] > features[j].max ? row[j] : features[j].max;
        }
    }
    for (size_t j = 0; j < view->units; j++) features[j].mean /= n;
    for (uint64_t i = 0; i < train->count; i++) {
        dnn_row_raw(ds, view, target, dnn_choice_row(train, i), row);
        for (size_t j = 0; j < view->units; j++)
            features[j].sd += (row[j] - features[j].mean) * (row[j] - features[j].mean);
    }
    for (size_t j = 0; j < view->units; j++) features[j].sd = sqrt(features[j].sd / n);
}

static dnn_status fit_features(const dnn_scaler_kind *kind, const void *params, const dnn_feature *features, size_t n,
                               double *shift, double *factor)
{
    dnn_status st = DNN_OK;
    for (size_t j = 0; j < n && st == DNN_OK; j++) {
        st = kind->fit(params, kind->fitted ? &features[j] : NULL, &shift[j], &factor[j]);
        if (st == DNN_OK && !(isfinite(shift[j]) && isfinite(factor[j]) && factor[j] != 0.0))
            st = dnn_fail(DNN_E_DATA, "data.scale: %s of feature %zu comes out beyond the range of numbers",
                          kind->kind.name, j);
    }
    return st;
}

static dnn_status fit_view(dnn_dataset *ds, dnn_view *view, bool target, const dnn_component *scaler,
                           const dnn_choice *train)
{
    const dnn_scaler_kind *const kind = (const dnn_scaler_kind *)scaler->kind;
    if (kind == NULL || kind->fit == NULL) return DNN_OK;
    if (kind->fitted && train->count == 0)
        return dnn_fail(DNN_E_CONFIG, "data.scale: %s is fitted on the training part, which has no rows",
                        kind->kind.name);
    dnn_feature *features = dnn_alloc(view->units, sizeof *features);
    double *row = dnn_alloc(view->units, sizeof *row), *shift = dnn_alloc(view->units, sizeof *shift);
    double *factor = dnn_alloc(view->units, sizeof *factor);
    dnn_status st = features && row && shift && factor ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK && kind->fitted) measure(ds, view, target, train, row, features);
    if (st == DNN_OK) st = fit_features(kind, scaler->params, features, view->units, shift, factor);
    if (st == DNN_OK) st = dnn_lists_add(ds, shift, view->units * sizeof *shift, &view->shift);
    if (st == DNN_OK) st = dnn_lists_add(ds, factor, view->units * sizeof *factor, &view->factor);
    dnn_free(features);
    dnn_free(row);
    dnn_free(shift);
    dnn_free(factor);
    view->scaled = st == DNN_OK;
    snprintf(view->kind, sizeof view->kind, "%s", kind->kind.name);
    return st;
}

dnn_status dnn_fit(dnn_dataset *ds, const dnn_scale_config *config, const dnn_choice *train)
{
    dnn_plan *const plan = &ds->plan;
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < plan->n_inputs && st == DNN_OK; i++)
        st = fit_view(ds, &plan->inputs[i], false, &config->features, train);
    for (size_t i = 0; i < plan->n_targets && st == DNN_OK; i++)
        st = fit_view(ds, &plan->targets[i], true, &config->targets, train);
    return st;
}
