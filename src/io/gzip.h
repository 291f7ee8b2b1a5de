/** Files that may be gzipped (RFC 1952), told by their first bytes and not by their name. Local. */
#ifndef DNN_IO_GZIP_H
#define DNN_IO_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include "dnn/base/status.h"

typedef struct dnn_gzip {
    void *file;
    const char *path; /**< borrowed */
    bool packed;
    size_t size; /**< in the file system */
} dnn_gzip;

/** DNN_E_DATA: missing, unreadable, no regular file. */
dnn_status dnn_gzip_open(const char *path, dnn_gzip *out);
/** Up to `length` bytes; `*got` is less only at the end of the data. DNN_E_DATA: a packed stream that is cut or
 * damaged; the checksum in its trailer is tested by whoever reads past the last byte. */
dnn_status dnn_gzip_read(dnn_gzip *gz, void *data, size_t length, size_t *got);
void dnn_gzip_close(dnn_gzip *gz);
/** The most bytes that can come out of this file: deflate packs at most 1,032 to 1. */
size_t dnn_gzip_bound(const dnn_gzip *gz);

#endif
