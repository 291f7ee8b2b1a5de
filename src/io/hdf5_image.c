/* Files made in memory. The library's own driver for that keeps a block that it has us allocate, so the finished file is handed over without being
 * copied once more. */
#include "io/hdf5_internal.h"

#include <string.h>

#include "dnn/base/memory.h"

enum { STEP = 256 << 10 };

static void *image_malloc(size_t size, H5FD_file_image_op_t why, void *context)
{
    (void)size, (void)why, (void)context;
    return NULL; /* asked for only where an image is copied, which nobody here does */
}

static void *image_memcpy(void *to, const void *from, size_t size, H5FD_file_image_op_t why, void *context)
{
    (void)why, (void)context;
    return memcpy(to, from, size);
}

static void *image_realloc(void *old, size_t size, H5FD_file_image_op_t why, void *context)
{
    (void)why;
    hdf5_image *image = context;
    void *bytes = dnn_realloc(old, size, 1);
    if (!bytes) return NULL;
    image->bytes = bytes;
    image->size = size;
    return bytes;
}

/* The library has done with the block; it is ours from here on. */
static herr_t image_free(void *bytes, H5FD_file_image_op_t why, void *context)
{
    (void)bytes, (void)why, (void)context;
    return 0;
}

static void *context_copy(void *context) { return context; }

static herr_t context_free(void *context)
{
    (void)context;
    return 0;
}

static hid_t image_list(hdf5_image *image)
{
    H5FD_file_image_callbacks_t calls = {image_malloc, image_memcpy, image_realloc, image_free,
                                         context_copy, context_free, image};
    const hid_t list = hdf5_access_list();
    if (list < 0) return list;
    if (H5Pset_fapl_core(list, STEP, false) >= 0 && H5Pset_file_image_callbacks(list, &calls) >= 0) return list;
    H5Pclose(list);
    return H5I_INVALID_HID;
}

dnn_status dnn_hdf5_create_in_memory(const char *name, size_t header, dnn_hdf5 **out)
{
    *out = NULL;
    dnn_status st = hdf5_enter(NULL);
    dnn_hdf5 *f = hdf5_file_new(name, DNN_E_MEMORY, true);
    if (!f) return DNN_E_MEMORY;
    f->image = dnn_alloc(1, sizeof *f->image);
    if (!f->image) st = DNN_E_MEMORY;
    if (st == DNN_OK) st = hdf5_make(f, header, image_list(f->image));
    if (st == DNN_OK)
        *out = f;
    else
        hdf5_file_free(f);
    return st;
}

/* The block is a multiple of STEP. Where the file ends stands in its superblock (HDF5 File Format Specification 3.0, II.A: versions 2 and 3), 28
 * bytes behind the header. */
static bool find_end(const hdf5_image *image, size_t header, size_t *length)
{
    static const unsigned char signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    enum { AT_VERSION = 8, AT_END = 28, SUPERBLOCK = 48 };
    if (image->size < header + SUPERBLOCK) return false;
    const unsigned char *at = (const unsigned char *)image->bytes + header;
    if (memcmp(at, signature, sizeof signature) != 0 || at[AT_VERSION] < 2) return false;
    uint64_t end = 0;
    for (int i = 0; i < 8; i++) end |= (uint64_t)at[AT_END + i] << (8 * i);
    *length = (size_t)end;
    return end > header && end <= image->size;
}

dnn_status dnn_hdf5_close_in_memory(dnn_hdf5 *file, unsigned char **bytes, size_t *length)
{
    *bytes = NULL;
    *length = 0;
    hdf5_image image = {0};
    hsize_t header = 0;
    dnn_status st = file->broken ? DNN_E_MEMORY : hdf5_enter(file);
    const hid_t list = st == DNN_OK ? H5Fget_create_plist(file->id) : H5I_INVALID_HID;
    if (st == DNN_OK && (list < 0 || H5Pget_userblock(list, &header) < 0)) st = hdf5_fail(file, NULL, "does not say where it begins");
    if (list >= 0) H5Pclose(list);
    if (st == DNN_OK && H5Fclose(file->id) < 0) st = hdf5_fail(file, NULL, "%s", hdf5_why_unwritten(file));
    if (st == DNN_OK) {
        image = *file->image;
        file->image->bytes = NULL;
        if (!find_end(&image, (size_t)header, length)) st = dnn_fail(DNN_E_INTERNAL, "%s: the file made in memory has no end", file->path);
    }
    hdf5_file_free(file);
    if (st == DNN_OK) *bytes = image.bytes;
    else dnn_free(image.bytes);
    return st;
}
