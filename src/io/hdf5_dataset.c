/* Reading data sets: judged when opened, read by rows. */
#include "io/hdf5_apart.h"

#include <string.h>

#include "dnn/base/memory.h"

/* Deflate shrinks by at most 1032. Values that were never written read as zeros; small stretches of them are let pass.
 */
enum { MAX_SHRINKING = 1100, MAX_UNWRITTEN = 16 << 20, MAX_CHUNK = 256 << 20, DEFAULT_CACHE = 1 << 20 };

hid_t hdf5_memory_type(dnn_hdf5_type type)
{
    const hid_t types[] = {H5T_NATIVE_FLOAT, H5T_NATIVE_DOUBLE, H5T_NATIVE_UINT8, H5T_NATIVE_INT32, H5T_NATIVE_INT64,
                           H5T_NATIVE_FLOAT};
    return types[type];
}

size_t hdf5_memory_bytes(dnn_hdf5_type type)
{
    const size_t bytes[] = {sizeof(float), sizeof(double), 1, 4, 8, sizeof(float)};
    return bytes[type];
}

/* IEEE 754 binary16, as NumPy writes it; made once and kept. */
static hid_t half_type(void)
{
    static hid_t half = H5I_INVALID_HID;
    if (half >= 0) return half;
    const hid_t made = H5Tcopy(H5T_IEEE_F32LE);
    if (made < 0) return made;
    if (H5Tset_fields(made, 15, 10, 5, 0, 10) >= 0 && H5Tset_size(made, 2) >= 0 && H5Tset_ebias(made, 15) >= 0 && H5Tlock(made) >= 0)
        return half = made;
    H5Tclose(made);
    return H5I_INVALID_HID;
}

hid_t hdf5_stored_type(dnn_hdf5_type type)
{
    if (type == DNN_HDF5_HALF) return half_type();
    const hid_t types[] = {H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_STD_U8LE, H5T_STD_I32LE, H5T_STD_I64LE};
    return types[type];
}

bool hdf5_space(hid_t space, dnn_hdf5_info *info)
{
    hsize_t dim[H5S_MAX_RANK];
    const H5S_class_t kind = H5Sget_simple_extent_type(space);
    info->rank = 0;
    info->count = 1;
    if (kind == H5S_SCALAR) return true;
    if (kind == H5S_NULL) {
        *info = (dnn_hdf5_info){
            .stored = info->stored, .value_bytes = info->value_bytes, .has_sign = info->has_sign, .rank = 1};
        return true;
    }
    const int rank = H5Sget_simple_extent_dims(space, dim, NULL);
    if (rank < 0 || rank > DNN_HDF5_MAX_RANK) return false;
    info->rank = (size_t)rank;
    /* Overflow is judged without zeros, so that [0, 2^60, 2^60] cannot hide one. */
    size_t product = 1;
    bool empty = false;
    for (int i = 0; i < rank; i++) {
        info->dim[i] = (size_t)dim[i];
        if (dim[i] == 0)
            empty = true;
        else if (__builtin_mul_overflow(product, (size_t)dim[i], &product))
            return false;
    }
    info->count = empty ? 0 : product;
    return true;
}

/* Only the layouts every machine knows: others go through the library's bit-by-bit converter, which strangers' files
 * shall not reach. */
static bool plain_reals(hid_t type, size_t bytes)
{
    if (bytes == 4) return H5Tequal(type, H5T_IEEE_F32LE) > 0 || H5Tequal(type, H5T_IEEE_F32BE) > 0;
    if (bytes == 8) return H5Tequal(type, H5T_IEEE_F64LE) > 0 || H5Tequal(type, H5T_IEEE_F64BE) > 0;
    size_t sign, exponent, exponent_bits, mantissa, mantissa_bits;
    if (bytes != 2 || H5Tget_fields(type, &sign, &exponent, &exponent_bits, &mantissa, &mantissa_bits) < 0)
        return false;
    return sign == 15 && exponent == 10 && exponent_bits == 5 && mantissa == 0 && mantissa_bits == 10 &&
           H5Tget_ebias(type) == 15;
}

static bool plain_integers(hid_t type, size_t bytes)
{
    return (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8) && H5Tget_precision(type) == 8 * bytes &&
           H5Tget_offset(type) == 0;
}

static dnn_status judge_type(dnn_hdf5_dataset *d)
{
    const hid_t type = H5Dget_type(d->id);
    if (type < 0) return hdf5_fail(d->file, d->path, "has no readable type");
    const size_t bytes = H5Tget_size(type);
    const H5T_class_t kind = H5Tget_class(type);
    d->info.value_bytes = bytes;
    d->info.stored = DNN_HDF5_OTHERS;
    if (kind == H5T_FLOAT && plain_reals(type, bytes)) d->info.stored = DNN_HDF5_REALS;
    if (kind == H5T_INTEGER && plain_integers(type, bytes)) d->info.stored = DNN_HDF5_INTEGERS;
    if (kind == H5T_STRING) d->info.stored = DNN_HDF5_TEXTS;
    d->info.has_sign = kind == H5T_INTEGER && H5Tget_sign(type) == H5T_SGN_2;
    H5Tclose(type);
    return bytes > 0 ? DNN_OK : hdf5_fail(d->file, d->path, "has values of no size");
}

static dnn_status judge_filters(const dnn_hdf5_dataset *d, hid_t list, bool *shrunk)
{
    const int n = H5Pget_nfilters(list);
    for (int i = 0; i < n; i++) {
        unsigned flags, config, values[8];
        size_t n_values = 8;
        char name[64] = "";
        const H5Z_filter_t id =
            H5Pget_filter2(list, (unsigned)i, &flags, &n_values, values, sizeof name, name, &config);
        if (id != H5Z_FILTER_DEFLATE && id != H5Z_FILTER_SHUFFLE && id != H5Z_FILTER_FLETCHER32)
            return hdf5_fail(d->file, d->path,
                             "is packed by filter %d '%.63s'; deflate, shuffle and fletcher32 are read", (int)id, name);
        if (id == H5Z_FILTER_DEFLATE) *shrunk = true;
    }
    return DNN_OK;
}

static dnn_status judge_chunks(const dnn_hdf5_dataset *d, hid_t list, size_t *chunk)
{
    hsize_t dim[H5S_MAX_RANK];
    const int rank = H5Pget_chunk(list, H5S_MAX_RANK, dim);
    size_t bytes = d->info.value_bytes;
    bool fits = rank >= 0;
    for (int i = 0; i < rank && fits; i++) fits = !__builtin_mul_overflow(bytes, (size_t)dim[i], &bytes);
    if (!fits || bytes > MAX_CHUNK) return hdf5_fail(d->file, d->path, "has chunks above %d MiB", MAX_CHUNK >> 20);
    *chunk = bytes;
    return DNN_OK;
}

static dnn_status judge_size(const dnn_hdf5_dataset *d, bool shrunk)
{
    size_t declared;
    if (__builtin_mul_overflow(d->info.count, d->info.value_bytes, &declared))
        return hdf5_fail(d->file, d->path, "declares more bytes than can be counted");
    const uint64_t held = H5Dget_storage_size(d->id), most = shrunk ? held * MAX_SHRINKING : held;
    if (held > d->file->bytes)
        return hdf5_fail(d->file, d->path, "declares %llu stored bytes in a file of %llu", (unsigned long long)held,
                         (unsigned long long)d->file->bytes);
    if (declared > MAX_UNWRITTEN && declared > most)
        return hdf5_fail(d->file, d->path, "declares %zu bytes, of which the file holds %llu", declared,
                         (unsigned long long)held);
    return DNN_OK;
}

static dnn_status judge_layout(dnn_hdf5_dataset *d, size_t *chunk)
{
    const hid_t list = H5Dget_create_plist(d->id);
    if (list < 0) return hdf5_fail(d->file, d->path, "has no readable layout");
    const H5D_layout_t layout = H5Pget_layout(list);
    dnn_status st = DNN_OK;
    bool shrunk = false;
    if (layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED && layout != H5D_COMPACT)
        st = hdf5_fail(d->file, d->path, "is a virtual data set; only values of the file itself are read");
    else if (H5Pget_external_count(list) != 0)
        st = hdf5_fail(d->file, d->path, "keeps its values in another file; only values of the file itself are read");
    if (st == DNN_OK) st = judge_filters(d, list, &shrunk);
    if (st == DNN_OK && layout == H5D_CHUNKED) st = judge_chunks(d, list, chunk);
    if (st == DNN_OK) st = judge_size(d, shrunk);
    H5Pclose(list);
    return st;
}

/* A chunk that does not fit the cache would be read and unpacked again for every batch. */
static dnn_status widen_cache(dnn_hdf5_dataset *d, size_t chunk)
{
    if (2 * chunk <= DEFAULT_CACHE) return DNN_OK;
    const hid_t list = H5Pcreate(H5P_DATASET_ACCESS);
    hid_t again = H5I_INVALID_HID;
    if (list >= 0 && H5Pset_chunk_cache(list, 521, 2 * chunk, 1.0) >= 0) again = H5Dopen2(d->file->id, d->path, list);
    if (list >= 0) H5Pclose(list);
    if (again < 0) return hdf5_fail(d->file, d->path, "cannot be opened");
    H5Dclose(d->id);
    d->id = again;
    return DNN_OK;
}

/* The library would clip 300 to 255 and cut 1.5 to 1 without a word. */
static H5T_conv_ret_t conversion(H5T_conv_except_t what, hid_t from, hid_t to, void *source, void *target,
                                 void *context)
{
    (void)from;
    (void)source;
    (void)target;
    (void)context;
    if (what == H5T_CONV_EXCEPT_PRECISION) return H5T_CONV_UNHANDLED;
    if (H5Tget_class(to) == H5T_INTEGER) return H5T_CONV_ABORT;
    return what == H5T_CONV_EXCEPT_RANGE_HI || what == H5T_CONV_EXCEPT_RANGE_LOW ? H5T_CONV_ABORT : H5T_CONV_UNHANDLED;
}

static dnn_status judge(dnn_hdf5_dataset *d)
{
    size_t chunk = 0;
    dnn_status st = judge_type(d);
    d->space = st == DNN_OK ? H5Dget_space(d->id) : H5I_INVALID_HID;
    if (st == DNN_OK && (d->space < 0 || !hdf5_space(d->space, &d->info)))
        st = hdf5_fail(d->file, d->path, "has more than %d axes or more values than can be counted", DNN_HDF5_MAX_RANK);
    if (st == DNN_OK) st = judge_layout(d, &chunk);
    if (st == DNN_OK) st = widen_cache(d, chunk);
    if (st != DNN_OK) return st;
    d->transfer = H5Pcreate(H5P_DATASET_XFER);
    if (d->transfer < 0 || H5Pset_type_conv_cb(d->transfer, conversion, NULL) < 0)
        return hdf5_fail(d->file, d->path, "cannot be read");
    return DNN_OK;
}

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
    st = d->path ? judge(d) : DNN_E_MEMORY;
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
                         "rows %zu to %zu cannot be read: damaged, or a value does not fit the type wanted", first,
                         first + n);
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
