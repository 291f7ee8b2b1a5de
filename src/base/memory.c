/* malloc, counted. */
#include "dnn/base/memory.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dnn/base/status.h"

static atomic_size_t balance, allocations;

static void *counted(void *memory, size_t bytes)
{
    if (!memory) {
        dnn_fail(DNN_E_MEMORY, "out of memory: %zu bytes more were asked for", bytes);
        return NULL;
    }
    atomic_fetch_add_explicit(&balance, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
    return memory;
}

static void *too_large(size_t count, size_t size)
{
    dnn_fail(DNN_E_MEMORY, "out of memory: %zu elements of %zu bytes are more than can be addressed", count, size);
    return NULL;
}

static bool overflows(size_t count, size_t size)
{
    return size != 0 && count > (size_t)PTRDIFF_MAX / size;
}

void *dnn_alloc(size_t count, size_t size)
{
    if (overflows(count, size)) return too_large(count, size);
    const size_t bytes = count * size;
    return counted(calloc(1, bytes ? bytes : 1), bytes);
}

void *dnn_alloc_aligned(size_t bytes)
{
    enum { LINE = 64 };
    if (bytes > (size_t)PTRDIFF_MAX - LINE) return too_large(bytes, 1);
    const size_t whole = bytes ? (bytes + LINE - 1) / LINE * LINE : LINE; /* aligned_alloc wants a multiple */
    void *memory = counted(aligned_alloc(LINE, whole), bytes);
    if (memory) memset(memory, 0, whole);
    return memory;
}

void *dnn_realloc(void *old, size_t count, size_t size)
{
    if (!old) return dnn_alloc(count, size);
    if (overflows(count, size)) return too_large(count, size);
    const size_t bytes = count * size;
    void *memory = realloc(old, bytes ? bytes : 1);
    if (!memory) return counted(NULL, bytes);
    atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
    return memory;
}

void dnn_free(void *memory)
{
    if (!memory) return;
    atomic_fetch_sub_explicit(&balance, 1, memory_order_relaxed);
    free(memory);
}

char *dnn_strdup(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = dnn_alloc(size, 1);
    if (copy) memcpy(copy, text, size);
    return copy;
}

char *dnn_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        dnn_fail(DNN_E_INTERNAL, "text cannot be formatted: %s", format);
        return NULL;
    }
    char *text = dnn_alloc((size_t)length + 1, 1);
    if (!text) return NULL;
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

size_t dnn_memory_balance(void)
{
    return atomic_load_explicit(&balance, memory_order_relaxed);
}

size_t dnn_memory_allocations(void)
{
    return atomic_load_explicit(&allocations, memory_order_relaxed);
}
