/* The last failure of each thread, as text. */
#include "dnn/base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/plain.h"

enum { TEXT_SIZE = 1024 };

static _Thread_local char kept[TEXT_SIZE];
static dnn_panic_hook *panic_hook;

/* A cut must not leave half a UTF-8 character in front of the mark. */
static void mark_cut(char *text)
{
    static const char mark[] = "…";
    size_t end = TEXT_SIZE - sizeof mark;
    while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80) end--;
    memcpy(text + end, mark, sizeof mark);
}

__attribute__((format(printf, 1, 0)))
static void keep(const char *format, va_list arguments)
{
    char text[TEXT_SIZE]; /* the arguments may point into `kept` */
    const int length = vsnprintf(text, sizeof text, format, arguments);
    if (length < 0) memcpy(text, "(text lost)", sizeof "(text lost)");
    if (length >= TEXT_SIZE) mark_cut(text);
    make_plain(text);
    memcpy(kept, text, sizeof kept);
}

dnn_status dnn_fail(dnn_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    keep(format, arguments);
    va_end(arguments);
    return status;
}

dnn_status dnn_fail_in(dnn_status status, const char *format, ...)
{
    char before[TEXT_SIZE];
    memcpy(before, kept, sizeof before);
    va_list arguments;
    va_start(arguments, format);
    keep(format, arguments);
    va_end(arguments);
    if (!before[0]) return status;
    return dnn_fail(status, "%s: %s", kept, before);
}

const char *dnn_fail_text(void)
{
    return kept;
}

void dnn_fail_clear(void)
{
    kept[0] = '\0';
}

const char *dnn_status_name(dnn_status status)
{
    static const struct { dnn_status status; const char *name; } names[] = {
        { DNN_OK, "ok" },           { DNN_E_CONFIG, "config" },     { DNN_E_DATA, "data" },
        { DNN_E_MODEL, "model" },   { DNN_E_IO, "io" },             { DNN_E_DIVERGED, "diverged" },
        { DNN_E_REPLICAS, "replicas" }, { DNN_E_RANKS, "ranks" },   { DNN_E_MEMORY, "memory" },
        { DNN_E_INTERNAL, "internal" }, { DNN_E_STOPPED, "stopped" }, { DNN_E_STALLED, "stalled" },
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].status == status) return names[i].name;
    return "unknown";
}

void dnn_set_panic_hook(dnn_panic_hook *hook)
{
    panic_hook = hook;
}

_Noreturn void dnn_panic(const char *file, int line, const char *text)
{
    if (panic_hook) panic_hook(file, line, text);
    abort();
}
