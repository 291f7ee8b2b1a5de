/* Shared by the hdf5_*.c files alone. */
#ifndef DNN_IO_HDF5_INTERNAL_H
#define DNN_IO_HDF5_INTERNAL_H

#include "dnn/io/hdf5.h"

#include <hdf5.h>

/* The bytes of a file that exists in memory alone (hdf5_image.c). */
typedef struct hdf5_image {
    void *bytes;
    size_t size;
} hdf5_image;

struct dnn_hdf5 {
    hid_t id;
    char *path;
    dnn_status status; /* what failures are called */
    uint64_t bytes;    /* of the file, when reading */
    bool writing;
    bool broken; /* a write failed: the library is not to be asked again */
    struct hdf5_apart *apart; /* where not NULL the file is open there and `id` means nothing (hdf5_apart.h) */
    hdf5_image *image; /* NULL: a file on disk */
};

struct dnn_hdf5_dataset {
    dnn_hdf5 *file; /* borrowed */
    char *path;
    hid_t id, space, transfer;
    dnn_hdf5_info info;
    uint64_t apart; /* its number there */
};

/* A handle without a file yet. */
dnn_hdf5 *hdf5_file_new(const char *path, dnn_status status, bool writing);
void hdf5_file_free(dnn_hdf5 *file);

/* Fails as "file: object: text (HDF5: reason)"; a file being written is broken from then on. */
__attribute__((format(printf, 3, 4))) dnn_status hdf5_fail(dnn_hdf5 *file, const char *object, const char *format, ...);
/* Before each public call: errors of the library are kept quiet per thread; a broken file fails here. */
dnn_status hdf5_enter(dnn_hdf5 *file);

/* Makes the file of `f->path` under these access properties, in the 1.10 format; `list` is closed in any case. */
dnn_status hdf5_make(dnn_hdf5 *f, size_t header, hid_t list);
/* Properties every file is opened with. */
hid_t hdf5_access_list(void);
/* What it means that something could not be written to this file. */
const char *hdf5_why_unwritten(const dnn_hdf5 *file);

/* Opens the object at `path` after judging every link on the way; H5I_INVALID_HID and H5I_BADID where there is nothing.
 */
dnn_status hdf5_object_open(dnn_hdf5 *file, const char *path, hid_t *id, H5I_type_t *type);

/* Looks at a data set just opened and fills in what is known of it. */
dnn_status hdf5_judge(dnn_hdf5_dataset *d);
hid_t hdf5_memory_type(dnn_hdf5_type type);
size_t hdf5_memory_bytes(dnn_hdf5_type type);
hid_t hdf5_stored_type(dnn_hdf5_type type);
/* Sizes of a data space; false where the rank is above DNN_HDF5_MAX_RANK or the product overflows. */
bool hdf5_space(hid_t space, dnn_hdf5_info *info);
/* A string type of fixed length (at least 1), null-padded UTF-8. */
hid_t hdf5_text_type(size_t length);
/* Copies the text out of a field of fixed length; owned by the caller. */
char *hdf5_text_of(const char *field, size_t length, H5T_str_t padding);

#endif
