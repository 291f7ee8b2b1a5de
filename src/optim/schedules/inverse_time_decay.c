/* lr0 / (1 + decay_rate · step / decay_steps); staircase: the quotient's whole part. */
#include <math.h>

#include "dnn/optim/schedule.h"

typedef struct inverse_time_decay {
    double initial_learning_rate, decay_steps, decay_rate;
    bool staircase;
} inverse_time_decay;

static const dnn_param params[] = {
    DNN_REAL(inverse_time_decay, initial_learning_rate, NULL, ">= 0", "rate of the first step"),
    DNN_REAL(inverse_time_decay, decay_steps, NULL, "> 0", "steps after which the divisor has grown by decay_rate"),
    DNN_REAL(inverse_time_decay, decay_rate, NULL, ">= 0", "growth of the divisor per decay_steps"),
    DNN_BOOL(inverse_time_decay, staircase, "false", "falls at whole multiples of decay_steps only"),
};

static double rate(const void *p, const dnn_schedule_time *time)
{
    const inverse_time_decay *d = p;
    const double passed = (double)time->step / d->decay_steps;
    return d->initial_learning_rate / (1.0 + d->decay_rate * (d->staircase ? floor(passed) : passed));
}

const dnn_schedule_kind dnn_schedule_inverse_time_decay = {
    .kind = { .name = "inverse_time_decay", .help = "lr0 / (1 + decay_rate · step / decay_steps)",
              .params_size = sizeof(inverse_time_decay), DNN_PARAMS(params), .keras = "InverseTimeDecay" },
    .rate = rate,
};
