/* The same rate at every step: what a bare number means. */
#include "dnn/optim/schedule.h"

typedef struct constant { double value; } constant;

static const dnn_param params[] = {
    DNN_REAL(constant, value, NULL, ">= 0", "learning rate"),
};

static double rate(const void *p, const dnn_schedule_time *time)
{
    (void)time;
    return ((const constant *)p)->value;
}

const dnn_schedule_kind dnn_schedule_constant = {
    .kind = { .name = "constant", .help = "the same rate at every step", .params_size = sizeof(constant), DNN_PARAMS(params) },
    .rate = rate,
};
