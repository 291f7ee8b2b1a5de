/* A model file to disk: made whole in memory, where no full disk can harm the HDF5 library, then written under a
 * temporary name, synced, looked at once more, renamed. A reader sees the old file or the new one. */
#include "exchange/parts.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "dnn/base/memory.h"
#include "dnn/io/file.h"
#include "dnn/io/tree.h"
#include "exchange/header.h"
#include "exchange/keras.h"

static dnn_status write_config(model_writer *w, const char *name, const dnn_node *config)
{
    char *text = NULL;
    dnn_status st = dnn_json_write(config, &text);
    if (st == DNN_OK) st = dnn_hdf5_attribute_write_text(w->hdf5, "/", name, text);
    dnn_free(text);
    return st;
}

static dnn_status write_root(model_writer *w)
{
    const dnn_model_content *c = w->content;
    dnn_node *model = NULL, *training = NULL;
    dnn_status st = dnn_hdf5_attribute_write_text(w->hdf5, "/", "keras_version", KERAS_VERSION);
    if (st == DNN_OK) st = dnn_hdf5_attribute_write_text(w->hdf5, "/", "backend", "tensorflow");
    if (st == DNN_OK) st = keras_model_write(c->graph, &model);
    if (st == DNN_OK) st = write_config(w, "model_config", model);
    if (st == DNN_OK && c->training && c->optimizer) {
        st = keras_training_write(c->graph, c->training, c->optimizer, c->learning_rate, &training);
        if (st == DNN_OK) st = write_config(w, "training_config", training);
    }
    dnn_node_destroy(model);
    dnn_node_destroy(training);
    return st;
}

static dnn_status make_content(model_writer *w, const char *path, unsigned char **bytes, size_t *length)
{
    *bytes = NULL;
    dnn_status st = dnn_hdf5_create_in_memory(path, HEADER_SIZE, &w->hdf5);
    if (st != DNN_OK) return st;
    st = write_root(w);
    if (st == DNN_OK) st = weights_write(w);
    if (st == DNN_OK && w->content->optimizer && w->content->slots) st = state_write(w);
    if (st == DNN_OK) st = section_write(w);
    if (st == DNN_OK) return dnn_hdf5_close_in_memory(w->hdf5, bytes, length);
    dnn_hdf5_close(w->hdf5);
    return st;
}

/* Through the very door a reader takes. */
static dnn_status look_again(void *context, const char *path)
{
    const dnn_node *sums = context;
    dnn_hdf5 *hdf5 = NULL;
    bool ours;
    dnn_status st = header_judge(path, DNN_FORMAT_VERSION, &ours);
    if (st == DNN_OK && !ours) st = dnn_fail(DNN_E_IO, "%s: the header just written is not there", path);
    if (st == DNN_OK) st = dnn_hdf5_open(path, DNN_E_IO, &hdf5);
    if (st == DNN_OK) st = values_verify(hdf5, path, sums);
    dnn_hdf5_close(hdf5);
    return st == DNN_OK || st == DNN_E_MEMORY ? st : DNN_E_IO;
}

/* As dnn_file_write makes them: anything, then ".tmp-", a process and a number. */
static bool is_temporary(const char *name)
{
    const char *mark = strstr(name, ".tmp-");
    if (!mark || mark == name) return false;
    const char *process = mark + strlen(".tmp-"), *number = process + strspn(process, "0123456789");
    return number > process && *number == '-' && number[1] && strspn(number + 1, "0123456789") == strlen(number + 1);
}

dnn_status dnn_model_sweep(const char *folder)
{
    dnn_status st = DNN_OK;
    DIR *all = opendir(folder);
    if (!all) return dnn_fail(DNN_E_IO, "%s: cannot be looked through: %s", folder, strerror(errno));
    for (const struct dirent *e = readdir(all); e && st == DNN_OK; e = readdir(all))
        if (is_temporary(e->d_name) && unlinkat(dirfd(all), e->d_name, 0) != 0 && errno != ENOENT)
            st = dnn_fail(DNN_E_IO, "%s/%s: cannot be removed: %s", folder, e->d_name, strerror(errno));
    closedir(all);
    return st;
}

dnn_status dnn_model_write(const char *path, const dnn_model_content *content)
{
    model_writer w = {.content = content, .sums = dnn_node_map(), .sequential = keras_is_sequential(content->graph)};
    unsigned char *bytes = NULL;
    size_t length = 0;
    dnn_status st = w.sums ? make_content(&w, path, &bytes, &length) : DNN_E_MEMORY;
    if (st == DNN_OK) {
        header_fill(bytes, length, DNN_FORMAT_VERSION);
        st = dnn_file_write_checked(path, bytes, length, look_again, w.sums);
    }
    dnn_free(bytes);
    dnn_node_destroy(w.sums);
    return st;
}
