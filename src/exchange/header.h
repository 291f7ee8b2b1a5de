/* The 512 bytes in front of our files, in the user block that HDF5 leaves free. With them a file is judged before the
 * HDF5 library, which damaged metadata can crash, sees any of it. Little endian:
 *
 *     0   8  magic: "dnn-mpi" and a line end
 *     8   4  format version
 *    12   4  size of this header: 512
 *    16   8  length of the file in bytes
 *    24  16  XXH3-128 of all bytes behind the header
 *    40 456  zeros
 *   496  16  XXH3-128 of the 496 bytes before
 *
 * It tells accidents, not forgery. Private to exchange. */
#ifndef DNN_EXCHANGE_HEADER_H
#define DNN_EXCHANGE_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "dnn/base/status.h"

enum { HEADER_SIZE = 512 };

/** Fills in the header of a file that is otherwise complete, in memory: its first HEADER_SIZE bytes. */
void header_fill(unsigned char *file, size_t length, uint32_t version);
/** Reads the whole file. `ours` false and DNN_OK where no header of ours begins it; DNN_E_MODEL where one does and
 * something does not fit, or where the version is above `newest`. */
dnn_status header_judge(const char *path, uint32_t newest, bool *ours);

#endif
