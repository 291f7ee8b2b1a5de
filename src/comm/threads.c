#include "comm/threads.h"
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include "comm/watchdog.h"
#include "dnn/base/memory.h"

typedef struct helper {
    dnn_threads *threads;
    pthread_t id;
    int worker;
} helper;

struct dnn_threads {
    _Alignas(64) atomic_uint round; /* changes when there is work, or the end */
    atomic_uint asleep;
    _Alignas(64) atomic_uint busy; /* helpers that have not ended this round */
    atomic_uint awaited;
    _Alignas(64) void (*work)(void *context, int worker);
    void *context;
    dnn_waiting how;
    bool stop;
    int first, count; /* helpers; without the caller */
    helper *helpers;
};

static void *help(void *argument)
{
    const helper *me = argument;
    dnn_threads *threads = me->threads;
    board_take_cell(me->worker - threads->first);
    for (unsigned seen = 0;;) {
        watch_wait(BOARD_FOR_THREADS);
        dnn_wait_while(threads->how, &threads->round, seen, &threads->asleep);
        watch_wait(BOARD_WORKS);
        seen++; /* not read again: the next round cannot begin before this one has ended */
        if (threads->stop) break;
        threads->work(threads->context, me->worker);
        if (atomic_fetch_sub(&threads->busy, 1) == 1) dnn_wait_wake(threads->how, &threads->busy, &threads->awaited);
    }
    board_give_cell();
    return NULL;
}

static void begin_round(dnn_threads *threads)
{
    atomic_fetch_add(&threads->round, 1);
    dnn_wait_wake(threads->how, &threads->round, &threads->asleep);
}

/* Signals are for the thread the program began with: helpers block them all. */
static int start_one(helper *one)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const int failed = pthread_create(&one->id, NULL, help, one);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

dnn_status dnn_threads_create(int count, int first, dnn_waiting how, dnn_threads **out)
{
    *out = NULL;
    dnn_threads *threads = dnn_alloc_aligned(sizeof *threads);
    if (!threads) return DNN_E_MEMORY;
    threads->how = how;
    threads->first = first;
    threads->helpers = dnn_alloc((size_t)(count - 1), sizeof *threads->helpers);
    if (!threads->helpers) {
        dnn_free(threads);
        return DNN_E_MEMORY;
    }
    for (int i = 0; i < count - 1; i++) {
        threads->helpers[i] = (helper){.threads = threads, .worker = first + 1 + i};
        const int failed = start_one(&threads->helpers[i]);
        if (failed) {
            dnn_threads_destroy(threads);
            return dnn_fail(DNN_E_MEMORY, "cannot start thread %d of %d: %s", i + 2, count, strerror(failed));
        }
        threads->count++;
    }
    *out = threads;
    return DNN_OK;
}

void dnn_threads_destroy(dnn_threads *threads)
{
    if (!threads) return;
    threads->stop = true;
    begin_round(threads);
    for (int i = 0; i < threads->count; i++) pthread_join(threads->helpers[i].id, NULL);
    dnn_free(threads->helpers);
    dnn_free(threads);
}

void dnn_threads_run(dnn_threads *threads, void (*work)(void *context, int worker), void *context)
{
    if (threads->count == 0) {
        work(context, threads->first);
        return;
    }
    DNN_ASSERT(atomic_load(&threads->busy) == 0);
    threads->work = work;
    threads->context = context;
    atomic_store(&threads->busy, (unsigned)threads->count);
    begin_round(threads);
    work(context, threads->first);
    watch_wait(BOARD_FOR_THREADS);
    for (unsigned left; (left = atomic_load(&threads->busy)) != 0;)
        dnn_wait_while(threads->how, &threads->busy, left, &threads->awaited);
    watch_wait(BOARD_WORKS);
}
