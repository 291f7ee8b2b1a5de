#include "cli/screen.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/run_log.h"
#include "dnn/base/log.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool speaks, quiet, moving;

/* Behind mpirun each rank's stdout is a pseudo-terminal, whatever mpirun's own is; its size is 0 where that is none. A rank's stderr is
 * a pipe, so a terminal may be seen on stdout alone. */
static int width_of(FILE *stream)
{
    struct winsize size = { 0 };
    const char *term = getenv("TERM");
    if (!term || strcmp(term, "dumb") == 0 || !isatty(fileno(stream))) return 0;
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) != 0) return 0;
    return size.ws_col;
}

int screen_result_columns(void)
{
    return width_of(stdout);
}

static FILE *terminal(void)
{
    if (width_of(stderr) > 0) return stderr;
    return width_of(stdout) > 0 ? stdout : NULL;
}

int screen_columns(void)
{
    FILE *stream = terminal();
    return stream && speaks && !quiet ? width_of(stream) : 0;
}

bool screen_has_colors(void)
{
    const char *no = getenv("NO_COLOR");
    return screen_columns() > 0 && (!no || !*no);
}

bool screen_has_utf8(void)
{
    static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
    for (int i = 0; i < 3; i++) {
        const char *value = getenv(names[i]);
        if (value && *value) return strstr(value, "UTF-8") || strstr(value, "utf8") || strstr(value, "utf-8");
    }
    return false;
}

const char *screen_time(double seconds, char out[32])
{
    const long s = seconds > 0 && seconds < 1e9 ? (long)(seconds + 0.5) : 0;
    if (seconds >= 0 && seconds < 9.95) snprintf(out, 32, "%.1fs", seconds);
    else if (s < 60) snprintf(out, 32, "%lds", s);
    else if (s < 3600) snprintf(out, 32, "%ld:%02ld", s / 60, s % 60);
    else snprintf(out, 32, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    return out;
}

static void remove_moving(void)
{
    FILE *stream = terminal();
    if (!moving || !stream) return;
    fputs("\r\033[K", stream);
    fflush(stream);
    moving = false;
}

void screen_move(const char *text)
{
    FILE *stream = terminal();
    if (!stream || !speaks || quiet) return;
    pthread_mutex_lock(&lock);
    fprintf(stream, "\r%s\033[K", text);
    fflush(stream);
    moving = true;
    pthread_mutex_unlock(&lock);
}

static void show(const char *kind, const char *color, const char *text)
{
    const bool colors = *color && screen_has_colors() && isatty(STDERR_FILENO);
    remove_moving();
    fprintf(stderr, "dnn-mpi: %s%s%s%s\n", colors ? color : "", kind, colors ? "\033[0m" : "", text);
}

/* The log has what --quiet leaves out as well. */
static void put_into_log(const char *kind, const char *text)
{
    if (!run_log_add(kind, text)) show("warning: ", "\033[33m", "log.txt cannot be written and ends here; the training goes on");
}

void screen_line(const char *text)
{
    FILE *stream = terminal();
    if (!speaks) return;
    pthread_mutex_lock(&lock);
    if (!quiet) {
        remove_moving();
        if (text) fprintf(stream ? stream : stderr, "%s\n", text);
        if (stream) fflush(stream);
    }
    if (text) put_into_log("", text);
    pthread_mutex_unlock(&lock);
}

static void say(const char *kind, const char *color, const char *text, bool shown)
{
    pthread_mutex_lock(&lock);
    if (shown) show(kind, color, text);
    put_into_log(kind, text);
    pthread_mutex_unlock(&lock);
}

void screen_error(const char *text)
{
    if (speaks) say("", "", text, true);
}

static void from_log(void *context, dnn_log_level level, const char *line)
{
    (void)context;
    if (!speaks) return;
    if (level == DNN_LOG_WARNING) say("warning: ", "\033[33m", line, true);
    else if (level == DNN_LOG_ADVICE) say("advice: ", "\033[36m", line, !quiet);
    else say("", "", line, !quiet);
}

void screen_open(bool speaks_, bool quiet_)
{
    speaks = speaks_;
    quiet = quiet_;
    moving = false;
    dnn_log_set_sink(from_log, NULL);
}

void screen_close(void)
{
    screen_line(NULL);
    dnn_log_set_sink(NULL, NULL);
    run_log_end();
}
