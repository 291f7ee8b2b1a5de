/* Ranks that hold the others up. Every step ends in a meeting, so by the wall clock all ranks are equally slow; what each spends on its own work
 * between meetings is compared instead: input, forward and backward per shard, and update. A rank that takes twice the median's time is named, with the
 * phase that costs it most, in one warning a minute at most. Private to `train`. */
#ifndef DNN_TRAIN_STRAGGLERS_H
#define DNN_TRAIN_STRAGGLERS_H

#include "train/step/runner.h"

enum { STRAGGLER_PHASES = 4 };

typedef struct straggler_times { double phase[STRAGGLER_PHASES]; } straggler_times; /* seconds; all 0: a rank without rows */

typedef struct straggler {
    int rank, phase;
    double times;        /* the median's time: factor by which the rank is slow */
    double own, usual;   /* seconds of that phase; the median's */
} straggler;

typedef struct stragglers {
    straggler_times *window; /* [ranks] since the last verdict, of the worker that each rank's others wait for */
    straggler_times *begun;  /* [workers] this rank's sums at the last verdict */
    straggler_times *sums;   /* [workers] scratch */
    double *sorted;          /* [ranks] scratch */
    int workers;
    uint64_t step_before;
    double warned; /* by the clock; 0: never */
} stragglers;

/* Local, NULL-safe clear. `workers`: of this rank. `ranks` 1: nothing is watched. */
dnn_status stragglers_create(stragglers *s, int ranks, int workers);
void stragglers_clear(stragglers *s);
/* Of `n` workers the times between `begun` and `sums` of the one that took longest: one worker's, never a mixture. Local. */
straggler_times stragglers_longest(const straggler_times *begun, const straggler_times *sums, int n);
/* The slowest rank, where one takes at least twice the (lower) median's time. Local. */
bool stragglers_find(const straggler_times *window, int ranks, double *sorted, straggler *out);
/* Main thread of every rank, after each step: now and then Collective. */
void stragglers_look(stragglers *s, const runner *r, uint64_t step);

#endif
