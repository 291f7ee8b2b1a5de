/* Rows of the target distribution: those that a column marks. Validation and test are cut from them alone, since they must look like what the model
 * will meet; rows from elsewhere (bought, found, older) all go to the training (Ng, "Machine learning yearning", 2018, chapters 5 and 36). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "data/split.h"

typedef struct mark {
    size_t column;
    double value; /* NaN: any but 0 */
} mark;

static dnn_status no_column(const dnn_node *node, const char *name, const dnn_source_info *info)
{
    if (info->n_columns == 0)
        return dnn_node_fail(DNN_E_CONFIG, node, "data.split.by: '%s': this source's features have numbers, not names", name);
    const char *const near = dnn_nearest(name, (const char *const *)info->columns, info->n_columns);
    return dnn_node_fail(DNN_E_CONFIG, node, "data.split.by: no feature '%s'%s%s%s", name, near ? ": did you mean '" : "", near ? near : "",
                         near ? "'?" : "");
}

static dnn_status column_of(const dnn_node *node, const dnn_source_info *info, size_t *column)
{
    const size_t units = dnn_shape_units(&info->x[0].shape);
    if (node->type == DNN_NODE_INT && node->integer >= 0 && (uint64_t)node->integer < units) {
        *column = (size_t)node->integer;
        return DNN_OK;
    }
    if (node->type != DNN_NODE_STRING)
        return dnn_node_fail(DNN_E_CONFIG, node, "data.split.by: must be the name or number (0 to %zu) of a feature, or {column: …, value: …}", units - 1);
    for (*column = 0; *column < info->n_columns; (*column)++)
        if (strcmp(info->columns[*column], node->text) == 0) return DNN_OK;
    return no_column(node, node->text, info);
}

/* {column: country, value: de} is the feature country=de where the column is one-hot. */
static dnn_status read_mark(const dnn_node *by, const dnn_source_info *info, mark *m)
{
    m->value = NAN;
    if (by->type != DNN_NODE_MAP) return column_of(by, info, &m->column);
    const dnn_node *const column = dnn_node_find(by, "column"), *const value = dnn_node_find(by, "value");
    if (column == NULL || value == NULL || by->count != 2)
        return dnn_node_fail(DNN_E_CONFIG, by, "data.split.by: must be {column: name or number, value: that of the rows to cut from}");
    if (value->type == DNN_NODE_INT || value->type == DNN_NODE_REAL || value->type == DNN_NODE_BOOL) {
        m->value = value->type == DNN_NODE_BOOL ? (double)value->boolean : value->real;
        return column_of(column, info, &m->column);
    }
    if (column->type != DNN_NODE_STRING || value->type != DNN_NODE_STRING)
        return dnn_node_fail(DNN_E_CONFIG, value, "data.split.by.value: must be a number, or a word of a one-hot column");
    char name[512];
    snprintf(name, sizeof name, "%s=%s", column->text, value->text);
    for (m->column = 0; m->column < info->n_columns; m->column++)
        if (strcmp(info->columns[m->column], name) == 0) return DNN_OK;
    return no_column(by, name, info);
}

dnn_status dnn_split_target(dnn_cutting *c, const dnn_source_info *info)
{
    const dnn_node *const by = c->config->by;
    mark m;
    dnn_status st = read_mark(by, info, &m);
    if (st != DNN_OK) return st;
    c->target = dnn_alloc(c->n, sizeof *c->target);
    if (c->target == NULL) return DNN_E_MEMORY;
    uint64_t marked = 0;
    for (uint64_t i = 0; i < c->n; i++) {
        const double value = dnn_values_input(c->ds, c->order[i], m.column);
        /* Values were rounded to float when they were read. */
        c->target[i] = isnan(m.value) ? value != 0.0 && !isnan(value) : (float)value == (float)m.value;
        marked += c->target[i];
    }
    if (marked == 0) return dnn_node_fail(DNN_E_CONFIG, by, "data.split.by: none of the %llu training rows is marked", (unsigned long long)c->n);
    return DNN_OK;
}
