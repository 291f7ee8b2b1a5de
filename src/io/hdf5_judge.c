/* What a data set is looked at for when it is opened, before a value is read: its type, sizes, layout and filters, and whether the file can hold what it
 * declares. */
#include "io/hdf5_internal.h"

/* Deflate shrinks by at most 1032. Values that were never written read as zeros; small stretches of them are let pass.
 */
enum { MAX_SHRINKING = 1100, MAX_UNWRITTEN = 16 << 20, MAX_CHUNK = 256 << 20, DEFAULT_CACHE = 1 << 20 };

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

/* As h5py writes truth values: an enumeration of small whole numbers, which the library converts like these. */
static bool plain_enumeration(hid_t type, size_t bytes)
{
    const hid_t base = H5Tget_super(type);
    const bool plain = base >= 0 && H5Tget_class(base) == H5T_INTEGER && bytes == 1 && plain_integers(base, bytes);
    if (base >= 0) H5Tclose(base);
    return plain;
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
    if (kind == H5T_ENUM && plain_enumeration(type, bytes)) d->info.stored = DNN_HDF5_INTEGERS;
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

static dnn_status judge_chunks(dnn_hdf5_dataset *d, hid_t list, size_t *chunk)
{
    hsize_t dim[H5S_MAX_RANK];
    const int rank = H5Pget_chunk(list, H5S_MAX_RANK, dim);
    size_t bytes = d->info.value_bytes;
    bool fits = rank >= 0;
    for (int i = 0; i < rank && fits; i++) fits = !__builtin_mul_overflow(bytes, (size_t)dim[i], &bytes);
    if (!fits || bytes > MAX_CHUNK) return hdf5_fail(d->file, d->path, "has chunks above %d MiB", MAX_CHUNK >> 20);
    *chunk = bytes;
    if (rank > 0) d->info.chunk_rows = (size_t)dim[0];
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

dnn_status hdf5_judge(dnn_hdf5_dataset *d)
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
