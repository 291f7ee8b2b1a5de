/* The process that reads a file apart. A program that contains this library and is started with one certain argument
 * becomes the reader before its main begins, so whoever links the library has the reader at hand: the program, its
 * tests, programs of others. It sets its own limits, answers questions until nobody asks, and never returns; a crash
 * or a hang of the HDF5 library ends this process alone. */
#include "io/hdf5_apart.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "dnn/base/memory.h"

const char hdf5_reader_argument[] = HDF5_READER_ARGUMENT;

typedef struct reader {
    dnn_hdf5 *file;
    dnn_hdf5_dataset *dataset[READER_MAX_DATASETS];
    char *window;
    size_t window_bytes;
} reader;

typedef struct asked {
    reader_question q;
    char path[READER_MAX_TEXT], name[READER_MAX_TEXT];
} asked;

/* The bytes behind an answer; owned. */
typedef struct answering {
    reader_answer a;
    char *bytes;
} answering;

/* ---- limits ---- */

/* Never more than the user allows; computing alone may rise again, question by question. */
static void limit(int resource, rlim_t most)
{
    struct rlimit now;
    if (getrlimit(resource, &now) != 0) return;
    const rlim_t allowed = resource == RLIMIT_CPU ? now.rlim_max : now.rlim_cur;
    if (allowed != RLIM_INFINITY && allowed < most) most = allowed;
    setrlimit(resource, &(struct rlimit){.rlim_cur = most, .rlim_max = now.rlim_max});
}

/* Beyond what libraries have mapped before main; a sanitizer maps terabytes, later ones too. */
static void limit_memory(void)
{
#ifndef __SANITIZE_ADDRESS__
    unsigned long long pages = 0;
    FILE *about = fopen("/proc/self/statm", "re");
    if (about && fscanf(about, "%llu", &pages) != 1) pages = 0;
    if (about) fclose(about);
    limit(RLIMIT_AS, (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + ((rlim_t)READER_MEMORY_MIB << 20));
#endif
}

static void limit_process(void)
{
    limit_memory();
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0); /* it has nothing to write; the window was sized by who asks */
    limit(RLIMIT_NOFILE, 32);
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* Each question has its own time: a file may be large. */
static void limit_question(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    limit(RLIMIT_CPU, (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec + 1 + READER_CPU_SECONDS));
    alarm(READER_WALL_SECONDS);
}

/* ---- talking ---- */

static void read_fully(void *data, size_t bytes)
{
    char *at = data;
    while (bytes > 0) {
        const ssize_t n = read(READER_SOCKET, at, bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) _exit(0); /* nobody asks any more */
        at += n;
        bytes -= (size_t)n;
    }
}

static void write_fully(const void *data, size_t bytes)
{
    const char *at = data;
    while (bytes > 0) {
        const ssize_t n = write(READER_SOCKET, at, bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) _exit(0);
        at += n;
        bytes -= (size_t)n;
    }
}

static void next_question(asked *a)
{
    read_fully(&a->q, sizeof a->q);
    if (a->q.path_bytes > sizeof a->path || a->q.name_bytes > sizeof a->name) _exit(DNN_E_INTERNAL);
    read_fully(a->path, a->q.path_bytes);
    read_fully(a->name, a->q.name_bytes);
}

/* Strings side by side, each with its NUL. */
static dnn_status put_strings(answering *out, const dnn_strings *strings)
{
    size_t bytes = 0;
    for (size_t i = 0; i < strings->count; i++) bytes += strlen(strings->at[i]) + 1;
    char *at = out->bytes = dnn_alloc(bytes, 1);
    if (!at) return DNN_E_MEMORY;
    for (size_t i = 0; i < strings->count; i++) {
        const size_t length = strlen(strings->at[i]) + 1;
        memcpy(at, strings->at[i], length);
        at += length;
    }
    out->a.bytes = bytes;
    out->a.number = (int64_t)strings->count;
    return DNN_OK;
}

/* ---- answering ---- */

static dnn_status open_dataset(reader *r, const char *path, answering *out)
{
    size_t i = 0;
    while (i < READER_MAX_DATASETS && r->dataset[i]) i++;
    if (i == READER_MAX_DATASETS)
        return hdf5_fail(r->file, path, "is one data set too many: %d may be open", READER_MAX_DATASETS);
    const dnn_status st = dnn_hdf5_dataset_open(r->file, path, &r->dataset[i]);
    if (st != DNN_OK) return st;
    out->a.number = (int64_t)i;
    out->a.info = *dnn_hdf5_dataset_info(r->dataset[i]);
    return DNN_OK;
}

static dnn_hdf5_dataset *dataset_of(const reader *r, const asked *a)
{
    if (a->q.dataset >= READER_MAX_DATASETS || !r->dataset[a->q.dataset]) _exit(DNN_E_INTERNAL);
    return r->dataset[a->q.dataset];
}

static dnn_status see_window(reader *r, size_t bytes)
{
    if (bytes == r->window_bytes) return DNN_OK;
    if (r->window) munmap(r->window, r->window_bytes);
    r->window = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, READER_WINDOW, 0);
    if (r->window == MAP_FAILED) _exit(DNN_E_MEMORY);
    r->window_bytes = bytes;
    return DNN_OK;
}

static dnn_status put_rows(reader *r, const asked *a)
{
    dnn_hdf5_dataset *d = dataset_of(r, a);
    see_window(r, a->q.window);
    return dnn_hdf5_dataset_rows(d, a->q.first, a->q.n, (dnn_hdf5_type)a->q.type, r->window);
}

static dnn_status put_text(char *text, answering *out)
{
    out->bytes = text;
    out->a.bytes = text ? strlen(text) : 0;
    out->a.found = text != NULL;
    return DNN_OK;
}

static dnn_status answer_strings(reader *r, const asked *a, answering *out)
{
    dnn_strings strings = {0};
    bool found = true;
    dnn_status st = a->q.ask == READER_LIST ? dnn_hdf5_list(r->file, a->path, &strings)
                                            : dnn_hdf5_attribute_texts(r->file, a->path, a->name, &strings, &found);
    if (st == DNN_OK) st = put_strings(out, &strings);
    out->a.found = found;
    dnn_hdf5_names_clear(&strings);
    return st;
}

static dnn_status answer(reader *r, const asked *a, answering *out)
{
    dnn_hdf5_object object;
    char *text = NULL;
    size_t length;
    bool found;
    dnn_status st = DNN_OK;
    if (a->q.ask != READER_OPEN && !r->file) _exit(DNN_E_INTERNAL);
    switch ((reader_ask)a->q.ask) {
    case READER_OPEN:
        return dnn_hdf5_open(a->path, (dnn_status)a->q.type, &r->file);
    case READER_FIND:
        st = dnn_hdf5_find(r->file, a->path, &object);
        out->a.number = object;
        return st;
    case READER_LIST:
    case READER_ATTRIBUTE_TEXTS:
        return answer_strings(r, a, out);
    case READER_DATASET:
        return open_dataset(r, a->path, out);
    case READER_DATASET_CLOSE:
        dnn_hdf5_dataset_close(dataset_of(r, a));
        r->dataset[a->q.dataset] = NULL;
        return DNN_OK;
    case READER_ROWS:
        return put_rows(r, a);
    case READER_PLACE:
        out->a.number = (int64_t)dnn_hdf5_dataset_place(dataset_of(r, a), (dnn_hdf5_type)a->q.type);
        return DNN_OK;
    case READER_TEXT:
        st = dnn_hdf5_read_text(r->file, a->path, a->q.n, &text, &length);
        return st == DNN_OK ? put_text(text, out) : st;
    case READER_ATTRIBUTE_TEXT:
        st = dnn_hdf5_attribute_text(r->file, a->path, a->name, &text);
        return st == DNN_OK ? put_text(text, out) : st;
    case READER_ATTRIBUTE_INTEGER:
        st = dnn_hdf5_attribute_integer(r->file, a->path, a->name, &out->a.number, &found);
        out->a.found = found;
        return st;
    }
    _exit(DNN_E_INTERNAL);
}

static void reply(const answering *out)
{
    reader_answer a = out->a;
    const char *bytes = out->bytes;
    if (a.status != DNN_OK) {
        bytes = dnn_fail_text();
        a.bytes = strlen(bytes);
    }
    write_fully(&a, sizeof a);
    write_fully(bytes, bytes ? a.bytes : 0);
}

static _Noreturn void read_for_another(void)
{
    static reader r;
    static asked a;
    limit_process();
    for (;;) {
        answering out = {0};
        alarm(0);
        next_question(&a);
        limit_question();
        out.a.status = answer(&r, &a, &out);
        reply(&out);
        dnn_free(out.bytes);
    }
}

/* The C library hands constructors what main will get. */
__attribute__((constructor)) static void become_reader(int count, char **arguments)
{
    if (count == 2 && arguments[1] && strcmp(arguments[1], hdf5_reader_argument) == 0) read_for_another();
}
