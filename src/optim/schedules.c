/* The family of learning-rate schedules. */
#include "dnn/optim/schedule.h"

#define X(name) extern const dnn_schedule_kind dnn_schedule_##name;
#include "optim/schedules/kinds.def"
#undef X

static const dnn_kind *const kinds[] = {
#define X(name) &dnn_schedule_##name.kind,
#include "optim/schedules/kinds.def"
#undef X
};

const dnn_family dnn_schedules = {
    .name = "schedule",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
    .number_kind = "constant",
};
