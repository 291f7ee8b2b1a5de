/* The library's calls with a failpoint each (dnn/base/failpoint.h), put in by the linker, so that the sources know nothing of it and none is
 * forgotten. `open` has arguments of its own kind. MPI's calls do not return where they fail: the handler of errors is asked, as MPI does. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <hdf5.h>
#include <mpi.h>
#include <zlib.h>

#include "dnn/base/failpoint.h"

#define CALL(result, name, parameters, arguments, failed)                                                                                        \
    result __real_##name parameters;                                                                                                             \
    result __wrap_##name parameters;                                                                                                             \
    result __wrap_##name parameters { return dnn_failpoint(#name) == DNN_FAULT_ERROR ? (failed) : __real_##name arguments; }
#include "failpoints/calls.def"
#undef CALL

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return dnn_failpoint("open") == DNN_FAULT_ERROR ? -1 : __real_open(path, flags, mode);
}

static void fail_mpi(const char *name)
{
    if (dnn_failpoint(name) == DNN_FAULT_ERROR) MPI_Comm_call_errhandler(MPI_COMM_WORLD, MPI_ERR_OTHER);
}

#define MPI_CALL(name, parameters, arguments)                                                                                                    \
    int __real_##name parameters;                                                                                                                \
    int __wrap_##name parameters;                                                                                                                \
    int __wrap_##name parameters                                                                                                                 \
    {                                                                                                                                            \
        fail_mpi(#name);                                                                                                                         \
        return __real_##name arguments;                                                                                                          \
    }
#include "failpoints/calls_mpi.def"
