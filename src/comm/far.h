/** What the watchdogs of several machines tell each other. A machine is what shares a board. On each of them one rank, the first whose watchdog
 * runs, sends the others a few hundred bytes at every look: how much its ranks have noted so far, and what they are doing. Datagrams, because a
 * watchdog must wait for nobody: what is lost comes again with the next. Where they do not come through (no network but MPI's own, a firewall)
 * each machine judges for itself, as if this file were not there. */
#ifndef DNN_COMM_FAR_H
#define DNN_COMM_FAR_H

#include <stdbool.h>
#include <stdint.h>
#include "comm/report.h"
#include "dnn/comm/comm.h"

typedef enum far_end {
    FAR_GOES_ON,
    FAR_ENDS,
    FAR_CUT_OFF /**< it ends, and some machine of it does not answer: launchers may wait for that for ever */
} far_end;

typedef struct far_view {
    bool all_heard; /**< every other machine has been heard of at some time */
    bool silent;    /**< one that has been is not any more, or one never was */
    bool first;     /**< of the machines that are heard of this is the first: it has the word */
} far_view;

/** Ranks learn where to send to; all are on their boards. Does nothing for a job on one machine. Collective. Errors: memory. */
dnn_status far_meet(dnn_comm *comm);
/** The watchdog has ended. Local. */
void far_part(void);

/** Other machines of the job; 0 before far_meet. The rest is for the watchdog's thread and never waits. */
int far_machines(void);
/** Takes in what has come. True: ranks of another machine have made progress since the last call. */
bool far_hear(int64_t now);
/** `n` reports of this machine's ranks, some of them at a time unless `all`; `beats` grows with what they do. */
void far_tell(const rank_report *own, int n, uint64_t beats, bool all, far_end end, int64_t now);
/** Whether another machine has said that it is ending the job. */
far_end far_ended(void);
/** Adds what is known of the ranks of other machines to the `n` in `ranks`, which has room for the job's; returns how many there are now. A
 * machine is silent when its last word, or `awake`, lies further back than `patience` ns. */
int far_reports(rank_report *ranks, int n, int64_t now, int64_t awake, int64_t patience, far_view *view);

#endif
