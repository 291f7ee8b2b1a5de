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

static void clear_values(dnn_csv_column_code *column)
{
    for (size_t i = 0; i < column->n_values; i++) dnn_free(column->values[i]);
    dnn_free(column->values);
    column->values = NULL;
    column->n_values = 0;
}

void dnn_csv_columns_clear(dnn_csv_columns *columns)
{
    for (size_t i = 0; i < columns->count; i++) clear_values(&columns->at[i]);
    dnn_free(columns->at);
    *columns = (dnn_csv_columns){0};
}

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static int by_number(const void *a, const void *b)
{
    double x = 0.0, y = 0.0;
    dnn_csv_number(*(const char *const *)a, &x);
    dnn_csv_number(*(const char *const *)b, &y);
    return x < y ? -1 : x > y ? 1 : by_text(a, b);
}

static dnn_status add_value(dnn_csv_column_code *column, const char *text)
{
    column->values[column->n_values] = dnn_strdup(text);
    return column->values[column->n_values++] == NULL ? DNN_E_MEMORY : DNN_OK;
}

/* The categories that occur: cells sorted, then each once. */
static dnn_status values_of_table(const dnn_csv *csv, dnn_csv_column_code *column)
{
    const char **cells = dnn_alloc(csv->rows, sizeof *cells);
    if (cells == NULL) return DNN_E_MEMORY;
    size_t n = 0, different = 0;
    bool numbers = true;
    for (size_t i = 0; i < csv->rows; i++) {
        const char *const cell = cell_of(csv, i, column->at);
        double unused;
        if (dnn_csv_is_missing(cell)) continue;
        numbers = numbers && dnn_csv_number(cell, &unused);
        cells[n++] = cell;
    }
    qsort(cells, n, sizeof *cells, numbers ? by_number : by_text);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || strcmp(cells[i], cells[i - 1]) != 0) cells[different++] = cells[i];
    column->values = dnn_alloc(different, sizeof *column->values);
    dnn_status st = column->values == NULL ? DNN_E_MEMORY : DNN_OK;
    for (size_t i = 0; i < different && st == DNN_OK; i++) st = add_value(column, cells[i]);
    dnn_free(cells);
    return st;
}

static dnn_status values_given(const dnn_node *list, dnn_csv_column_code *column)
{
    column->values = dnn_alloc(list->count, sizeof *column->values);
    if (column->values == NULL) return DNN_E_MEMORY;
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < list->count && st == DNN_OK; i++) {
        if (list->items[i]->text == NULL)
            return dnn_node_fail(DNN_E_CONFIG, list->items[i],
                                 "data.source.csv.categorical: a category must be a text or a number");
        st = add_value(column, list->items[i]->text);
    }
    return st;
}

static dnn_status code_column(const dnn_csv *csv, const dnn_node *how, const dnn_node *known, dnn_csv_column_code *column)
{
    const dnn_node *given = NULL;
    const char *word = how->type == DNN_NODE_STRING ? how->text : "";
    if (how->type == DNN_NODE_MAP && how->count == 1 && how->items[0]->type == DNN_NODE_LIST) {
        given = how->items[0];
        word = given->key;
    }
    if (strcmp(word, "one_hot") == 0)
        column->code = DNN_CSV_ONE_HOT;
    else if (strcmp(word, "ordinal") == 0)
        column->code = DNN_CSV_ORDINAL;
    else
        return dnn_node_fail(
            DNN_E_CONFIG, how,
            "data.source.csv.categorical.%s: must be one_hot or ordinal, or one of them with a list of "
            "its categories: {one_hot: [a, b]}",
            how->key);
    clear_values(column);
    const dnn_node *const trained = given == NULL ? dnn_node_find(known, how->key) : NULL;
    column->known = trained != NULL && trained->type == DNN_NODE_LIST;
    if (column->known) given = trained;
    return given != NULL ? values_given(given, column) : values_of_table(csv, column);
}

dnn_status dnn_csv_columns_code(const dnn_csv *csv, const dnn_node *categorical, const dnn_node *known,
                                dnn_csv_columns *const *sets, size_t n_sets)
{
    if (categorical == NULL || categorical->type == DNN_NODE_NULL) return DNN_OK;
    if (categorical->type != DNN_NODE_MAP)
        return dnn_node_fail(DNN_E_CONFIG, categorical,
                             "data.source.csv.categorical: must be a map from columns to one_hot or ordinal");
    for (size_t k = 0; k < categorical->count; k++) {
        const dnn_node *const how = categorical->items[k];
        size_t at = 0;
        dnn_status st = dnn_csv_column(csv, how->key, &at);
        /* Where a trained model is used the file need not have the targets. */
        if (st == DNN_E_DATA && dnn_node_find(known, how->key) != NULL) {
            dnn_fail_clear();
            continue;
        }
        if (st != DNN_OK) return dnn_fail_in(st, "data.source.csv.categorical");
        dnn_csv_column_code *column = NULL;
        for (size_t s = 0; s < n_sets; s++)
            for (size_t i = 0; i < sets[s]->count; i++)
                if (sets[s]->at[i].at == at) column = &sets[s]->at[i];
        if (column == NULL)
            return dnn_node_fail(DNN_E_CONFIG, how,
                                 "data.source.csv.categorical.%s: the column is neither feature nor target", how->key);
        st = code_column(csv, how, known, column);
        if (st != DNN_OK) return st;
    }
    return DNN_OK;
}

static dnn_node *list_of(const dnn_csv_column_code *column)
{
    dnn_node *const list = dnn_node_list();
    for (size_t v = 0; list != NULL && v < column->n_values; v++)
        if (dnn_node_append(list, dnn_node_string(column->values[v])) != DNN_OK) {
            dnn_node_destroy(list);
            return NULL;
        }
    return list;
}

dnn_status dnn_csv_columns_categories(const dnn_csv *csv, const dnn_csv_columns *columns, dnn_node *map)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < columns->count && st == DNN_OK; i++)
        if (columns->at[i].code != DNN_CSV_NUMBER)
            st = dnn_node_set(map, csv->names[columns->at[i].at], list_of(&columns->at[i]));
    return st;
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
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(cell, words[i]) == 0) return true;
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

static dnn_status category(const dnn_csv *csv, size_t row, const dnn_csv_column_code *column, size_t *out)
{
    const char *const cell = cell_of(csv, row, column->at);
    for (size_t i = 0; i < column->n_values; i++)
        if (strcmp(cell, column->values[i]) == 0) {
            *out = i;
            return DNN_OK;
        }
    char all[200] = "";
    for (size_t i = 0, n = 0; i < column->n_values && n < sizeof all; i++)
        n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", i > 0 ? ", " : "", column->values[i]);
    return dnn_fail(DNN_E_DATA, "%s:%d: column '%s': '%s' is none of the %zu categories %s: %s%s", csv->path, csv->line[row],
                    csv->names[column->at], cell, column->n_values, column->known ? "that the model was trained on" : "given", all,
                    strlen(all) + 1 == sizeof all ? " …" : "");
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
    const dnn_status st = category(csv, row, column, &at);
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
