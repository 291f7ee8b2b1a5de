/* Power scheduling: lr0 / (1 + step / s)^c (Géron, "Hands-On Machine Learning", chapter 11; c = 1 is Keras 2's `decay` = 1/s). */
#include <math.h>

#include "dnn/optim/schedule.h"

typedef struct power {
    double initial_learning_rate;
    size_t decay_steps;
    double power;
} power;

static const dnn_param params[] = {
    DNN_REAL(power, initial_learning_rate, NULL, ">= 0", "rate of the first step"),
    DNN_SIZE(power, decay_steps, NULL, ">= 1", "s: steps until the divisor is 2^power"),
    DNN_REAL(power, power, "1", "> 0", "c"),
};

static double rate(const void *p, const dnn_schedule_time *time)
{
    const power *d = p;
    return d->initial_learning_rate / pow(1.0 + (double)time->step / (double)d->decay_steps, d->power);
}

const dnn_schedule_kind dnn_schedule_power = {
    .kind = { .name = "power", .help = "lr0 / (1 + step / decay_steps)^power", .params_size = sizeof(power), DNN_PARAMS(params) },
    .rate = rate,
};
