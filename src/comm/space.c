/* How large a shared window may become. Open MPI grants any size: the file behind a window is sparse, and the process that writes
 * beyond the space of its file system dies by SIGBUS, in the middle of a step. */
#include <mpi.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "comm/internal.h"

/* Open MPI keeps the files behind windows in the folder that this variable of its names (osc/sm, since 3.1). */
static void find_folder(char *folder, size_t size)
{
    snprintf(folder, size, "/dev/shm");
    int level, index, count;
    MPI_T_cvar_handle handle;
    char value[4096] = {0};
    if (MPI_T_init_thread(MPI_THREAD_SINGLE, &level) != MPI_SUCCESS) return;
    if (MPI_T_cvar_get_index("osc_sm_backing_directory", &index) == MPI_SUCCESS &&
        MPI_T_cvar_handle_alloc(index, NULL, &handle, &count) == MPI_SUCCESS) {
        if (count < (int)sizeof value && MPI_T_cvar_read(handle, value) == MPI_SUCCESS && value[0])
            snprintf(folder, size, "%s", value);
        MPI_T_cvar_handle_free(&handle);
    }
    MPI_T_finalize();
}

/* Bytes the kernel could still hand out, swap included; a negative number where it does not say. */
static double memory_left(void)
{
    FILE *info = fopen("/proc/meminfo", "r");
    if (!info) return -1.0;
    double available = -1.0, swap = 0.0, value;
    char line[256];
    while (fgets(line, sizeof line, info)) {
        if (sscanf(line, "MemAvailable: %lf kB", &value) == 1) available = value * 1024.0;
        if (sscanf(line, "SwapFree: %lf kB", &value) == 1) swap = value * 1024.0;
    }
    fclose(info);
    return available < 0.0 ? -1.0 : available + swap;
}

double dnn_space_left(char *where, size_t size)
{
    find_folder(where, size);
    struct statvfs fs;
    if (access(where, W_OK | X_OK) != 0 || statvfs(where, &fs) != 0) return 0.0;
    const double space = (double)fs.f_bavail * (double)fs.f_frsize, memory = memory_left();
    if (memory < 0.0 || space <= memory) return space;
    snprintf(where, size, "memory");
    return memory;
}
