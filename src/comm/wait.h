/** Waiting for a number in memory to change: a short spin, then sleep on a futex. Works between processes where
 * the number lies in shared memory. Local. */
#ifndef DNN_COMM_WAIT_H
#define DNN_COMM_WAIT_H

#include <stdatomic.h>
#include <stdbool.h>

typedef struct dnn_waiting {
    bool roomy;  /**< each worker has a core: looking on may be quicker than sleeping */
    bool shared; /**< several processes wait on the number */
} dnn_waiting;

/** How to wait where each worker has a core of its own (`roomy`), or has not. */
dnn_waiting dnn_waiting_make(bool roomy, bool shared);
/** Returns when *number is no longer `old`, with all that its writer did before visible. */
void dnn_wait_while(dnn_waiting how, atomic_uint *number, unsigned old, atomic_uint *sleepers);
/** To be called after the number was changed (sequentially consistent). */
void dnn_wait_wake(dnn_waiting how, atomic_uint *number, atomic_uint *sleepers);

#endif
