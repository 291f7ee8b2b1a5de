/* One cycle: up a straight line from start_rate to max_rate, down another as long, then to last_rate within the last steps (Smith 2018, "A
 * disciplined approach to neural network hyper-parameters", in the form of Géron, "Hands-On Machine Learning", chapter 11). The momentum, if
 * it is to go along, goes the other way: from max_momentum down to min_momentum, back up, and stays there during the last steps. */
#include <math.h>

#include "dnn/optim/schedule.h"

typedef struct one_cycle {
    double max_rate, start_rate, total_steps, last_steps, last_rate;
    bool cycle_momentum;
    double max_momentum, min_momentum;
} one_cycle;

static const dnn_param params[] = {
    DNN_REAL(one_cycle, max_rate, NULL, "> 0", "highest rate, half way"),
    DNN_REAL(one_cycle, start_rate, "null", ">= 0", "rate of the first step and of the end of the way down; null: max_rate / 10"),
    DNN_REAL(one_cycle, total_steps, "null", ">= 1", "length of all; null: that of the run"),
    DNN_REAL(one_cycle, last_steps, "null", ">= 1", "steps of the way to last_rate; null: total_steps / 10, rounded down, and 1"),
    DNN_REAL(one_cycle, last_rate, "null", ">= 0", "rate at the end; null: start_rate / 1000"),
    DNN_BOOL(one_cycle, cycle_momentum, "false", "moves the optimizer's momentum as well (sgd, rmsprop), low where the rate is high"),
    DNN_REAL(one_cycle, max_momentum, "0.95", "(0, 1)", "momentum of the first step, of the end of the way down and of the last steps"),
    DNN_REAL(one_cycle, min_momentum, "0.85", "(0, 1)", "lowest momentum, half way"),
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
    if (st == DNN_OK && c->cycle_momentum && c->min_momentum > c->max_momentum)
        return dnn_place_fail(DNN_E_CONFIG, schedule->place, "one_cycle.min_momentum = %g: must not be more than max_momentum = %g", c->min_momentum,
                              c->max_momentum);
    return st;
}

static double between(double step, double from, double to, double first, double last)
{
    return first + (last - first) * (step - from) / (to - from);
}

static double total_of(const one_cycle *c, const dnn_schedule_time *time)
{
    return isnan(c->total_steps) ? (double)time->total_steps : c->total_steps;
}

/* Steps of the way up, and of that down. */
static double half_of(const one_cycle *c, double total)
{
    const double last_steps = isnan(c->last_steps) ? floor(total / 10) + 1 : c->last_steps;
    return fmax(floor((total - last_steps) / 2), 0);
}

static double momentum(const void *p, const dnn_schedule_time *time)
{
    const one_cycle *c = p;
    const double step = (double)time->step, half = half_of(c, total_of(c, time));
    if (!c->cycle_momentum) return NAN;
    if (step < half) return between(step, 0, half, c->max_momentum, c->min_momentum);
    return step < 2 * half ? between(step, half, 2 * half, c->min_momentum, c->max_momentum) : c->max_momentum;
}

static double rate(const void *p, const dnn_schedule_time *time)
{
    const one_cycle *c = p;
    const double step = (double)time->step, start = isnan(c->start_rate) ? c->max_rate / 10 : c->start_rate;
    const double total = total_of(c, time), half = half_of(c, total), end = isnan(c->last_rate) ? start / 1000 : c->last_rate;
    if (step < half) return between(step, 0, half, start, c->max_rate);
    if (step < 2 * half) return between(step, half, 2 * half, c->max_rate, start);
    return step < total ? between(step, 2 * half, total, start, end) : end;
}

const dnn_schedule_kind dnn_schedule_one_cycle = {
    .kind = { .name = "one_cycle", .help = "linear up, linear down, then far below (Smith 2018)", .params_size = sizeof(one_cycle), DNN_PARAMS(params) },
    .rate = rate, .momentum = momentum, .check = check,
};
