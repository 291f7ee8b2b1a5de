/* The process that reads a file apart: asked and ended. */
#include "io/hdf5_apart.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dnn/comm/watch.h"
#include "dnn/base/memory.h"

/* ---- ending ---- */

void hdf5_apart_close(struct hdf5_apart *a)
{
    if (!a) return;
    if (a->process > 0 && !a->ended) {
        kill(a->process, SIGKILL); /* it has nothing to lose */
        while (waitpid(a->process, NULL, 0) < 0 && errno == EINTR) continue;
    }
    if (a->window) munmap(a->window, a->window_bytes);
    if (a->window_file >= 0) close(a->window_file);
    if (a->socket >= 0) close(a->socket);
    pthread_mutex_destroy(&a->lock);
    dnn_free(a);
}

/* Says how it ended; with `late` it has to be ended first. */
static dnn_status ended(dnn_hdf5 *file, bool late)
{
    struct hdf5_apart *a = file->apart;
    int how = 0;
    pid_t it = 0;
    if (late) kill(a->process, SIGKILL);
    (void)shutdown(a->socket, SHUT_RDWR); /* where the socket failed and not the reader, it waits for a question */
    do it = waitpid(a->process, &how, 0);
    while (it < 0 && errno == EINTR);
    a->ended = true;
    const int by = it > 0 && WIFSIGNALED(how) ? WTERMSIG(how) : 0;
    static const char harm[] = "the file is damaged, or made to do harm";
    if (late || by == SIGALRM)
        return dnn_fail(file->status, "%s: cannot be read: nothing came for %d seconds", file->path,
                        READER_WALL_SECONDS);
    if (by == SIGXCPU)
        return dnn_fail(file->status, "%s: cannot be read: one step took over %d seconds of computing: %s", file->path,
                        READER_CPU_SECONDS, harm);
    if (by == SIGKILL)
        return dnn_fail(file->status, "%s: cannot be read: the process that reads it was killed: is memory short?",
                        file->path);
    if (by)
        return dnn_fail(file->status, "%s: cannot be read: the process that reads it crashed (%s): %s", file->path,
                        strsignal(by), harm);
    return dnn_fail(file->status, "%s: cannot be read: the process that reads it ended with status %d: %s", file->path,
                    it > 0 ? WEXITSTATUS(how) : -1, harm);
}

/* ---- asking ---- */

static bool send_all(int socket, const void *data, size_t bytes)
{
    const char *at = data;
    while (bytes > 0) {
        const ssize_t n = send(socket, at, bytes, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n;
        bytes -= (size_t)n;
    }
    return true;
}

/* Waits a little longer than the reader lets itself: it may have been stopped. */
static bool receive_all(int socket, void *data, size_t bytes, bool *late)
{
    char *at = data;
    while (bytes > 0) {
        struct pollfd one = {.fd = socket, .events = POLLIN};
        const int ready = poll(&one, 1, (READER_WALL_SECONDS + 10) * 1000);
        if (ready < 0 && errno == EINTR) continue;
        *late = ready == 0;
        dnn_watch_alive();
        const ssize_t n = ready > 0 ? recv(socket, at, bytes, 0) : 0;
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n;
        bytes -= (size_t)n;
    }
    return true;
}

/* The reader's text as ours. What it says of memory is about its own limit. */
static dnn_status refused(dnn_hdf5 *file, const reader_answer *answer, const char *text)
{
    if (answer->status == DNN_E_MEMORY)
        return dnn_fail(file->status, "%s: cannot be read: needs more memory than %d MiB beside its values", file->path,
                        READER_MEMORY_MIB);
    return dnn_fail(file->status, "%s", text);
}

dnn_status hdf5_apart_ask(dnn_hdf5 *file, reader_question *question, const char *path, const char *name,
                          reader_answer *answer, char **bytes)
{
    struct hdf5_apart *a = file->apart;
    bool late = false;
    if (bytes) *bytes = NULL;
    question->path_bytes = (uint32_t)strlen(path) + 1;
    question->name_bytes = (uint32_t)strlen(name) + 1;
    question->window = a->window_bytes;
    if (question->path_bytes > READER_MAX_TEXT || question->name_bytes > READER_MAX_TEXT)
        return dnn_fail(file->status, "%s: %.60s…: is no usable path", file->path, path);
    if (a->ended) return dnn_fail(file->status, "%s: cannot be read any more", file->path);
    if (!send_all(a->socket, question, sizeof *question) || !send_all(a->socket, path, question->path_bytes) ||
        !send_all(a->socket, name, question->name_bytes) || !receive_all(a->socket, answer, sizeof *answer, &late))
        return ended(file, late);
    if (answer->bytes > READER_MAX_ANSWER) return ended(file, true);
    char *more = dnn_alloc(answer->bytes + 1, 1);
    if (!more) return DNN_E_MEMORY;
    dnn_status st = receive_all(a->socket, more, answer->bytes, &late) ? DNN_OK : ended(file, late);
    if (st == DNN_OK && answer->status != DNN_OK) st = refused(file, answer, more);
    if (st == DNN_OK && bytes)
        *bytes = more;
    else
        dnn_free(more);
    return st;
}

dnn_status hdf5_apart_widen(dnn_hdf5 *file, size_t bytes)
{
    struct hdf5_apart *a = file->apart;
    if (bytes <= a->window_bytes) return DNN_OK;
    if (bytes > READER_MAX_WINDOW)
        return dnn_fail(file->status, "%s: a row of %zu bytes: at most %zu are read", file->path, bytes,
                        READER_MAX_WINDOW);
    char *window = MAP_FAILED;
    if (ftruncate(a->window_file, (off_t)bytes) == 0)
        window = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, a->window_file, 0);
    if (window == MAP_FAILED) return dnn_fail(DNN_E_MEMORY, "%s: no memory for a row of %zu bytes", file->path, bytes);
    munmap(a->window, a->window_bytes);
    a->window = window;
    a->window_bytes = bytes;
    return DNN_OK;
}

dnn_status dnn_hdf5_open_apart(const char *path, dnn_status status, dnn_hdf5 **out)
{
    *out = NULL;
    dnn_hdf5 *f = hdf5_file_new(path, status, false);
    struct hdf5_apart *a = f ? dnn_alloc(1, sizeof *a) : NULL;
    if (!a) {
        hdf5_file_free(f);
        return DNN_E_MEMORY;
    }
    *a = (struct hdf5_apart){.socket = -1, .window_file = -1};
    pthread_mutex_init(&a->lock, NULL);
    f->apart = a;
    const int failure = hdf5_apart_start(a);
    reader_question question = {.ask = READER_OPEN, .type = status};
    reader_answer answer;
    dnn_status st = failure ? dnn_fail(DNN_E_IO, "%s: the process that reads it apart cannot be started: %s", path,
                                       strerror(failure))
                            : hdf5_apart_ask(f, &question, path, "", &answer, NULL);
    if (st == DNN_OK)
        *out = f;
    else
        dnn_hdf5_close(f);
    return st;
}
