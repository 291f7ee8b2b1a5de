#include "train/observe/trace.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dnn/base/clock.h"
#include "dnn/base/memory.h"

static const char *const names[TRACE_PHASES] = { "input", "forward", "backward", "wait", "update" };
enum { MARKS_A_STEP = 6 };

dnn_status trace_create(trace *t, size_t steps)
{
    const size_t kept = steps < TRACE_STEPS ? steps : TRACE_STEPS;
    *t = (trace){ .room = kept * MARKS_A_STEP };
    t->events = dnn_alloc(t->room + 1, sizeof *t->events);
    return t->events ? DNN_OK : DNN_E_MEMORY;
}

void trace_destroy(trace *t)
{
    dnn_free(t->events);
    *t = (trace){ 0 };
}

void trace_align(trace *t) { t->origin = dnn_clock_seconds(); }

void trace_begin(trace *t)
{
    t->last = dnn_clock_seconds();
    t->waited = 0.0;
}

/* Read by another thread while it is written. */
static void spend(trace *t, trace_phase phase, double seconds)
{
    const double sum = t->spent[phase] + seconds;
    __atomic_store(&t->spent[phase], &sum, __ATOMIC_RELAXED);
}

double trace_spent(const trace *t, trace_phase phase)
{
    double seconds;
    __atomic_load(&t->spent[phase], &seconds, __ATOMIC_RELAXED);
    return seconds;
}

void trace_mark(trace *t, uint64_t step, trace_phase phase)
{
    const double at = dnn_clock_seconds();
    if (t->count < t->room)
        t->events[t->count++] = (trace_event){ .start = t->last - t->origin, .length = at - t->last, .step = (uint32_t)step, .phase = (uint8_t)phase };
    spend(t, phase, at - t->last - t->waited);
    spend(t, TRACE_WAIT, t->waited);
    t->waited = 0.0;
    t->last = at;
}

char *trace_text(const trace *t, int rank, const char *host, int worker)
{
    char *text = NULL;
    size_t length = 0;
    FILE *f = open_memstream(&text, &length);
    if (!f) return NULL;
    fprintf(f, "{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":%d,\"args\":{\"name\":\"rank %d on %s\"}},\n", rank, rank, host);
    for (size_t i = 0; i < t->count; i++) {
        const trace_event *e = &t->events[i];
        fprintf(f, "{\"ph\":\"X\",\"name\":\"%s\",\"cat\":\"step\",\"pid\":%d,\"tid\":%d,\"ts\":%.3f,\"dur\":%.3f,\"args\":{\"step\":%u}},\n",
                names[e->phase], rank, worker, e->start * 1e6, e->length * 1e6, e->step);
    }
    const bool written = !ferror(f), whole = fclose(f) == 0 && written;
    char *out = whole ? dnn_strdup(text) : NULL;
    free(text);
    return out;
}
