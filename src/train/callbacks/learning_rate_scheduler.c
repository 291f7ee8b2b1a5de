/* learning_rate_scheduler - a learning rate that changes from epoch to epoch and is constant within (keras/src/callbacks/
 * learning_rate_scheduler.py): that of a schedule whose steps are epochs, or of a map from epochs to rates. Epochs count from 0 as in Keras. The rate
 * stays a pure function of the step, so there is no state to keep. */
#include <math.h>

#include "dnn/base/number.h"
#include "dnn/optim/schedule.h"
#include "dnn/train/callback.h"

typedef struct learning_rate_scheduler {
    dnn_component schedule;
    dnn_node *epochs;
} learning_rate_scheduler;

static const dnn_param params[] = {
    DNN_COMPONENT(learning_rate_scheduler, schedule, &dnn_schedules, "null", "schedule whose steps are epochs, the first being 0"),
    DNN_NODE(learning_rate_scheduler, epochs, "null", "map from an epoch to the learning rate from then on, as in {0: 0.1, 10: 0.01}; before the first "
             "that of the optimizer"),
};

static dnn_status check_map(const dnn_node *map)
{
    int64_t epoch;
    char text[64];
    if (map->type != DNN_NODE_MAP || map->count == 0)
        return dnn_node_fail(DNN_E_CONFIG, map, "learning_rate_scheduler.epochs = %s: must be a map from epochs to rates, as in {0: 0.1, 10: 0.01}",
                             dnn_node_describe(map, text, sizeof text));
    for (size_t i = 0; i < map->count; i++) {
        const dnn_node *rate = map->items[i];
        if (!dnn_integer_read(rate->key, &epoch) || epoch < 0)
            return dnn_place_fail(DNN_E_CONFIG, rate->key_place, "learning_rate_scheduler.epochs: %s: must be the number of an epoch, from 0", rate->key);
        const bool number = rate->type == DNN_NODE_INT || rate->type == DNN_NODE_REAL;
        if (!number || !isfinite(rate->real) || rate->real < 0)
            return dnn_node_fail(DNN_E_CONFIG, rate, "learning_rate_scheduler.epochs.%s = %s: must be a rate of 0 or more", rate->key,
                                 dnn_node_describe(rate, text, sizeof text));
    }
    return DNN_OK;
}

static dnn_status begin(const dnn_component *component, const char *const *names, size_t count, void *state)
{
    (void)names, (void)count, (void)state;
    const learning_rate_scheduler *p = component->params;
    const bool map = p->epochs && p->epochs->type != DNN_NODE_NULL;
    if (map == (p->schedule.kind != NULL))
        return dnn_place_fail(DNN_E_CONFIG, component->place, "learning_rate_scheduler: give either schedule or epochs");
    if (map) return check_map(p->epochs);
    if (dnn_schedule_moves_momentum(&p->schedule))
        return dnn_place_fail(DNN_E_CONFIG, p->schedule.place, "learning_rate_scheduler.schedule: it sets the rate alone; for cycle_momentum write the "
                              "schedule as the optimizer's learning_rate with step_unit: epoch");
    return dnn_schedule_check(&p->schedule);
}

/* The rate of the last epoch of the map that has come. */
static double of_map(const dnn_node *map, uint64_t epoch, double rate)
{
    int64_t last = -1;
    for (size_t i = 0; i < map->count; i++) {
        int64_t from = 0;
        if (!dnn_integer_read(map->items[i]->key, &from) || from <= last || (uint64_t)from > epoch) continue;
        last = from;
        rate = map->items[i]->real;
    }
    return rate;
}

static double learning_rate(const void *params_, double rate, const dnn_schedule_time *time)
{
    const learning_rate_scheduler *p = params_;
    const uint64_t each = time->steps_per_epoch ? time->steps_per_epoch : 1;
    const uint64_t epoch = time->step / each;
    if (!p->schedule.kind) return of_map(p->epochs, epoch, rate);
    const dnn_schedule_time epochs = { .step = epoch, .steps_per_epoch = 1, .total_steps = time->total_steps / each,
                                       .batch_size = time->batch_size };
    return dnn_schedule_rate(&p->schedule, &epochs);
}

const dnn_callback_kind dnn_callback_learning_rate_scheduler = {
    .kind = { .name = "learning_rate_scheduler", .help = "sets the learning rate of each epoch, by a schedule or a map; not together with another schedule",
              .params_size = sizeof(learning_rate_scheduler), DNN_PARAMS(params), .keras = "LearningRateScheduler" },
    .begin = begin, .moves_learning_rate = true, .learning_rate = learning_rate,
};
