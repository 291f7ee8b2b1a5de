/* lr0 · decay_rate^(step / decay_steps); staircase: the exponent's whole part. */
#include <math.h>

#include "dnn/optim/schedule.h"

typedef struct exponential_decay {
    double initial_learning_rate, decay_steps, decay_rate;
    bool staircase;
} exponential_decay;

static const dnn_param params[] = {
    DNN_REAL(exponential_decay, initial_learning_rate, NULL, ">= 0", "rate of the first step"),
    DNN_REAL(exponential_decay, decay_steps, NULL, "> 0", "steps after which the rate is decay_rate times what it was"),
    DNN_REAL(exponential_decay, decay_rate, NULL, "> 0", "factor per decay_steps"),
    DNN_BOOL(exponential_decay, staircase, "false", "falls at whole multiples of decay_steps only"),
};

static double rate(const void *p, const dnn_schedule_time *time)
{
    const exponential_decay *e = p;
    const double exponent = (double)time->step / e->decay_steps;
    return e->initial_learning_rate * pow(e->decay_rate, e->staircase ? floor(exponent) : exponent);
}

const dnn_schedule_kind dnn_schedule_exponential_decay = {
    .kind = { .name = "exponential_decay", .help = "lr0 · decay_rate^(step / decay_steps)",
              .params_size = sizeof(exponential_decay), DNN_PARAMS(params), .keras = "ExponentialDecay" },
    .rate = rate,
};
