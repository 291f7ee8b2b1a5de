/* checkpoint: what there is, whether it is whole, how far two are apart. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/checkpoint_diff.h"
#include "cli/command.h"
#include "cli/table.h"
#include "cli/waiting.h"
#include "dnn/base/memory.h"
#include "dnn/exchange/model_file.h"

/* Files that the words name: a file itself; of a folder its .h5 files, of a run's folder its checkpoints and its model. */
typedef struct files { char **at; size_t count; } files;

static dnn_status add_file(files *f, char *owned)
{
    char **at = owned ? dnn_realloc(f->at, f->count + 1, sizeof *at) : NULL;
    if (!at) {
        dnn_free(owned);
        return DNN_E_MEMORY;
    }
    f->at = at;
    f->at[f->count++] = owned;
    return DNN_OK;
}

static int is_h5(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > 3 && strcmp(entry->d_name + length - 3, ".h5") == 0;
}

static dnn_status add_folder(files *f, const char *folder)
{
    struct dirent **list = NULL;
    const int count = scandir(folder, &list, is_h5, alphasort);
    dnn_status st = DNN_OK;
    for (int i = 0; i < count; i++) {
        if (st == DNN_OK) st = add_file(f, dnn_format("%s/%s", folder, list[i]->d_name));
        free(list[i]);
    }
    free(list);
    return st;
}

static dnn_status add_path(files *f, const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) return dnn_fail(DNN_E_MODEL, "%s: no such file or folder; give a checkpoint, a model file or a run's output folder", path);
    if (!S_ISDIR(info.st_mode)) return add_file(f, dnn_strdup(path));
    const size_t before = f->count;
    char *inner = dnn_format("%s/checkpoints", path);
    dnn_status st = inner ? add_folder(f, inner) : DNN_E_MEMORY;
    dnn_free(inner);
    if (st == DNN_OK) st = add_folder(f, path);
    if (st == DNN_OK && f->count == before) return dnn_fail(DNN_E_MODEL, "%s: holds no .h5 files, nor does %s/checkpoints", path, path);
    return st;
}

static dnn_status find_files(const cli_call *call, files *f)
{
    dnn_status st = DNN_OK;
    for (size_t i = 1; i < call->n_words && st == DNN_OK; i++) st = add_path(f, call->words[i]);
    return st;
}

static void free_files(files *f)
{
    for (size_t i = 0; i < f->count; i++) dnn_free(f->at[i]);
    dnn_free(f->at);
}

static void add_number(table *t, const dnn_node *section, const char *key)
{
    const dnn_node *node = dnn_node_find(section, key);
    table_add(t, node && node->type == DNN_NODE_INT ? node->text : "");
}

/* The name stands in the first column already. */
static const char *without_name(const char *text, const char *path)
{
    const size_t length = strlen(path);
    return strncmp(text, path, length) == 0 && strncmp(text + length, ": ", 2) == 0 ? text + length + 2 : text;
}

static void add_row(table *t, const char *path)
{
    struct stat info = { 0 };
    char when[32] = "";
    dnn_model_file *file = NULL;
    const bool there = stat(path, &info) == 0;
    const dnn_status st = dnn_model_open(path, &file);
    const dnn_node *section = st == DNN_OK ? dnn_model_section(file) : NULL;
    struct tm local;
    if (there && localtime_r(&info.st_mtime, &local)) strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &local);
    table_add(t, path);
    add_number(t, section, "epoch");
    add_number(t, section, "step");
    table_format(t, "%lld", (long long)info.st_size);
    table_add(t, when);
    table_add(t, st != DNN_OK ? without_name(dnn_fail_text(), path) : dnn_model_is_ours(file) ? "whole" : "of another program, readable");
    if (st == DNN_OK) dnn_model_close(file);
}

static dnn_status list(const cli_call *call)
{
    static const char *const head[] = { "file", "epoch", "step", "bytes", "written", "state" };
    files f = { 0 };
    table t;
    dnn_status st = find_files(call, &f);
    table_open(&t, 6);
    for (size_t i = 0; i < 6; i++) table_add(&t, head[i]);
    for (size_t i = 1; i < 4; i++) t.right[i] = true;
    for (size_t i = 0; i < f.count && st == DNN_OK; i++) add_row(&t, f.at[i]);
    waiting_end();
    const dnn_status printed = st == DNN_OK ? table_print(&t, stdout, 0, true) : table_close(&t);
    free_files(&f);
    return st == DNN_OK ? printed : st;
}

static dnn_status verify(const cli_call *call)
{
    files f = { 0 };
    size_t damaged = 0;
    dnn_status st = find_files(call, &f);
    for (size_t i = 0; i < f.count && st == DNN_OK; i++) {
        waiting_for("reading %s", f.at[i]);
        const bool whole = dnn_model_verify(f.at[i]) == DNN_OK;
        waiting_end();
        if (whole) printf("%s: whole\n", f.at[i]);
        else printf("%s\n", dnn_fail_text());
        damaged += !whole;
    }
    if (st == DNN_OK && damaged == 1 && f.count == 1) st = DNN_E_MODEL; /* its own text says it */
    else if (st == DNN_OK && damaged) st = dnn_fail(DNN_E_MODEL, "%zu of %zu files are damaged; --resume auto passes them over", damaged, f.count);
    free_files(&f);
    return st;
}

static dnn_status diff(const cli_call *call)
{
    if (call->n_words != 3) return dnn_fail(DNN_E_CONFIG, "checkpoint diff: wants two files (try 'dnn-mpi checkpoint --help')");
    return checkpoint_diff(call->words[1], call->words[2]);
}

static const struct { const char *name; dnn_status (*run)(const cli_call *call); } actions[] = { { "list", list }, { "verify", verify }, { "diff", diff } };

static dnn_status run(const cli_call *call)
{
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (strcmp(actions[i].name, call->words[0]) == 0) return actions[i].run(call);
    return dnn_fail(DNN_E_CONFIG, "checkpoint: '%s' is none of list, verify, diff (try 'dnn-mpi checkpoint --help')", call->words[0]);
}

const cli_command cli_checkpoint = {
    .name = "checkpoint", .words = "list|verify|diff PATH …", .help = "looks into checkpoints and model files",
    .details = "list PATH …     epoch, step, size and state of files, or of all in a run's output folder\n"
               "verify PATH …   whether they are whole; status 4 where one is not\n"
               "diff A B        how far two are apart, tensor by tensor: weights, and moments where both have them\n",
    .least = 2, .most = SIZE_MAX, .run = run,
};
