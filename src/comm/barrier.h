/** A barrier in memory that all workers of a team see. Local to the team; no MPI. */
#ifndef DNN_COMM_BARRIER_H
#define DNN_COMM_BARRIER_H

#include "comm/wait.h"

/** Zeroed memory is a barrier ready for use. The counters lie on lines of their own: who arrives must not
 * disturb those that look at the generation. */
typedef struct dnn_barrier {
    _Alignas(64) atomic_uint arrived;
    _Alignas(64) atomic_uint generation;
    atomic_uint sleepers;
} dnn_barrier;

/** Returns when it was called `workers` times since the last return. */
void dnn_barrier_wait(dnn_barrier *barrier, unsigned workers, dnn_waiting how);

#endif
