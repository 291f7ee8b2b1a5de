/* A chart from columns of a CSV table. */
#include <math.h>

#include "dnn/base/memory.h"
#include "dnn/io/csv.h"
#include "dnn/report/chart.h"

static dnn_status take(const dnn_csv *csv, const char *name, double *values)
{
    size_t column;
    const dnn_status st = dnn_csv_column(csv, name, &column);
    for (size_t i = 0; i < csv->rows && st == DNN_OK; i++)
        if (!dnn_csv_number(csv->cell[i * csv->columns + column], &values[i])) values[i] = NAN;
    return st;
}

dnn_status dnn_chart_write_table(const dnn_chart *chart, const char *csv, const char *x, const char *const *y, size_t n_y, bool raw, const char *path)
{
    dnn_csv table;
    dnn_status st = dnn_csv_read(csv, &table);
    if (st != DNN_OK) return st;
    dnn_chart own = *chart;
    double *values = dnn_alloc((n_y + 1) * (table.rows + 1), sizeof *values);
    dnn_chart_line *lines = dnn_alloc(n_y + 1, sizeof *lines);
    if (!values || !lines) st = DNN_E_MEMORY;
    if (st == DNN_OK) st = take(&table, x, values);
    for (size_t k = 0; k < n_y && st == DNN_OK; k++) {
        double *const column = values + (k + 1) * table.rows;
        st = take(&table, y[k], column);
        lines[k] = (dnn_chart_line){ .name = y[k], .x = values, .y = column, .n = table.rows, .faint = raw && k == 0 && n_y > 1 };
    }
    own.lines = lines;
    own.n_lines = n_y;
    if (!own.x_label) own.x_label = x;
    if (!own.y_label && n_y > 0) own.y_label = y[0];
    if (st == DNN_OK) st = dnn_chart_write(&own, path);
    dnn_free(lines);
    dnn_free(values);
    dnn_csv_clear(&table);
    return st;
}
