#include "cli/hint.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dnn/base/memory.h"
#include "dnn/base/param.h"

enum { HINT = 512, MOST_NAMES = 1000 };

static bool ends_in(const char *text, const char *ending)
{
    const size_t length = strlen(text), tail = strlen(ending);
    return length > tail && strcmp(text + length - tail, ending) == 0;
}

/* Their signature stands at 0 or behind a user block of 512, 1024 … bytes. */
bool hint_is_hdf5(const char *path)
{
    static const char signature[] = "\211HDF\r\n\032\n";
    char bytes[8];
    bool found = false;
    if (ends_in(path, ".h5")) return true; /* damaged or missing, it is still no run file */
    FILE *file = fopen(path, "rb");
    if (!file) return false;
    for (long at = 0; at <= 1 << 16 && !found; at = at ? 2 * at : 512)
        found = fseek(file, at, SEEK_SET) == 0 && fread(bytes, sizeof bytes, 1, file) == 1 && memcmp(bytes, signature, sizeof bytes) == 0;
    fclose(file);
    return found;
}

/* The name in the folder of `path` that is nearest to its own. */
static void nearest_file(const char *path, const char *ending, char out[HINT])
{
    char *names[MOST_NAMES];
    size_t count = 0;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char *folder = slash ? dnn_format("%.*s", (int)(slash - path + 1), path) : dnn_strdup("./");
    DIR *all = folder ? opendir(folder) : NULL;
    for (struct dirent *one; all && count < MOST_NAMES && (one = readdir(all));)
        if (ends_in(one->d_name, ending) && (names[count] = dnn_strdup(one->d_name))) count++;
    if (all) closedir(all);
    const char *nearest = dnn_nearest(name, (const char *const *)names, count);
    if (nearest) snprintf(out, HINT, "; did you mean '%.*s%s'?", slash ? (int)(slash - path + 1) : 0, path, nearest);
    for (size_t i = 0; i < count; i++) dnn_free(names[i]);
    dnn_free(folder);
}

/* A run's folder in the place of a file in it. */
static void file_within(const char *folder, const char *name, char out[HINT])
{
    const size_t length = strlen(folder);
    char path[PATH_MAX];
    const int used = snprintf(path, sizeof path, "%s%s%s", folder, length && folder[length - 1] == '/' ? "" : "/", name);
    if (used > 0 && (size_t)used < sizeof path && access(path, R_OK) == 0) snprintf(out, HINT, "; did you mean '%.400s'?", path);
}

static void of_file(const char *path, bool model, bool run_file, char out[HINT])
{
    struct stat info;
    if (stat(path, &info) != 0) nearest_file(path, model && !run_file ? ".h5" : ".yaml", out);
    else if (S_ISDIR(info.st_mode)) file_within(path, model ? "model.h5" : "run.yaml", out);
    else if (run_file && !model && hint_is_hdf5(path)) snprintf(out, HINT, "; this is an HDF5 file, and a run file (YAML) is wanted");
    else if (model && !run_file && (ends_in(path, ".yaml") || ends_in(path, ".yml"))) snprintf(out, HINT, "; a model file is wanted, as training leaves in its output folder");
}

static bool begins_with(const char *message, const char *path)
{
    const size_t length = strlen(path);
    return length > 0 && strncmp(message, path, length) == 0 && strncmp(message + length, ": ", 2) == 0;
}

const char *hint_of(const cli_call *call, const char *message, char out[HINT])
{
    const char *words = call->command->words, *resume = NULL;
    out[0] = '\0';
    for (size_t i = 0; i < call->command->n_options; i++)
        if (strcmp(call->command->options[i].name, "resume") == 0) resume = cli_value(call, "resume");
    if (call->n_words > 0 && begins_with(message, call->words[0])) of_file(call->words[0], strstr(words, "MODEL.h5"), strstr(words, "RUN.yaml"), out);
    else if (resume && begins_with(message, resume) && access(resume, F_OK) != 0)
        snprintf(out, HINT, "; --resume takes auto, never, or a checkpoint");
    return out;
}
