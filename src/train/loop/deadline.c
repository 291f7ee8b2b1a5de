#include "train/loop/deadline.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dnn/base/clock.h"
#include "dnn/base/log.h"

extern char **environ;

enum { PATIENCE_MS = 5000, ANSWER = 64 };

/* What a program prints, for as long as patience lasts; the program does not outlive this. */
static bool ask(char *const *command, char *answer)
{
    int ends[2];
    pid_t child;
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    const int failed = posix_spawnp(&child, command[0], &files, NULL, command, environ);
    posix_spawn_file_actions_destroy(&files);
    close(ends[1]);
    size_t used = 0;
    struct pollfd wait = { .fd = ends[0], .events = POLLIN };
    while (!failed && used < ANSWER - 1) {
        const int ready = poll(&wait, 1, PATIENCE_MS);
        if (ready < 0 && errno == EINTR) continue;
        const ssize_t n = ready > 0 ? read(ends[0], answer + used, ANSWER - 1 - used) : -1;
        if (n <= 0) break;
        used += (size_t)n;
    }
    close(ends[0]);
    if (failed) return false;
    answer[used] = '\0';
    kill(child, SIGKILL); /* one that has ended does not mind */
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
    return used > 0;
}

/* "2026-11-22T22:30:00", local time; "N/A" where there is no limit. */
static double from_squeue(const char *job)
{
    char answer[ANSWER], *const command[] = { "squeue", "--noheader", "--jobs", (char *)job, "--format", "%e", NULL };
    struct tm local = { .tm_isdst = -1 };
    setenv("SLURM_TIME_FORMAT", "standard", 0);
    if (!ask(command, answer) || !strptime(answer, "%Y-%m-%dT%H:%M:%S", &local)) return NAN;
    return (double)mktime(&local);
}

static double end_of_job(void)
{
    const char *job = getenv("SLURM_JOB_ID"), *said = getenv("SLURM_JOB_END_TIME");
    if (!job) return NAN;
    char *rest = NULL;
    const double end = said ? strtod(said, &rest) : 0.0;
    const double at = said && rest > said && end > 0.0 ? end : from_squeue(job);
    /* left over from a job that has ended, or of one without a limit */
    return at > (double)time(NULL) ? at : NAN;
}

static double margin(const deadline *d, double save) { return fmax(fmin(60.0, 0.25 * d->given), 3.0 * save) + d->longest; }

static double wall_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

deadline deadline_learn(void)
{
    deadline d = { .end = end_of_job(), .last_look = dnn_clock_seconds() };
    d.given = d.end - wall_clock();
    if (!isnan(d.end))
        dnn_info("the batch job ends in %.0f minutes; the training saves and stops %.0f seconds before", d.given / 60.0, margin(&d, 0.0));
    return d;
}

/* NaN is never reached. */
bool deadline_near(deadline *d, double save)
{
    const double at = dnn_clock_seconds();
    d->longest = fmax(d->longest, at - d->last_look);
    d->last_look = at;
    return wall_clock() >= d->end - margin(d, save);
}
