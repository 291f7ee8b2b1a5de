/* One moving line a step where there is a terminal; elsewhere a line an epoch, and a sign of life twice a minute. */
#include "cli/progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/run_log.h"
#include "cli/screen.h"
#include "cli/waiting.h"
#include "dnn/base/clock.h"
#include "dnn/base/memory.h"
#include "dnn/report/chart.h"

enum { LINE = 1024, BAR = 20 };
static const double sign_of_life = 30; /* seconds */

const char *progress_values(const dnn_report *report, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < report->count && used < size; i++) {
        const double value = report->values[i];
        const bool small = value != 0 && fabs(value) <= 1e-3; /* as Keras writes them */
        used += (size_t)snprintf(out + used, size - used, small ? "%s%s: %.4e" : "%s%s: %.4f", i ? " - " : "", report->names[i], value);
    }
    return out;
}

void progress_bar(char *out, size_t size, uint64_t done, uint64_t all, int width, bool utf8, bool colors)
{
    const int filled = all ? (int)((double)done / (double)all * width) : width;
    size_t used = (size_t)snprintf(out, size, "%s", colors ? "\033[32m" : "");
    for (int i = 0; i < width && used + 8 < size; i++) {
        if (i == filled && colors) used += (size_t)snprintf(out + used, size - used, "\033[0;2m");
        const char *cell = utf8 ? colors || i < filled ? "━" : " " : i < filled ? "=" : ".";
        used += (size_t)snprintf(out + used, size - used, "%s", cell);
    }
    snprintf(out + used, size - used, "%s", colors ? "\033[0m" : "");
}

static void begin(void *context, const char *text)
{
    (void)context;
    screen_line(text);
}

static void epoch_begin(void *context, uint64_t epoch, uint64_t epochs, uint64_t steps)
{
    progress *p = context;
    waiting_end(); /* the steps show by themselves */
    if (p->keeps_log && p->output[0]) run_log_open(p->output, p->anew); /* the folder is ours since this run has begun */
    p->epoch = epoch;
    p->epochs = epochs;
    p->steps = steps;
    p->began = p->last_line = dnn_clock_seconds();
}

/* "12ms/step" with the unit that gives a readable number. */
static void pace(double seconds, uint64_t steps, char *out, size_t size)
{
    const double per = steps ? seconds / (double)steps : 0;
    if (per >= 1) snprintf(out, size, "%.1fs/step", per);
    else if (per >= 1e-3) snprintf(out, size, "%.0fms/step", per * 1e3);
    else snprintf(out, size, "%.0fµs/step", per * 1e6);
}

/* What does not fit is left out from the end, so that the line stays one line. Colours take bytes but no columns. */
static void fit(char *text, int columns)
{
    int shown = 0;
    for (char *c = text; *c; c++) {
        if (*c == '\033') {
            while (*c && *c != 'm') c++;
            continue;
        }
        shown += ((unsigned char)*c & 0xC0) != 0x80;
        if (shown < columns) continue;
        *c = '\0';
        return;
    }
}

static void move(const progress *p, uint64_t step, const dnn_report *running, int columns)
{
    char bar[512], rate[32], time_left[32], values[LINE], line[2 * LINE];
    const double seconds = dnn_clock_seconds() - p->began;
    progress_bar(bar, sizeof bar, step, p->steps, BAR, screen_has_utf8(), screen_has_colors());
    pace(seconds, step, rate, sizeof rate);
    screen_time(step ? seconds / (double)step * (double)(p->steps - step) : 0, time_left);
    snprintf(line, sizeof line, "Epoch %llu/%llu %llu/%llu %s %s %s - %s", (unsigned long long)p->epoch, (unsigned long long)p->epochs,
             (unsigned long long)step, (unsigned long long)p->steps, bar, time_left, rate, progress_values(running, values, sizeof values));
    fit(line, columns);
    screen_move(line);
}

static void step_done(void *context, uint64_t step, const dnn_report *running)
{
    progress *p = context;
    const int columns = screen_columns();
    if (columns > 0) {
        move(p, step, running, columns);
        return;
    }
    if (dnn_clock_seconds() - p->last_line < sign_of_life) return;
    p->last_line = dnn_clock_seconds();
    char values[LINE], line[LINE + 128];
    snprintf(line, sizeof line, "Epoch %llu/%llu step %llu/%llu - %s", (unsigned long long)p->epoch, (unsigned long long)p->epochs,
             (unsigned long long)step, (unsigned long long)p->steps, progress_values(running, values, sizeof values));
    screen_line(line);
}

static void epoch_end(void *context, const dnn_report *report)
{
    progress *p = context;
    char rate[32], spent[32], line[LINE];
    progress_values(report, p->last, sizeof p->last);
    snprintf(p->output, sizeof p->output, "%s", report->output);
    if (p->keeps_log) run_log_open(p->output, p->anew);
    pace(report->seconds, p->steps, rate, sizeof rate);
    snprintf(line, sizeof line, "Epoch %llu/%llu - %s %s - %s", (unsigned long long)report->epoch, (unsigned long long)p->epochs,
             screen_time(report->seconds, spent), rate, p->last);
    screen_line(line);
}

static void rows_done(void *context, const char *what, uint64_t done, uint64_t all)
{
    (void)context;
    char bar[512], line[LINE];
    waiting_end();
    if (screen_columns() == 0) return;
    if (done >= all) {
        screen_line(NULL);
        return;
    }
    progress_bar(bar, sizeof bar, done, all, BAR, screen_has_utf8(), screen_has_colors());
    snprintf(line, sizeof line, "%s %llu/%llu %s", what, (unsigned long long)done, (unsigned long long)all, bar);
    fit(line, screen_columns());
    screen_move(line);
}

/* learning_rate_range_test.csv has its picture in learning_rate_range_test.svg. */
static char *picture_of(const char *output, const char *file)
{
    const char *const end = strrchr(file, '.');
    return dnn_format("%s/%.*s.svg", output, (int)(end && strcmp(end, ".csv") == 0 ? (size_t)(end - file) : strlen(file)), file);
}

static dnn_status plot(void *context, const char *output, const dnn_plot *what)
{
    (void)context;
    const dnn_chart chart = { .title = what->title, .log_x = what->log_x, .log_y = what->log_y, .mark = what->mark, .mark_label = what->mark_label };
    size_t n = 0;
    while (n < sizeof what->y / sizeof *what->y && what->y[n]) n++;
    char *table = dnn_format("%s/%s", output, what->file), *picture = picture_of(output, what->file);
    dnn_status st = table && picture ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK) st = dnn_chart_write_table(&chart, table, what->x, what->y, n, true, picture);
    if (st == DNN_OK) {
        char line[LINE];
        snprintf(line, sizeof line, "wrote %s", picture);
        screen_line(line);
    }
    dnn_free(table);
    dnn_free(picture);
    return st;
}

const dnn_progress *progress_open(progress *p)
{
    *p = (progress){ .calls = { p, begin, epoch_begin, step_done, epoch_end, plot, rows_done } };
    return &p->calls;
}
