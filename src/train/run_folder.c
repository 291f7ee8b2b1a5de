#include "train/run_folder.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dnn/base/memory.h"
#include "dnn/io/file.h"
#include "dnn/io/tree.h"

/* What a run leaves in its folder, and what --overwrite therefore may remove. */
static const char *const traces[] = { "run.yaml", "history.csv", "steps.csv", "model.h5", "status.json" };

char *run_folder_file(const run_folder *folder, const char *name) { return dnn_format("%s/%s", folder->path, name); }

static bool holds_run(const run_folder *folder)
{
    bool found = false;
    for (size_t i = 0; i < sizeof traces / sizeof *traces && !found; i++) {
        char *path = run_folder_file(folder, traces[i]);
        found = path && dnn_file_exists(path);
        dnn_free(path);
    }
    return found;
}

static bool ends_in(const char *name, const char *tail)
{
    const size_t n = strlen(name), t = strlen(tail);
    return n >= t && strcmp(name + n - t, tail) == 0;
}

static void remove_model_files(const char *folder)
{
    DIR *d = opendir(folder);
    if (!d) return;
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        if (!ends_in(e->d_name, ".h5")) continue;
        char *path = dnn_format("%s/%s", folder, e->d_name);
        if (path) unlink(path);
        dnn_free(path);
    }
    closedir(d);
}

static dnn_status remove_run(const run_folder *folder)
{
    char *checkpoints = run_folder_file(folder, "checkpoints");
    if (!checkpoints) return DNN_E_MEMORY;
    remove_model_files(checkpoints);
    dnn_free(checkpoints);
    remove_model_files(folder->path);
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
    char *checkpoints = run_folder_file(out, "checkpoints");
    dnn_status st = checkpoints ? dnn_folder_make(checkpoints) : DNN_E_MEMORY;
    dnn_free(checkpoints);
    if (st == DNN_OK) st = dnn_folder_lock(path, &out->lock);
    if (st != DNN_OK) return st;
    if (!overwrite && (resume == DNN_RESUME_NONE || resume == DNN_RESUME_NEVER) && holds_run(out))
        st = dnn_fail(DNN_E_CONFIG, "output: %s already holds a run: go on with it (--resume auto), replace it (--overwrite), "
                                    "or choose another folder (output=…)", path);
    if (st != DNN_OK) run_folder_close(out);
    return st;
}

dnn_status run_folder_begin(run_folder *folder, bool overwrite)
{
    folder->fresh = false;
    return overwrite ? remove_run(folder) : DNN_OK;
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
    const dnn_status st = path ? dnn_file_write(path, text, (size_t)n) : DNN_E_MEMORY;
    dnn_free(path);
    return st;
}
