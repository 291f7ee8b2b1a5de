/* halving - a schedule: the rate is halved every so many steps. A pure function of the step, so there is nothing to save. */
#include <math.h>

#include "dnn/train/plugin.h"

typedef struct halving { double initial_learning_rate; size_t every; } halving;

static const dnn_param params[] = {
    DNN_REAL(halving, initial_learning_rate, NULL, ">= 0", "rate of the first step"),
    DNN_SIZE(halving, every, NULL, ">= 1", "steps after which it is halved"),
};

static double rate(const void *p, const dnn_schedule_time *time)
{
    const halving *h = p;
    return h->initial_learning_rate * pow(0.5, (double)(time->step / h->every));
}

static const dnn_schedule_kind schedule = {
    .kind = { .name = "halving", .help = "halves the rate every so many steps", .params_size = sizeof(halving), DNN_PARAMS(params) },
    .rate = rate,
};

DNN_PLUGIN(.schedules = DNN_KINDS(dnn_schedule_kind, &schedule))
