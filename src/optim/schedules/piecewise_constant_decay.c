/* values[i] up to and including boundaries[i], the last value after them. */
#include "dnn/optim/schedule.h"

typedef struct piecewise_constant_decay { dnn_numbers boundaries, values; } piecewise_constant_decay;

static const dnn_param params[] = {
    DNN_NUMBERS(piecewise_constant_decay, boundaries, NULL, ">= 0", "steps, rising: the last ones that still have the old value"),
    DNN_NUMBERS(piecewise_constant_decay, values, NULL, ">= 0", "learning rates, one more than boundaries"),
};

static dnn_status check(const dnn_component *schedule)
{
    const piecewise_constant_decay *p = schedule->params;
    char place[256];
    if (p->values.count != p->boundaries.count + 1)
        return dnn_fail(DNN_E_CONFIG, "%s: piecewise_constant_decay.values has %zu entries: there must be one more than "
                        "the %zu boundaries", dnn_place_text(schedule->place, place, sizeof place), p->values.count,
                        p->boundaries.count);
    for (size_t i = 1; i < p->boundaries.count; i++)
        if (p->boundaries.at[i] <= p->boundaries.at[i - 1])
            return dnn_fail(DNN_E_CONFIG, "%s: piecewise_constant_decay.boundaries: %g after %g: must rise",
                            dnn_place_text(schedule->place, place, sizeof place), p->boundaries.at[i], p->boundaries.at[i - 1]);
    return DNN_OK;
}

static double rate(const void *params_, const dnn_schedule_time *time)
{
    const piecewise_constant_decay *p = params_;
    size_t i = 0;
    while (i < p->boundaries.count && (double)time->step > p->boundaries.at[i]) i++;
    return p->values.at[i];
}

const dnn_schedule_kind dnn_schedule_piecewise_constant_decay = {
    .kind = { .name = "piecewise_constant_decay", .help = "one rate up to each boundary, another after it",
              .params_size = sizeof(piecewise_constant_decay), DNN_PARAMS(params), .keras = "PiecewiseConstantDecay" },
    .rate = rate, .check = check,
};
