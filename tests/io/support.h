/* A folder of their own for tests that need files, and the ways to fill it. */
#ifndef DNN_TESTS_IO_SUPPORT_H
#define DNN_TESTS_IO_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ftw.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <zlib.h>

#include "dnn/base/memory.h"
#include "dnn/base/node.h"
#include "dnn/base/status.h"

static char test_folder[200];

static inline int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about, (void)kind, (void)where;
    return remove(path);
}

static inline int make_test_folder(void **state)
{
    const char *base = getenv("TMPDIR");
    (void)state;
    snprintf(test_folder, sizeof test_folder, "%s/dnn-io-XXXXXX", base ? base : "/tmp");
    return mkdtemp(test_folder) ? 0 : -1;
}

static inline int remove_test_folder(void **state)
{
    (void)state;
    return nftw(test_folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Path of a file in the test folder; good for the next few calls. */
static inline const char *in_folder(const char *name)
{
    static char text[4][300];
    static int turn;
    char *path = text[turn++ % 4];
    snprintf(path, sizeof *text, "%s/%s", test_folder, name);
    return path;
}

static inline const char *make_file(const char *name, const void *data, size_t length)
{
    const char *path = in_folder(name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    return path;
}

static inline const char *make_text(const char *name, const char *text) { return make_file(name, text, strlen(text)); }

static inline const char *make_packed(const char *name, const void *data, size_t length)
{
    const char *path = in_folder(name);
    gzFile file = gzopen(path, "wb9");
    assert_non_null(file);
    if (length > 0) assert_int_equal(gzwrite(file, data, (unsigned)length), length);
    assert_int_equal(gzclose(file), Z_OK);
    return path;
}

/* Whole file as it lies on disk; free it. */
static inline unsigned char *slurp(const char *path, size_t *length)
{
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    unsigned char *bytes = malloc((size_t)about.st_size + 1);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    *length = fread(bytes, 1, (size_t)about.st_size, file);
    bytes[*length] = '\0';
    fclose(file);
    return bytes;
}

static inline void assert_says(const char *part)
{
    if (!strstr(dnn_fail_text(), part)) fail_msg("\"%s\" does not say \"%s\"", dnn_fail_text(), part);
}

static inline double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* What the process has computed: says the same however busy the machine is. */
static inline double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* AddressSanitizer keeps freed memory back, so figures say nothing under it. */
#ifdef __SANITIZE_ADDRESS__
enum { memory_is_measurable = 0 };
#else
enum { memory_is_measurable = 1 };
#endif

static inline long peak_megabytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

/* At the end of every program: nothing of ours is left. */
static inline void nothing_stays_allocated(void **state)
{
    (void)state;
    dnn_place_forget();
    assert_int_equal(dnn_memory_balance(), 0);
}

#endif
