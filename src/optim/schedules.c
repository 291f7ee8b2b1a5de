/* The family of learning-rate schedules, and the unit that each counts in. */
#include "dnn/optim/schedule.h"

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

double dnn_schedule_rate(const dnn_component *schedule, const dnn_schedule_time *time)
{
    dnn_schedule_time own = *time;
    if (by_epoch(schedule) && time->steps_per_epoch > 0) {
        own.step /= time->steps_per_epoch;
        own.total_steps /= time->steps_per_epoch;
        own.steps_per_epoch = 1;
    }
    return ((const dnn_schedule_kind *)schedule->kind)->rate(schedule->params, &own);
}

dnn_status dnn_schedule_check(const dnn_component *schedule)
{
    const dnn_schedule_kind *kind = (const dnn_schedule_kind *)schedule->kind;
    return kind->check ? kind->check(schedule) : DNN_OK;
}

bool dnn_schedule_is_keras(const dnn_component *schedule) { return schedule->kind->keras && !by_epoch(schedule); }
