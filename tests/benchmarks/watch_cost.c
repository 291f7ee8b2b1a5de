/* What a step pays for being watched and timed: the notes of one step, as train/step/step.c makes them on one rank of two, over and over. To be held
 * against the time of a step (dnn-mpi bench). */
#include <stdio.h>

#include "dnn/base/clock.h"
#include "comm/watchdog.h"
#include "train/observe/trace.h"

enum { STEPS = 2000000, BARRIERS = 3 };

static void one_step(trace *t, uint64_t step)
{
    static const dnn_phase phases[] = { DNN_PHASE_INPUT, DNN_PHASE_FORWARD, DNN_PHASE_BACKWARD, DNN_PHASE_REDUCE, DNN_PHASE_UPDATE, DNN_PHASE_BETWEEN };
    static const trace_phase marks[] = { TRACE_INPUT, TRACE_FORWARD, TRACE_BACKWARD, TRACE_WAIT, TRACE_UPDATE, TRACE_WAIT };
    trace_begin(t);
    for (int p = 0; p < 6; p++) {
        dnn_watch_phase(phases[p]);
        trace_mark(t, step, marks[p]);
    }
    for (int b = 0; b < BARRIERS; b++) {
        dnn_watch_site("step.c", b);
        watch_wait(BOARD_IN_BARRIER);
        watch_wait(BOARD_WORKS);
    }
    dnn_watch_step(0, step);
}

int main(void)
{
    trace t = { 0 };
    for (int round = 0; round < 5; round++) {
        const double began = dnn_clock_seconds();
        for (uint64_t s = 0; s < STEPS; s++) one_step(&t, s);
        printf("%.0f ns a step\n", (dnn_clock_seconds() - began) / STEPS * 1e9);
    }
    return 0;
}
