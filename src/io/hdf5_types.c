/* Types of values in memory and in files, and sizes of data spaces. */
#include "io/hdf5_internal.h"

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
