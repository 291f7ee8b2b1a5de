/* Planted faults: read once from the environment, counted by place. */
#include "dnn/base/failpoint.h"

#ifdef DNN_FAILPOINTS

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct planted {
    char place[64], action[16];
    double argument;          /* of exit and sleep; NaN: none */
    unsigned nth;             /* 0: each time */
    int rank;                 /* -1: all */
    atomic_uint visits;
} planted;

enum { MOST = 32 };
static planted faults[MOST];
static int count;
static atomic_int own_rank;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static const struct { const char *name; int number; } errors[] = {
    { "error", EIO },      { "EIO", EIO },       { "ENOSPC", ENOSPC }, { "ENOMEM", ENOMEM }, { "EACCES", EACCES },
    { "EDQUOT", EDQUOT },  { "EINTR", EINTR },   { "ENOENT", ENOENT }, { "EMFILE", EMFILE }, { "EPIPE", EPIPE },
};
enum { ERRORS = sizeof errors / sizeof *errors };
static const char *const others[] = { "nan", "wrong", "exit", "kill", "stop", "sleep" };

static int error_of(const char *action)
{
    for (int i = 0; i < ERRORS; i++)
        if (strcmp(action, errors[i].name) == 0) return errors[i].number;
    return 0;
}

static int known(const char *action)
{
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(action, others[i]) == 0) return 1;
    return error_of(action) != 0;
}

static _Noreturn void misspelt(const char *text)
{
    fprintf(stderr, "DNN_FAILPOINT: \"%s\": place:nth:action@rank=r is wanted\n", text);
    _exit(DNN_E_CONFIG);
}

/* "place:nth:action=argument@rank=r" */
static void read_one(char *text)
{
    char whole[256];
    snprintf(whole, sizeof whole, "%s", text);
    planted *f = &faults[count];
    char *save, *rank = strchr(text, '@');
    f->rank = -1;
    if (rank) {
        *rank = '\0';
        if (sscanf(rank + 1, "rank=%d", &f->rank) != 1) misspelt(whole);
    }
    const char *place = strtok_r(text, ":", &save), *nth = strtok_r(NULL, ":", &save), *action = strtok_r(NULL, ":", &save);
    if (count == MOST || !place || !nth || !action) misspelt(whole);
    f->argument = NAN;
    if (strlen(place) >= sizeof f->place || sscanf(action, "%15[^=]=%lf", f->action, &f->argument) < 1 || !known(f->action)) misspelt(whole);
    strcpy(f->place, place);
    if (strcmp(nth, "*") != 0 && (sscanf(nth, "%u", &f->nth) != 1 || f->nth == 0)) misspelt(whole);
    count++;
}

static void read_all(void)
{
    const char *given = getenv("DNN_FAILPOINT");
    char *text = given ? strdup(given) : NULL, *save;
    for (char *one = text ? strtok_r(text, ";", &save) : NULL; one; one = strtok_r(NULL, ";", &save)) read_one(one);
    free(text);
}

static void nap(double seconds)
{
    struct timespec left = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };
    while (nanosleep(&left, &left) != 0 && errno == EINTR) continue;
}

static dnn_fault act(const planted *f)
{
    const double argument = f->argument;
    if (strcmp(f->action, "nan") == 0) return DNN_FAULT_NAN;
    if (strcmp(f->action, "wrong") == 0) return DNN_FAULT_WRONG;
    if (strcmp(f->action, "exit") == 0) _exit(isnan(argument) ? 1 : (int)argument);
    if (strcmp(f->action, "kill") == 0) kill(getpid(), SIGKILL);
    if (strcmp(f->action, "stop") == 0) kill(getpid(), SIGSTOP);
    if (strcmp(f->action, "sleep") == 0) {
        dprintf(STDERR_FILENO, "DNN_FAILPOINT: asleep at %s\n", f->place); /* a test may wait for it */
        nap(isnan(argument) ? 1.0 : argument);
    }
    errno = error_of(f->action);
    return errno ? DNN_FAULT_ERROR : DNN_FAULT_NONE;
}

dnn_fault dnn_failpoint(const char *place)
{
    dnn_fault outcome = DNN_FAULT_NONE;
    pthread_once(&once, read_all);
    for (int i = 0; i < count; i++) {
        planted *f = &faults[i];
        if (strcmp(f->place, place) != 0 || (f->rank >= 0 && f->rank != atomic_load(&own_rank))) continue;
        const unsigned visit = atomic_fetch_add(&f->visits, 1) + 1;
        if (f->nth && visit != f->nth) continue;
        const dnn_fault one = act(f);
        if (one != DNN_FAULT_NONE) outcome = one;
    }
    return outcome;
}

dnn_status dnn_failpoint_status(const char *place, dnn_status status)
{
    if (dnn_failpoint(place) != DNN_FAULT_ERROR) return DNN_OK;
    return dnn_fail(status, "failpoint %s: %s", place, strerror(errno));
}

unsigned dnn_failpoint_visits(void) { return atomic_load(&faults[0].visits); }

void dnn_failpoint_rank(int rank) { atomic_store(&own_rank, rank); }

#endif
