#include "train/folder/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dnn/base/memory.h"
#include "dnn/io/file.h"

/* Cuts or empties the file; `f->bytes` is its length afterwards. */
static dnn_status begin(log_file *f, const char *path, bool append)
{
    const int file = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    const off_t length = file >= 0 ? lseek(file, 0, SEEK_END) : -1;
    off_t wanted = append && f->bytes == 0 ? length : (off_t)f->bytes;
    /* shorter than it was: somebody took the file away in between, and what is left stays */
    if (wanted > length) wanted = length;
    dnn_status st = DNN_OK;
    if (file < 0 || length < 0 || (wanted < length && ftruncate(file, wanted) != 0))
        st = dnn_fail(DNN_E_IO, "%s: cannot write: %s", path,
                      errno == ELOOP ? "it is a symbolic link, which is not followed: remove it" : strerror(errno));
    if (file >= 0 && close(file) != 0 && st == DNN_OK) st = dnn_fail(DNN_E_IO, "%s: cannot write: %s", path, strerror(errno));
    f->bytes = wanted;
    f->began = st == DNN_OK;
    return st;
}

dnn_status log_file_write(log_file *f, const char *output, const char *name, bool append, const char *header, const char *text)
{
    char *path = dnn_format("%s/%s", output, name);
    dnn_status st = path && header && text ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK && !f->began) st = begin(f, path, append);
    const char *const parts[] = { f->bytes == 0 ? header : "", text };
    for (size_t i = 0; i < 2 && st == DNN_OK; i++) {
        st = dnn_file_append(path, parts[i]);
        if (st == DNN_OK) f->bytes += (int64_t)strlen(parts[i]);
    }
    dnn_free(path);
    return st;
}

dnn_node *log_file_save(const void *state)
{
    dnn_node *map = dnn_node_map();
    if (map && dnn_node_set(map, "bytes", dnn_node_int(((const log_file *)state)->bytes)) != DNN_OK) {
        dnn_node_destroy(map);
        return NULL;
    }
    return map;
}

dnn_status log_file_load(const dnn_node *saved, void *state)
{
    const dnn_node *bytes = dnn_node_find(saved, "bytes");
    if (!bytes || bytes->type != DNN_NODE_INT || bytes->integer < 0)
        return dnn_fail(DNN_E_MODEL, "the checkpoint's state of a callback that writes a file lacks the file's length");
    ((log_file *)state)->bytes = bytes->integer;
    return DNN_OK;
}

static bool make_room(growing *g, size_t more)
{
    if (g->room && !g->text) return false; /* it was lost before: what is short would fit its room still */
    if (g->length + more < g->room) return true;
    const size_t room = 2 * (g->length + more) + 256;
    char *text = g->text ? dnn_realloc(g->text, room, 1) : dnn_alloc(room, 1);
    if (!text) dnn_free(g->text);
    g->text = text;
    g->room = room;
    return text != NULL;
}

void growing_add(growing *g, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int n = vsnprintf(NULL, 0, format, arguments);
    if (n >= 0 && make_room(g, (size_t)n + 1)) {
        vsnprintf(g->text + g->length, (size_t)n + 1, format, again);
        g->length += (size_t)n;
    }
    va_end(again);
    va_end(arguments);
}

void growing_add_field(growing *g, const char *field, const char *separator)
{
    if (!strstr(field, separator) && !strpbrk(field, "\"\r\n")) {
        growing_add(g, "%s", field);
        return;
    }
    growing_add(g, "\"");
    for (; *field; field++) growing_add(g, *field == '"' ? "\"\"" : "%c", *field);
    growing_add(g, "\"");
}
