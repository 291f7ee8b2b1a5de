/** Files: reading small ones whole, writing so that a reader sees the old or the new content and nothing between.
 * Local. */
#ifndef DNN_IO_FILE_H
#define DNN_IO_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include "dnn/base/status.h"

/** Whole file into memory (dnn_free), NUL behind it; fails above `limit` bytes. `status` is what failure is called
 * (DNN_E_CONFIG, DNN_E_DATA …). */
dnn_status dnn_file_read(const char *path, size_t limit, dnn_status status, char **text, size_t *length);
/** Writes to a temporary name beside it (exclusive, symbolic links not followed), fsyncs, renames over `path`, fsyncs
 * the folder. DNN_E_IO. */
dnn_status dnn_file_write(const char *path, const void *data, size_t length);
/** Looks at a file that is written and synced, under its temporary name; a failure and it goes, the old one stays. */
typedef dnn_status dnn_file_check(void *context, const char *path);
/** As dnn_file_write; `check` (NULL: none) is called before the rename. */
dnn_status dnn_file_write_checked(const char *path, const void *data, size_t length, dnn_file_check *check,
                                  void *context);
/** Appends one text and hands it to the kernel; creates the file; does not follow a symbolic link nor wait at a pipe. Where the disk is
 * full half way the file keeps its old length, so that no half line stays. DNN_E_IO. */
dnn_status dnn_file_append(const char *path, const char *text);
dnn_status dnn_file_append_bytes(const char *path, const void *data, size_t length);
bool dnn_file_exists(const char *path);
/** Makes the folder and its parents. DNN_E_IO. */
dnn_status dnn_folder_make(const char *path);
/** Makes folders within one that is there: "tensorboard/train" in "runs/a". None of them may be a symbolic link, which would lead what
 * is written, and what is swept away, elsewhere. DNN_E_IO. */
dnn_status dnn_folder_make_within(const char *folder, const char *inner);
/** fsync of the folder that holds `path`. */
dnn_status dnn_folder_sync(const char *path);
/** Takes the lock of an output folder (flock on its file `lock`, which says host, pid and job). Where it is taken,
 * waits 4 s for the leftover ranks of a killed job to end, then DNN_E_IO names the holder. Ends with the process at the
 * latest; not inherited by programs started. `handle` >= 0 must be given back. A file system without locks is warned of
 * (dnn_warn), not refused. */
dnn_status dnn_folder_lock(const char *folder, int *handle);
void dnn_folder_unlock(int handle);

#endif
