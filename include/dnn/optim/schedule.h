/** Learning-rate schedules: pure functions of the step. A bare number is `constant`. */
#ifndef DNN_OPTIM_SCHEDULE_H
#define DNN_OPTIM_SCHEDULE_H

#include "dnn/optim/optimizer.h"

typedef struct dnn_schedule_kind {
    dnn_kind kind;
    double (*rate)(const void *params, const dnn_schedule_time *time);
    /** What the rows cannot say (lists whose lengths must fit): DNN_E_CONFIG at the component's place. NULL: nothing to check. */
    dnn_status (*check)(const dnn_component *schedule);
} dnn_schedule_kind;

extern const dnn_family dnn_schedules;

#endif
