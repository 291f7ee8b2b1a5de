/** HDF5 files through a narrow door: nothing outside src/io/hdf5*.c sees the library. What is read may come from
 * anywhere, so every path is walked link by link and only hard links to plain objects are followed: external, soft and
 * user-defined links, external storage, virtual data sets and filters other than deflate, shuffle and Fletcher32 are
 * refused, and no plugin is loaded. HDF5 itself can still crash or hang on a hostile file, so what was not written by
 * this very process is opened apart. Paths are absolute ("/model_weights/dense"). Failing calls name file and
 * object. Local. */
#ifndef DNN_IO_HDF5_H
#define DNN_IO_HDF5_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "dnn/base/param.h"
#include "dnn/base/status.h"

enum { DNN_HDF5_MAX_RANK = 8 };

typedef struct dnn_hdf5 dnn_hdf5;
typedef struct dnn_hdf5_dataset dnn_hdf5_dataset;

/** How values lie in the caller's memory; the library converts from what is stored. Reading a value that the type
 * cannot hold (300 as uint8, 1.5 as int32) fails; rounding to float does not. */
typedef enum dnn_hdf5_type {
    DNN_HDF5_FLOAT,
    DNN_HDF5_DOUBLE,
    DNN_HDF5_UINT8,
    DNN_HDF5_INT32,
    DNN_HDF5_INT64,
    DNN_HDF5_HALF /**< floats in memory, written with half precision */
} dnn_hdf5_type;

/** What is stored. */
typedef enum dnn_hdf5_class { DNN_HDF5_REALS, DNN_HDF5_INTEGERS, DNN_HDF5_TEXTS, DNN_HDF5_OTHERS } dnn_hdf5_class;
typedef struct dnn_hdf5_info {
    dnn_hdf5_class stored;
    size_t value_bytes; /**< of one stored value: uint8 pixels have 1 */
    bool has_sign;      /**< integers */
    size_t rank;        /**< 0: a single value */
    size_t dim[DNN_HDF5_MAX_RANK];
    size_t count; /**< product of dim; never overflows */
    size_t chunk_rows; /**< rows that lie in a chunk together; 0: not chunked */
} dnn_hdf5_info;

typedef enum dnn_hdf5_object { DNN_HDF5_NOTHING, DNN_HDF5_GROUP, DNN_HDF5_DATASET } dnn_hdf5_object;

/** "1.10.8" */
const char *dnn_hdf5_version(void);

/** Opens for reading. `status` is what every failure on this file is called (DNN_E_DATA, DNN_E_MODEL). */
dnn_status dnn_hdf5_open(const char *path, dnn_status status, dnn_hdf5 **out);
/** The same in a process of its own, started from this very program (/proc/self/exe, or what DNN_READER in the
 * environment names): limits on memory, on computing and on time for each call, no core file, no plugins, nothing
 * written. All reading functions work on it; values come through shared memory. Where the library crashes or hangs
 * there, that call and all later ones fail with `status` and say so. May be used by several threads. DNN_E_IO where the
 * process cannot be started. */
dnn_status dnn_hdf5_open_apart(const char *path, dnn_status status, dnn_hdf5 **out);
/** Makes a new file, exclusively: fails where anything of that name exists, symbolic links included. Format bounds 1.10
 * (metadata with checksums). `header` bytes at its start are left to the caller (0, or a power of two from 512).
 * DNN_E_IO. */
dnn_status dnn_hdf5_create(const char *path, size_t header, dnn_hdf5 **out);
/** Closes and frees in every case; NULL is fine. A full disk often shows only here: DNN_E_IO. After any failed write
 * the library's handle is left alone for good, since touching it again can crash; the caller removes the file. Data
 * sets are closed before. */
dnn_status dnn_hdf5_close(dnn_hdf5 *file);

/** As dnn_hdf5_create, but in memory alone, so that no failing disk reaches the library, which would be left with a
 * file it can neither finish nor let go of. `name` stands in messages. DNN_E_MEMORY, also of what is written to it. */
dnn_status dnn_hdf5_create_in_memory(const char *name, size_t header, dnn_hdf5 **out);
/** Closes such a file and hands over its bytes (dnn_free), which a reader takes from disk like those of any other; the
 * `header` bytes are zero. Frees `file` in every case. dnn_hdf5_close throws the bytes away. */
dnn_status dnn_hdf5_close_in_memory(dnn_hdf5 *file, unsigned char **bytes, size_t *length);

/** What is at `path`; DNN_HDF5_NOTHING and DNN_OK where there is nothing. Fails on links and objects that are refused.
 */
dnn_status dnn_hdf5_find(dnn_hdf5 *file, const char *path, dnn_hdf5_object *object);
/** Names of a group's children, sorted. */
dnn_status dnn_hdf5_list(dnn_hdf5 *file, const char *group, dnn_strings *names);
/** Frees what this header's functions put into it. */
void dnn_hdf5_names_clear(dnn_strings *names);

/** Opens a data set and judges it: type, rank, layout, filters, declared size against what the file holds. */
dnn_status dnn_hdf5_dataset_open(dnn_hdf5 *file, const char *path, dnn_hdf5_dataset **out);
const dnn_hdf5_info *dnn_hdf5_dataset_info(const dnn_hdf5_dataset *dataset);
/** Rows [first, first + n) along the first axis, row-major, into `values`; rank 0 counts as one row. Row access in
 * order is fast for contiguous data and for chunks of whole rows (the chunk at hand stays in memory). */
dnn_status dnn_hdf5_dataset_rows(dnn_hdf5_dataset *dataset, size_t first, size_t n, dnn_hdf5_type type, void *values);
/** Where in its file the values lie one after the other just as `type` has them in memory: the byte at which they begin. 0 where
 * they lie otherwise: in chunks, packed, of another type or order of bytes, or not written yet. */
uint64_t dnn_hdf5_dataset_place(const dnn_hdf5_dataset *dataset, dnn_hdf5_type type);
void dnn_hdf5_dataset_close(dnn_hdf5_dataset *dataset);
/** Opens, demands exactly `count` values, reads all, closes. */
dnn_status dnn_hdf5_read(dnn_hdf5 *file, const char *path, dnn_hdf5_type type, size_t count, void *values);
/** A data set of one string; owned by the caller (dnn_free); fails above `limit` bytes. */
dnn_status dnn_hdf5_read_text(dnn_hdf5 *file, const char *path, size_t limit, char **text, size_t *length);

/** Makes a group and those above it; nothing happens where it is. DNN_E_IO. */
dnn_status dnn_hdf5_group_make(dnn_hdf5 *file, const char *path);
/** Writes a whole data set (little endian), making the groups above it. Small ones contiguous, from 64 KiB in chunks of
 * whole rows with a Fletcher32 sum each. The library has one lock for all threads: it is let go of after each MiB, so
 * that a thread that reads another file waits for milliseconds, however large the data set. DNN_E_IO. */
dnn_status dnn_hdf5_write(dnn_hdf5 *file, const char *path, dnn_hdf5_type type, size_t rank, const size_t *dim,
                          const void *values);
/** A data set of one string of fixed length. */
dnn_status dnn_hdf5_write_text(dnn_hdf5 *file, const char *path, const char *text);

/* Attributes of the group or data set at `object` ("/": the root). Strings are read in any form (variable or fixed
 * length, any padding, ASCII or UTF-8) and written null-padded with fixed length; those above 64 KiB are fine. */

/** `*text` owned by the caller; NULL and DNN_OK where there is no such attribute. */
dnn_status dnn_hdf5_attribute_text(dnn_hdf5 *file, const char *object, const char *name, char **text);
/** A list of strings; where `name` is missing, name0, name1 … joined. An empty array of any type is a list of none. */
dnn_status dnn_hdf5_attribute_texts(dnn_hdf5 *file, const char *object, const char *name, dnn_strings *texts,
                                    bool *found);
/** One whole number. */
dnn_status dnn_hdf5_attribute_integer(dnn_hdf5 *file, const char *object, const char *name, int64_t *value,
                                      bool *found);
dnn_status dnn_hdf5_attribute_write_text(dnn_hdf5 *file, const char *object, const char *name, const char *text);
/** `count` 0 writes what NumPy makes of an empty list: float64 of shape (0,). */
dnn_status dnn_hdf5_attribute_write_texts(dnn_hdf5 *file, const char *object, const char *name,
                                          const char *const *texts, size_t count);
dnn_status dnn_hdf5_attribute_write_integer(dnn_hdf5 *file, const char *object, const char *name, int64_t value);

#endif
