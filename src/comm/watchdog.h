/** The thread that sees a job stand still. */
#ifndef DNN_COMM_WATCHDOG_H
#define DNN_COMM_WATCHDOG_H

#include <stddef.h>
#include "comm/report.h"
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

/** verdict.c: the message about `n` ranks, of `size` in the job: all of this machine and those of others that are known of. At most `room`
 * bytes, whole lines. `silence`: s without progress. */
size_t verdict_write(char *out, size_t room, const rank_report *ranks, int n, int size, double silence);
/** Whether somebody of this machine is to blame; `ranks`: this machine's. */
bool verdict_is_local(const rank_report *ranks, int n, int size, int machine_ranks);

/** outlive.c: ends the launcher of this machine (mpirun of Open MPI, or its daemon) if it is still there after so many seconds, whatever
 * becomes of this process. mpirun waits a quarter of an hour for a machine that does not answer. */
void watch_outlive_launcher(double seconds);

#endif
