/* zlib's gzread, with its ways of telling the end from a cut made plain. */
#include "io/gzip.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fcntl.h>
#include <zlib.h>
#include "dnn/comm/watch.h"

enum { BUFFER = 1 << 18, PIECE = 1 << 26 };

dnn_status dnn_gzip_open(const char *path, dnn_gzip *out)
{
    *out = (dnn_gzip){.path = path};
    struct stat about;
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a named pipe would wait here for its writer */
    if (file < 0) return dnn_fail(DNN_E_DATA, "%s: cannot open: %s", path, strerror(errno));
    if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
        close(file);
        return dnn_fail(DNN_E_DATA, "%s: is no regular file", path);
    }
    gzFile gz = gzdopen(file, "rb");
    if (!gz) {
        close(file);
        return dnn_fail(DNN_E_MEMORY, "out of memory");
    }
    gzbuffer(gz, BUFFER);
    out->file = gz;
    out->size = (size_t)about.st_size;
    out->packed = !gzdirect(gz);
    return DNN_OK;
}

dnn_status dnn_gzip_read(dnn_gzip *gz, void *data, size_t length, size_t *got)
{
    *got = 0;
    while (*got < length) {
        const size_t left = length - *got;
        const int n = gzread(gz->file, (char *)data + *got, left < PIECE ? (unsigned)left : PIECE);
        dnn_watch_alive();
        if (n > 0) *got += (size_t)n;
        if (n <= 0) break;
    }
    int code = Z_OK;
    const char *text = gzerror(gz->file, &code);
    if (code == Z_OK || code == Z_STREAM_END) return DNN_OK;
    if (code == Z_BUF_ERROR) return dnn_fail(DNN_E_DATA, "%s: the gzip file ends early: fetch it again", gz->path);
    if (code == Z_ERRNO) return dnn_fail(DNN_E_DATA, "%s: cannot read: %s", gz->path, strerror(errno));
    if (code == Z_MEM_ERROR) return dnn_fail(DNN_E_MEMORY, "out of memory");
    return dnn_fail(DNN_E_DATA, "%s: the gzip file is damaged (%s): fetch it again", gz->path, text);
}

void dnn_gzip_close(dnn_gzip *gz)
{
    if (gz->file) gzclose(gz->file);
    *gz = (dnn_gzip){0};
}

size_t dnn_gzip_bound(const dnn_gzip *gz)
{
    if (!gz->packed) return gz->size;
    return gz->size < SIZE_MAX / 1032 ? gz->size * 1032 : SIZE_MAX;
}
