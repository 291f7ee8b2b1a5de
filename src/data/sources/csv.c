/* A CSV table as a source: features, targets and weights picked and coded column by column. Parts come from `split`. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/source.h"
#include "data/sources/csv_columns.h"
#include "dnn/base/memory.h"
#include "dnn/comm/team.h"

typedef struct csv {
    char *path;
    dnn_node *target, *features, *categorical, *weight;
    int missing, header;
} csv;

static const dnn_param params[] = {
    DNN_STRING(csv, path, NULL, "file, plain or .gz"),
    DNN_CHOICE(csv, header, "auto", "auto|present|absent",
               "whether the first line names the columns; auto: it does, and one of numbers alone is refused; absent: their names are 0, 1, …"),
    DNN_NODE(csv, target, "null",
             "name or number (from 0, negative from the end) of the target column, or a list of several"),
    DNN_NODE(csv, features, "null", "list of names or numbers of the feature columns; null: all but target and weight"),
    DNN_NODE(csv, categorical, "null",
             "map from columns to one_hot or ordinal, or to {one_hot: [a, b]} where the categories are given; else those of the file that the model is trained on"),
    DNN_CHOICE(csv, missing, "error", "error|mean|drop",
               "cells without a value: an error; the training part's mean of that feature; the row left out"),
    DNN_NODE(csv, weight, "null", "name or number of the column of sample weights"),
};

typedef struct table {
    size_t rows, n_names, x_units, y_units;
    float *x, *y, *weight;
    char **names;
    uint64_t *numbers;
    dnn_node *found; /* {categories: {column: […]}} */
} table;

typedef struct picks {
    dnn_csv_columns features, target, weight;
} picks;

static dnn_status none_twice(const dnn_csv *file, const picks *p)
{
    for (size_t i = 0; i < p->features.count; i++) {
        const size_t at = p->features.at[i].at;
        for (size_t k = 0; k < p->target.count; k++)
            if (p->target.at[k].at == at)
                return dnn_fail(DNN_E_CONFIG, "data.source.csv.features: column '%s' is the target as well",
                                file->names[at]);
        if (p->weight.count == 1 && p->weight.at[0].at == at)
            return dnn_fail(DNN_E_CONFIG, "data.source.csv.features: column '%s' is the weight as well",
                            file->names[at]);
    }
    for (size_t k = 0; p->weight.count == 1 && k < p->target.count; k++)
        if (p->target.at[k].at == p->weight.at[0].at)
            return dnn_fail(DNN_E_CONFIG, "data.source.csv.target: column '%s' is the weight as well", file->names[p->target.at[k].at]);
    return p->features.count > 0
               ? DNN_OK
               : dnn_fail(DNN_E_CONFIG, "data.source.csv.features: %s has no column left for them", file->path);
}

static dnn_status pick(const csv *c, const dnn_csv *file, const dnn_node *known, picks *p)
{
    dnn_status st = dnn_csv_columns_pick(file, "target", c->target, &p->target);
    if (st == DNN_OK) st = dnn_csv_columns_pick(file, "weight", c->weight, &p->weight);
    if (st == DNN_OK && p->weight.count > 1)
        st = dnn_node_fail(DNN_E_CONFIG, c->weight, "data.source.csv.weight: must be one column");
    const dnn_csv_columns *const others[] = {&p->target, &p->weight};
    const bool given = c->features != NULL && c->features->type != DNN_NODE_NULL;
    if (st == DNN_OK)
        st = given ? dnn_csv_columns_pick(file, "features", c->features, &p->features)
                   : dnn_csv_columns_rest(file, others, 2, &p->features);
    if (st == DNN_OK) st = none_twice(file, p);
    dnn_csv_columns *const sets[] = {&p->features, &p->target};
    if (st == DNN_OK) st = dnn_csv_columns_code(file, c->categorical, dnn_node_find(known, "categories"), sets, 2);
    return st;
}

static bool dropped(const csv *c, const dnn_csv *file, const picks *p, size_t row)
{
    return c->missing == DNN_CSV_DROP &&
           (dnn_csv_columns_miss(file, &p->features, row) || dnn_csv_columns_miss(file, &p->target, row) ||
            dnn_csv_columns_miss(file, &p->weight, row));
}

static dnn_status fill(const csv *c, const dnn_csv *file, const picks *p, table *t)
{
    t->x_units = dnn_csv_columns_width(&p->features);
    t->y_units = dnn_csv_columns_width(&p->target);
    /* A column of names coded one_hot asks for rows times rows; the system would promise that and end the job later. */
    const double wanted = (double)file->rows * (double)(t->x_units + t->y_units) * sizeof(float), room = dnn_window_room();
    if (wanted > room)
        return dnn_fail(DNN_E_MEMORY, "%s: %zu rows of %zu features and %zu targets take %.3g GB, memory for %.3g GB is left: code columns of many categories as ordinal", file->path,
                        file->rows, t->x_units, t->y_units, wanted / 1e9, room / 1e9);
    t->x = dnn_alloc(file->rows * t->x_units, sizeof *t->x);
    t->y = dnn_alloc(file->rows * t->y_units, sizeof *t->y);
    t->weight = dnn_alloc(file->rows, sizeof *t->weight);
    t->numbers = dnn_alloc(file->rows, sizeof *t->numbers);
    if (t->x == NULL || t->y == NULL || t->weight == NULL || t->numbers == NULL) return DNN_E_MEMORY;
    dnn_status st = DNN_OK;
    for (size_t row = 0; row < file->rows && st == DNN_OK; row++) {
        if (dropped(c, file, p, row)) continue;
        const size_t k = t->rows++;
        t->numbers[k] = row;
        st = dnn_csv_columns_read(file, &p->features, row, (dnn_csv_missing)c->missing, t->x + k * t->x_units);
        if (st == DNN_OK) st = dnn_csv_columns_read(file, &p->target, row, DNN_CSV_DROP, t->y + k * t->y_units);
        if (st == DNN_OK) st = dnn_csv_columns_read(file, &p->weight, row, DNN_CSV_DROP, t->weight + k);
        if (st == DNN_OK && t->weight[k] < 0.0f)
            st = dnn_fail(DNN_E_DATA, "%s:%d: column '%s': weight %g: must be 0 or more", file->path, file->line[row],
                          file->names[p->weight.at[0].at], (double)t->weight[k]);
    }
    if (st == DNN_OK && t->rows == 0)
        st = dnn_fail(DNN_E_DATA, "%s: no rows%s", file->path, file->rows ? " left, every one misses a value" : "");
    if (st == DNN_OK) {
        st = dnn_csv_columns_names(file, &p->features, &t->names);
        if (st == DNN_OK) t->n_names = t->x_units;
    }
    return st;
}

/* The codes of categories, which must be those of the training wherever the model is used. */
static dnn_status note_categories(const dnn_csv *file, const picks *p, table *t)
{
    dnn_node *const map = dnn_node_map();
    dnn_status st = map == NULL ? DNN_E_MEMORY : dnn_csv_columns_categories(file, &p->features, map);
    if (st == DNN_OK) st = dnn_csv_columns_categories(file, &p->target, map);
    if (st == DNN_OK && map->count > 0) {
        t->found = dnn_node_map();
        return t->found == NULL ? (dnn_node_destroy(map), DNN_E_MEMORY) : dnn_node_set(t->found, "categories", map);
    }
    dnn_node_destroy(map);
    return st;
}

static void describe(const csv *c, const dnn_csv *file, const picks *p, const table *t, dnn_source_info *info)
{
    info->rows[DNN_TRAIN] = t->rows;
    info->n_x = 1;
    info->n_y = t->y_units > 0;
    info->x[0] = (dnn_source_array){.name = "x", .shape = dnn_shape_1(t->x_units), .type = DNN_VALUE_FLOAT};
    info->y[0] = (dnn_source_array){.name = "y", .type = DNN_VALUE_FLOAT};
    if (t->y_units > 1) info->y[0].shape = dnn_shape_1(t->y_units);
    info->y[0].labels = p->target.count == 1 && p->target.at[0].code == DNN_CSV_ORDINAL;
    snprintf(info->x[0].origin, sizeof info->x[0].origin, "%s", c->path);
    snprintf(info->y[0].origin, sizeof info->y[0].origin, "%s", c->path);
    info->weighted = p->weight.count == 1;
    info->fills = c->missing == DNN_CSV_MEAN;
    info->n_columns = t->n_names;
    info->columns = t->names;
    info->numbers = t->rows < file->rows ? t->numbers : NULL;
    info->file_rows = file->rows;
    info->found = t->found;
}

static void close(void *state)
{
    table *t = state;
    if (t == NULL) return;
    dnn_free(t->x);
    dnn_free(t->y);
    dnn_free(t->weight);
    dnn_free(t->numbers);
    for (size_t i = 0; i < t->n_names; i++) dnn_free(t->names[i]);
    dnn_free(t->names);
    dnn_node_destroy(t->found);
    dnn_free(t);
}

/* A table that begins with its rows would lose the first of them. */
static dnn_status check_header(const dnn_csv *file)
{
    double number;
    for (size_t i = 0; i < file->columns; i++)
        if (!dnn_csv_number(file->names[i], &number)) return DNN_OK;
    return dnn_fail(DNN_E_DATA, "%s:1: the first line has numbers alone: write `header: absent` in data.source.csv where it is a row, `header: present` where these are names", file->path);
}

static dnn_status read_file(const csv *c, dnn_csv *file)
{
    enum { AUTO, PRESENT, ABSENT };
    dnn_status st = c->header == ABSENT ? dnn_csv_read_bare(c->path, file) : dnn_csv_read(c->path, file);
    if (st == DNN_OK && c->header == AUTO) {
        st = check_header(file);
        if (st != DNN_OK) dnn_csv_clear(file);
    }
    return st;
}

static dnn_status open(const void *parameters, dnn_source_info *info, void **state)
{
    const csv *c = parameters;
    dnn_csv file;
    dnn_status st = read_file(c, &file);
    if (st != DNN_OK) return st;
    picks p = {0};
    table *t = dnn_alloc(1, sizeof *t);
    if (t == NULL) st = DNN_E_MEMORY;
    if (st == DNN_OK) st = pick(c, &file, info->known, &p);
    if (st == DNN_OK) st = fill(c, &file, &p, t);
    if (st == DNN_OK) st = note_categories(&file, &p, t);
    if (st == DNN_OK) describe(c, &file, &p, t, info);
    dnn_csv_columns_clear(&p.features);
    dnn_csv_columns_clear(&p.target);
    dnn_csv_columns_clear(&p.weight);
    dnn_csv_clear(&file);
    if (st != DNN_OK) {
        close(t);
        return st;
    }
    *state = t;
    return DNN_OK;
}

static dnn_status read(void *state, dnn_part part, uint64_t first, size_t rows, void *const *x, void *const *y,
                       float *weight)
{
    (void)part;
    const table *t = state;
    memcpy(x[0], t->x + first * t->x_units, rows * t->x_units * sizeof(float));
    if (t->y_units > 0) memcpy(y[0], t->y + first * t->y_units, rows * t->y_units * sizeof(float));
    if (weight != NULL) memcpy(weight, t->weight + first, rows * sizeof(float));
    return DNN_OK;
}

const dnn_source_kind dnn_source_csv = {
    .kind = {.name = "csv",
             .help = "a table; all rows are training rows until `split` cuts them",
             .params_size = sizeof(csv),
             DNN_PARAMS(params)},
    .open = open,
    .read = read,
    .close = close,
};
