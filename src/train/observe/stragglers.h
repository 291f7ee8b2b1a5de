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
    straggler_times *now, *before, *window; /* [ranks] sums so far; at the last verdict; scratch */
    double *sorted;                         /* [ranks] scratch */
    uint64_t step_before;
    double warned;                          /* by the clock; 0: never */
} stragglers;

/* Local, NULL-safe clear. `ranks` 1: nothing is watched. */
dnn_status stragglers_create(stragglers *s, int ranks);
void stragglers_clear(stragglers *s);
/* The slowest rank, where one takes at least twice the (lower) median's time. Local. */
bool stragglers_find(const straggler_times *window, int ranks, double *sorted, straggler *out);
/* Main thread of every rank, after each step: now and then Collective. */
void stragglers_look(stragglers *s, const runner *r, uint64_t step);

#endif
