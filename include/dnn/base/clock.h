/* Time that passes, for measuring and for pacing. Not the time of day. */
#ifndef DNN_BASE_CLOCK_H
#define DNN_BASE_CLOCK_H

/** Seconds since some moment before the program began; never goes back. Local, any thread. */
double dnn_clock_seconds(void);

#endif
