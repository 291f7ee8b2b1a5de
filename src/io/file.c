/* Small files whole, and writing without a moment in which the file is half there. */
#include "dnn/io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dnn/comm/watch.h"
#include "dnn/base/memory.h"

static dnn_status io_failure(const char *path, const char *what)
{
    if (errno == ELOOP) /* O_NOFOLLOW says so */
        return dnn_fail(DNN_E_IO, "%s: cannot %s: it is a symbolic link, which is not followed: remove it", path, what);
    return dnn_fail(DNN_E_IO, "%s: cannot %s: %s", path, what, strerror(errno));
}

/* Grows as it reads: a pipe or /proc tells no size ahead. */
static dnn_status read_all(int file, const char *path, size_t limit, dnn_status status, char **text, size_t *length)
{
    size_t room = 1 << 16;
    struct stat about;
    if (fstat(file, &about) == 0 && about.st_size > 0)
        room = (size_t)about.st_size < limit ? (size_t)about.st_size + 1 : limit + 1;
    char *at = dnn_alloc(room + 1, 1);
    size_t used = 0;
    while (at) {
        if (used == room) {
            char *more = dnn_realloc(at, 2 * room + 1, 1);
            if (!more) break;
            at = more;
            room *= 2;
        }
        const ssize_t got = read(file, at + used, room - used);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            status = dnn_fail(status, "%s: cannot read: %s", path, strerror(errno));
            dnn_free(at);
            return status;
        }
        used += (size_t)got;
        if (used > limit) {
            dnn_free(at);
            return dnn_fail(status, "%s: larger than the %zu bytes that are read at most", path, limit);
        }
        if (got > 0) continue;
        at[used] = '\0';
        *text = at;
        *length = used;
        return DNN_OK;
    }
    dnn_free(at);
    return DNN_E_MEMORY;
}

dnn_status dnn_file_read(const char *path, size_t limit, dnn_status status, char **text, size_t *length)
{
    *text = NULL;
    *length = 0;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return dnn_fail(status, "%s: cannot open: %s", path, strerror(errno));
    const dnn_status st = read_all(file, path, limit, status, text, length);
    close(file);
    return st;
}

enum { PIECE = 64 << 20 };

static bool write_all(int file, const char *data, size_t length)
{
    while (length > 0) {
        const ssize_t done = write(file, data, length < PIECE ? length : PIECE);
        if (done < 0 && errno == EINTR) continue;
        dnn_watch_alive();
        if (done <= 0) return false;
        data += done;
        length -= (size_t)done;
    }
    return true;
}

/* A name of our own beside `path`, so that the rename stays within one file system. A link planted there is not
 * followed. */
static dnn_status create_beside(const char *path, char **name, int *file)
{
    static atomic_uint counter;
    for (int attempt = 0; attempt < 100; attempt++) {
        *name = dnn_format("%s.tmp-%ld-%u", path, (long)getpid(), atomic_fetch_add(&counter, 1));
        if (!*name) return DNN_E_MEMORY;
        *file = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (*file >= 0) return DNN_OK;
        const dnn_status st = errno == EEXIST ? DNN_OK : io_failure(path, "write");
        dnn_free(*name);
        *name = NULL;
        if (st != DNN_OK) return st;
    }
    return dnn_fail(DNN_E_IO, "%s: cannot write: a hundred temporary names beside it are taken", path);
}

dnn_status dnn_file_write(const char *path, const void *data, size_t length)
{
    return dnn_file_write_checked(path, data, length, NULL, NULL);
}

dnn_status dnn_file_write_checked(const char *path, const void *data, size_t length, dnn_file_check *check,
                                  void *context)
{
    int file = -1;
    char *temporary = NULL;
    dnn_status st = create_beside(path, &temporary, &file);
    if (st != DNN_OK) return st;
    if (!write_all(file, data, length) || fsync(file) != 0) st = io_failure(path, "write");
    if (close(file) != 0 && st == DNN_OK) st = io_failure(path, "write");
    if (st == DNN_OK && check) st = check(context, temporary);
    if (st == DNN_OK && rename(temporary, path) != 0) st = io_failure(path, "replace");
    if (st != DNN_OK) unlink(temporary);
    dnn_free(temporary);
    return st == DNN_OK ? dnn_folder_sync(path) : st;
}

dnn_status dnn_file_append(const char *path, const char *text) { return dnn_file_append_bytes(path, text, strlen(text)); }

dnn_status dnn_file_append_bytes(const char *path, const void *data, size_t length)
{
    const int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    if (file < 0) return io_failure(path, "write");
    const off_t before = lseek(file, 0, SEEK_END);
    dnn_status st = DNN_OK;
    if (!write_all(file, data, length)) {
        st = io_failure(path, "write");
        /* half a line would stay for ever: later lines go behind it */
        if (before >= 0 && ftruncate(file, before) != 0) st = io_failure(path, "take back half a line");
    }
    if (close(file) == 0 || st != DNN_OK) return st;
    /* A network's file system may say only now that there is no room; what it kept of the text would be there twice when the caller tries again. */
    st = io_failure(path, "write");
    if (before >= 0) (void)!truncate(path, before);
    return st;
}

bool dnn_file_exists(const char *path) { return access(path, F_OK) == 0; }
