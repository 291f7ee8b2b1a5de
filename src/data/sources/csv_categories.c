/* Categories of columns: those that occur, that are given, or that a model was trained on; a cell is looked up among them by halving. */
#include "data/sources/csv_columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dnn/base/memory.h"

void dnn_csv_categories_clear(dnn_csv_column_code *column)
{
    for (size_t i = 0; i < column->n_values; i++) dnn_free(column->values[i]);
    dnn_free(column->values);
    dnn_free(column->sorted);
    column->values = NULL;
    column->sorted = NULL;
    column->n_values = 0;
}

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static int by_text_at(const void *a, const void *b) { return strcmp(**(char **const *)a, **(char **const *)b); }

static int by_number(const void *a, const void *b)
{
    double x = 0.0, y = 0.0;
    dnn_csv_number(*(const char *const *)a, &x);
    dnn_csv_number(*(const char *const *)b, &y);
    return x < y ? -1 : x > y ? 1 : by_text(a, b);
}

/* Places of the values, ascending by text. Of two that are the same the second could never be met. */
static dnn_status sort_values(const dnn_csv *csv, dnn_csv_column_code *column)
{
    column->sorted = dnn_alloc(column->n_values, sizeof *column->sorted);
    if (column->sorted == NULL) return DNN_E_MEMORY;
    for (size_t i = 0; i < column->n_values; i++) column->sorted[i] = &column->values[i];
    qsort(column->sorted, column->n_values, sizeof *column->sorted, by_text_at);
    for (size_t i = 1; i < column->n_values; i++)
        if (strcmp(*column->sorted[i], *column->sorted[i - 1]) == 0)
            return dnn_fail(DNN_E_CONFIG, "data.source.csv.categorical.%s: '%s' is listed twice", csv->names[column->at], *column->sorted[i]);
    return DNN_OK;
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
        const char *const cell = csv->cell[i * csv->columns + column->at];
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
    dnn_csv_categories_clear(column);
    const dnn_node *const trained = given == NULL ? dnn_node_find(known, how->key) : NULL;
    column->known = trained != NULL && trained->type == DNN_NODE_LIST;
    if (column->known) given = trained;
    const dnn_status st = given != NULL ? values_given(given, column) : values_of_table(csv, column);
    return st == DNN_OK ? sort_values(csv, column) : st;
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

dnn_status dnn_csv_category(const dnn_csv *csv, size_t row, const dnn_csv_column_code *column, size_t *out)
{
    const char *const cell = csv->cell[row * csv->columns + column->at];
    size_t low = 0, high = column->n_values;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(*column->sorted[middle], cell);
        if (order == 0) {
            *out = (size_t)(column->sorted[middle] - column->values);
            return DNN_OK;
        }
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    char all[200] = "";
    for (size_t i = 0, n = 0; i < column->n_values && n < sizeof all; i++)
        n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", i > 0 ? ", " : "", column->values[i]);
    return dnn_fail(DNN_E_DATA, "%s:%d: column '%s': '%s' is none of the %zu categories %s: %s%s", csv->path, csv->line[row],
                    csv->names[column->at], cell, column->n_values, column->known ? "that the model was trained on" : "given", all,
                    strlen(all) + 1 == sizeof all ? " …" : "");
}
