/* Writing groups and data sets. */
#include "io/hdf5_internal.h"

#include <string.h>
#include <time.h>

#include "dnn/base/memory.h"

enum { CHUNKED_FROM = 64 << 10, CHUNK = 256 << 10, PIECE = 1 << 20 };

static dnn_status make_group(dnn_hdf5 *f, const char *path)
{
    const htri_t exists = H5Lexists(f->id, path, H5P_DEFAULT);
    if (exists > 0) return DNN_OK;
    const hid_t list = exists == 0 ? H5Pcreate(H5P_GROUP_CREATE) : H5I_INVALID_HID;
    hid_t id = H5I_INVALID_HID;
    if (list >= 0 && H5Pset_obj_track_times(list, false) >= 0)
        id = H5Gcreate2(f->id, path, H5P_DEFAULT, list, H5P_DEFAULT);
    if (list >= 0) H5Pclose(list);
    if (id < 0 || H5Gclose(id) < 0) return hdf5_fail(f, path, "cannot be made");
    return DNN_OK;
}

/* The library can make the groups of a path itself, but then with times in them. */
static dnn_status make_groups(dnn_hdf5 *f, const char *path, bool last)
{
    char *prefix = dnn_strdup(path);
    if (!prefix) return DNN_E_MEMORY;
    dnn_status st = DNN_OK;
    for (char *p = strchr(prefix + 1, '/'); p && st == DNN_OK; p = strchr(p + 1, '/')) {
        *p = '\0';
        st = make_group(f, prefix);
        *p = '/';
    }
    if (st == DNN_OK && last && prefix[1]) st = make_group(f, prefix);
    dnn_free(prefix);
    return st;
}

dnn_status dnn_hdf5_group_make(dnn_hdf5 *file, const char *path)
{
    const dnn_status st = hdf5_enter(file);
    return st == DNN_OK ? make_groups(file, path, true) : st;
}

/* Cuts from the first axis on until a chunk is small enough, so that chunks are whole rows where rows are not giants.
 */
static void cut_chunks(size_t rank, const hsize_t *dim, size_t value_bytes, hsize_t *chunk)
{
    hsize_t rest = value_bytes;
    for (size_t i = 0; i < rank; i++) rest *= dim[i];
    for (size_t i = 0; i < rank; i++) {
        rest /= dim[i];
        const hsize_t fit = CHUNK / rest;
        chunk[i] = fit >= dim[i] ? dim[i] : fit > 0 ? fit : 1;
    }
}

static hid_t dataset_list(size_t rank, const hsize_t *dim, size_t count, size_t value_bytes)
{
    hsize_t chunk[DNN_HDF5_MAX_RANK];
    const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    bool good =
        list >= 0 && H5Pset_obj_track_times(list, false) >= 0 && H5Pset_fill_time(list, H5D_FILL_TIME_NEVER) >= 0;
    if (good && rank > 0 && count >= CHUNKED_FROM / value_bytes) {
        cut_chunks(rank, dim, value_bytes, chunk);
        good = H5Pset_chunk(list, (int)rank, chunk) >= 0 && H5Pset_fletcher32(list) >= 0;
    }
    if (good) return list;
    if (list >= 0) H5Pclose(list);
    return H5I_INVALID_HID;
}

typedef struct whole_values { hid_t space, list, stored, memory; size_t rank; const hsize_t *dim; } whole_values;

/* Rows [first, first + n) of the first axis. */
static bool write_rows(hid_t id, const whole_values *v, hsize_t first, hsize_t n, const char *at)
{
    hsize_t start[DNN_HDF5_MAX_RANK] = {first}, count[DNN_HDF5_MAX_RANK] = {n};
    for (size_t i = 1; i < v->rank; i++) count[i] = v->dim[i];
    const hid_t memory = H5Screate_simple((int)v->rank, count, NULL);
    const bool good = memory >= 0 && H5Sselect_hyperslab(v->space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
                      H5Dwrite(id, v->memory, memory, v->space, H5P_DEFAULT, at) >= 0;
    if (memory >= 0) H5Sclose(memory);
    return good;
}

/* A thread that wants the library's lock gets it only while this one is not at once asking again. */
static void let_others_in(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
}

static bool write_in_pieces(hid_t id, const whole_values *v, const char *values)
{
    hsize_t row = H5Tget_size(v->memory);
    for (size_t i = 1; i < v->rank; i++) row *= v->dim[i];
    /* as many rows as make whole chunks */
    hsize_t chunk[DNN_HDF5_MAX_RANK] = {1};
    if (H5Pget_layout(v->list) == H5D_CHUNKED && H5Pget_chunk(v->list, DNN_HDF5_MAX_RANK, chunk) < 0) return false;
    const hsize_t chunks = PIECE / (chunk[0] * row), rows = chunk[0] * (chunks ? chunks : 1);
    for (hsize_t first = 0; first < v->dim[0]; first += rows) {
        const hsize_t left = v->dim[0] - first;
        if (!write_rows(id, v, first, left < rows ? left : rows, values + first * row)) return false;
        let_others_in();
    }
    return true;
}

/* `count` values; 0: there are none to write. */
static dnn_status write_values(dnn_hdf5 *f, const char *path, const whole_values *v, const void *values, size_t count)
{
    hid_t id = H5I_INVALID_HID;
    if (v->stored >= 0 && v->space >= 0 && v->list >= 0)
        id = H5Dcreate2(f->id, path, v->stored, v->space, H5P_DEFAULT, v->list, H5P_DEFAULT);
    if (id < 0) return hdf5_fail(f, path, "cannot be made");
    const bool large = v->rank > 0 && count > PIECE / H5Tget_size(v->memory);
    const bool good = count == 0 ? true
                      : large    ? write_in_pieces(id, v, values)
                                 : H5Dwrite(id, v->memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    if (!good) return hdf5_fail(f, path, "%s", hdf5_why_unwritten(f));
    /* Chunks may reach the file only here. */
    if (H5Dclose(id) < 0) return hdf5_fail(f, path, "%s", hdf5_why_unwritten(f));
    return DNN_OK;
}

dnn_status dnn_hdf5_write(dnn_hdf5 *file, const char *path, dnn_hdf5_type type, size_t rank, const size_t *dim,
                          const void *values)
{
    hsize_t sizes[DNN_HDF5_MAX_RANK];
    size_t count = 1;
    dnn_status st = hdf5_enter(file);
    DNN_ASSERT(rank <= DNN_HDF5_MAX_RANK);
    for (size_t i = 0; i < rank; i++) {
        sizes[i] = dim[i];
        count *= dim[i];
    }
    if (st == DNN_OK) st = make_groups(file, path, false);
    if (st != DNN_OK) return st;
    const hid_t space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple((int)rank, sizes, NULL);
    const hid_t stored = hdf5_stored_type(type), list = dataset_list(rank, sizes, count, H5Tget_size(stored));
    const whole_values whole = {space, list, stored, hdf5_memory_type(type), rank, sizes};
    st = write_values(file, path, &whole, values, count);
    if (list >= 0) H5Pclose(list);
    if (space >= 0) H5Sclose(space);
    return st;
}

dnn_status dnn_hdf5_write_text(dnn_hdf5 *file, const char *path, const char *text)
{
    dnn_status st = hdf5_enter(file);
    if (st == DNN_OK) st = make_groups(file, path, false);
    if (st != DNN_OK) return st;
    const size_t length = strlen(text);
    const hid_t type = hdf5_text_type(length), space = H5Screate(H5S_SCALAR),
                list = dataset_list(0, NULL, 1, length + 1);
    /* An empty text still takes a field of one byte; its terminator fills it. */
    st = write_values(file, path, &(whole_values){space, list, type, type, 0, NULL}, text, 1);
    if (list >= 0) H5Pclose(list);
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    return st;
}
