/* The one wrapper of all calls that wait for other ranks. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include "comm/watchdog.h"
#include "comm/internal.h"

static pthread_t main_thread;
static const char *now; /* the main thread's */

void dnn_collective_main(void) { main_thread = pthread_self(); }

static atomic_bool taken;

bool dnn_mpi_try(void) { return !atomic_exchange_explicit(&taken, true, memory_order_acquire); }

void dnn_mpi_take(void)
{
    while (!dnn_mpi_try()) sched_yield();
}

void dnn_mpi_leave(void) { atomic_store_explicit(&taken, false, memory_order_release); }

void dnn_collective_begin(const char *what, size_t bytes)
{
    DNN_ASSERT(pthread_equal(main_thread, pthread_self()));
    now = what;
    watch_enter(what, bytes);
    dnn_mpi_take();
}

void dnn_collective_end(void)
{
    dnn_mpi_leave();
    watch_exit();
    now = NULL;
}

const char *dnn_collective_now(void) { return now; }
