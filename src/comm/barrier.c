/* Arrivals counted at one place, departure by a generation number: nobody can be lapped, since the next round
 * needs everyone who still looks at this one. */
#include "comm/barrier.h"

void dnn_barrier_wait(dnn_barrier *barrier, unsigned workers, dnn_waiting how)
{
    if (workers <= 1) return;
    const unsigned generation = atomic_load_explicit(&barrier->generation, memory_order_relaxed);
    if (atomic_fetch_add(&barrier->arrived, 1) + 1 == workers) {
        atomic_store_explicit(&barrier->arrived, 0, memory_order_relaxed); /* before anyone can start the next round */
        atomic_store(&barrier->generation, generation + 1);
        dnn_wait_wake(how, &barrier->generation, &barrier->sleepers);
    } else {
        dnn_wait_while(how, &barrier->generation, generation, &barrier->sleepers);
    }
}
