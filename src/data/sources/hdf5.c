/* HDF5 data sets as a source: any number of inputs and targets, by name. Which columns are labels shows from their
 * values. */
#include <stdio.h>
#include <string.h>

#include "data/source.h"
#include "dnn/base/memory.h"
#include "dnn/io/hdf5.h"

typedef struct hdf5 {
    char *path;
    dnn_node *x, *y, *validation_x, *validation_y, *test_x, *test_y;
    char *weight;
} hdf5;

static const dnn_param params[] = {
    DNN_STRING(hdf5, path, NULL, "file"),
    DNN_NODE(hdf5, x, "/x", "data set of the training inputs [n, ...], or a map from input names to data sets"),
    DNN_NODE(hdf5, y, "null", "data set of their targets, or a map from output names to data sets"),
    DNN_NODE(hdf5, validation_x, "null", "inputs of the validation part, likewise"),
    DNN_NODE(hdf5, validation_y, "null", "targets of the validation part"),
    DNN_NODE(hdf5, test_x, "null", "inputs of the test part"),
    DNN_NODE(hdf5, test_y, "null", "targets of the test part"),
    DNN_STRING(hdf5, weight, "null", "data set [n] of the training rows' sample weights; 1 in the other parts"),
};

typedef struct file {
    const char *path; /* the parameters' */
    dnn_hdf5 *handle;
    size_t n_x, n_y;
    dnn_value x_type[DNN_SOURCE_ARRAYS], y_type[DNN_SOURCE_ARRAYS];
    dnn_hdf5_dataset *x[DNN_PARTS][DNN_SOURCE_ARRAYS], *y[DNN_PARTS][DNN_SOURCE_ARRAYS], *weight;
} file;

static bool given(const dnn_node *node) { return node != NULL && node->type != DNN_NODE_NULL; }

static dnn_hdf5_type type_of(dnn_value value)
{
    return value == DNN_VALUE_UINT8 ? DNN_HDF5_UINT8 : value == DNN_VALUE_INT32 ? DNN_HDF5_INT32 : DNN_HDF5_FLOAT;
}

static dnn_status open_array(const hdf5 *p, file *f, const char *key, const char *name, const dnn_node *node,
                             dnn_hdf5_dataset **out, dnn_source_array *array, uint64_t *rows)
{
    if (node->type != DNN_NODE_STRING || strlen(name) >= sizeof array->name)
        return dnn_node_fail(DNN_E_CONFIG, node,
                             "data.source.hdf5.%s: must be the path of a data set, or a map from names (of at most %zu "
                             "characters) to them",
                             key, sizeof array->name - 1);
    char *const path = dnn_format("%s%s", node->text[0] == '/' ? "" : "/", node->text);
    if (path == NULL) return DNN_E_MEMORY;
    dnn_status st = dnn_hdf5_dataset_open(f->handle, path, out);
    snprintf(array->name, sizeof array->name, "%s", name);
    snprintf(array->origin, sizeof array->origin, "%s:%s", p->path, path);
    dnn_free(path);
    if (st != DNN_OK) return st;
    const dnn_hdf5_info *const info = dnn_hdf5_dataset_info(*out);
    if (info->stored != DNN_HDF5_REALS && info->stored != DNN_HDF5_INTEGERS)
        return dnn_fail(DNN_E_DATA, "%s: must hold numbers", array->origin);
    if (info->rank == 0 || info->rank > DNN_MAX_RANK + 1)
        return dnn_fail(DNN_E_DATA, "%s: has %zu axes: must have one for the samples and at most %d more",
                        array->origin, info->rank, DNN_MAX_RANK);
    array->shape = dnn_shape_of(info->rank - 1, info->dim + 1);
    const bool bytes = info->stored == DNN_HDF5_INTEGERS && info->value_bytes == 1 && !info->has_sign;
    array->type = info->stored == DNN_HDF5_REALS ? DNN_VALUE_FLOAT : bytes ? DNN_VALUE_UINT8 : DNN_VALUE_INT32;
    *rows = info->dim[0];
    return DNN_OK;
}

/* Opens what `node` names for one part; `have` arrays are known from a part before and must be matched by name, shape
 * and type. */
static dnn_status open_arrays(const hdf5 *p, file *f, const char *key, const char *lone, const dnn_node *node,
                              dnn_hdf5_dataset **handles, dnn_source_array *arrays, size_t have, size_t *count,
                              uint64_t *rows)
{
    const bool map = node->type == DNN_NODE_MAP;
    *count = map ? node->count : 1;
    if (*count == 0 || *count > DNN_SOURCE_ARRAYS || (have > 0 && *count != have))
        return have > 0 ? dnn_node_fail(DNN_E_CONFIG, node, "data.source.hdf5.%s: names %zu data sets: must name %zu, as the training part does", key, *count, have)
                        : dnn_node_fail(DNN_E_CONFIG, node, "data.source.hdf5.%s: names %zu data sets: must name 1 to %d", key, *count, DNN_SOURCE_ARRAYS);
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < *count && st == DNN_OK; i++) {
        const dnn_node *item = map ? node->items[i] : node;
        if (have > 0 && map) item = dnn_node_find(node, arrays[i].name);
        if (item == NULL)
            return dnn_node_fail(DNN_E_CONFIG, node,
                                 "data.source.hdf5.%s: '%s' is missing, which the training part has", key,
                                 arrays[i].name);
        dnn_source_array array = {.type = DNN_VALUE_FLOAT};
        uint64_t n = 0;
        st = open_array(p, f, key, map ? item->key : have > 0 ? arrays[i].name : lone, item, &handles[i], &array, &n);
        if (st == DNN_OK && *rows != UINT64_MAX && *rows != n)
            st = dnn_fail(DNN_E_DATA, "%s: %llu rows, but the part's other data sets have %llu", array.origin,
                          (unsigned long long)n, (unsigned long long)*rows);
        if (st == DNN_OK && have > 0 &&
            (array.type != arrays[i].type || !dnn_shape_equal(&array.shape, &arrays[i].shape)))
            st = dnn_fail(DNN_E_DATA, "%s: samples differ in shape or type from those of %s", array.origin,
                          arrays[i].origin);
        *rows = n;
        if (have == 0) arrays[i] = array;
    }
    return st;
}

static dnn_status open_part(const hdf5 *p, file *f, int part, const dnn_node *x, const dnn_node *y,
                            dnn_source_info *info)
{
    static const char *const keys[][2] = {{"x", "y"}, {"validation_x", "validation_y"}, {"test_x", "test_y"}};
    uint64_t rows = UINT64_MAX;
    if (part != DNN_TRAIN && given(y) != (info->n_y > 0))
        return dnn_fail(DNN_E_CONFIG, "data.source.hdf5.%s: targets must be given for all parts or for none",
                        keys[part][1]);
    dnn_status st = open_arrays(p, f, keys[part][0], "x", x, f->x[part], info->x, info->n_x, &info->n_x, &rows);
    if (st == DNN_OK && given(y))
        st = open_arrays(p, f, keys[part][1], "y", y, f->y[part], info->y, info->n_y, &info->n_y, &rows);
    info->rows[part] = rows;
    return st;
}

static dnn_status open_weight(const hdf5 *p, file *f, dnn_source_info *info)
{
    if (p->weight == NULL) return DNN_OK;
    char *const path = dnn_format("%s%s", p->weight[0] == '/' ? "" : "/", p->weight);
    if (path == NULL) return DNN_E_MEMORY;
    dnn_status st = dnn_hdf5_dataset_open(f->handle, path, &f->weight);
    dnn_free(path);
    if (st != DNN_OK) return st;
    const dnn_hdf5_info *const weight = dnn_hdf5_dataset_info(f->weight);
    if (weight->stored != DNN_HDF5_REALS && weight->stored != DNN_HDF5_INTEGERS)
        st = dnn_fail(DNN_E_DATA, "%s:%s: must hold numbers", p->path, p->weight);
    else if (weight->rank < 1 || weight->dim[0] != info->rows[DNN_TRAIN] || weight->count != weight->dim[0])
        st = dnn_fail(DNN_E_DATA, "%s:%s: %zu weights in %zu rows for %llu training rows: must be one for each", p->path, p->weight, weight->count,
                      weight->rank < 1 ? (size_t)1 : weight->dim[0], (unsigned long long)info->rows[DNN_TRAIN]);
    info->weighted = true;
    return st;
}

static void close(void *state)
{
    file *f = state;
    if (f == NULL) return;
    for (int part = 0; part < DNN_PARTS; part++)
        for (size_t i = 0; i < DNN_SOURCE_ARRAYS; i++) {
            if (f->x[part][i] != NULL) dnn_hdf5_dataset_close(f->x[part][i]);
            if (f->y[part][i] != NULL) dnn_hdf5_dataset_close(f->y[part][i]);
        }
    if (f->weight != NULL) dnn_hdf5_dataset_close(f->weight);
    (void)dnn_hdf5_close(f->handle);
    dnn_free(f);
}

static dnn_status open(const void *parameters, dnn_source_info *info, void **state)
{
    const hdf5 *p = parameters;
    const dnn_node *const x[] = {p->x, p->validation_x, p->test_x}, *const y[] = {p->y, p->validation_y, p->test_y};
    if (!given(p->x)) return dnn_fail(DNN_E_CONFIG, "data.source.hdf5.x: must name the training inputs");
    file *f = dnn_alloc(1, sizeof *f);
    if (f == NULL) return DNN_E_MEMORY;
    f->path = p->path;
    dnn_status st = dnn_hdf5_open_apart(p->path, DNN_E_DATA, &f->handle);
    for (int part = 0; part < DNN_PARTS && st == DNN_OK; part++) {
        if (given(x[part]))
            st = open_part(p, f, part, x[part], y[part], info);
        else if (given(y[part]))
            st = dnn_node_fail(DNN_E_CONFIG, y[part], "data.source.hdf5: targets of a part whose inputs are not given");
    }
    if (st == DNN_OK) st = open_weight(p, f, info);
    f->n_x = info->n_x;
    f->n_y = info->n_y;
    for (size_t i = 0; i < DNN_SOURCE_ARRAYS; i++) f->x_type[i] = info->x[i].type, f->y_type[i] = info->y[i].type;
    if (st != DNN_OK) {
        close(f);
        return st;
    }
    *state = f;
    return DNN_OK;
}

static dnn_status read(void *state, dnn_part part, uint64_t first, size_t rows, void *const *x, void *const *y,
                       float *weight)
{
    file *f = state;
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < f->n_x && st == DNN_OK; i++)
        if (x[i] != NULL) st = dnn_hdf5_dataset_rows(f->x[part][i], first, rows, type_of(f->x_type[i]), x[i]);
    for (size_t i = 0; i < f->n_y && st == DNN_OK; i++)
        st = dnn_hdf5_dataset_rows(f->y[part][i], first, rows, type_of(f->y_type[i]), y[i]);
    if (weight == NULL || st != DNN_OK) return st;
    if (part == DNN_TRAIN) return dnn_hdf5_dataset_rows(f->weight, first, rows, DNN_HDF5_FLOAT, weight);
    for (size_t i = 0; i < rows; i++) weight[i] = 1.0f;
    return DNN_OK;
}

static uint64_t place(void *state, dnn_part part, size_t i, const char **path)
{
    const file *f = state;
    *path = f->path;
    return dnn_hdf5_dataset_place(f->x[part][i], type_of(f->x_type[i]));
}

const dnn_source_kind dnn_source_hdf5 = {
    .kind = {.name = "hdf5",
             .help = "data sets of an HDF5 file; several inputs and outputs by name",
             .params_size = sizeof(hdf5),
             DNN_PARAMS(params)},
    .open = open,
    .read = read,
    .close = close,
    .place = place,
};
