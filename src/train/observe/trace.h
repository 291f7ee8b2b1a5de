/* `training.trace`: when each worker was in which phase of its steps, as trace.json in Chrome's trace format (chrome://tracing, Perfetto): a process a
 * rank, a thread a worker. Clocks of the ranks are aligned at a barrier before the first step. Waiting for batch norm's sums counts as
 * forward or backward. The first TRACE_STEPS steps of a run are kept. */
#ifndef DNN_TRAIN_TRACE_H
#define DNN_TRAIN_TRACE_H

#include "dnn/base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { TRACE_STEPS = 20000 };

typedef enum trace_phase { TRACE_INPUT, TRACE_FORWARD, TRACE_BACKWARD, TRACE_WAIT, TRACE_UPDATE, TRACE_PHASES } trace_phase;

typedef struct trace_event { double start, length; uint32_t step; uint8_t phase; } trace_event;  /* seconds since the aligned start */

/* One worker's; all zero: timed, and no events kept. */
typedef struct trace {
    trace_event *events; size_t count, room;
    double origin, last;
    double waited;              /* within the phase under way */
    double spent[TRACE_PHASES]; /* seconds since the start; here waiting for others' sums counts as waiting */
} trace;

dnn_status trace_create(trace *t, size_t steps);
void trace_destroy(trace *t);
/* The ranks' common origin of time; right after a barrier. */
void trace_align(trace *t);
void trace_begin(trace *t);
/* Seconds spent in a phase so far. From any thread. */
double trace_spent(const trace *t, trace_phase phase);
/* What has passed since the last mark was `phase`. */
void trace_mark(trace *t, uint64_t step, trace_phase phase);
/* This worker's events as JSON objects, each with a comma behind it; owned by the caller; NULL when out of memory. */
char *trace_text(const trace *t, int rank, const char *host, int worker);

#endif
