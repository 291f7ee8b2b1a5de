/* Linear scaling rule: a rate that was found at `base` rows an update, times rows an update / base (Goyal et al. 2017, "Accurate, large
 * minibatch SGD", section 2.1). With power 0.5 the square-root rule, which keeps the variance of a step (Krizhevsky 2014, "One weird trick for
 * parallelizing convolutional neural networks", section 5; You et al. 2020 for LAMB). */
#include <math.h>

#include "dnn/optim/schedule.h"

typedef struct scale_with_batch { dnn_component of; size_t base; double power; } scale_with_batch;

static const dnn_param params[] = {
    DNN_COMPONENT(scale_with_batch, of, &dnn_schedules, NULL, "number or schedule that fits `base` rows"),
    DNN_SIZE(scale_with_batch, base, "256", ">= 1", "rows that `of` was found with"),
    DNN_REAL(scale_with_batch, power, "1", "[0, 1]", "of batch size / base: 1 is the linear rule, 0.5 the square-root rule, 0 leaves the rate alone"),
};

static dnn_status check(const dnn_component *schedule) { return dnn_schedule_check(&((const scale_with_batch *)schedule->params)->of); }

static double rate(const void *p, const dnn_schedule_time *time)
{
    const scale_with_batch *s = p;
    return dnn_schedule_rate(&s->of, time) * pow((double)time->batch_size / (double)s->base, s->power);
}

static double momentum(const void *p, const dnn_schedule_time *time)
{
    return dnn_schedule_momentum(&((const scale_with_batch *)p)->of, time);
}

const dnn_schedule_kind dnn_schedule_scale_with_batch = {
    .kind = { .name = "scale_with_batch", .help = "another schedule times (batch size / base)^power (Goyal et al. 2017)",
              .params_size = sizeof(scale_with_batch), DNN_PARAMS(params) },
    .rate = rate, .momentum = momentum, .check = check,
};
