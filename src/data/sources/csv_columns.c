/* Which columns of a table are taken, and their cells as numbers. */
#include "data/sources/csv_columns.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dnn/base/memory.h"

static const char *cell_of(const dnn_csv *csv, size_t row, size_t column)
{
    return csv->cell[row * csv->columns + column];
}

static dnn_status find(const dnn_csv *csv, const char *key, const dnn_node *wanted, size_t *at)
{
    if (wanted->type == DNN_NODE_STRING) {
        const dnn_status st = dnn_csv_column(csv, wanted->text, at);
        return st == DNN_OK ? st : dnn_fail_in(st, "data.source.csv.%s", key);
    }
    if (wanted->type != DNN_NODE_INT)
        return dnn_node_fail(DNN_E_CONFIG, wanted, "data.source.csv.%s: must be a column's name or its number from 0",
                             key);
    const int64_t n = (int64_t)csv->columns, i = wanted->integer < 0 ? wanted->integer + n : wanted->integer;
    if (i < 0 || i >= n)
        return dnn_fail(DNN_E_DATA, "data.source.csv.%s = %lld: %s has columns 0 to %lld", key,
                        (long long)wanted->integer, csv->path, (long long)n - 1);
    *at = (size_t)i;
    return DNN_OK;
}

static bool holds(const dnn_csv_columns *columns, size_t at)
{
    for (size_t i = 0; i < columns->count; i++)
        if (columns->at[i].at == at) return true;
    return false;
}

dnn_status dnn_csv_columns_pick(const dnn_csv *csv, const char *key, const dnn_node *wanted, dnn_csv_columns *out)
{
    *out = (dnn_csv_columns){0};
    if (wanted == NULL || wanted->type == DNN_NODE_NULL) return DNN_OK;
    const bool list = wanted->type == DNN_NODE_LIST;
    const size_t count = list ? wanted->count : 1;
    out->at = dnn_alloc(count, sizeof *out->at);
    if (out->at == NULL) return DNN_E_MEMORY;
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < count && st == DNN_OK; i++) {
        const dnn_node *const item = list ? wanted->items[i] : wanted;
        size_t at = 0;
        st = find(csv, key, item, &at);
        if (st == DNN_OK && holds(out, at))
            st = dnn_node_fail(DNN_E_CONFIG, item, "data.source.csv.%s: column '%s' is named twice", key,
                               csv->names[at]);
        if (st == DNN_OK) out->at[out->count++].at = at;
    }
    if (st != DNN_OK) dnn_csv_columns_clear(out);
    return st;
}

dnn_status dnn_csv_columns_rest(const dnn_csv *csv, const dnn_csv_columns *const *others, size_t n_others,
                                dnn_csv_columns *out)
{
    *out = (dnn_csv_columns){.at = dnn_alloc(csv->columns, sizeof *out->at)};
    if (out->at == NULL) return DNN_E_MEMORY;
    for (size_t c = 0; c < csv->columns; c++) {
        bool taken = false;
        for (size_t i = 0; i < n_others; i++) taken = taken || holds(others[i], c);
        if (!taken) out->at[out->count++].at = c;
    }
    return DNN_OK;
}

void dnn_csv_columns_clear(dnn_csv_columns *columns)
{
    for (size_t i = 0; i < columns->count; i++) dnn_csv_categories_clear(&columns->at[i]);
    dnn_free(columns->at);
    *columns = (dnn_csv_columns){0};
}

static size_t width_of(const dnn_csv_column_code *column)
{
    return column->code == DNN_CSV_ONE_HOT ? column->n_values : 1;
}

size_t dnn_csv_columns_width(const dnn_csv_columns *columns)
{
    size_t width = 0;
    for (size_t i = 0; i < columns->count; i++) width += width_of(&columns->at[i]);
    return width;
}

dnn_status dnn_csv_columns_names(const dnn_csv *csv, const dnn_csv_columns *columns, char ***names)
{
    const size_t width = dnn_csv_columns_width(columns);
    char **out = dnn_alloc(width, sizeof *out);
    if (out == NULL) return DNN_E_MEMORY;
    size_t n = 0;
    bool room = true;
    for (size_t i = 0; i < columns->count; i++) {
        const dnn_csv_column_code *const column = &columns->at[i];
        const char *const name = csv->names[column->at];
        for (size_t v = 0; v < width_of(column); v++, n++) {
            out[n] = column->code == DNN_CSV_ONE_HOT ? dnn_format("%s=%s", name, column->values[v]) : dnn_strdup(name);
            room = room && out[n] != NULL;
        }
    }
    if (!room) {
        for (size_t i = 0; i < width; i++) dnn_free(out[i]);
        dnn_free(out);
        return DNN_E_MEMORY;
    }
    *names = out;
    return DNN_OK;
}

bool dnn_csv_is_missing(const char *cell)
{
    static const char *const words[] = {"", "na", "n/a", "#n/a", "nan", "null", "none", "?"};
    cell += strspn(cell, " \t"); /* blanks are no part of a number either */
    size_t length = strlen(cell);
    while (length > 0 && (cell[length - 1] == ' ' || cell[length - 1] == '\t')) length--;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == length && strncasecmp(cell, words[i], length) == 0) return true;
    return false;
}

bool dnn_csv_columns_miss(const dnn_csv *csv, const dnn_csv_columns *columns, size_t row)
{
    for (size_t i = 0; i < columns->count; i++)
        if (dnn_csv_is_missing(cell_of(csv, row, columns->at[i].at))) return true;
    return false;
}

static dnn_status number(const dnn_csv *csv, size_t row, size_t at, float *out)
{
    const char *const cell = cell_of(csv, row, at), *const name = csv->names[at];
    double value;
    if (dnn_csv_number(cell, &value)) {
        *out = (float)value;
        if (isfinite(*out)) return DNN_OK;
        return dnn_fail(DNN_E_DATA, "%s:%d: column '%s': %s is beyond the range of 32-bit floats", csv->path,
                        csv->line[row], name, cell);
    }
    if (strcasecmp(cell, "true") == 0 || strcasecmp(cell, "false") == 0) {
        *out = strcasecmp(cell, "true") == 0;
        return DNN_OK;
    }
    return dnn_fail(
        DNN_E_DATA,
        "%s:%d: column '%s': '%s' is not a finite number: leave the column out of `features`, or code it with "
        "`categorical: {%s: one_hot}`",
        csv->path, csv->line[row], name, cell, name);
}

static dnn_status read_column(const dnn_csv *csv, const dnn_csv_column_code *column, size_t row,
                              dnn_csv_missing missing, float *out)
{
    if (dnn_csv_is_missing(cell_of(csv, row, column->at))) {
        if (column->code == DNN_CSV_NUMBER && missing == DNN_CSV_MEAN) {
            *out = NAN;
            return DNN_OK;
        }
        return dnn_fail(DNN_E_DATA, "%s:%d: column '%s': the value is missing: `missing: %s", csv->path,
                        csv->line[row], csv->names[column->at],
                        column->code == DNN_CSV_NUMBER && missing == DNN_CSV_ERROR
                            ? "mean` puts the training part's mean there, `missing: drop` leaves such rows out"
                            : "drop` leaves such rows out");
    }
    if (column->code == DNN_CSV_NUMBER) return number(csv, row, column->at, out);
    size_t at = 0;
    const dnn_status st = dnn_csv_category(csv, row, column, &at);
    if (st != DNN_OK) return st;
    if (column->code == DNN_CSV_ORDINAL)
        *out = (float)at;
    else
        for (size_t v = 0; v < column->n_values; v++) out[v] = v == at ? 1.0f : 0.0f;
    return DNN_OK;
}

dnn_status dnn_csv_columns_read(const dnn_csv *csv, const dnn_csv_columns *columns, size_t row, dnn_csv_missing missing,
                                float *out)
{
    for (size_t i = 0; i < columns->count; i++) {
        const dnn_status st = read_column(csv, &columns->at[i], row, missing, out);
        if (st != DNN_OK) return st;
        out += width_of(&columns->at[i]);
    }
    return DNN_OK;
}
