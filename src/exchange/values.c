/* Arrays with their checksums. */
#include "exchange/parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "dnn/base/memory.h"

dnn_status model_fail(const dnn_model_file *file, const char *object, const char *format, ...)
{
    char text[700];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return dnn_fail(DNN_E_MODEL, "%s: %s: %s", file->path, object, text);
}

static size_t bytes_of(dnn_hdf5_type type)
{
    const size_t bytes[] = {sizeof(float), sizeof(double), 1, 4, 8, sizeof(float)};
    return bytes[type];
}

/* Of the values as they lie in memory, which is as they lie in the file: both little endian. */
static const char *sum_of(const void *values, size_t bytes, char out[17])
{
    snprintf(out, 17, "%016llx", (unsigned long long)XXH3_64bits(values, bytes));
    return out;
}

dnn_status values_write(model_writer *w, const char *path, dnn_hdf5_type type, size_t rank, const size_t *dim,
                        const void *values)
{
    size_t count = 1;
    char sum[17];
    for (size_t i = 0; i < rank; i++) count *= dim[i];
    const dnn_status st = dnn_hdf5_write(w->hdf5, path, type, rank, dim, values);
    return st == DNN_OK && w->sums ? dnn_node_set(w->sums, path, dnn_node_string(sum_of(values, count * bytes_of(type), sum)))
                        : st;
}

/* Rows in pieces: other threads that read HDF5 have to wait no longer than for one of them. */
static dnn_status sum_rows(dnn_hdf5_dataset *d, dnn_hdf5_type type, XXH3_state_t *state)
{
    enum { PIECE = 1 << 20 };
    const dnn_hdf5_info *info = dnn_hdf5_dataset_info(d);
    const size_t rows = info->rank && info->count ? info->dim[0] : info->count;
    const size_t row_bytes = rows ? info->count / rows * info->value_bytes : 1;
    const size_t together = PIECE / row_bytes ? PIECE / row_bytes : 1;
    void *values = dnn_alloc(together < rows ? together : rows, row_bytes);
    dnn_status st = values ? DNN_OK : DNN_E_MEMORY;
    for (size_t first = 0; first < rows && st == DNN_OK; first += together) {
        const size_t n = rows - first < together ? rows - first : together;
        st = dnn_hdf5_dataset_rows(d, first, n, type, values);
        if (st == DNN_OK) XXH3_64bits_update(state, values, n * row_bytes);
    }
    dnn_free(values);
    return st;
}

static dnn_status verify_one(dnn_hdf5 *hdf5, const char *name, const dnn_node *sum)
{
    dnn_hdf5_dataset *d;
    dnn_status st = dnn_hdf5_dataset_open(hdf5, sum->key, &d);
    if (st != DNN_OK) return st;
    const dnn_hdf5_info *info = dnn_hdf5_dataset_info(d);
    const bool wide = info->value_bytes == 8, with_point = info->stored == DNN_HDF5_REALS;
    const dnn_hdf5_type type = with_point ? wide ? DNN_HDF5_DOUBLE : DNN_HDF5_FLOAT
                               : wide     ? DNN_HDF5_INT64
                                          : DNN_HDF5_INT32;
    XXH3_state_t *state = XXH3_createState();
    char own[17];
    st = state && XXH3_64bits_reset(state) == XXH_OK ? sum_rows(d, type, state) : DNN_E_MEMORY;
    if (st == DNN_OK) snprintf(own, sizeof own, "%016llx", (unsigned long long)XXH3_64bits_digest(state));
    if (st == DNN_OK && strcmp(sum->text, own) != 0)
        st =
            dnn_fail(DNN_E_IO, "%s: %s: the values do not have the checksum that was written for them", name, sum->key);
    XXH3_freeState(state);
    dnn_hdf5_dataset_close(d);
    return st;
}

/* A sum is that of the values as stored, so where another type is wanted they are read once more. */
static dnn_status verify_stored(dnn_model_file *file, const char *path)
{
    const dnn_node *sum = file->sums ? dnn_node_find(file->sums, path) : NULL;
    if (!sum || sum->type != DNN_NODE_STRING) return DNN_OK;
    const dnn_status st = verify_one(file->hdf5, file->path, sum);
    return st == DNN_OK || st == DNN_E_MEMORY ? st : DNN_E_MODEL;
}

dnn_status values_read(dnn_model_file *file, const char *path, dnn_hdf5_type type, size_t count, void *values)
{
    const dnn_status st = dnn_hdf5_read(file->hdf5, path, type, count, values);
    const dnn_node *sum = file->sums ? dnn_node_find(file->sums, path) : NULL;
    char own[17];
    if (st != DNN_OK || !sum || sum->type != DNN_NODE_STRING) return st;
    return strcmp(sum->text, sum_of(values, count * bytes_of(type), own)) == 0 ? DNN_OK : verify_stored(file, path);
}

dnn_status values_verify(dnn_hdf5 *hdf5, const char *name, const dnn_node *sums)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < sums->count && st == DNN_OK; i++) st = verify_one(hdf5, name, sums->items[i]);
    return st;
}

static const char *shape_text(const dnn_hdf5_info *info, char *out, size_t size)
{
    size_t n = (size_t)snprintf(out, size, "[");
    for (size_t i = 0; i < info->rank && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, "%s%zu", i ? ", " : "", info->dim[i]);
    if (n < size) snprintf(out + n, size - n, "]");
    return out;
}

dnn_status values_check(dnn_model_file *file, const char *path, const dnn_shape *shape, const char *whose)
{
    dnn_hdf5_dataset *d;
    char has[200], wants[200];
    dnn_status st = dnn_hdf5_dataset_open(file->hdf5, path, &d);
    if (st != DNN_OK) return st;
    const dnn_hdf5_info *info = dnn_hdf5_dataset_info(d);
    bool same = info->rank == shape->rank;
    for (size_t i = 0; same && i < shape->rank; i++) same = info->dim[i] == shape->dim[i];
    if (info->stored != DNN_HDF5_REALS && info->stored != DNN_HDF5_INTEGERS)
        st = model_fail(file, path, "holds no numbers");
    else if (!same)
        st = model_fail(file, path, "has shape %s, but %s of the model has %s", shape_text(info, has, sizeof has),
                        whose, dnn_shape_text(shape, wants, sizeof wants));
    dnn_hdf5_dataset_close(d);
    return st;
}
