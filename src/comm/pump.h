/** A thread that has work done again and again while it is awake, with short naps, so that it needs little of a core that others compute on. */
#ifndef DNN_COMM_PUMP_H
#define DNN_COMM_PUMP_H

#include <stdbool.h>

#include "dnn/base/status.h"

typedef struct dnn_pump dnn_pump;

/** Starts it asleep. `work` is called while MPI belongs to the thread (dnn_mpi_take); it says whether it got anything done: then there is no nap. */
dnn_status dnn_pump_create(bool (*work)(void *context), void *context, dnn_pump **out);
void dnn_pump_destroy(dnn_pump *pump);
void dnn_pump_wake(dnn_pump *pump); /**< NULL is fine */
void dnn_pump_rest(dnn_pump *pump); /**< by who has MPI: from here on no work is done. NULL is fine */

#endif
