/* What is told about a data set: how many of each class, a hash, one line of text. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "data/inside.h"
#include "dnn/base/memory.h"

dnn_status dnn_facts_count(dnn_dataset *ds, const dnn_choices *choices)
{
    dnn_plan *const plan = &ds->plan;
    dnn_array_info *const target = &plan->targets[0].info;
    for (size_t i = 0; i < plan->n_targets; i++)
        if (plan->targets[i].scaled && plan->targets[i].info.labels) {
            plan->targets[i].info.labels = false;
            snprintf(plan->targets[i].info.not_labels, sizeof target->not_labels,
                     "data.scale.targets makes them values");
        }
    if (plan->n_targets == 0 || !target->labels) return DNN_OK;
    const size_t classes = target->classes;
    uint64_t *count = dnn_alloc(DNN_PARTS * classes, sizeof *count);
    if (count == NULL) return DNN_E_MEMORY;
    for (int part = 0; part < DNN_PARTS; part++)
        for (uint64_t i = 0; i < choices->at[part].count; i++)
            count[(size_t)part * classes + (size_t)dnn_values_label(ds, dnn_choice_row(&choices->at[part], i))]++;
    const dnn_status st = dnn_lists_add(ds, count, DNN_PARTS * classes * sizeof *count, &plan->counts);
    dnn_free(count);
    return st;
}

static size_t array_numbers(const dnn_source_array *array, uint64_t *out)
{
    const dnn_shape *const shape = &array->shape;
    out[0] = (uint64_t)array->type;
    out[1] = array->labels;
    out[2] = shape->rank;
    for (size_t d = 0; d < DNN_MAX_RANK; d++) out[3 + d] = d < shape->rank ? shape->dim[d] : 0;
    return 3 + DNN_MAX_RANK;
}

uint64_t dnn_facts_seal(const dnn_plan *plan)
{
    const dnn_source_info *const info = &plan->source;
    uint64_t numbers[5 + DNN_PARTS + 2 * DNN_SOURCE_ARRAYS * (3 + DNN_MAX_RANK)] = {
        info->n_x, info->n_y, info->weighted, info->fills, plan->bytes};
    size_t n = 5;
    for (int part = 0; part < DNN_PARTS; part++) numbers[n++] = info->rows[part];
    for (size_t i = 0; i < info->n_x; i++) n += array_numbers(&info->x[i], numbers + n);
    for (size_t i = 0; i < info->n_y; i++) n += array_numbers(&info->y[i], numbers + n);
    return XXH3_64bits(numbers, n * sizeof *numbers);
}

/* Of all values, each array after the other: the same whether the inputs lie in memory or in files. */
static dnn_status hash_values(const dnn_dataset *ds, uint64_t *hash)
{
    const dnn_source_info *const info = &ds->plan.source;
    const uint64_t rows = ds->plan.start[DNN_PARTS];
    XXH3_state_t *const state = XXH3_createState();
    if (state == NULL) return DNN_E_MEMORY;
    XXH3_64bits_reset(state);
    for (size_t i = 0; i < info->n_x; i++)
        for (int part = 0; part < DNN_PARTS; part++)
            if (info->rows[part] > 0) XXH3_64bits_update(state, ds->x[part][i], info->rows[part] * dnn_row_bytes(&info->x[i]));
    const char *const values = ds->values.base;
    for (size_t i = 0; i < info->n_y; i++) XXH3_64bits_update(state, values + ds->plan.y[i], rows * dnn_row_bytes(&info->y[i]));
    if (info->weighted) XXH3_64bits_update(state, values + ds->plan.weight, rows * sizeof(float));
    *hash = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    return DNN_OK;
}

dnn_status dnn_facts_hash(dnn_dataset *ds)
{
    dnn_plan *const plan = &ds->plan;
    uint64_t parts[2 + 3 * DNN_PARTS] = {0, plan->start[DNN_PARTS]};
    const dnn_status st = hash_values(ds, &parts[0]);
    if (st != DNN_OK) return st;
    for (int part = 0; part < DNN_PARTS; part++) {
        const dnn_part_rows *const rows = &plan->parts[part];
        parts[2 + 3 * part] = rows->count;
        parts[3 + 3 * part] = rows->listed ? UINT64_MAX : rows->first;
        parts[4 + 3 * part] =
            rows->listed ? XXH3_64bits(dnn_lists_at(ds, rows->list), rows->count * sizeof(uint64_t)) : 0;
    }
    plan->hash = XXH3_64bits(parts, sizeof parts);
    const uint64_t all[2] = {plan->hash, XXH3_64bits(ds->lists_draft, plan->lists_bytes)};
    plan->seal = XXH3_64bits(all, sizeof all);
    return DNN_OK;
}

/* Appends to a text of `size`; what does not fit is cut. */
__attribute__((format(printf, 4, 5))) static void add(char *text, size_t size, size_t *length, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int n = vsnprintf(text + *length, size - *length, format, arguments);
    va_end(arguments);
    if (n > 0) *length = *length + (size_t)n < size ? *length + (size_t)n : size - 1;
}

static const char *type_name(const dnn_source_array *array)
{
    return array->type == DNN_VALUE_UINT8 ? "uint8" : array->type == DNN_VALUE_INT32 ? "int32" : "float32";
}

char *dnn_facts_describe(const dnn_plan *plan)
{
    static const char *const names[] = {"train", "validation", "test"};
    char text[1024], shape[96];
    size_t n = 0;
    add(text, sizeof text, &n, "%s:", plan->kind);
    for (int part = 0; part < DNN_PARTS; part++)
        if (plan->parts[part].count > 0)
            add(text, sizeof text, &n, "%s %llu %s", n > strlen(plan->kind) + 1 ? "," : "",
                (unsigned long long)plan->parts[part].count, names[part]);
    for (size_t i = 0; i < plan->n_inputs; i++) {
        const dnn_view *const view = &plan->inputs[i];
        add(text, sizeof text, &n, ", %s%s%s %s", plan->n_inputs > 1 ? view->info.name : "",
            plan->n_inputs > 1 ? " " : "", dnn_shape_text(&view->info.shape, shape, sizeof shape),
            type_name(&plan->source.x[view->array]));
    }
    if (plan->mirrors) add(text, sizeof text, &n, ", which are the targets as well");
    for (size_t i = 0; i < plan->n_targets && !plan->mirrors; i++) {
        const dnn_array_info *const target = &plan->targets[i].info;
        if (plan->n_targets > 1)
            add(text, sizeof text, &n, ", %s:", target->name);
        else
            add(text, sizeof text, &n, ",");
        if (target->labels)
            add(text, sizeof text, &n, " %zu classes", target->classes);
        else
            add(text, sizeof text, &n, " %zu target%s", plan->targets[i].units, plan->targets[i].units == 1 ? "" : "s");
    }
    return dnn_strdup(text);
}
