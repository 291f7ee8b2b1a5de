/* mpirun of Open MPI 4 goes on waiting for a machine whose network is gone, for as long as TCP tries to send (a quarter of an hour), and so
 * does its daemon there for mpirun. Neither listens to SIGTERM then. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "comm/watchdog.h"

typedef struct process {
    int pid, parent;
    unsigned long long born; /* clock ticks: tells a process from a later one of the same number */
    char name[32];
} process;

/* By system calls alone: also called where another thread may have held any lock for ever. */
static bool read_process(int pid, process *out)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    const ssize_t n = read(file, text, sizeof text - 1);
    close(file);
    if (n <= 0) return false;
    text[n] = '\0';
    const char *begin = strchr(text, '('), *end = strrchr(text, ')');
    *out = (process){.pid = pid};
    if (!begin || !end || end - begin - 1 >= (ptrdiff_t)sizeof out->name) return false;
    memcpy(out->name, begin + 1, (size_t)(end - begin - 1));
    return sscanf(end + 2, "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &out->parent, &out->born) == 2;
}

static bool is_launcher(const char *name)
{
    static const char *const names[] = {"mpirun", "mpiexec", "orterun", "prterun", "orted"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(name, names[i], strlen(names[i])) == 0) return true;
    return false;
}

/* A script may stand between it and this process. */
static bool find_launcher(process *out)
{
    if (!getenv("OMPI_COMM_WORLD_RANK")) return false;
    int pid = (int)getppid();
    for (int steps = 0; steps < 4 && pid > 1 && read_process(pid, out); steps++) {
        if (is_launcher(out->name)) return true;
        pid = out->parent;
    }
    return false;
}

static void close_all(void)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, 0U, ~0U, 0U) == 0) return;
#endif
    for (int file = 0; file < 4096; file++) close(file);
}

static void wait_and_end(const process *launcher, double seconds)
{
    const struct timespec moment = {0, 100000000};
    for (int i = 0; i < (int)(seconds * 10.0); i++) {
        process now;
        if (!read_process(launcher->pid, &now) || now.born != launcher->born) return;
        nanosleep(&moment, NULL);
    }
    kill(launcher->pid, SIGKILL);
}

void watch_outlive_launcher(double seconds)
{
    process launcher;
    if (!find_launcher(&launcher)) return;
    /* Not fork(): what libraries want done before and after one may wait for threads that hang. */
    if (syscall(SYS_clone, 0, 0, 0, 0, 0) != 0) return;
    setsid(); /* the launcher ends its ranks by process group, and waits for all that hold their output */
    close_all();
    wait_and_end(&launcher, seconds);
    syscall(SYS_exit_group, 0);
    __builtin_unreachable();
}
