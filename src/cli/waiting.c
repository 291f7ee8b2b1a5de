#include "cli/waiting.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "cli/screen.h"
#include "dnn/base/clock.h"

static const double quiet_for = 2.0, every = 0.25; /* seconds */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken;
static pthread_t thread;
static bool running, ends;
static char text[256];
static double began;

static void show(void)
{
    char line[300], spent[32];
    const double seconds = dnn_clock_seconds() - began;
    if (seconds < quiet_for) return;
    snprintf(line, sizeof line, "%s … %s", text, screen_time(seconds, spent));
    screen_move(line);
}

static void *keep_showing(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    while (!ends) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += (long)(every * 1e9);
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (pthread_cond_timedwait(&woken, &lock, &until) == ETIMEDOUT) show();
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

/* Signals are for the thread that trains. Where there is no thread to be had, nothing is shown. */
static void start(void)
{
    sigset_t all, before;
    pthread_condattr_t by_clock;
    pthread_condattr_init(&by_clock);
    pthread_condattr_setclock(&by_clock, CLOCK_MONOTONIC); /* a clock that is set must not keep it asleep */
    pthread_cond_init(&woken, &by_clock);
    pthread_condattr_destroy(&by_clock);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ends = false;
    running = pthread_create(&thread, NULL, keep_showing, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void waiting_for(const char *format, ...)
{
    va_list arguments;
    if (screen_columns() == 0) return;
    pthread_mutex_lock(&lock);
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    began = dnn_clock_seconds();
    pthread_mutex_unlock(&lock);
    if (!running) start();
}

void waiting_end(void)
{
    if (!running) return;
    pthread_mutex_lock(&lock);
    ends = true;
    pthread_cond_signal(&woken);
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
    pthread_cond_destroy(&woken);
    running = false;
    screen_line(NULL);
}
