/* Gradual warm-up (Goyal et al. 2017, "Accurate, large minibatch SGD", section 2.2): a straight line from start_rate to the first rate of another
 * schedule, which begins behind it: its steps, and what it takes for the length of the run, do not count the warm-up, as those of
 * Keras's cosine_decay do not. */
#include "dnn/optim/schedule.h"

typedef struct warmup { dnn_component of; size_t steps; double start_rate; } warmup;

static const dnn_param params[] = {
    DNN_COMPONENT(warmup, of, &dnn_schedules, NULL, "number or schedule that is warmed up to"),
    DNN_SIZE(warmup, steps, NULL, ">= 1", "steps of the warm-up"),
    DNN_REAL(warmup, start_rate, "0", ">= 0", "rate of the first step"),
};

static dnn_status check(const dnn_component *schedule) { return dnn_schedule_check(&((const warmup *)schedule->params)->of); }

/* The time as the other schedule sees it. */
static dnn_schedule_time behind_of(const warmup *w, const dnn_schedule_time *time)
{
    dnn_schedule_time behind = *time;
    behind.step = time->step > w->steps ? time->step - w->steps : 0;
    behind.total_steps = time->total_steps > w->steps ? time->total_steps - w->steps : 0;
    return behind;
}

static double rate(const void *p, const dnn_schedule_time *time)
{
    const warmup *w = p;
    const dnn_schedule_time behind = behind_of(w, time);
    const double reached = dnn_schedule_rate(&w->of, &behind);
    if (time->step >= w->steps) return reached;
    return w->start_rate + (reached - w->start_rate) * (double)time->step / (double)w->steps;
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
