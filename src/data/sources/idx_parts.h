/** IDX files as a source: one file of inputs and one of targets for each part. Shared by idx, mnist and fashion_mnist.
 * Local. */
#ifndef DNN_DATA_IDX_PARTS_H
#define DNN_DATA_IDX_PARTS_H

#include "data/source.h"

/** Paths; NULL: none. Borrowed during open. */
typedef struct dnn_idx_paths {
    const char *x[DNN_PARTS], *y[DNN_PARTS];
} dnn_idx_paths;

/** Reads the headers: rows of x and y must match, samples must have one shape and type over the parts. 8-bit unsigned
 * stay bytes; signed and 16-bit integers become int32, doubles float. Integer targets are labels. */
dnn_status dnn_idx_parts_open(const dnn_idx_paths *paths, dnn_source_info *info, void **state);
/** The four files of MNIST's kind in a folder, plain or .gz, named with "-idx" or ".idx". */
dnn_status dnn_idx_folder_open(const char *kind, const char *folder, dnn_source_info *info, void **state);
dnn_status dnn_idx_parts_read(void *state, dnn_part part, uint64_t first, size_t rows, void *const *x, void *const *y,
                              float *weight);
/** Bytes lie in a plain file as they are wanted; wider numbers have their bytes in the other order. */
uint64_t dnn_idx_parts_place(void *state, dnn_part part, size_t i, const char **path);
void dnn_idx_parts_close(void *state);

#endif
