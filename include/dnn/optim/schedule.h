/** Learning-rate schedules: pure functions of the step. A bare number is `constant`. */
#ifndef DNN_OPTIM_SCHEDULE_H
#define DNN_OPTIM_SCHEDULE_H

#include "dnn/optim/optimizer.h"

typedef struct dnn_schedule_kind {
    dnn_kind kind;
    double (*rate)(const void *params, const dnn_schedule_time *time);  /**< callers: dnn_schedule_rate */
    /** Momentum at that time, in place of the optimizer's own; NaN where these parameters leave it alone. Callers: dnn_schedule_momentum.
     * NULL: always left alone. */
    double (*momentum)(const void *params, const dnn_schedule_time *time);
    /** What the rows cannot say (lists whose lengths must fit): DNN_E_CONFIG at the component's place. NULL: nothing to check. */
    dnn_status (*check)(const dnn_component *schedule);
} dnn_schedule_kind;

/** Common row: `step_unit`, step or epoch. */
extern dnn_family dnn_schedules;

/** The rate at that time; with `step_unit: epoch` the kind sees epochs for steps. */
double dnn_schedule_rate(const dnn_component *schedule, const dnn_schedule_time *time);
/** The momentum at that time, counted likewise; NaN where the schedule leaves it alone, which it does at all times or at none. */
double dnn_schedule_momentum(const dnn_component *schedule, const dnn_schedule_time *time);
/** Whether it moves the momentum. */
bool dnn_schedule_moves_momentum(const dnn_component *schedule);
dnn_status dnn_schedule_check(const dnn_component *schedule);
/** Whether Keras has it: the kind, and counted in steps. Else its files hold the rate of the moment. */
bool dnn_schedule_is_keras(const dnn_component *schedule);

#endif
