/** The threads of one rank beside the one it began with: asleep until there is work. Local. */
#ifndef DNN_COMM_THREADS_H
#define DNN_COMM_THREADS_H

#include "comm/wait.h"
#include "dnn/base/status.h"

typedef struct dnn_threads dnn_threads;

/** `count` >= 1 workers: the caller and count - 1 threads started here. `first`: number of the caller as worker. */
dnn_status dnn_threads_create(int count, int first, dnn_waiting how, dnn_threads **out);
void dnn_threads_destroy(dnn_threads *threads);
/** Runs work(context, worker) on all, worker = first ... first + count - 1; returns when all have ended. Not from
 * within `work`. */
void dnn_threads_run(dnn_threads *threads, void (*work)(void *context, int worker), void *context);

#endif
