#include "train/folder/run_folder.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dnn/base/memory.h"
#include "dnn/comm/watch.h"
#include "dnn/exchange/model_file.h"
#include "dnn/io/file.h"
#include "dnn/io/tree.h"

/* What a run leaves in its folder, and what --overwrite therefore may remove; nothing else, since data and models of others may lie there too. */
static const char *const traces[] = { "run.yaml", "history.csv", "steps.csv", "diagnosis.csv", "trace.json", "model.h5", "best.h5", "status.json" };

char *run_folder_file(const run_folder *folder, const char *name) { return dnn_format("%s/%s", folder->path, name); }

bool run_folder_is_checkpoint(const char *name, uint64_t *step)
{
    static const char head[] = "step-", tail[] = ".h5";
    enum { HEAD = sizeof head - 1, DIGITS = 10 };
    if (strncmp(name, head, HEAD) != 0 || strspn(name + HEAD, "0123456789") != DIGITS || strcmp(name + HEAD + DIGITS, tail) != 0) return false;
    *step = strtoull(name + HEAD, NULL, 10);
    return true;
}

/* How many checkpoints there are, or were. */
static size_t count_checkpoints(const run_folder *folder, bool remove_them)
{
    char *path = run_folder_file(folder, "checkpoints");
    DIR *d = path ? opendir(path) : NULL;
    size_t count = 0;
    uint64_t step;
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        if (!run_folder_is_checkpoint(e->d_name, &step)) continue;
        count++;
        if (remove_them) unlinkat(dirfd(d), e->d_name, 0);
    }
    if (d) closedir(d);
    dnn_free(path);
    return count;
}

static bool holds_run(const run_folder *folder)
{
    bool found = count_checkpoints(folder, false) > 0;
    for (size_t i = 0; i < sizeof traces / sizeof *traces && !found; i++) {
        char *path = run_folder_file(folder, traces[i]);
        found = path && dnn_file_exists(path);
        dnn_free(path);
    }
    return found;
}

static dnn_status remove_run(const run_folder *folder)
{
    count_checkpoints(folder, true);
    for (size_t i = 0; i < sizeof traces / sizeof *traces; i++) {
        char *path = run_folder_file(folder, traces[i]);
        if (!path) return DNN_E_MEMORY;
        unlink(path);
        dnn_free(path);
    }
    return DNN_OK;
}

dnn_status run_folder_open(const char *path, dnn_resume resume, bool overwrite, run_folder *out)
{
    *out = (run_folder){ .path = path, .lock = -1, .fresh = !dnn_file_exists(path) };
    dnn_status st = dnn_folder_make(path);
    if (st == DNN_OK) st = dnn_folder_make_within(path, "checkpoints");
    if (st == DNN_OK) st = dnn_folder_lock(path, &out->lock);
    if (st != DNN_OK) return st;
    if (!overwrite && (resume == DNN_RESUME_NONE || resume == DNN_RESUME_NEVER) && holds_run(out))
        st = dnn_fail(DNN_E_CONFIG, "output: %s already holds a run: go on with it (--resume auto), replace it (--overwrite), "
                                    "or choose another folder (output=…)", path);
    if (st != DNN_OK) run_folder_close(out);
    return st;
}

/* What a killed run was writing at that moment. */
static dnn_status sweep(const run_folder *folder)
{
    char *checkpoints = run_folder_file(folder, "checkpoints");
    dnn_status st = checkpoints ? dnn_model_sweep(checkpoints) : DNN_E_MEMORY;
    dnn_free(checkpoints);
    return st == DNN_OK ? dnn_model_sweep(folder->path) : st;
}

dnn_status run_folder_begin(run_folder *folder, bool overwrite)
{
    folder->fresh = false;
    const dnn_status st = sweep(folder);
    return st == DNN_OK && overwrite ? remove_run(folder) : st;
}

static void remove_fresh(const run_folder *folder)
{
    static const char *const made[] = { "lock", "checkpoints" };
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        char *path = run_folder_file(folder, made[i]);
        if (path) remove(path);
        dnn_free(path);
    }
    remove(folder->path); /* stays where something else lies in it by now */
}

void run_folder_close(run_folder *folder)
{
    if (folder->lock >= 0 && folder->fresh) remove_fresh(folder);
    if (folder->lock >= 0) dnn_folder_unlock(folder->lock);
    folder->lock = -1;
}

dnn_status run_folder_write_tree(const run_folder *folder, const char *name, const dnn_node *tree)
{
    char *text = NULL, *path = run_folder_file(folder, name);
    dnn_status st = path && tree ? dnn_yaml_write(tree, &text) : DNN_E_MEMORY;
    if (st == DNN_OK) st = dnn_file_write(path, text, strlen(text));
    dnn_free(text);
    dnn_free(path);
    return st;
}

dnn_status run_folder_write_status(const run_folder *folder, const char *state, uint64_t epoch, uint64_t step, dnn_status code)
{
    char text[256];
    const int n = snprintf(text, sizeof text, "{\"state\": \"%s\", \"epoch\": %llu, \"step\": %llu, \"code\": %d}\n", state,
                           (unsigned long long)epoch, (unsigned long long)step, (int)code);
    char *path = run_folder_file(folder, "status.json");
    if (dnn_watch_stalled()) {
        dnn_free(path);
        return DNN_OK;
    }
    const dnn_status st = path ? dnn_file_write(path, text, (size_t)n) : DNN_E_MEMORY;
    dnn_free(path);
    return st;
}

void run_folder_read_status(const char *path, uint64_t *epoch, uint64_t *step)
{
    char *text = NULL;
    size_t length = 0;
    dnn_node *root = NULL;
    if (dnn_file_read(path, 4096, DNN_E_IO, &text, &length) == DNN_OK && dnn_json_parse(text, length, path, &root) == DNN_OK) {
        const dnn_node *e = dnn_node_find(root, "epoch"), *s = dnn_node_find(root, "step");
        if (e && e->type == DNN_NODE_INT) *epoch = (uint64_t)e->integer;
        if (s && s->type == DNN_NODE_INT) *step = (uint64_t)s->integer;
    }
    dnn_node_destroy(root);
    dnn_free(text);
}
