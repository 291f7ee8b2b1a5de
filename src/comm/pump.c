#include "comm/pump.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "comm/internal.h"
#include "comm/wait.h"
#include "dnn/base/memory.h"

/* Between two looks a fast network moves less than sockets hold, and waking up costs some percent of a core. */
static const struct timespec nap = {.tv_nsec = 100000};

struct dnn_pump {
    _Alignas(64) atomic_uint round; /* odd: awake */
    atomic_uint asleep;
    atomic_bool stop;
    bool (*work)(void *context);
    void *context;
    pthread_t thread;
};

static bool awake(unsigned round) { return round % 2 == 1; }

static void *run(void *argument)
{
    dnn_pump *p = argument;
    const dnn_waiting how = dnn_waiting_make(false, false);
    while (!atomic_load(&p->stop)) {
        const unsigned round = atomic_load(&p->round);
        if (!awake(round)) {
            dnn_wait_while(how, &p->round, round, &p->asleep);
            continue;
        }
        bool moves = false;
        if (dnn_mpi_try()) {
            if (awake(atomic_load(&p->round))) moves = p->work(p->context); /* else it was sent to rest meanwhile */
            dnn_mpi_leave();
        }
        if (!moves) nanosleep(&nap, NULL);
    }
    return NULL;
}

static void next_round(dnn_pump *p)
{
    atomic_fetch_add(&p->round, 1);
    dnn_wait_wake(dnn_waiting_make(false, false), &p->round, &p->asleep);
}

/* Signals are for the thread the program began with. */
static int start_thread(dnn_pump *p)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const int failed = pthread_create(&p->thread, NULL, run, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

dnn_status dnn_pump_create(bool (*work)(void *context), void *context, dnn_pump **out)
{
    *out = NULL;
    dnn_pump *p = dnn_alloc_aligned(sizeof *p);
    if (!p) return DNN_E_MEMORY;
    p->work = work;
    p->context = context;
    const int failed = start_thread(p);
    if (failed) {
        dnn_free(p);
        return dnn_fail(DNN_E_MEMORY, "cannot start a thread for messages between teams: %s", strerror(failed));
    }
    *out = p;
    return DNN_OK;
}

void dnn_pump_destroy(dnn_pump *p)
{
    if (!p) return;
    atomic_store(&p->stop, true);
    next_round(p);
    pthread_join(p->thread, NULL);
    dnn_free(p);
}

void dnn_pump_wake(dnn_pump *p)
{
    if (p && !awake(atomic_load(&p->round))) next_round(p);
}

void dnn_pump_rest(dnn_pump *p)
{
    if (p && awake(atomic_load(&p->round))) atomic_fetch_add(&p->round, 1);
}
