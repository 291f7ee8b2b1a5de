/** IDX files (LeCun's MNIST format: big-endian magic 0x00 0x00 type rank, sizes, values), plain or gzipped. Local. */
#ifndef DNN_IO_IDX_H
#define DNN_IO_IDX_H

#include <stddef.h>
#include <stdint.h>
#include "dnn/base/status.h"

typedef struct dnn_idx {
    void *file; /**< owned, as is `path` */
    char *path;
    uint8_t type; /**< 0x08 uint8, 0x09 int8, 0x0B int16, 0x0C int32, 0x0D float, 0x0E double */
    size_t rank, dim[6];
    size_t bytes_per_value;
    uint64_t place; /**< byte of the file where the values begin; 0: it is packed, or does not end with them */
} dnn_idx;

/** Reads the header and checks the sizes: no overflow, 1 to 6 axes, not more values than the file can hold (packed:
 * 1,032 to 1), so that the caller may allocate what it says. DNN_E_DATA names file and what is wrong. */
dnn_status dnn_idx_open(const char *path, dnn_idx *out);
/** Reads all values, in the machine's byte order, into `values` [product of dim]; fails where the file is shorter or
 * longer than declared; never reads more than declared + 1 bytes of a stream. */
dnn_status dnn_idx_read(dnn_idx *idx, void *values);
void dnn_idx_close(dnn_idx *idx);

#endif
