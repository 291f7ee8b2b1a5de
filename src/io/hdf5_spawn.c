/* The process that reads a file apart is started: by posix_spawn of the very program that runs (a fork would copy memory that MPI has registered with
 * the network, and locks that other threads hold), with nothing of the launcher in its environment and none of our files open. */
#include "io/hdf5_apart.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dnn/base/memory.h"

extern char **environ;

/* What programs need to be loaded and to speak of files; above all nothing by which a process takes itself for a rank,
 * and no place for HDF5 to load plugins from. */
static bool passes(const char *entry)
{
    static const char *const heads[] = {"PATH=",
                                        "LD_",
                                        "HOME=",
                                        "TMPDIR=",
                                        "LANG=",
                                        "LC_",
                                        "ASAN_OPTIONS=",
                                        "UBSAN_OPTIONS=",
                                        "HDF5_USE_FILE_LOCKING="};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (strncmp(entry, heads[i], strlen(heads[i])) == 0) return true;
    return false;
}

/* Borrowed entries in a list of its own. OpenBLAS would start a thread for each core before main. */
static char **environment(void)
{
    static char alone[] = "OPENBLAS_NUM_THREADS=1", none[] = "HDF5_PLUGIN_PRELOAD=::";
    size_t count = 0;
    while (environ && environ[count]) count++;
    char **list = dnn_alloc(count + 3, sizeof *list);
    if (!list) return NULL;
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (passes(environ[i])) list[n++] = environ[i];
    list[n++] = alone;
    list[n] = none;
    return list;
}

/* 0 or an errno. What it says on its standard error is lost, but for a sanitizer's report. */
static int prepare_files(posix_spawn_file_actions_t *actions, int socket, int window)
{
    int failure = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!failure) failure = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
#ifndef __SANITIZE_ADDRESS__
    if (!failure) failure = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
#endif
    if (!failure) failure = posix_spawn_file_actions_adddup2(actions, socket, READER_SOCKET);
    if (!failure) failure = posix_spawn_file_actions_adddup2(actions, window, READER_WINDOW);
    if (!failure) failure = posix_spawn_file_actions_addclosefrom_np(actions, READER_WINDOW + 1);
    return failure;
}

/* Launchers send a job's signals to whole process groups; what they mean concerns the ranks alone. */
static int prepare_signals(posix_spawnattr_t *attributes)
{
    static const int of_the_job[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE, SIGTSTP};
    static const int to_default[] = {SIGXCPU, SIGALRM, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
    sigset_t blocked, defaults;
    sigemptyset(&blocked);
    sigemptyset(&defaults);
    for (size_t i = 0; i < sizeof of_the_job / sizeof *of_the_job; i++) sigaddset(&blocked, of_the_job[i]);
    for (size_t i = 0; i < sizeof to_default / sizeof *to_default; i++) sigaddset(&defaults, to_default[i]);
    int failure = posix_spawnattr_setsigmask(attributes, &blocked);
    if (!failure) failure = posix_spawnattr_setsigdefault(attributes, &defaults);
    if (!failure) failure = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return failure;
}

static int spawn(int socket, int window, pid_t *process)
{
    static char name[] = "dnn-hdf5-reader";
    char *const arguments[] = {name, (char *)hdf5_reader_argument, NULL};
    const char *program = getenv("DNN_READER"); /* for who loads the library into a program that is not linked to it */
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char **list = environment();
    int failure = list ? posix_spawn_file_actions_init(&actions) : ENOMEM;
    if (!failure) {
        failure = posix_spawnattr_init(&attributes);
        if (!failure) {
            failure = prepare_files(&actions, socket, window);
            if (!failure) failure = prepare_signals(&attributes);
            if (!failure)
                failure = posix_spawn(process, program && *program ? program : "/proc/self/exe", &actions, &attributes,
                                      arguments, list);
            posix_spawnattr_destroy(&attributes);
        }
        posix_spawn_file_actions_destroy(&actions);
    }
    dnn_free(list);
    return failure;
}

/* Out of the way of the numbers that the reader's files get. */
static int moved_up(int file)
{
    const int high = file >= 0 ? fcntl(file, F_DUPFD_CLOEXEC, READER_WINDOW + 8) : -1;
    const int error = errno;
    if (file >= 0) close(file);
    errno = error;
    return high;
}

/* Sealed, or a reader gone wrong could shrink it under our feet. */
static int make_window(void)
{
    const int file = moved_up(memfd_create("dnn-hdf5-window", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (file >= 0 && ftruncate(file, READER_WINDOW_BYTES) == 0 && fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK) == 0)
        return file;
    if (file >= 0) close(file);
    return -1;
}

int hdf5_apart_start(struct hdf5_apart *a)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return errno;
    a->socket = pair[0];
    const int theirs = moved_up(pair[1]);
    a->window_file = theirs >= 0 ? make_window() : -1;
    int failure = a->window_file >= 0 ? 0 : errno;
    if (!failure) {
        a->window = mmap(NULL, READER_WINDOW_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, a->window_file, 0);
        if (a->window == MAP_FAILED) a->window = NULL;
        if (!a->window) failure = errno;
        a->window_bytes = READER_WINDOW_BYTES;
    }
    if (!failure) failure = spawn(theirs, a->window_file, &a->process);
    if (failure) a->process = 0;
    if (theirs >= 0) close(theirs);
    return failure;
}
