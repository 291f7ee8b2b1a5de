/** Faults planted on purpose, for tests: only a build with -DDNN_FAILPOINTS=ON has them; in any other a failpoint is the
 * constant DNN_FAULT_NONE and compiles to nothing. The environment says what happens where:
 *
 *   DNN_FAILPOINT="place:nth:action@rank=r;…"
 *
 *   place   as the code names it
 *   nth     the fault happens when a rank comes there for the nth time, from 1; `*`: each time
 *   action  error (EIO=ENOSPC=… by name): the place behaves as if its own work had failed, with that errno
 *           nan: the place spoils a number of its own
 *           wrong: the place computes something plausible and false (DNN_PLANT)
 *           exit (exit=3: with that status), kill (SIGKILL), stop (SIGSTOP), sleep=SECONDS: done here; before a sleep
 *           "DNN_FAILPOINT: asleep at PLACE" goes to standard error
 *   @rank=r on that rank of the job alone; without it on all
 *
 * A text that cannot be read ends the program: a test must not pass because its fault was misspelt. Thread-safe. Local. */
#ifndef DNN_BASE_FAILPOINT_H
#define DNN_BASE_FAILPOINT_H

#include "dnn/base/status.h"

/** What is left for the place to do itself. With DNN_FAULT_ERROR `errno` says which. */
typedef enum dnn_fault { DNN_FAULT_NONE, DNN_FAULT_ERROR, DNN_FAULT_NAN, DNN_FAULT_WRONG } dnn_fault;

#ifdef DNN_FAILPOINTS

dnn_fault dnn_failpoint(const char *place);
/** For places that return a status: `status` with a text that names the place where the fault is an error, else DNN_OK. */
dnn_status dnn_failpoint_status(const char *place, dnn_status status);
/** The rank that `@rank` speaks of; 0 until then. */
void dnn_failpoint_rank(int rank);
/** How often the first place of the environment's text has been come to. */
unsigned dnn_failpoint_visits(void);

#else

static inline dnn_fault dnn_failpoint(const char *place)
{
    (void)place;
    return DNN_FAULT_NONE;
}

static inline dnn_status dnn_failpoint_status(const char *place, dnn_status status)
{
    (void)place;
    (void)status;
    return DNN_OK;
}

static inline void dnn_failpoint_rank(int rank) { (void)rank; }

#endif

/** Whether the fault of arithmetic of that name is to be made here: `if (DNN_PLANT(decay_twice)) …`. Never in the double build, which is what
 * `verify` measures against; tests/campaign/planted_faults.sh lists them all and what each must be found by. */
#if defined(DNN_FAILPOINTS) && !defined(DNN_DOUBLE)
#define DNN_PLANT(fault) (dnn_failpoint(#fault) == DNN_FAULT_WRONG)
#else
#define DNN_PLANT(fault) 0
#endif

#endif
