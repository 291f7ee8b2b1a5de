/* The tables of metrics that are more than one number. */
#include "dnn/base/memory.h"
#include "nn/objective.h"

static size_t rows_of(const dnn_objective *objective, size_t i, size_t *columns)
{
    const measure *m = &objective->measures[i];
    return dnn_metric_table_rows(&m->metric, objective->goals[m->output].units, columns);
}

size_t dnn_objective_tables(const dnn_objective *objective)
{
    size_t count = 0, columns;
    for (size_t i = 0; i < objective->n_measures; i++) count += rows_of(objective, i, &columns) > 0;
    return count;
}

static dnn_status fill(const dnn_objective *objective, const measure *m, const double *record, dnn_objective_table *out)
{
    char *name = objective_metric_name(objective, m);
    out->values = dnn_alloc(out->rows * out->columns, sizeof *out->values);
    out->name = name && dnn_metric_has_result(&m->metric) ? dnn_format("%s_by_%s", name, dnn_metric_table_by(&m->metric)) : name;
    if (out->name != name) dnn_free(name);
    if (!out->name || !out->values) return DNN_E_MEMORY;
    dnn_metric_table(&m->metric, objective->goals[m->output].units, record + m->state, out->values);
    return DNN_OK;
}

dnn_status dnn_objective_fill_tables(const dnn_objective *objective, const double *record, dnn_objective_table *out)
{
    dnn_status st = DNN_OK;
    for (size_t t = 0; t < dnn_objective_tables(objective); t++) out[t] = (dnn_objective_table){ 0 };
    for (size_t i = 0; i < objective->n_measures && st == DNN_OK; i++) {
        size_t columns;
        const size_t rows = rows_of(objective, i, &columns);
        if (rows == 0) continue;
        out->rows = rows;
        out->columns = columns;
        st = fill(objective, &objective->measures[i], record, out++);
    }
    return st;
}

void dnn_objective_tables_clear(dnn_objective_table *tables, size_t count)
{
    for (size_t t = 0; t < count; t++) {
        dnn_free(tables[t].name);
        dnn_free(tables[t].values);
    }
}
