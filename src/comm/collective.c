/* Where this rank is among the collective calls, kept for a watcher on another thread. */
#include <pthread.h>
#include <stdatomic.h>
#include "comm/internal.h"

static _Atomic(const char *) current;
static atomic_uint_fast64_t left_behind;
static pthread_t main_thread;

void dnn_collective_main(void) { main_thread = pthread_self(); }

void dnn_collective_begin(const char *what)
{
    DNN_ASSERT(pthread_equal(main_thread, pthread_self()));
    atomic_store_explicit(&current, what, memory_order_relaxed);
}

void dnn_collective_end(void)
{
    /* One writer: a plain add would do, were it not for the reader. */
    const uint64_t done = atomic_load_explicit(&left_behind, memory_order_relaxed);
    atomic_store_explicit(&left_behind, done + 1, memory_order_relaxed);
    atomic_store_explicit(&current, NULL, memory_order_relaxed);
}

const char *dnn_collective_now(uint64_t *done)
{
    if (done) *done = atomic_load_explicit(&left_behind, memory_order_relaxed);
    return atomic_load_explicit(&current, memory_order_relaxed);
}
