/* Classes left out or kept, and the first rows of each part. */
#include <math.h>

#include "dnn/base/memory.h"
#include "data/inside.h"

void dnn_choices_clear(dnn_choices *choices)
{
    for (int part = 0; part < DNN_PARTS; part++) dnn_free(choices->at[part].list);
    *choices = (dnn_choices){0};
}

static dnn_status mark(const dnn_numbers *labels, const char *key, size_t classes, bool *marked)
{
    for (size_t i = 0; i < labels->count; i++) {
        const double label = labels->at[i];
        if (!(label >= 0.0 && label < (double)classes) || label != floor(label))
            return dnn_fail(DNN_E_CONFIG, "data.classes.%s: %g: the labels are 0 to %zu", key, label, classes - 1);
        marked[(size_t)label] = true;
    }
    return DNN_OK;
}

/* new_label [classes]: -1 where a class is left out. */
static dnn_status renumber(const dnn_classes_config *config, size_t classes, int32_t *new_label, size_t *kept)
{
    bool *marked = dnn_alloc(classes, sizeof *marked);
    if (marked == NULL) return DNN_E_MEMORY;
    const bool keeps = config->include.count > 0;
    const dnn_status st =
        keeps ? mark(&config->include, "include", classes, marked) : mark(&config->exclude, "exclude", classes, marked);
    *kept = 0;
    for (size_t c = 0; c < classes; c++) new_label[c] = marked[c] == keeps ? (int32_t)(*kept)++ : -1;
    dnn_free(marked);
    if (st == DNN_OK && *kept == 0)
        return dnn_fail(DNN_E_CONFIG, "data.classes.exclude: leaves no class of %zu", classes);
    return st;
}

static dnn_status filter(const dnn_dataset *ds, const int32_t *new_label, dnn_choice *choice)
{
    uint64_t *list = dnn_alloc(choice->count, sizeof *list), count = 0;
    if (list == NULL) return DNN_E_MEMORY;
    for (uint64_t i = 0; i < choice->count; i++) {
        const uint64_t row = dnn_choice_row(choice, i);
        if (new_label[dnn_values_label(ds, row)] >= 0) list[count++] = row;
    }
    dnn_free(choice->list);
    *choice = (dnn_choice){.count = count, .list = list};
    return DNN_OK;
}

static void set_label(dnn_dataset *ds, uint64_t row, int32_t label)
{
    char *const labels = (char *)ds->values.base + ds->plan.y[0];
    const dnn_value type = ds->plan.source.y[0].type;
    if (type == DNN_VALUE_UINT8)
        ((uint8_t *)labels)[row] = (uint8_t)label;
    else if (type == DNN_VALUE_INT32)
        ((int32_t *)labels)[row] = label;
    else
        ((float *)labels)[row] = (float)label;
}

static dnn_status select_classes(dnn_dataset *ds, const dnn_classes_config *config, dnn_choices *choices)
{
    if (config->include.count == 0 && config->exclude.count == 0) return DNN_OK;
    if (config->include.count > 0 && config->exclude.count > 0)
        return dnn_fail(DNN_E_CONFIG, "data.classes: include and exclude cannot both be given");
    dnn_array_info *const target = &ds->plan.targets[0].info;
    if (ds->plan.n_targets == 0 || !target->labels)
        return dnn_fail(DNN_E_CONFIG, "data.classes: needs labels; %s",
                        ds->plan.n_targets ? target->not_labels : "the source brings no targets");
    int32_t *new_label = dnn_alloc(target->classes, sizeof *new_label);
    if (new_label == NULL) return DNN_E_MEMORY;
    size_t kept = 0;
    dnn_status st = renumber(config, target->classes, new_label, &kept);
    for (int part = 0; part < DNN_PARTS && st == DNN_OK; part++) st = filter(ds, new_label, &choices->at[part]);
    for (int part = 0; part < DNN_PARTS && st == DNN_OK; part++)
        for (uint64_t i = 0; i < choices->at[part].count; i++) {
            const uint64_t row = choices->at[part].list[i];
            set_label(ds, row, new_label[dnn_values_label(ds, row)]);
        }
    dnn_free(new_label);
    if (st == DNN_OK) {
        target->classes = kept;
        target->largest_at[0] = 0;
    }
    return st;
}

static dnn_status limit(double rows, const char *key, dnn_choice *choice)
{
    if (isnan(rows)) return DNN_OK;
    if (rows != floor(rows))
        return dnn_fail(DNN_E_CONFIG, "data.limit.%s = %g: must be a whole number of rows", key, rows);
    if (rows < (double)choice->count) choice->count = (uint64_t)rows;
    return DNN_OK;
}

dnn_status dnn_select(dnn_dataset *ds, const dnn_data_config *config, dnn_choices *choices)
{
    dnn_status st = select_classes(ds, &config->classes, choices);
    if (st == DNN_OK) st = limit(config->limit.train, "train", &choices->at[DNN_TRAIN]);
    if (st == DNN_OK) st = limit(config->limit.validation, "validation", &choices->at[DNN_VALIDATION]);
    if (st == DNN_OK) st = limit(config->limit.test, "test", &choices->at[DNN_TEST]);
    return st;
}
