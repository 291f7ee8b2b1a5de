/* Lines on their way to the sink. */
#include "dnn/base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/plain.h"

enum { LINE_SIZE = 2048 };

/* Held while the sink runs, so that lines of two threads do not mix and a sink may be taken away safely. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static dnn_log_sink *current;
static void *current_context;

void dnn_log_set_sink(dnn_log_sink *sink, void *context)
{
    pthread_mutex_lock(&lock);
    current = sink;
    current_context = context;
    pthread_mutex_unlock(&lock);
}

__attribute__((format(printf, 2, 0)))
static void hand_over(dnn_log_level level, const char *format, va_list arguments)
{
    char line[LINE_SIZE];
    vsnprintf(line, sizeof line, format, arguments);
    make_plain(line);
    pthread_mutex_lock(&lock);
    if (current) current(current_context, level, line);
    pthread_mutex_unlock(&lock);
}

void dnn_info(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    hand_over(DNN_LOG_INFO, format, arguments);
    va_end(arguments);
}

void dnn_advise(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    hand_over(DNN_LOG_ADVICE, format, arguments);
    va_end(arguments);
}

void dnn_warn(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    hand_over(DNN_LOG_WARNING, format, arguments);
    va_end(arguments);
}
