/* Rows against a map: which key, which default, what is missing. */
#include "params.h"

#include <math.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "types.h"

static void *field_of(const dnn_param *row, void *dest)
{
    return (char *)dest + row->offset;
}

const dnn_param *dnn_params_find(const dnn_param *rows, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].key, key) == 0) return &rows[i];
    return NULL;
}

static bool is_list(dnn_param_type type)
{
    return type == DNN_PARAM_STRINGS || type == DNN_PARAM_NUMBERS || type == DNN_PARAM_COMPONENTS;
}

static bool may_be_none(const dnn_param *row)
{
    return row->preset && (strcmp(row->preset, "null") == 0 || (is_list(row->type) && strcmp(row->preset, "[]") == 0));
}

static dnn_status set_none(const dnn_param *row, const char *path, const dnn_node *node, void *field)
{
    if (row->type == DNN_PARAM_SECTION) return dnn_param_readers[row->type](row, path, node, field);
    if (row->type == DNN_PARAM_REAL) *(double *)field = (double)NAN;
    return DNN_OK;
}

static dnn_status read_preset(const dnn_param *row, const char *path, void *field)
{
    dnn_node *node = NULL;
    dnn_status st = dnn_preset_read(row->preset, &node);
    if (st == DNN_OK) st = dnn_param_readers[row->type](row, path, node, field);
    dnn_node_destroy(node);
    return st;
}

static dnn_status read_absent(const dnn_param *row, const char *path, const dnn_node *map, void *field)
{
    if (!row->preset) return dnn_node_fail(DNN_E_CONFIG, map, "%s: missing: %s", path, row->help ? row->help : "must be given");
    return may_be_none(row) ? set_none(row, path, NULL, field) : read_preset(row, path, field);
}

static dnn_status read_row(const dnn_param *row, const char *path, const dnn_node *map, void *field)
{
    char full[DNN_PATH_TEXT];
    dnn_path_join(path, row->key, full);
    const dnn_node *node = dnn_node_find(map, row->key);
    if (!node) return read_absent(row, full, map, field);
    if (node->type != DNN_NODE_NULL) return dnn_param_readers[row->type](row, full, node, field);
    if (may_be_none(row) || row->type == DNN_PARAM_SECTION) return set_none(row, full, node, field);
    if (!row->preset) return dnn_node_fail(DNN_E_CONFIG, node, "%s: has no value: %s", full, row->help ? row->help : "must be given");
    return dnn_node_fail(DNN_E_CONFIG, node, "%s = null: must have a value; without the key it is %s", full, row->preset);
}

dnn_status dnn_rows_read(const dnn_row_set *set, const char *path, const dnn_node *map)
{
    for (size_t i = 0; i < set->count; i++) {
        const dnn_status st = read_row(&set->rows[i], path, map, field_of(&set->rows[i], set->dest));
        if (st == DNN_OK) continue;
        dnn_params_clear(set->rows, set->count, set->dest);
        return st;
    }
    return DNN_OK;
}

static dnn_status no_map(const dnn_param *rows, size_t count, const char *path, const dnn_node *node)
{
    char value[256], hint[512];
    const dnn_row_set set = { rows, count, NULL };
    return dnn_node_fail(DNN_E_CONFIG, node, "%s%s%s: must be a map of keys to values%s", path, *path ? " = " : "",
                         dnn_node_describe(node, value, sizeof value), dnn_suggest_key(path, "", &set, 1, hint, sizeof hint));
}

dnn_status dnn_params_read(const dnn_param *rows, size_t count, const char *path, const dnn_node *node, void *dest)
{
    if (node && node->type != DNN_NODE_MAP && node->type != DNN_NODE_NULL) return no_map(rows, count, path, node);
    const dnn_row_set set = { rows, count, dest };
    const dnn_status st = dnn_keys_check(&set, 1, path, node);
    return st == DNN_OK ? dnn_rows_read(&set, path, node) : st;
}

void dnn_params_clear(const dnn_param *rows, size_t count, void *dest)
{
    for (size_t i = 0; i < count; i++) dnn_param_clearers[rows[i].type](&rows[i], field_of(&rows[i], dest));
}

dnn_node *dnn_params_write(const dnn_param *rows, size_t count, const void *source)
{
    dnn_node *map = dnn_node_map();
    for (size_t i = 0; map && i < count; i++) {
        const void *field = (const char *)source + rows[i].offset;
        if (dnn_node_set(map, rows[i].key, dnn_param_writers[rows[i].type](&rows[i], field)) == DNN_OK) continue;
        dnn_node_destroy(map);
        map = NULL;
    }
    return map;
}

dnn_status dnn_params_copy(const dnn_param *rows, size_t count, const void *from, void *to)
{
    for (size_t i = 0; i < count; i++) {
        const void *field = (const char *)from + rows[i].offset;
        const dnn_status st = dnn_param_copiers[rows[i].type](&rows[i], field, field_of(&rows[i], to));
        if (st == DNN_OK) continue;
        dnn_params_clear(rows, count, to);
        return st;
    }
    return DNN_OK;
}
