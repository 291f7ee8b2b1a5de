/* The one wrapper of all calls that wait for other ranks. */
#include <pthread.h>
#include "comm/watchdog.h"
#include "comm/internal.h"

static pthread_t main_thread;

void dnn_collective_main(void) { main_thread = pthread_self(); }

void dnn_collective_begin(const char *what, size_t bytes)
{
    DNN_ASSERT(pthread_equal(main_thread, pthread_self()));
    watch_enter(what, bytes);
}

void dnn_collective_end(void) { watch_exit(); }

const char *dnn_collective_now(void)
{
    const board_slot *slot = board_mine();
    return atomic_load(&slot->inside) ? slot->kind : NULL;
}
