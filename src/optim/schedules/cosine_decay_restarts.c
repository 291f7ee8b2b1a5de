/* Cosines one after the other, each t_mul times as long as the one before and starting m_mul times as high: Loshchilov and Hutter
 * 2017, "SGDR: stochastic gradient descent with warm restarts", equation 5. */
#include <math.h>

#include "dnn/optim/schedule.h"

typedef struct cosine_decay_restarts {
    double initial_learning_rate, first_decay_steps, t_mul, m_mul, alpha;
} cosine_decay_restarts;

static const dnn_param params[] = {
    DNN_REAL(cosine_decay_restarts, initial_learning_rate, NULL, ">= 0", "rate of the first step"),
    DNN_REAL(cosine_decay_restarts, first_decay_steps, NULL, "> 0", "steps of the first way down"),
    DNN_REAL(cosine_decay_restarts, t_mul, "2", ">= 1", "length of each way down relative to the one before"),
    DNN_REAL(cosine_decay_restarts, m_mul, "1", "> 0", "start of each way down relative to the one before"),
    DNN_REAL(cosine_decay_restarts, alpha, "0", "[0, 1]", "share of the first rate that remains at the end of each"),
};

static double rate(const void *p, const dnn_schedule_time *time)
{
    const cosine_decay_restarts *c = p;
    double passed = (double)time->step, length = c->first_decay_steps, height = 1.0;
    if (c->t_mul == 1.0) {
        const double times = floor(passed / length);
        passed -= times * length;
        height = pow(c->m_mul, times);
    } else {
        /* Counted rather than taken from a logarithm, whose rounding would decide which side of a restart a step is on. */
        while (passed >= length) {
            passed -= length;
            length *= c->t_mul;
            height *= c->m_mul;
        }
    }
    const double cosine = 0.5 * height * (1.0 + cos(acos(-1.0) * passed / length));
    return c->initial_learning_rate * ((1.0 - c->alpha) * cosine + c->alpha);
}

const dnn_schedule_kind dnn_schedule_cosine_decay_restarts = {
    .kind = { .name = "cosine_decay_restarts", .help = "half cosines down, each longer, with warm restarts (Loshchilov and Hutter 2017)",
              .params_size = sizeof(cosine_decay_restarts), DNN_PARAMS(params), .keras = "CosineDecayRestarts" },
    .rate = rate,
};
