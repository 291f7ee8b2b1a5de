/* One row as it is seen from outside: bytes become floats and are scaled in the same pass. The arithmetic is in double,
 * so that a feature far from 0 (a year, a coordinate) loses nothing in x - shift. */
#include <string.h>

#include "data/inside.h"

#define DEFINE_ROW(name, type, number)                                                                                 \
    static void name##_plain(const type *restrict x, size_t n, number *restrict out)                                   \
    {                                                                                                                  \
        for (size_t j = 0; j < n; j++) out[j] = (number)x[j];                                                          \
    }                                                                                                                  \
    static void name##_picked(const type *restrict x, const size_t *restrict columns, size_t n, number *restrict out)  \
    {                                                                                                                  \
        for (size_t j = 0; j < n; j++) out[j] = (number)x[columns[j]];                                                 \
    }
#define DEFINE_SCALED(name, type)                                                                                      \
    static void name##_affine(const type *restrict x, const double *restrict shift, const double *restrict factor,     \
                              size_t n, float *restrict out)                                                           \
    {                                                                                                                  \
        for (size_t j = 0; j < n; j++) out[j] = (float)(((double)x[j] - shift[j]) * factor[j]);                        \
    }                                                                                                                  \
    static void name##_affine_picked(const type *restrict x, const size_t *restrict columns,                           \
                                     const double *restrict shift, const double *restrict factor, size_t n,            \
                                     float *restrict out)                                                              \
    {                                                                                                                  \
        for (size_t j = 0; j < n; j++) out[j] = (float)(((double)x[columns[j]] - shift[j]) * factor[j]);               \
    }
#define DEFINE_SCALED_ROW(name, type)                                                                                  \
    static void name##_row(const type *x, const size_t *columns, const double *shift, const double *factor, size_t n,  \
                           float *out)                                                                                 \
    {                                                                                                                  \
        if (columns == NULL && shift == NULL)                                                                          \
            name##_float_plain(x, n, out);                                                                             \
        else if (columns == NULL)                                                                                      \
            name##_affine(x, shift, factor, n, out);                                                                   \
        else if (shift == NULL)                                                                                        \
            name##_float_picked(x, columns, n, out);                                                                   \
        else                                                                                                           \
            name##_affine_picked(x, columns, shift, factor, n, out);                                                   \
    }
#define DEFINE_RAW_ROW(name, type)                                                                                     \
    static void name##_raw(const type *x, const size_t *columns, size_t n, double *out)                                \
    {                                                                                                                  \
        if (columns == NULL)                                                                                           \
            name##_double_plain(x, n, out);                                                                            \
        else                                                                                                           \
            name##_double_picked(x, columns, n, out);                                                                  \
    }
#define DEFINE_TYPE(name, type)                                                                                        \
    DEFINE_ROW(name##_float, type, float)                                                                              \
    DEFINE_ROW(name##_double, type, double)                                                                            \
    DEFINE_SCALED(name, type)                                                                                          \
    DEFINE_SCALED_ROW(name, type)                                                                                      \
    DEFINE_RAW_ROW(name, type)

DEFINE_TYPE(bytes, uint8_t)
DEFINE_TYPE(ints, int32_t)
DEFINE_TYPE(floats, float)

static const void *row_of(const dnn_dataset *ds, const dnn_view *view, bool target, uint64_t row, dnn_value *type)
{
    const dnn_plan *const plan = &ds->plan;
    const dnn_source_array *const array = target ? &plan->source.y[view->array] : &plan->source.x[view->array];
    *type = array->type;
    if (!target) return dnn_x_row(ds, view->array, row);
    return (const char *)ds->values.base + plan->y[view->array] + row * dnn_row_bytes(array);
}

void dnn_row_prefetch(const dnn_dataset *ds, const dnn_view *view, bool target, uint64_t row)
{
    enum { LINE = 64, MOST = 64 };
    dnn_value type;
    const char *const x = row_of(ds, view, target, row, &type);
    const dnn_source_array *const array = target ? &ds->plan.source.y[view->array] : &ds->plan.source.x[view->array];
    const size_t bytes = dnn_row_bytes(array);
    for (size_t at = 0; at < bytes && at < LINE * MOST; at += LINE) __builtin_prefetch(x + at);
}

void dnn_row_raw(const dnn_dataset *ds, const dnn_view *view, bool target, uint64_t row, double *out)
{
    dnn_value type;
    const void *const x = row_of(ds, view, target, row, &type);
    const size_t *const columns = view->picked ? dnn_lists_at(ds, view->columns) : NULL;
    if (type == DNN_VALUE_UINT8)
        bytes_raw(x, columns, view->units, out);
    else if (type == DNN_VALUE_INT32)
        ints_raw(x, columns, view->units, out);
    else
        floats_raw(x, columns, view->units, out);
}

void dnn_row_scaled(const dnn_dataset *ds, const dnn_view *view, bool target, uint64_t row, float *out)
{
    dnn_value type;
    const void *const x = row_of(ds, view, target, row, &type);
    const size_t *const columns = view->picked ? dnn_lists_at(ds, view->columns) : NULL;
    const double *const shift = view->scaled ? dnn_lists_at(ds, view->shift) : NULL;
    const double *const factor = view->scaled ? dnn_lists_at(ds, view->factor) : NULL;
    if (type == DNN_VALUE_UINT8)
        bytes_row(x, columns, shift, factor, view->units, out);
    else if (type == DNN_VALUE_INT32)
        ints_row(x, columns, shift, factor, view->units, out);
    else
        floats_row(x, columns, shift, factor, view->units, out);
}
