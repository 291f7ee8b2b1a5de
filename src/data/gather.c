/* Rows of a part as the network wants them. */
#include "data/inside.h"

static uint64_t row_at(const dnn_part_rows *rows, const uint64_t *list, uint64_t position)
{
    DNN_ASSERT(position < rows->count);
    return list != NULL ? list[position] : rows->first + position;
}

static void gather(const dnn_dataset *ds, const dnn_view *view, bool target, dnn_part part, const uint64_t *at,
                   size_t n, float *out)
{
    const dnn_part_rows *const rows = &ds->plan.parts[part];
    const uint64_t *const list = rows->listed ? dnn_lists_at(ds, rows->list) : NULL;
    for (size_t k = 0; k < n; k++) {
        if (k + 1 < n) dnn_row_prefetch(ds, view, target, row_at(rows, list, at[k + 1]));
        dnn_row_scaled(ds, view, target, row_at(rows, list, at[k]), out + k * view->units);
    }
}

void dnn_dataset_gather_input(const dnn_dataset *ds, dnn_part part, const uint64_t *at, size_t n, size_t i, float *out)
{
    DNN_ASSERT(i < ds->plan.n_inputs);
    gather(ds, &ds->plan.inputs[i], false, part, at, n, out);
}

size_t dnn_dataset_bytes(const dnn_dataset *ds) { return ds->plan.bytes + ds->plan.lists_bytes; }
bool dnn_dataset_streams(const dnn_dataset *ds) { return ds->plan.streams; }

void dnn_dataset_expect(const dnn_dataset *ds, dnn_part part, const uint64_t *at, size_t n)
{
    const dnn_part_rows *const rows = &ds->plan.parts[part];
    const uint64_t *const list = rows->listed ? dnn_lists_at(ds, rows->list) : NULL;
    for (size_t k = 0; ds->plan.streams && k < n; k++) {
        const uint64_t row = row_at(rows, list, at[k]);
        for (size_t i = 0; i < ds->plan.source.n_x; i++) dnn_stream_expect(ds, i, row);
    }
}

void dnn_dataset_gather_target(const dnn_dataset *ds, dnn_part part, const uint64_t *at, size_t n, size_t i, float *out)
{
    const bool mirrors = ds->plan.mirrors;
    DNN_ASSERT(i < dnn_dataset_targets(ds));
    gather(ds, mirrors ? &ds->plan.inputs[i] : &ds->plan.targets[i], !mirrors, part, at, n, out);
}

void dnn_dataset_gather_weight(const dnn_dataset *ds, dnn_part part, const uint64_t *at, size_t n, float *out)
{
    const dnn_part_rows *const rows = &ds->plan.parts[part];
    const uint64_t *const list = rows->listed ? dnn_lists_at(ds, rows->list) : NULL;
    const float *const weight = (const float *)((const char *)ds->values.base + ds->plan.weight);
    for (size_t k = 0; k < n; k++) out[k] = ds->plan.source.weighted ? weight[row_at(rows, list, at[k])] : 1.0f;
}

void dnn_dataset_unscale_target(const dnn_dataset *ds, size_t i, size_t n, float *values)
{
    const dnn_plan *const plan = &ds->plan;
    const dnn_view *const view = plan->mirrors ? &plan->inputs[i] : &plan->targets[i];
    if (i >= (plan->mirrors ? plan->n_inputs : plan->n_target_views) || !view->scaled) return;
    const double *const shift = dnn_lists_at(ds, view->shift), *const factor = dnn_lists_at(ds, view->factor);
    for (size_t k = 0; k < n; k++)
        for (size_t j = 0; j < view->units; j++) {
            float *const value = &values[k * view->units + j];
            *value = (float)((double)*value / factor[j] + shift[j]);
        }
}
