/** What a watchdog needs to know of a rank. From dnn_comm_start to dnn_comm_finish each rank has a thread that looks, a few
 * times a second at most, at what the ranks of its machine have noted in memory that they share, and hears from other machines
 * what theirs have. When none of them has made progress for `comm.timeout` seconds one prints who did not come and what every
 * rank last did, and all end with status 76. Progress is: a collective call or a team barrier entered or left, another phase, a call of
 * dnn_watch_alive. Outside of that span all of this may be called and does nothing that anybody sees. docs/faults.md tells
 * the whole. Local, no locks, a few stores each; what threads note they note for themselves. */
#ifndef DNN_COMM_WATCH_H
#define DNN_COMM_WATCH_H

#include <stdbool.h>
#include <stdint.h>

/** What a worker is doing. */
typedef enum dnn_phase {
    DNN_PHASE_START,
    DNN_PHASE_DATA,
    DNN_PHASE_SETUP,
    DNN_PHASE_INPUT,
    DNN_PHASE_FORWARD,
    DNN_PHASE_BACKWARD,
    DNN_PHASE_REDUCE,
    DNN_PHASE_UPDATE,
    DNN_PHASE_BETWEEN,
    DNN_PHASE_EVALUATION,
    DNN_PHASE_CHECKPOINT,
    DNN_PHASE_CALLBACKS,
    DNN_PHASE_FINISH,
    DNN_PHASES
} dnn_phase;

/** The calling worker is in another phase from here on; returns the one before, to go back to. */
dnn_phase dnn_watch_phase(dnn_phase phase);
/** This rank's place in the training: epochs and updates done. Main thread. */
void dnn_watch_step(uint64_t epoch, uint64_t step);
/** Work that takes long goes on: a file's next part was read or written. Any thread. */
void dnn_watch_alive(void);
/** Seconds without progress until the job is ended; 600 at first. Also before dnn_comm_start; any thread. */
void dnn_watch_timeout(double seconds);
/** File that the watchdog writes `{"state": "stalled", …}` to when it ends the job; NULL: none. Copied (cut at 4 KB). */
void dnn_watch_status_file(const char *path);

/** A watchdog is ending the job. Who was stopped and is let go on for its last second finds this out, and leaves
 * alone what was written in the meantime. */
bool dnn_watch_stalled(void);

/** Notes where the next collective call of this thread stands; the macros of comm.h, agree.h and team.h call it. */
void dnn_watch_site(const char *file, int line);
/** `call` with its place in the source noted before. */
#define DNN_WATCHED(call) (dnn_watch_site(__FILE_NAME__, __LINE__), call)

#endif
