/* One thread that does one piece of work at a time, beside the training. Private to `train`. Local. */
#ifndef DNN_TRAIN_BACKGROUND_H
#define DNN_TRAIN_BACKGROUND_H

#include <pthread.h>
#include <stdbool.h>

#include "dnn/base/status.h"

typedef struct background {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool started, busy, ends;
    void (*work)(void *context);
    void *context;
} background;

/* The thread sleeps until there is work. Signals stay with the thread the program began with. DNN_E_MEMORY. */
dnn_status background_start(background *b);
/* Waits for the work before, then hands this one over and returns. Without a thread the caller does it. */
void background_do(background *b, void (*work)(void *context), void *context);
bool background_busy(background *b);
/* Until there is no work left; what it has written is seen afterwards. */
void background_wait(background *b);
/* Waits and ends the thread; nothing happens where none was started. */
void background_end(background *b);

#endif
