/* A text file that a callback adds to after epochs. How long it was goes to the checkpoint, so that a training that goes on from there drops
 * what was written behind it and no line stands twice. Rank 0 alone writes; the state is kept by all. Local. */
#ifndef DNN_TRAIN_LOG_FILE_H
#define DNN_TRAIN_LOG_FILE_H

#include "dnn/train/callback.h"

typedef struct log_file {
    bool began;      /* in this process */
    int64_t bytes;   /* written so far; > 0 before it began: the training goes on from a checkpoint */
} log_file;

/* Adds `text` to output/name. Before the first: a training that goes on cuts the file to the length it had; else it is emptied, or kept where
 * `append`; `header` goes into an empty file. DNN_E_IO. */
dnn_status log_file_write(log_file *f, const char *output, const char *name, bool append, const char *header, const char *text);

/* For the descriptors of callbacks whose state is (or begins with) a log_file. */
dnn_node *log_file_save(const void *state);
dnn_status log_file_load(const dnn_node *saved, void *state);

/* Text that grows; `text` NULL after it ran out of memory. Free `text`. */
typedef struct growing { char *text; size_t length, room; } growing;
__attribute__((format(printf, 2, 3))) void growing_add(growing *g, const char *format, ...);
/* A field of a CSV file: quoted where it holds the separator, a quote or a line's end. */
void growing_add_field(growing *g, const char *field, const char *separator);

#endif
