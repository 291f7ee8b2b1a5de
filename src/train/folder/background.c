#include "train/folder/background.h"

#include "dnn/comm/watch.h"

#include <signal.h>
#include <string.h>

static void *run(void *argument)
{
    background *b = argument;
    pthread_mutex_lock(&b->lock);
    for (;;) {
        while (!b->busy && !b->ends) pthread_cond_wait(&b->changed, &b->lock);
        if (!b->busy) break;
        pthread_mutex_unlock(&b->lock);
        b->work(b->context);
        pthread_mutex_lock(&b->lock);
        b->busy = false;
        pthread_cond_broadcast(&b->changed);
    }
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

dnn_status background_start(background *b)
{
    sigset_t all, before;
    *b = (background){ 0 };
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->changed, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const int failed = pthread_create(&b->thread, NULL, run, b);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    b->started = failed == 0;
    return failed ? dnn_fail(DNN_E_MEMORY, "cannot start the thread that saves: %s", strerror(failed)) : DNN_OK;
}

void background_do(background *b, void (*work)(void *context), void *context)
{
    if (!b->started) {
        work(context);
        return;
    }
    background_wait(b);
    pthread_mutex_lock(&b->lock);
    b->work = work;
    b->context = context;
    b->busy = true;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
}

bool background_busy(background *b)
{
    if (!b->started) return false;
    pthread_mutex_lock(&b->lock);
    const bool busy = b->busy;
    pthread_mutex_unlock(&b->lock);
    return busy;
}

void background_wait(background *b)
{
    if (!b->started) return;
    const dnn_phase before = dnn_watch_phase(DNN_PHASE_CHECKPOINT);
    pthread_mutex_lock(&b->lock);
    while (b->busy) pthread_cond_wait(&b->changed, &b->lock);
    pthread_mutex_unlock(&b->lock);
    dnn_watch_phase(before);
}

void background_end(background *b)
{
    if (!b->started) return;
    background_wait(b);
    pthread_mutex_lock(&b->lock);
    b->ends = true;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
    pthread_join(b->thread, NULL);
    pthread_cond_destroy(&b->changed);
    pthread_mutex_destroy(&b->lock);
    b->started = false;
}
