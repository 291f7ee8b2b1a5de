/* The public functions for a file that is read apart. What the reader answers is looked at like the file itself: it may
 * have come under the file's control. */
#include "io/hdf5_apart.h"

#include <string.h>

#include "dnn/base/memory.h"

static dnn_status ask(dnn_hdf5 *file, reader_question question, const char *path, const char *name,
                      reader_answer *answer, char **bytes)
{
    pthread_mutex_lock(&file->apart->lock);
    const dnn_status st = hdf5_apart_ask(file, &question, path, name, answer, bytes);
    pthread_mutex_unlock(&file->apart->lock);
    return st;
}

static dnn_status nonsense(const dnn_hdf5 *file, const char *path)
{
    return dnn_fail(file->status, "%s: %s: cannot be read: the answer makes no sense", file->path, path);
}

/* `count` strings of an answer. */
static dnn_status take_strings(const dnn_hdf5 *file, const char *path, const reader_answer *answer, const char *bytes,
                               dnn_strings *out)
{
    const char *at = bytes, *const end = bytes + answer->bytes;
    if (answer->number < 0 || (uint64_t)answer->number > answer->bytes) return nonsense(file, path);
    if (answer->number == 0) return DNN_OK;
    out->at = dnn_alloc((size_t)answer->number, sizeof *out->at);
    if (!out->at) return DNN_E_MEMORY;
    for (int64_t i = 0; i < answer->number; i++) {
        const char *stop = memchr(at, '\0', (size_t)(end - at));
        if (!stop) return nonsense(file, path);
        if (!(out->at[i] = dnn_strdup(at))) return DNN_E_MEMORY;
        out->count++;
        at = stop + 1;
    }
    return DNN_OK;
}

static dnn_status ask_strings(dnn_hdf5 *file, reader_ask what, const char *path, const char *name, dnn_strings *out,
                              bool *found)
{
    reader_answer answer;
    char *bytes;
    *out = (dnn_strings){0};
    dnn_status st = ask(file, (reader_question){.ask = what}, path, name, &answer, &bytes);
    if (st != DNN_OK) return st;
    if (found) *found = answer.found != 0;
    st = take_strings(file, path, &answer, bytes, out);
    dnn_free(bytes);
    if (st != DNN_OK) dnn_hdf5_names_clear(out);
    return st;
}

dnn_status apart_find(dnn_hdf5 *file, const char *path, dnn_hdf5_object *object)
{
    reader_answer answer;
    *object = DNN_HDF5_NOTHING;
    const dnn_status st = ask(file, (reader_question){.ask = READER_FIND}, path, "", &answer, NULL);
    if (st != DNN_OK) return st;
    if (answer.number != DNN_HDF5_NOTHING && answer.number != DNN_HDF5_GROUP && answer.number != DNN_HDF5_DATASET)
        return nonsense(file, path);
    *object = (dnn_hdf5_object)answer.number;
    return DNN_OK;
}

dnn_status apart_list(dnn_hdf5 *file, const char *group, dnn_strings *names)
{
    return ask_strings(file, READER_LIST, group, "", names, NULL);
}

dnn_status apart_attribute_texts(dnn_hdf5 *file, const char *object, const char *name, dnn_strings *texts, bool *found)
{
    *found = false;
    return ask_strings(file, READER_ATTRIBUTE_TEXTS, object, name, texts, found);
}

dnn_status apart_attribute_text(dnn_hdf5 *file, const char *object, const char *name, char **text)
{
    reader_answer answer;
    const dnn_status st = ask(file, (reader_question){.ask = READER_ATTRIBUTE_TEXT}, object, name, &answer, text);
    if (st != DNN_OK || answer.found) return st;
    dnn_free(*text);
    *text = NULL;
    return DNN_OK;
}

dnn_status apart_attribute_integer(dnn_hdf5 *file, const char *object, const char *name, int64_t *value, bool *found)
{
    reader_answer answer;
    *found = false;
    const dnn_status st = ask(file, (reader_question){.ask = READER_ATTRIBUTE_INTEGER}, object, name, &answer, NULL);
    if (st != DNN_OK || !answer.found) return st;
    *found = true;
    *value = answer.number;
    return DNN_OK;
}

dnn_status apart_read_text(dnn_hdf5 *file, const char *path, size_t limit, char **text, size_t *length)
{
    reader_answer answer;
    const dnn_status st = ask(file, (reader_question){.ask = READER_TEXT, .n = limit}, path, "", &answer, text);
    if (st == DNN_OK) *length = strlen(*text);
    return st;
}

/* Sizes that multiply to the count, without overflow. */
static bool makes_sense(const dnn_hdf5_info *info)
{
    size_t product = 1;
    bool empty = false;
    if (info->rank > DNN_HDF5_MAX_RANK || info->value_bytes == 0 || info->stored > DNN_HDF5_OTHERS) return false;
    for (size_t i = 0; i < info->rank; i++) {
        if (info->dim[i] == 0)
            empty = true;
        else if (__builtin_mul_overflow(product, info->dim[i], &product))
            return false;
    }
    return info->count == (empty ? 0 : product);
}

dnn_status apart_dataset_open(dnn_hdf5 *file, const char *path, dnn_hdf5_dataset **out)
{
    reader_answer answer;
    *out = NULL;
    const dnn_status st = ask(file, (reader_question){.ask = READER_DATASET}, path, "", &answer, NULL);
    if (st != DNN_OK) return st;
    if (answer.number < 0 || !makes_sense(&answer.info)) return nonsense(file, path);
    dnn_hdf5_dataset *d = dnn_alloc(1, sizeof *d);
    if (!d) return DNN_E_MEMORY;
    *d = (dnn_hdf5_dataset){.file = file,
                            .path = dnn_strdup(path),
                            .id = H5I_INVALID_HID,
                            .space = H5I_INVALID_HID,
                            .transfer = H5I_INVALID_HID,
                            .info = answer.info,
                            .apart = (uint64_t)answer.number};
    if (d->path) {
        *out = d;
        return DNN_OK;
    }
    dnn_free(d);
    return DNN_E_MEMORY;
}

void apart_dataset_close(dnn_hdf5_dataset *dataset)
{
    reader_answer answer;
    if (!dataset->file->apart->ended)
        (void)ask(dataset->file, (reader_question){.ask = READER_DATASET_CLOSE, .dataset = dataset->apart}, "", "",
                  &answer, NULL);
    dnn_free(dataset->path);
    dnn_free(dataset);
}

/* Bytes of a piece: at least a row, and where they may be, the rows that lie in chunks together. Chunks of single columns would be unpacked again for
 * each piece else. */
static size_t piece_of(const dnn_hdf5_dataset *d, size_t n, size_t row)
{
    enum { MOST = 256 << 20 };
    const size_t together = d->info.chunk_rows < n ? d->info.chunk_rows : n;
    return together <= MOST / row && together > 0 ? together * row : row;
}

/* Rows [first, first + n) in pieces that fit the window. */
static dnn_status take_rows(dnn_hdf5_dataset *d, size_t first, size_t n, dnn_hdf5_type type, size_t row, char *values)
{
    dnn_status st = hdf5_apart_widen(d->file, piece_of(d, n, row));
    const size_t most = d->file->apart->window_bytes / row;
    while (n > 0 && st == DNN_OK) {
        const size_t piece = n < most ? n : most;
        reader_question question = {.ask = READER_ROWS, .type = type, .dataset = d->apart, .first = first, .n = piece};
        reader_answer answer;
        st = hdf5_apart_ask(d->file, &question, d->path, "", &answer, NULL);
        if (st == DNN_OK) memcpy(values, d->file->apart->window, piece * row);
        values += piece * row;
        first += piece;
        n -= piece;
    }
    return st;
}

dnn_status apart_rows(dnn_hdf5_dataset *d, size_t first, size_t n, dnn_hdf5_type type, void *values)
{
    size_t row = hdf5_memory_bytes(type);
    for (size_t i = 1; i < d->info.rank; i++)
        if (__builtin_mul_overflow(row, d->info.dim[i], &row))
            return dnn_fail(d->file->status, "%s: %s: rows of more bytes than can be counted", d->file->path, d->path);
    pthread_mutex_lock(&d->file->apart->lock);
    const dnn_status st = take_rows(d, first, n, type, row, values);
    pthread_mutex_unlock(&d->file->apart->lock);
    return st;
}

/* Wherever it says: nothing but bytes of this file can be there, and whoever maps them looks whether they are. */
uint64_t apart_place(const dnn_hdf5_dataset *d, dnn_hdf5_type type)
{
    reader_answer answer;
    const reader_question question = {.ask = READER_PLACE, .type = type, .dataset = d->apart};
    if (ask(d->file, question, d->path, "", &answer, NULL) != DNN_OK || answer.number < 0) return 0;
    return (uint64_t)answer.number;
}
