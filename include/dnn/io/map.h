/** Files larger than memory: a stretch of one seen as memory, which the kernel brings in and lets go page by page, once for
 * all processes of a machine; and scratch files. Local. */
#ifndef DNN_IO_MAP_H
#define DNN_IO_MAP_H

#include <stddef.h>
#include <stdint.h>
#include "dnn/base/status.h"

typedef struct dnn_map {
    const char *at; /**< the first byte wanted; NULL: not open, or empty */
    size_t bytes;
    void *base; /**< as the kernel sees it: whole pages */
    size_t length;
} dnn_map;

/** Bytes [first, first + bytes) of a file, read only. `status` is what failure is called (DNN_E_DATA …). A file that becomes shorter while
 * it is mapped ends whoever reads beyond its end (SIGBUS): nobody may cut a file that is in use. */
dnn_status dnn_map_open(const char *path, uint64_t first, size_t bytes, dnn_status status, dnn_map *out);
void dnn_map_close(dnn_map *map); /**< zeroed is fine */
/** Bytes [first, first + bytes) of the map will be wanted soon: the kernel begins to read them and does not make the caller wait. */
void dnn_map_expect(const dnn_map *map, size_t first, size_t bytes);

enum { DNN_SCRATCH_PATH = 1024 };

/** A file for a while, in $TMPDIR, else /var/tmp; others cannot read it. */
typedef struct dnn_scratch {
    char path[DNN_SCRATCH_PATH];
    int file;
} dnn_scratch;

/** Makes a scratch file with room for `bytes`, all of which are reserved: DNN_E_IO says where room is missing. `what` for messages. */
dnn_status dnn_scratch_create(const char *what, uint64_t bytes, dnn_scratch *out);
/** Appends. DNN_E_IO. */
dnn_status dnn_scratch_write(dnn_scratch *scratch, const void *data, size_t bytes);
/** Closes it; the file stays, to be mapped. */
void dnn_scratch_close(dnn_scratch *scratch);
/** Takes its name away: it goes with the last process that maps it. */
void dnn_scratch_remove(const dnn_scratch *scratch);

#endif
