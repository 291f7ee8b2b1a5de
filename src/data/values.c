/* What the source brings, as it comes, in the window of its team. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/inside.h"

enum { LINE = 64, LARGEST_LABEL = 65535 };

static dnn_status place(const dnn_source_array *array, uint64_t rows, size_t *offset, size_t *end)
{
    const size_t units = dnn_shape_units(&array->shape), size = dnn_value_size(array->type);
    if (units == 0) return dnn_fail(DNN_E_DATA, "%s: '%s' has samples without values", array->origin, array->name);
    if (rows > (SIZE_MAX / 4 - *end) / size / units)
        return dnn_fail(DNN_E_MEMORY, "%s: %llu samples of %zu values do not fit into memory", array->origin,
                        (unsigned long long)rows, units);
    *offset = *end;
    *end += (rows * units * size + LINE - 1) / LINE * LINE;
    return DNN_OK;
}

dnn_status dnn_values_plan(dnn_plan *plan)
{
    const dnn_source_info *const info = &plan->source;
    DNN_ASSERT(info->n_x >= 1 && info->n_x <= DNN_SOURCE_ARRAYS && info->n_y <= DNN_SOURCE_ARRAYS);
    for (int part = 0; part < DNN_PARTS; part++) plan->start[part + 1] = plan->start[part] + info->rows[part];
    const uint64_t rows = plan->start[DNN_PARTS];
    if (rows == 0) return dnn_fail(DNN_E_DATA, "%s: no samples", info->x[0].origin[0] ? info->x[0].origin : plan->kind);
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < info->n_x && st == DNN_OK; i++) {
        size_t elsewhere = 0;
        st = place(&info->x[i], rows, &plan->x[i], plan->streams ? &elsewhere : &plan->bytes);
    }
    for (size_t i = 0; i < info->n_y && st == DNN_OK; i++) st = place(&info->y[i], rows, &plan->y[i], &plan->bytes);
    const dnn_source_array weight = {.name = "weight", .type = DNN_VALUE_FLOAT};
    if (st == DNN_OK && info->weighted) st = place(&weight, rows, &plan->weight, &plan->bytes);
    plan->places = plan->bytes;
    if (plan->streams) plan->bytes += dnn_stream_places_bytes;
    return st;
}

void dnn_values_bind(dnn_dataset *ds)
{
    const dnn_plan *const plan = &ds->plan;
    for (int part = 0; part < DNN_PARTS; part++)
        for (size_t i = 0; i < plan->source.n_x; i++)
            ds->x[part][i] = (const char *)ds->values.base + plan->x[i] + plan->start[part] * dnn_row_bytes(&plan->source.x[i]);
}

static char *at_row(const dnn_dataset *ds, const dnn_source_array *array, size_t offset, uint64_t row)
{
    return (char *)ds->values.base + offset + row * dnn_row_bytes(array);
}

dnn_status dnn_values_read(dnn_dataset *ds, const dnn_source_kind *kind, void *state)
{
    const dnn_plan *const plan = &ds->plan;
    const dnn_source_info *const info = &plan->source;
    dnn_status st = DNN_OK;
    for (int part = 0; part < DNN_PARTS && st == DNN_OK; part++) {
        if (info->rows[part] == 0) continue;
        const uint64_t row = plan->start[part];
        void *x[DNN_SOURCE_ARRAYS] = {NULL}, *y[DNN_SOURCE_ARRAYS] = {NULL};
        for (size_t i = 0; i < info->n_x; i++) x[i] = at_row(ds, &info->x[i], plan->x[i], row);
        for (size_t i = 0; i < info->n_y; i++) y[i] = at_row(ds, &info->y[i], plan->y[i], row);
        float *const weight = info->weighted ? (float *)((char *)ds->values.base + plan->weight) + row : NULL;
        st = kind->read(state, (dnn_part)part, 0, info->rows[part], x, y, weight);
    }
    return st;
}

/* "train.h5:/x: training row 17" for messages; row numbers are those of the file. */
static const char *row_text(const dnn_plan *plan, const dnn_source_info *info, const char *origin, uint64_t row,
                            char *out, size_t size)
{
    static const char *const names[] = {"training", "validation", "test"};
    int part = 0;
    while (part < DNN_TEST && row >= plan->start[part + 1]) part++;
    uint64_t number = row - plan->start[part];
    if (part == DNN_TRAIN && info->numbers != NULL) number = info->numbers[number];
    snprintf(out, size, "%s: %s row %llu", origin[0] ? origin : plan->kind, names[part], (unsigned long long)number);
    return out;
}

/* Of x[i], or of y[i]. */
static dnn_status check_finite(const dnn_dataset *ds, const dnn_source_info *info, bool target, size_t i)
{
    const dnn_source_array *const array = target ? &info->y[i] : &info->x[i];
    const bool first = !target && i == 0, fills = info->fills && first;
    if (array->type != DNN_VALUE_FLOAT) return DNN_OK;
    const size_t units = dnn_shape_units(&array->shape);
    for (uint64_t row = 0; row < ds->plan.start[DNN_PARTS]; row++) {
        const float *const values = (const float *)(target ? at_row(ds, array, ds->plan.y[i], row) : dnn_x_row(ds, i, row));
        bool bad = false;
        for (size_t j = 0; j < units; j++) bad |= !(fabsf(values[j]) <= FLT_MAX);
        for (size_t j = 0; bad && j < units; j++) {
            if (isfinite(values[j]) || (fills && isnan(values[j]))) continue;
            char where[400], column[128] = "";
            if (info->n_columns == units && first)
                snprintf(column, sizeof column, " ('%.100s')", info->columns[j]);
            return dnn_fail(DNN_E_DATA, "%s: column %zu%s of '%s' is %s: values must be finite",
                            row_text(&ds->plan, info, array->origin, row, where, sizeof where), j, column, array->name,
                            isnan(values[j]) ? "NaN" : "Inf");
        }
    }
    return DNN_OK;
}

static double value_at(const dnn_dataset *ds, const dnn_source_array *array, size_t offset, uint64_t row)
{
    const char *const at = at_row(ds, array, offset, row);
    if (array->type == DNN_VALUE_UINT8) return *(const uint8_t *)at;
    return array->type == DNN_VALUE_INT32 ? (double)*(const int32_t *)at : (double)*(const float *)at;
}

double dnn_values_input(const dnn_dataset *ds, uint64_t row, size_t column)
{
    const dnn_source_array *const array = &ds->plan.source.x[0];
    const char *const at = dnn_x_row(ds, 0, row);
    if (array->type == DNN_VALUE_UINT8) return ((const uint8_t *)at)[column];
    return array->type == DNN_VALUE_INT32 ? (double)((const int32_t *)at)[column] : (double)((const float *)at)[column];
}

int64_t dnn_values_label(const dnn_dataset *ds, uint64_t row)
{
    return (int64_t)value_at(ds, &ds->plan.source.y[0], ds->plan.y[0], row);
}

/* Classes for sure must be whole numbers from 0; other targets that happen to be are labels as well. */
static dnn_status check_labels(dnn_dataset *ds, const dnn_source_info *info, size_t i)
{
    const dnn_source_array *const array = &info->y[i];
    dnn_array_info *const view = &ds->plan.targets[i].info;
    if (dnn_shape_units(&array->shape) != 1) {
        snprintf(view->not_labels, sizeof view->not_labels, "a sample has several targets");
        return DNN_OK;
    }
    double largest = -1.0;
    uint64_t largest_row = 0;
    char where[400];
    for (uint64_t row = 0; row < ds->plan.start[DNN_PARTS]; row++) {
        const double label = value_at(ds, array, ds->plan.y[i], row);
        if (label >= 0.0 && label <= LARGEST_LABEL && label == floor(label)) {
            if (label > largest) largest = label, largest_row = row;
            continue;
        }
        row_text(&ds->plan, info, array->origin, row, where, sizeof where);
        if (array->labels)
            return dnn_fail(DNN_E_DATA, "%s: label %.9g: must be a whole number from 0 to %d", where, label,
                            LARGEST_LABEL);
        snprintf(view->not_labels, sizeof view->not_labels, "%.120s is %.9g", where, label);
        return DNN_OK;
    }
    view->labels = true;
    view->classes = (size_t)largest + 1;
    row_text(&ds->plan, info, array->origin, largest_row, where, sizeof where);
    snprintf(view->largest_at, sizeof view->largest_at, "%.180s", where);
    return DNN_OK;
}

static dnn_status check_weights(const dnn_dataset *ds, const dnn_source_info *info)
{
    const float *const weight = (const float *)((const char *)ds->values.base + ds->plan.weight);
    for (uint64_t row = 0; info->weighted && row < ds->plan.start[DNN_PARTS]; row++) {
        if (weight[row] >= 0.0f && isfinite(weight[row])) continue;
        char where[400];
        return dnn_fail(DNN_E_DATA, "%s: weight %g: must be finite and 0 or more",
                        row_text(&ds->plan, info, info->x[0].origin, row, where, sizeof where), (double)weight[row]);
    }
    return DNN_OK;
}

dnn_status dnn_values_check(dnn_dataset *ds, const dnn_source_info *info)
{
    dnn_status st = check_weights(ds, info);
    for (size_t i = 0; i < info->n_x && st == DNN_OK; i++)
        st = check_finite(ds, info, false, i);
    for (size_t i = 0; i < info->n_y && st == DNN_OK; i++) {
        st = check_finite(ds, info, true, i);
        if (st == DNN_OK) st = check_labels(ds, info, i);
    }
    return st;
}
