/* When the batch job that this process belongs to is ended, so that the training ends before. Private to `train`. Local. */
#ifndef DNN_TRAIN_DEADLINE_H
#define DNN_TRAIN_DEADLINE_H

#include <stdbool.h>

typedef struct deadline {
    double end;                /* seconds since 1970; NaN: there is no such job, no limit, or nobody says */
    double given;              /* seconds there were when it was learned */
    double last_look, longest; /* at the clock; the longest time between two looks */
} deadline;

/* Slurm: from SLURM_JOB_END_TIME, else squeue is asked, for a few seconds at most. Tells what it learned. */
deadline deadline_learn(void);
/* Whether it is time to save and leave: a minute before the end (a quarter of the time given, where that is less), or three times what a save takes where
 * that is more (`save`, seconds), and besides the longest the training has gone without looking at the clock. */
bool deadline_near(deadline *d, double save);

#endif
