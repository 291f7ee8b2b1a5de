/* What the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput: built by clang it is a libFuzzer
 * program, built by any compiler replay.c gives it the inputs of its corpus and mutations of them. Functions below
 * return 0, which is what the target returns. */
#ifndef DNN_TESTS_FUZZ_H
#define DNN_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dnn/base/memory.h"
#include "dnn/base/node.h"
#include "dnn/base/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (condition) break;                                                                                          \
        fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, dnn_fail_text());                           \
        abort();                                                                                                       \
    } while (0)

/* A refusal has a text, and its status is one of two. */
static inline void check_refusal(dnn_status got, dnn_status expected)
{
    CHECK(got == expected || got == DNN_E_MEMORY);
    CHECK(*dnn_fail_text());
}

/* What one input has taken is given back before the next. */
static inline void check_balance(size_t before) { CHECK(dnn_memory_balance() == before); }

/* Path of a file in memory that holds the input, seen by other processes of ours as well. The same file each time. */
static inline const char *file_of(const uint8_t *data, size_t size)
{
    static char path[64];
    static int file = -1;
    if (file < 0) {
        file = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/%ld/fd/%d", (long)getpid(), file);
    }
    CHECK(ftruncate(file, 0) == 0);
    CHECK(pwrite(file, data, size, 0) == (ssize_t)size);
    return path;
}

#endif
