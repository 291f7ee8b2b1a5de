/* log.txt of a run's folder: what the training said, line by line with the time. Private to `cli`. */
#ifndef DNN_CLI_RUN_LOG_H
#define DNN_CLI_RUN_LOG_H

#include <stdbool.h>

/* From now on lines are kept: in memory until run_log_open, since before that the folder may be another run's. */
void run_log_begin(void);
/* The run owns `folder`: what was kept goes to its log.txt, in place of the one that is there (`anew`) or behind it; what follows goes there line by
 * line. Nothing happens where it is open, or where nothing is kept. */
void run_log_open(const char *folder, bool anew);
/* A line, in two parts. Where it cannot be written the log ends there; the return says so, once. */
bool run_log_add(const char *kind, const char *text);
void run_log_end(void);

#endif
