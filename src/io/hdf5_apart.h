/* A file read apart: the HDF5 library works in a limited process of its own, asked over a socket; values come through a
 * window of memory that both see. hdf5_spawn.c starts that process, hdf5_apart.c asks and ends it, hdf5_ask.c is
 * what the public functions do with it, hdf5_reader.c is the process. Shared by the hdf5*.c files alone. */
#ifndef DNN_IO_HDF5_APART_H
#define DNN_IO_HDF5_APART_H

#include "io/hdf5_internal.h"

#include <pthread.h>
#include <sys/types.h>

#if defined(__has_feature) /* clang's way of saying it */
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

/* The one argument that makes any program that contains this library the reader. */
#define HDF5_READER_ARGUMENT "--dnn-hdf5-reader"

enum {
    READER_SOCKET = 3, /* files of the reader */
    READER_WINDOW = 4,
    READER_MAX_DATASETS = 256,
    READER_MAX_TEXT = 4096,       /* of a path or name asked for */
    READER_MAX_ANSWER = 1 << 28,  /* bytes of strings in an answer */
    READER_CPU_SECONDS = 5,       /* of computing for one question */
    READER_WALL_SECONDS = 120,    /* until a question is answered: slow disks are nobody's fault */
    READER_MEMORY_MIB = 3 << 10,  /* address space beyond what the process begins with */
    READER_WINDOW_BYTES = 4 << 20 /* larger where a single row is */
};
#define READER_MAX_WINDOW ((size_t)1 << 30)

typedef enum reader_ask {
    READER_OPEN,
    READER_FIND,
    READER_LIST,
    READER_DATASET,
    READER_DATASET_CLOSE,
    READER_ROWS,
    READER_PLACE,
    READER_TEXT,
    READER_ATTRIBUTE_TEXT,
    READER_ATTRIBUTE_TEXTS,
    READER_ATTRIBUTE_INTEGER
} reader_ask;

/* Followed by the path and the name, each with its NUL. */
typedef struct reader_question {
    uint32_t ask, type;         /* type: a dnn_hdf5_type; of READER_OPEN the status that failures have */
    uint64_t dataset, first, n; /* n: of READER_TEXT the limit */
    uint64_t window;            /* its size now */
    uint32_t path_bytes, name_bytes;
} reader_question;

/* Followed by `bytes` bytes: the text of a failure, else strings, each with its NUL. */
typedef struct reader_answer {
    int32_t status;
    uint32_t found;
    int64_t number; /* an object, a data set's number, an integer, a count of strings */
    uint64_t bytes;
    dnn_hdf5_info info;
} reader_answer;

struct hdf5_apart {
    pthread_mutex_t lock; /* one question at a time */
    int socket, window_file;
    pid_t process;
    char *window;
    size_t window_bytes;
    bool ended;
};

/* Asks and waits. Fails with the file's status and the reader's own text, or says how the reader ended. `bytes` (may be
 * NULL: none are wanted) becomes the answer's bytes with a NUL behind, dnn_free. The caller holds the lock. */
dnn_status hdf5_apart_ask(dnn_hdf5 *file, reader_question *question, const char *path, const char *name,
                          reader_answer *answer, char **bytes);
/* The process, its socket and its window: 0 or an errno. */
int hdf5_apart_start(struct hdf5_apart *a);
/* Makes the window as large as wanted. */
dnn_status hdf5_apart_widen(dnn_hdf5 *file, size_t bytes);
void hdf5_apart_close(struct hdf5_apart *apart);

/* What the public functions do with a file read apart. */
dnn_status apart_find(dnn_hdf5 *file, const char *path, dnn_hdf5_object *object);
dnn_status apart_list(dnn_hdf5 *file, const char *group, dnn_strings *names);
dnn_status apart_dataset_open(dnn_hdf5 *file, const char *path, dnn_hdf5_dataset **out);
void apart_dataset_close(dnn_hdf5_dataset *dataset);
dnn_status apart_rows(dnn_hdf5_dataset *dataset, size_t first, size_t n, dnn_hdf5_type type, void *values);
uint64_t apart_place(const dnn_hdf5_dataset *dataset, dnn_hdf5_type type);
dnn_status apart_read_text(dnn_hdf5 *file, const char *path, size_t limit, char **text, size_t *length);
dnn_status apart_attribute_text(dnn_hdf5 *file, const char *object, const char *name, char **text);
dnn_status apart_attribute_texts(dnn_hdf5 *file, const char *object, const char *name, dnn_strings *texts, bool *found);
dnn_status apart_attribute_integer(dnn_hdf5 *file, const char *object, const char *name, int64_t *value, bool *found);

/* The words that begin the reader; naming it links the reader into every program that may need it. */
extern const char hdf5_reader_argument[];

#endif
