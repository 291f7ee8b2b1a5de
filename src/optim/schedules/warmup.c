/* Gradual warm-up (Goyal et al. 2017, "Accurate, large minibatch SGD", section 2.2): a straight line from start_rate to the first rate of another
 * schedule, which begins behind it: its steps, and what it takes for the length of the run, do not count the warm-up, as those of
 * Keras's cosine_decay do not. */
#include <math.h>

#include "dnn/optim/schedule.h"

typedef struct warmup { dnn_component of; double steps, start_rate, epochs; } warmup;

static const dnn_param params[] = {
    DNN_COMPONENT(warmup, of, &dnn_schedules, NULL, "number or schedule that is warmed up to"),
    DNN_REAL(warmup, steps, "null", ">= 1", "steps of the warm-up; this or epochs"),
    DNN_REAL(warmup, start_rate, "0", ">= 0", "rate of the first step"),
    DNN_REAL(warmup, epochs, "null", "> 0", "length of the warm-up in passes over the training part, 0.5 for half of one: as long with any batch size"),
};

static dnn_status check(const dnn_component *schedule)
{
    const warmup *w = schedule->params;
    if (isnan(w->steps) == isnan(w->epochs))
        return dnn_place_fail(DNN_E_CONFIG, schedule->place, "warmup: give its length as steps or as epochs, %s", isnan(w->steps) ? "one of them" : "not as both");
    if (!isnan(w->steps) && w->steps != floor(w->steps))
        return dnn_place_fail(DNN_E_CONFIG, schedule->place, "warmup.steps = %g: must be a whole number", w->steps);
    return dnn_schedule_check(&w->of);
}

static uint64_t length_of(const warmup *w, const dnn_schedule_time *time)
{
    const double most = 1e18; /* more would not be a uint64_t */
    return (uint64_t)fmin(isnan(w->steps) ? ceil(w->epochs * (double)time->steps_per_epoch) : w->steps, most);
}

/* The time as the other schedule sees it. */
static dnn_schedule_time behind_of(const warmup *w, const dnn_schedule_time *time)
{
    const uint64_t length = length_of(w, time);
    dnn_schedule_time behind = *time;
    behind.step = time->step > length ? time->step - length : 0;
    behind.total_steps = time->total_steps > length ? time->total_steps - length : 0;
    return behind;
}

static double rate(const void *p, const dnn_schedule_time *time)
{
    const warmup *w = p;
    const dnn_schedule_time behind = behind_of(w, time);
    const double reached = dnn_schedule_rate(&w->of, &behind);
    const uint64_t length = length_of(w, time);
    if (time->step >= length) return reached;
    return w->start_rate + (reached - w->start_rate) * (double)time->step / (double)length;
}

/* While the rate warms up the other schedule stands at its first momentum. */
static double momentum(const void *p, const dnn_schedule_time *time)
{
    const warmup *w = p;
    const dnn_schedule_time behind = behind_of(w, time);
    return dnn_schedule_momentum(&w->of, &behind);
}

const dnn_schedule_kind dnn_schedule_warmup = {
    .kind = { .name = "warmup", .help = "a straight line up to the first rate of another schedule, then that (Goyal et al. 2017)",
              .params_size = sizeof(warmup), DNN_PARAMS(params) },
    .rate = rate, .momentum = momentum, .check = check,
};
