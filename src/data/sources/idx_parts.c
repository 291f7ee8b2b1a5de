#include "data/sources/idx_parts.h"

#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/io/file.h"
#include "dnn/io/idx.h"

enum { UINT8 = 0x08, INT8 = 0x09, INT16 = 0x0B, INT32 = 0x0C, FLOAT = 0x0D, DOUBLE = 0x0E };

/* One file; `values` is kept only once somebody asks for less than all of it, since a gzipped file cannot be entered in
 * the middle. */
typedef struct member {
    char *path;
    uint64_t rows;
    size_t units;
    uint8_t type;
    size_t bytes;
    uint64_t place; /* of bytes in a plain file; 0: none */
    void *values;
} member;
typedef struct parts {
    member x[DNN_PARTS], y[DNN_PARTS];
} parts;

static dnn_value value_of(uint8_t type)
{
    if (type == UINT8) return DNN_VALUE_UINT8;
    return type == FLOAT || type == DOUBLE ? DNN_VALUE_FLOAT : DNN_VALUE_INT32;
}

static dnn_status open_member(const char *path, member *m, dnn_source_array *array)
{
    m->path = dnn_strdup(path);
    if (m->path == NULL) return DNN_E_MEMORY;
    dnn_idx idx;
    const dnn_status st = dnn_idx_open(path, &idx);
    if (st != DNN_OK) return st;
    m->rows = idx.dim[0];
    m->type = idx.type;
    m->bytes = idx.bytes_per_value;
    m->place = m->type == UINT8 ? idx.place : 0;
    array->shape = dnn_shape_of(idx.rank - 1, idx.dim + 1);
    dnn_idx_close(&idx);
    m->units = dnn_shape_units(&array->shape);
    array->type = value_of(m->type);
    snprintf(array->origin, sizeof array->origin, "%s", path);
    return DNN_OK;
}

static dnn_status same_kind(const dnn_source_array *first, const dnn_source_array *other)
{
    char a[96], b[96];
    if (dnn_shape_equal(&first->shape, &other->shape) && first->type == other->type) return DNN_OK;
    return dnn_fail(DNN_E_DATA, "%s: samples of shape %s differ in shape or type from those of shape %s in %s",
                    other->origin, dnn_shape_text(&other->shape, b, sizeof b),
                    dnn_shape_text(&first->shape, a, sizeof a), first->origin);
}

static dnn_status open_part(const dnn_idx_paths *paths, int part, parts *p, dnn_source_info *info)
{
    dnn_source_array x = {.name = "x"}, y = {.name = "y"};
    dnn_status st = open_member(paths->x[part], &p->x[part], &x);
    if (st == DNN_OK && paths->y[part] != NULL) st = open_member(paths->y[part], &p->y[part], &y);
    if (st != DNN_OK) return st;
    y.labels = y.type != DNN_VALUE_FLOAT && dnn_shape_units(&y.shape) == 1;
    if (paths->y[part] != NULL && p->x[part].rows != p->y[part].rows)
        return dnn_fail(DNN_E_DATA, "%s: %llu samples, but %s has %llu: each sample needs one target", x.origin,
                        (unsigned long long)p->x[part].rows, y.origin, (unsigned long long)p->y[part].rows);
    const bool has_y = paths->y[part] != NULL;
    if (info->n_x == 0) {
        info->n_x = 1;
        info->n_y = has_y;
        info->x[0] = x;
        info->y[0] = y;
    } else {
        st = same_kind(&info->x[0], &x);
        if (st == DNN_OK && has_y != (info->n_y == 1))
            st = dnn_fail(DNN_E_CONFIG, "data.source: targets must be given for all parts or for none (%s)", x.origin);
        if (st == DNN_OK && has_y) st = same_kind(&info->y[0], &y);
    }
    info->rows[part] = p->x[part].rows;
    return st;
}

dnn_status dnn_idx_parts_open(const dnn_idx_paths *paths, dnn_source_info *info, void **state)
{
    parts *p = dnn_alloc(1, sizeof *p);
    if (p == NULL) return DNN_E_MEMORY;
    dnn_status st = DNN_OK;
    for (int part = 0; part < DNN_PARTS && st == DNN_OK; part++)
        if (paths->x[part] != NULL) st = open_part(paths, part, p, info);
    if (st != DNN_OK) {
        dnn_idx_parts_close(p);
        return st;
    }
    *state = p;
    return DNN_OK;
}

static dnn_status read_all(const member *m, void *values)
{
    dnn_idx idx;
    dnn_status st = dnn_idx_open(m->path, &idx);
    if (st != DNN_OK) return st;
    size_t units = 1;
    for (size_t i = 1; i < idx.rank; i++) units *= idx.dim[i];
    if (idx.type != m->type || idx.dim[0] != m->rows || units != m->units)
        st = dnn_fail(DNN_E_DATA, "%s: has changed while it was being read", m->path);
    if (st == DNN_OK) st = dnn_idx_read(&idx, values);
    dnn_idx_close(&idx);
    return st;
}

static void convert(uint8_t type, const void *from, size_t first, size_t count, void *to)
{
    for (size_t i = 0; i < count; i++) {
        if (type == INT8)
            ((int32_t *)to)[i] = ((const int8_t *)from)[first + i];
        else if (type == INT16)
            ((int32_t *)to)[i] = ((const int16_t *)from)[first + i];
        else
            ((float *)to)[i] = (float)((const double *)from)[first + i];
    }
}

static dnn_status read_member(member *m, uint64_t first, size_t rows, void *to)
{
    const bool as_is = m->type == UINT8 || m->type == INT32 || m->type == FLOAT;
    if (as_is && first == 0 && rows == m->rows) return read_all(m, to);
    if (m->values == NULL) {
        m->values = dnn_alloc(m->rows * m->units, m->bytes);
        if (m->values == NULL) return DNN_E_MEMORY;
        const dnn_status st = read_all(m, m->values);
        if (st != DNN_OK) {
            dnn_free(m->values);
            m->values = NULL;
            return st;
        }
    }
    if (as_is)
        memcpy(to, (const char *)m->values + first * m->units * m->bytes, rows * m->units * m->bytes);
    else
        convert(m->type, m->values, first * m->units, rows * m->units, to);
    return DNN_OK;
}

dnn_status dnn_idx_parts_read(void *state, dnn_part part, uint64_t first, size_t rows, void *const *x, void *const *y,
                              float *weight)
{
    (void)weight;
    parts *p = state;
    dnn_status st = x[0] != NULL ? read_member(&p->x[part], first, rows, x[0]) : DNN_OK;
    if (st == DNN_OK && p->y[part].path != NULL) st = read_member(&p->y[part], first, rows, y[0]);
    return st;
}

uint64_t dnn_idx_parts_place(void *state, dnn_part part, size_t i, const char **path)
{
    (void)i;
    const parts *p = state;
    *path = p->x[part].path;
    return p->x[part].place;
}

void dnn_idx_parts_close(void *state)
{
    parts *p = state;
    if (p == NULL) return;
    for (int part = 0; part < DNN_PARTS; part++) {
        member *const both[] = {&p->x[part], &p->y[part]};
        for (int i = 0; i < 2; i++) {
            dnn_free(both[i]->path);
            dnn_free(both[i]->values);
        }
    }
    dnn_free(p);
}

static dnn_status find(const char *kind, const char *folder, const char *stem, int rank, char **path)
{
    for (int form = 0; form < 4; form++) {
        char name[4096];
        snprintf(name, sizeof name, "%s/%s%cidx%d-ubyte%s", folder, stem, form < 2 ? '-' : '.', rank,
                 form % 2 == 0 ? ".gz" : "");
        if (!dnn_file_exists(name)) continue;
        *path = dnn_strdup(name);
        return *path == NULL ? DNN_E_MEMORY : DNN_OK;
    }
    return dnn_fail(DNN_E_DATA,
                    "data.source.%s.path = %s: neither %s-idx%d-ubyte.gz nor %s-idx%d-ubyte is in this folder", kind,
                    folder, stem, rank, stem, rank);
}

dnn_status dnn_idx_folder_open(const char *kind, const char *folder, dnn_source_info *info, void **state)
{
    static const struct {
        const char *stem;
        int rank;
    } files[] = {
        {"train-images", 3},
        {"train-labels", 1},
        {"t10k-images", 3},
        {"t10k-labels", 1},
    };
    char *path[4] = {NULL};
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < 4 && st == DNN_OK; i++) st = find(kind, folder, files[i].stem, files[i].rank, &path[i]);
    if (st == DNN_OK) {
        dnn_idx_paths paths = {.x = {[DNN_TRAIN] = path[0], [DNN_TEST] = path[2]},
                               .y = {[DNN_TRAIN] = path[1], [DNN_TEST] = path[3]}};
        st = dnn_idx_parts_open(&paths, info, state);
    }
    for (size_t i = 0; i < 4; i++) dnn_free(path[i]);
    return st;
}
