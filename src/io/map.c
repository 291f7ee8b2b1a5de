/* Stretches of files as memory, and scratch files. */
#include "dnn/io/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static dnn_status map_file(int file, const char *path, uint64_t first, size_t bytes, dnn_status status, dnn_map *out)
{
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), from = first / page * page;
    struct stat facts;
    if (fstat(file, &facts) != 0) return dnn_fail(status, "%s: cannot be looked at: %s", path, strerror(errno));
    if ((uint64_t)facts.st_size < first || (uint64_t)facts.st_size - first < bytes)
        return dnn_fail(status, "%s: has %lld bytes where %llu are wanted", path, (long long)facts.st_size, (unsigned long long)(first + bytes));
    out->length = (size_t)(first - from) + bytes;
    void *base = mmap(NULL, out->length, PROT_READ, MAP_SHARED, file, (off_t)from);
    if (base == MAP_FAILED) return dnn_fail(status, "%s: cannot be mapped: %s", path, strerror(errno));
    out->base = base;
    out->at = (const char *)base + (first - from);
    out->bytes = bytes;
    return DNN_OK;
}

dnn_status dnn_map_open(const char *path, uint64_t first, size_t bytes, dnn_status status, dnn_map *out)
{
    *out = (dnn_map){ 0 };
    if (bytes == 0) return DNN_OK;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return dnn_fail(status, "%s: cannot open: %s", path, strerror(errno));
    const dnn_status st = map_file(file, path, first, bytes, status, out);
    close(file); /* the map keeps it */
    if (st != DNN_OK) *out = (dnn_map){ 0 };
    return st;
}

void dnn_map_close(dnn_map *map)
{
    if (map->base) munmap(map->base, map->length);
    *map = (dnn_map){ 0 };
}

void dnn_map_expect(const dnn_map *map, size_t first, size_t bytes)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t from = (uintptr_t)(map->at + first) / page * page, to = (uintptr_t)(map->at + first + bytes);
    if (bytes > 0) (void)madvise((void *)from, to - from, MADV_WILLNEED); /* advice: what it does not do shows as a slower step */
}

/* Reserved at once: a disk that fills up while the file is written, or worse, while it is mapped, is found out now. */
static dnn_status reserve(const char *what, const char *folder, uint64_t bytes, const dnn_scratch *s)
{
    const int failed = bytes > 0 ? posix_fallocate(s->file, 0, (off_t)bytes) : 0;
    if (failed == 0) return DNN_OK;
    struct statvfs fs = { 0 };
    (void)statvfs(folder, &fs);
    return dnn_fail(DNN_E_IO, "%s: needs %.3g GB for a while, %s has %.3g GB left (%s): set TMPDIR to a folder with room", what, (double)bytes / 1e9,
                    folder, (double)fs.f_bavail * (double)fs.f_frsize / 1e9, strerror(failed));
}

dnn_status dnn_scratch_create(const char *what, uint64_t bytes, dnn_scratch *out)
{
    const char *named = getenv("TMPDIR"), *folder = named && *named ? named : "/var/tmp";
    *out = (dnn_scratch){ .file = -1 };
    if ((size_t)snprintf(out->path, sizeof out->path, "%s/dnn-mpi-XXXXXX", folder) >= sizeof out->path)
        return dnn_fail(DNN_E_IO, "%s: the name of the folder TMPDIR = %.100s… is too long", what, folder);
    out->file = mkostemp(out->path, O_CLOEXEC);
    if (out->file < 0) return dnn_fail(DNN_E_IO, "%s: no file can be made in %s: %s: set TMPDIR to a folder that can be written", what, folder, strerror(errno));
    const dnn_status st = reserve(what, folder, bytes, out);
    if (st != DNN_OK) {
        dnn_scratch_remove(out);
        dnn_scratch_close(out);
    }
    return st;
}

dnn_status dnn_scratch_write(dnn_scratch *s, const void *data, size_t bytes)
{
    const char *from = data;
    while (bytes > 0) {
        const ssize_t n = write(s->file, from, bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return dnn_fail(DNN_E_IO, "%s: cannot be written: %s", s->path, strerror(errno));
        from += n;
        bytes -= (size_t)n;
    }
    return DNN_OK;
}

void dnn_scratch_close(dnn_scratch *s)
{
    if (s->file >= 0) close(s->file);
    s->file = -1;
}

void dnn_scratch_remove(const dnn_scratch *s) { (void)unlink(s->path); }
