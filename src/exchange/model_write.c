/* A model file to disk: made under a temporary name, sealed, looked at once more, renamed. A reader sees the old file
 * or the new one. */
#include "exchange/parts.h"

#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
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

static dnn_status write_content(model_writer *w, const char *path)
{
    dnn_status st = dnn_hdf5_create(path, HEADER_SIZE, &w->hdf5);
    if (st != DNN_OK) return st;
    st = write_root(w);
    if (st == DNN_OK) st = weights_write(w);
    if (st == DNN_OK && w->content->optimizer && w->content->slots) st = state_write(w);
    if (st == DNN_OK) st = section_write(w);
    const dnn_status closed = dnn_hdf5_close(w->hdf5);
    return st == DNN_OK ? closed : st;
}

/* Through the very door a reader takes. */
static dnn_status look_again(const char *path, const dnn_node *sums)
{
    dnn_hdf5 *hdf5 = NULL;
    bool ours;
    dnn_status st = header_judge(path, DNN_FORMAT_VERSION, &ours);
    if (st == DNN_OK && !ours) st = dnn_fail(DNN_E_IO, "%s: the header just written is not there", path);
    if (st == DNN_OK) st = dnn_hdf5_open(path, DNN_E_IO, &hdf5);
    if (st == DNN_OK) st = values_verify(hdf5, path, sums);
    dnn_hdf5_close(hdf5);
    return st == DNN_OK || st == DNN_E_MEMORY ? st : DNN_E_IO;
}

static dnn_status write_under(const char *temporary, const char *path, const dnn_model_content *content)
{
    model_writer w = {.content = content, .sums = dnn_node_map(), .sequential = keras_is_sequential(content->graph)};
    dnn_status st = w.sums ? write_content(&w, temporary) : DNN_E_MEMORY;
    if (st == DNN_OK) st = header_seal(temporary, DNN_FORMAT_VERSION);
    if (st == DNN_OK) st = look_again(temporary, w.sums);
    if (st == DNN_OK && rename(temporary, path) != 0)
        st = dnn_fail(DNN_E_IO, "%s: cannot be put in place: %s", path, strerror(errno));
    dnn_node_destroy(w.sums);
    return st;
}

/* As dnn_model_write makes them: anything, then ".tmp-", a process and a number. */
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
    static atomic_uint counter;
    char *temporary = dnn_format("%s.tmp-%ld-%u", path, (long)getpid(), atomic_fetch_add(&counter, 1));
    if (!temporary) return DNN_E_MEMORY;
    /* Left by a process that had our number and was killed: nobody else writes under this name. */
    unlink(temporary);
    dnn_status st = write_under(temporary, path, content);
    if (st != DNN_OK) unlink(temporary);
    dnn_free(temporary);
    return st == DNN_OK ? dnn_folder_sync(path) : st;
}
