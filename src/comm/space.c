/* How large a shared window may become. Open MPI grants any size: the file behind a window is sparse, and the process
 * that writes beyond the space of its file system dies by SIGBUS, in the middle of a step. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "comm/internal.h"

static char folder[PATH_MAX]; /* where MPI keeps the files behind windows; empty: not known yet */

/* Open MPI (osc/sm since 3.1): the folder its variable names, else /dev/shm, else that of temporary files. It would
 * tell through MPI_T, but starting that takes 0.2 s, and a site's own setting shows in the first window. */
static void guess_folder(void)
{
    const char *named = getenv("OMPI_MCA_osc_sm_backing_directory"), *temporary = getenv("TMPDIR");
    if (!named || !*named)
        named = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : temporary && *temporary ? temporary : "/tmp";
    snprintf(folder, sizeof folder, "%s", named);
}

/* A line of the map: "7f51c6f3e000-7f51c7a00000 rw-s 00000000 00:1b 7    /dev/shm/osc_sm.node.1 (deleted)". */
void dnn_space_learn(const void *window)
{
    static bool known;
    if (known) return;
    known = true;
    FILE *map = fopen("/proc/self/maps", "r");
    if (!map) return;
    static char line[PATH_MAX + 256];
    while (fgets(line, sizeof line, map)) {
        uintptr_t from, to;
        int path = 0;
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %*s %*s %*s %*s %n", &from, &to, &path) < 2 || !path) continue;
        if ((uintptr_t)window < from || (uintptr_t)window >= to || line[path] != '/') continue;
        char *name = strrchr(line + path, '/');
        *name = '\0';
        if (name > line + path && access(line + path, W_OK) == 0) snprintf(folder, sizeof folder, "%s", line + path);
        break;
    }
    fclose(map);
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
    if (!folder[0]) guess_folder();
    snprintf(where, size, "%s", folder);
    struct statvfs fs;
    if (access(where, W_OK | X_OK) != 0 || statvfs(where, &fs) != 0) return 0.0;
    const double space = (double)fs.f_bavail * (double)fs.f_frsize, memory = memory_left();
    if (memory < 0.0 || space <= memory) return space;
    snprintf(where, size, "memory");
    return memory;
}
