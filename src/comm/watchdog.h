/** The thread that sees a job stand still. */
#ifndef DNN_COMM_WATCHDOG_H
#define DNN_COMM_WATCHDOG_H

#include <stddef.h>
#include "comm/board.h"
#include "dnn/comm/watch.h"

/** The collective in which MPI ends: who is there has left the job for those who are elsewhere. */
#define WATCH_LAST "end of the job"

/** What the calling thread waits for from here on; BOARD_WORKS: nothing any more. */
void watch_wait(board_wait what);
/** This rank's main thread enters and leaves a collective. `bytes` 0: it has no size. */
void watch_enter(const char *kind, size_t bytes);
void watch_exit(void);

/** Begins to watch; right after MPI has begun. `machine_ranks`: how many of the job's ranks run here, as far as the launcher
 * says; 0: it does not. A thread that cannot be started is a warning. */
void watchdog_start(int rank, int size, int machine_ranks);
/** After MPI has ended. */
void watchdog_stop(void);

/** One rank as a watchdog sees it. */
typedef enum seen_state { SEEN_WAITS, SEEN_WORKS, SEEN_LEFT, SEEN_DOES_NOT_RUN } seen_state;
typedef struct seen_rank {
    const board_slot *slot;
    uint64_t beats;       /**< sum of all its numbers, to see a change */
    int64_t changed;      /**< monotonic ns when they last did */
    seen_state state;
} seen_rank;

/** verdict.c: the message about `n` ranks of this machine, of `size` in the job. At most `room` bytes, whole lines. `silence`: s
 * without progress. */
size_t verdict_write(char *out, size_t room, const seen_rank *ranks, int n, int size, double silence, int64_t now);
/** Whether somebody of this machine is to blame. */
bool verdict_is_local(const seen_rank *ranks, int n, int size, int machine_ranks);

#endif
