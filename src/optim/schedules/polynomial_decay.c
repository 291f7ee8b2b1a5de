/* (lr0 - end) · (1 - step / decay_steps)^power + end, and `end` from decay_steps on; cycle: instead of staying there, decay_steps is
 * stretched to its next whole multiple, so that the rate jumps up and falls again. */
#include <math.h>

#include "dnn/optim/schedule.h"

typedef struct polynomial_decay {
    double initial_learning_rate, decay_steps, end_learning_rate, power;
    bool cycle;
} polynomial_decay;

static const dnn_param params[] = {
    DNN_REAL(polynomial_decay, initial_learning_rate, NULL, ">= 0", "rate of the first step"),
    DNN_REAL(polynomial_decay, decay_steps, NULL, "> 0", "steps until end_learning_rate"),
    DNN_REAL(polynomial_decay, end_learning_rate, "0.0001", ">= 0", "rate that is reached"),
    DNN_REAL(polynomial_decay, power, "1", "> 0", "1: a straight line"),
    DNN_BOOL(polynomial_decay, cycle, "false", "starts again at each multiple of decay_steps, with a longer way down"),
};

static double rate(const void *p, const dnn_schedule_time *time)
{
    const polynomial_decay *d = p;
    const double step = (double)time->step;
    double steps = d->decay_steps;
    if (d->cycle && time->step > 0) steps *= ceil(step / steps);
    const double left = step < steps ? 1.0 - step / steps : 0.0;
    return (d->initial_learning_rate - d->end_learning_rate) * pow(left, d->power) + d->end_learning_rate;
}

const dnn_schedule_kind dnn_schedule_polynomial_decay = {
    .kind = { .name = "polynomial_decay", .help = "(lr0 - end) · (1 - step / decay_steps)^power + end",
              .params_size = sizeof(polynomial_decay), DNN_PARAMS(params), .keras = "PolynomialDecay" },
    .rate = rate,
};
