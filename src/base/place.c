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

dnn_status dnn_place_fail(dnn_status status, dnn_place place, const char *format, ...)
{
    char where[512], text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!place.file) return dnn_fail(status, "%s", text);
    return dnn_fail(status, "%s: %s", dnn_place_text(place, where, sizeof where), text);
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
