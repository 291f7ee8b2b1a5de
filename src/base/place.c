/* Where something was written. File names are kept once, because a node outlives the text it came from. */
#include "dnn/base/node.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"

typedef struct name { struct name *next; char text[]; } name;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static name *names;

const char *dnn_place_intern(const char *file)
{
    if (!file) return NULL;
    pthread_mutex_lock(&lock);
    name *found = names;
    while (found && strcmp(found->text, file) != 0) found = found->next;
    if (!found) {
        const size_t size = strlen(file) + 1;
        found = dnn_alloc(1, sizeof *found + size);
        if (found) {
            memcpy(found->text, file, size);
            found->next = names;
            names = found;
        }
    }
    pthread_mutex_unlock(&lock);
    return found ? found->text : NULL;
}

void dnn_place_forget(void)
{
    pthread_mutex_lock(&lock);
    while (names) {
        name *next = names->next;
        dnn_free(names);
        names = next;
    }
    pthread_mutex_unlock(&lock);
}

const char *dnn_place_text(dnn_place place, char *out, size_t size)
{
    const char *file = place.file ? place.file : "";
    if (place.line <= 0) snprintf(out, size, "%s", file);
    else if (place.column <= 0) snprintf(out, size, "%s:%d", file, place.line);
    else snprintf(out, size, "%s:%d:%d", file, place.line, place.column);
    return out;
}

/* The key that a message begins with, "dropout.rate = 1.5: …" or "dropout.rate: …": its length; 0: none. */
static size_t key_of(const char *text)
{
    const size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.[]");
    return text[length] == ':' || strncmp(text + length, " = ", 3) == 0 ? length : 0;
}

/* One of them is the other, or the other with keys below it. */
static bool one_way(const char *a, size_t a_length, const char *b, size_t b_length)
{
    const size_t shorter = a_length < b_length ? a_length : b_length;
    if (strncmp(a, b, shorter) != 0) return false;
    return a_length == b_length || (a_length < b_length ? b : a)[shorter] == '.';
}

/* Readers of a section know a key from where they stand ("dropout.rate"). What of the path is missing in front of it; all of it where
 * the message begins otherwise. */
static size_t missing_of(const char *path, const char *text)
{
    const size_t key = key_of(text), length = strlen(path);
    for (size_t at = 0; key > 0 && at < length; at += strcspn(path + at, ".") + 1)
        if (one_way(path + at, length - at, text, key)) return at;
    return length;
}

dnn_status dnn_place_fail(dnn_status status, dnn_place place, const char *format, ...)
{
    char where[512], text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!place.file) return dnn_fail(status, "%s", text);
    dnn_place_text(place, where, sizeof where);
    if (!place.path) return dnn_fail(status, "%s: %s", where, text);
    const size_t missing = missing_of(place.path, text);
    return dnn_fail(status, "%s: %.*s%s%s", where, (int)missing, place.path, place.path[missing] ? "" : ": ", text);
}

dnn_status dnn_node_fail(dnn_status status, const dnn_node *node, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return dnn_place_fail(status, node ? node->place : (dnn_place){ 0 }, "%s", text);
}
