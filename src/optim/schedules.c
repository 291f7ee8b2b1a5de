/* The family of learning-rate schedules, and the unit that each counts in. */
#include "dnn/optim/schedule.h"

#include <math.h>

#define X(name) extern const dnn_schedule_kind dnn_schedule_##name;
#include "optim/schedules/kinds.def"
#undef X

static const dnn_kind *const kinds[] = {
#define X(name) &dnn_schedule_##name.kind,
#include "optim/schedules/kinds.def"
#undef X
};

enum { BY_STEP, BY_EPOCH };
typedef struct unit { int step_unit; } unit;

static const dnn_param common[] = {
    DNN_CHOICE(unit, step_unit, "step", "step|epoch", "what its steps are; epochs count from 0, and the rate is the same throughout one"),
};

dnn_family dnn_schedules = {
    .name = "schedule",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
    .number_kind = "constant",
    .common = common,
    .n_common = sizeof common / sizeof *common,
    .common_size = sizeof(unit),
};

static bool by_epoch(const dnn_component *schedule) { return ((const unit *)schedule->common)->step_unit == BY_EPOCH; }

static const dnn_schedule_kind *kind_of(const dnn_component *schedule) { return (const dnn_schedule_kind *)schedule->kind; }

static dnn_schedule_time own_time(const dnn_component *schedule, const dnn_schedule_time *time)
{
    dnn_schedule_time own = *time;
    if (by_epoch(schedule) && time->steps_per_epoch > 0) {
        own.step /= time->steps_per_epoch;
        own.total_steps /= time->steps_per_epoch;
        own.steps_per_epoch = 1;
    }
    return own;
}

double dnn_schedule_rate(const dnn_component *schedule, const dnn_schedule_time *time)
{
    const dnn_schedule_time own = own_time(schedule, time);
    return kind_of(schedule)->rate(schedule->params, &own);
}

double dnn_schedule_momentum(const dnn_component *schedule, const dnn_schedule_time *time)
{
    const dnn_schedule_time own = own_time(schedule, time);
    return kind_of(schedule)->momentum ? kind_of(schedule)->momentum(schedule->params, &own) : NAN;
}

bool dnn_schedule_moves_momentum(const dnn_component *schedule)
{
    return !isnan(dnn_schedule_momentum(schedule, &(dnn_schedule_time){ .steps_per_epoch = 1, .total_steps = 1 }));
}

dnn_status dnn_schedule_check(const dnn_component *schedule)
{
    return kind_of(schedule)->check ? kind_of(schedule)->check(schedule) : DNN_OK;
}

bool dnn_schedule_is_keras(const dnn_component *schedule) { return schedule->kind->keras && !by_epoch(schedule); }
