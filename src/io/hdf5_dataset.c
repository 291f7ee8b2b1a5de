/* Reading data sets by rows. */
#include "io/hdf5_apart.h"

#include <string.h>

#include "dnn/base/memory.h"

dnn_status dnn_hdf5_dataset_open(dnn_hdf5 *file, const char *path, dnn_hdf5_dataset **out)
{
    hid_t id;
    H5I_type_t type;
    *out = NULL;
    if (file->apart) return apart_dataset_open(file, path, out);
    dnn_status st = hdf5_enter(file);
    if (st == DNN_OK) st = hdf5_object_open(file, path, &id, &type);
    if (st != DNN_OK) return st;
    if (type != H5I_DATASET) {
        if (id >= 0) H5Oclose(id);
        return hdf5_fail(file, path, id >= 0 ? "is a group where a data set is wanted" : "is missing");
    }
    dnn_hdf5_dataset *d = dnn_alloc(1, sizeof *d);
    if (!d) {
        H5Oclose(id);
        return DNN_E_MEMORY;
    }
    *d = (dnn_hdf5_dataset){
        .file = file, .path = dnn_strdup(path), .id = id, .space = H5I_INVALID_HID, .transfer = H5I_INVALID_HID};
    st = d->path ? hdf5_judge(d) : DNN_E_MEMORY;
    if (st == DNN_OK)
        *out = d;
    else
        dnn_hdf5_dataset_close(d);
    return st;
}

void dnn_hdf5_dataset_close(dnn_hdf5_dataset *dataset)
{
    if (!dataset) return;
    if (dataset->file->apart) {
        apart_dataset_close(dataset);
        return;
    }
    if (dataset->transfer >= 0) H5Pclose(dataset->transfer);
    if (dataset->space >= 0) H5Sclose(dataset->space);
    if (dataset->id >= 0) H5Dclose(dataset->id);
    dnn_free(dataset->path);
    dnn_free(dataset);
}

const dnn_hdf5_info *dnn_hdf5_dataset_info(const dnn_hdf5_dataset *dataset) { return &dataset->info; }

uint64_t dnn_hdf5_dataset_place(const dnn_hdf5_dataset *d, dnn_hdf5_type type)
{
    if (d->file->apart) return apart_place(d, type);
    if (hdf5_enter(d->file) != DNN_OK) return 0;
    const hid_t list = H5Dget_create_plist(d->id), stored = H5Dget_type(d->id);
    const bool alike = list >= 0 && stored >= 0 && H5Pget_layout(list) == H5D_CONTIGUOUS && H5Pget_external_count(list) == 0 &&
                       H5Tequal(stored, hdf5_memory_type(type)) > 0;
    const haddr_t first = alike ? H5Dget_offset(d->id) : HADDR_UNDEF;
    if (list >= 0) H5Pclose(list);
    if (stored >= 0) H5Tclose(stored);
    return first == HADDR_UNDEF ? 0 : (uint64_t)first;
}

static const char *type_name(dnn_hdf5_type type)
{
    static const char *const names[] = {"32-bit reals", "64-bit reals", "bytes from 0 to 255", "whole numbers of 32 bits", "whole numbers of 64 bits", "32-bit reals"};
    return names[type];
}

/* Whole numbers of at most 64 bits fit every real: no need to look at each. */
static bool may_not_fit(const dnn_hdf5_dataset *d, dnn_hdf5_type type)
{
    return d->info.stored == DNN_HDF5_REALS || (type != DNN_HDF5_FLOAT && type != DNN_HDF5_DOUBLE);
}

/* The part of the file and its shape in memory. */
static hid_t select_rows(const dnn_hdf5_dataset *d, size_t first, size_t n)
{
    hsize_t start[DNN_HDF5_MAX_RANK] = {first}, count[DNN_HDF5_MAX_RANK] = {n};
    for (size_t i = 1; i < d->info.rank; i++) count[i] = d->info.dim[i];
    if (H5Sselect_hyperslab(d->space, H5S_SELECT_SET, start, NULL, count, NULL) < 0) return H5I_INVALID_HID;
    return H5Screate_simple((int)d->info.rank, count, NULL);
}

dnn_status dnn_hdf5_dataset_rows(dnn_hdf5_dataset *dataset, size_t first, size_t n, dnn_hdf5_type type, void *values)
{
    dnn_hdf5_dataset *d = dataset;
    const size_t rows = d->info.rank == 0 ? 1 : d->info.dim[0];
    const dnn_status st = hdf5_enter(d->file);
    if (st != DNN_OK) return st;
    if (d->info.stored != DNN_HDF5_REALS && d->info.stored != DNN_HDF5_INTEGERS)
        return hdf5_fail(d->file, d->path, "holds no numbers");
    if (first > rows || n > rows - first)
        return hdf5_fail(d->file, d->path, "has %zu rows; rows %zu to %zu are wanted", rows, first, first + n);
    if (n == 0 || d->info.count == 0) return DNN_OK;
    if (d->file->apart) return apart_rows(d, first, n, type, values);
    const bool whole = n == rows;
    const hid_t memory = whole ? H5S_ALL : select_rows(d, first, n);
    if (memory < 0) return hdf5_fail(d->file, d->path, "rows %zu to %zu cannot be selected", first, first + n);
    const hid_t transfer = may_not_fit(d, type) ? d->transfer : H5P_DEFAULT;
    const herr_t failed = H5Dread(d->id, hdf5_memory_type(type), memory, whole ? H5S_ALL : d->space, transfer, values);
    if (!whole) H5Sclose(memory);
    if (failed < 0)
        return hdf5_fail(d->file, d->path,
                         "rows %zu to %zu cannot be read as %s: damaged, or a value does not fit", first,
                         first + n, type_name(type));
    return DNN_OK;
}

dnn_status dnn_hdf5_read(dnn_hdf5 *file, const char *path, dnn_hdf5_type type, size_t count, void *values)
{
    dnn_hdf5_dataset *d;
    dnn_status st = dnn_hdf5_dataset_open(file, path, &d);
    if (st != DNN_OK) return st;
    if (d->info.count != count) st = hdf5_fail(file, path, "has %zu values where %zu are wanted", d->info.count, count);
    if (st == DNN_OK) st = dnn_hdf5_dataset_rows(d, 0, d->info.rank == 0 ? 1 : d->info.dim[0], type, values);
    dnn_hdf5_dataset_close(d);
    return st;
}

static dnn_status read_field(dnn_hdf5_dataset *d, hid_t type, size_t limit, char **text)
{
    if (d->info.stored != DNN_HDF5_TEXTS || d->info.count != 1 || H5Tis_variable_str(type) != 0)
        return hdf5_fail(d->file, d->path, "is no single string of fixed length");
    const size_t bytes = d->info.value_bytes;
    if (bytes > limit || bytes > d->file->bytes)
        return hdf5_fail(d->file, d->path, "declares %zu bytes; at most %zu are read", bytes, limit);
    char *field = dnn_alloc(bytes, 1);
    if (!field) return DNN_E_MEMORY;
    dnn_status st = DNN_OK;
    if (H5Dread(d->id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, field) < 0)
        st = hdf5_fail(d->file, d->path, "cannot be read");
    else if (!(*text = hdf5_text_of(field, bytes, H5Tget_strpad(type))))
        st = DNN_E_MEMORY;
    dnn_free(field);
    return st;
}

dnn_status dnn_hdf5_read_text(dnn_hdf5 *file, const char *path, size_t limit, char **text, size_t *length)
{
    dnn_hdf5_dataset *d;
    *text = NULL;
    if (file->apart) return apart_read_text(file, path, limit, text, length);
    dnn_status st = dnn_hdf5_dataset_open(file, path, &d);
    if (st != DNN_OK) return st;
    const hid_t type = H5Dget_type(d->id);
    st = type >= 0 ? read_field(d, type, limit, text) : hdf5_fail(file, path, "has no readable type");
    if (st == DNN_OK) *length = strlen(*text);
    if (type >= 0) H5Tclose(type);
    dnn_hdf5_dataset_close(d);
    return st;
}
