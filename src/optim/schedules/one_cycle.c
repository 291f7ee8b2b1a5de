/* One cycle: up a straight line from start_rate to max_rate, down another as long, then to last_rate within the last steps (Smith 2018, "A
 * disciplined approach to neural network hyper-parameters", in the form of Géron, "Hands-On Machine Learning", chapter 11). */
#include <math.h>

#include "dnn/optim/schedule.h"

typedef struct one_cycle { double max_rate, start_rate, total_steps, last_steps, last_rate; } one_cycle;

static const dnn_param params[] = {
    DNN_REAL(one_cycle, max_rate, NULL, "> 0", "highest rate, half way"),
    DNN_REAL(one_cycle, start_rate, "null", ">= 0", "rate of the first step and of the end of the way down; null: max_rate / 10"),
    DNN_REAL(one_cycle, total_steps, "null", ">= 1", "length of all; null: that of the run"),
    DNN_REAL(one_cycle, last_steps, "null", ">= 1", "steps of the way to last_rate; null: total_steps / 10, rounded down, and 1"),
    DNN_REAL(one_cycle, last_rate, "null", ">= 0", "rate at the end; null: start_rate / 1000"),
};

static dnn_status check_whole(const dnn_component *schedule, const char *key, double value)
{
    if (isnan(value) || value == floor(value)) return DNN_OK;
    return dnn_place_fail(DNN_E_CONFIG, schedule->place, "one_cycle.%s = %g: must be a whole number", key, value);
}

static dnn_status check(const dnn_component *schedule)
{
    const one_cycle *c = schedule->params;
    dnn_status st = check_whole(schedule, "total_steps", c->total_steps);
    if (st == DNN_OK) st = check_whole(schedule, "last_steps", c->last_steps);
    if (st == DNN_OK && c->last_steps >= c->total_steps)
        return dnn_place_fail(DNN_E_CONFIG, schedule->place, "one_cycle.last_steps = %g: must be less than total_steps = %g", c->last_steps,
                              c->total_steps);
    return st;
}

static double between(double step, double from, double to, double first, double last)
{
    return first + (last - first) * (step - from) / (to - from);
}

static double rate(const void *p, const dnn_schedule_time *time)
{
    const one_cycle *c = p;
    const double step = (double)time->step, start = isnan(c->start_rate) ? c->max_rate / 10 : c->start_rate;
    const double total = isnan(c->total_steps) ? (double)time->total_steps : c->total_steps;
    const double last_steps = isnan(c->last_steps) ? floor(total / 10) + 1 : c->last_steps;
    const double end = isnan(c->last_rate) ? start / 1000 : c->last_rate, half = fmax(floor((total - last_steps) / 2), 0);
    if (step < half) return between(step, 0, half, start, c->max_rate);
    if (step < 2 * half) return between(step, half, 2 * half, c->max_rate, start);
    return step < total ? between(step, 2 * half, total, start, end) : end;
}

const dnn_schedule_kind dnn_schedule_one_cycle = {
    .kind = { .name = "one_cycle", .help = "linear up, linear down, then far below (Smith 2018)", .params_size = sizeof(one_cycle), DNN_PARAMS(params) },
    .rate = rate, .check = check,
};
