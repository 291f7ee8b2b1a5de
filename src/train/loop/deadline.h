/* When the batch job that this process belongs to is ended. Private to `train`. Local. */
#ifndef DNN_TRAIN_DEADLINE_H
#define DNN_TRAIN_DEADLINE_H

/* Seconds since 1970; NaN: there is no such job, no limit, or nobody says. Slurm: from SLURM_JOB_END_TIME, else squeue is asked, for a few seconds at
 * most. */
double deadline_of_job(void);
/* Seconds before that end at which to save and leave: a minute (a quarter of the time given, where that is less), three times what a save takes, and
 * the longest the training has gone without looking at the clock. */
double deadline_margin(double given, double save, double longest);

#endif
