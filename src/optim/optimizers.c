/* The family of optimizers: its list, the rows that all share, and the learning rate that each has first. */
#include "dnn/optim/optimizer.h"

#include <math.h>

#include "dnn/optim/schedule.h"

#define X(name) extern const dnn_optimizer_kind dnn_optimizer_##name;
#include "optim/optimizers/kinds.def"
#undef X

static const dnn_kind *const kinds[] = {
#define X(name) &dnn_optimizer_##name.kind,
#include "optim/optimizers/kinds.def"
#undef X
};

static const dnn_param common[] = {
    DNN_REAL(dnn_optimizer_common, global_clipnorm, "null", ">= 0", "largest norm of all gradients together, applied first; 0: none"),
    DNN_REAL(dnn_optimizer_common, clipnorm, "null", ">= 0", "largest norm of each tensor's gradient, applied second; 0: none"),
    DNN_REAL(dnn_optimizer_common, clipvalue, "null", ">= 0", "largest absolute value of an element, applied last; 0: none"),
    DNN_REAL(dnn_optimizer_common, weight_decay, "null", ">= 0", "share of a weight, times the learning rate, taken away before the update"),
    DNN_STRINGS(dnn_optimizer_common, exclude_from_weight_decay, "[]", "parts of names of weights that do not decay, as bias"),
    DNN_REAL(dnn_optimizer_common, gradient_accumulation_steps, "null", ">= 2", "steps whose mean gradient makes one update"),
    DNN_BOOL(dnn_optimizer_common, use_ema, "false", "keep a moving average of the weights, which they become at the end of the training"),
    DNN_REAL(dnn_optimizer_common, ema_momentum, "0.99", "[0, 1]", "share of its old value that the average keeps at a step"),
    DNN_REAL(dnn_optimizer_common, ema_overwrite_frequency, "null", ">= 1", "updates after which the weights become their average"),
};

dnn_family dnn_optimizers = {
    .name = "optimizer",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
    .common = common,
    .n_common = sizeof common / sizeof *common,
    .common_size = sizeof(dnn_optimizer_common),
};

/* The head is the first member of every parameter struct, so a pointer to the struct is one to the learning rate. */
static const dnn_component *schedule_of(const dnn_component *optimizer)
{
    return optimizer->params;
}

double dnn_optimizer_learning_rate(const dnn_component *optimizer, const dnn_schedule_time *time)
{
    return dnn_schedule_rate(schedule_of(optimizer), time);
}

double dnn_optimizer_momentum(const dnn_component *optimizer, const dnn_schedule_time *time)
{
    return dnn_schedule_momentum(schedule_of(optimizer), time);
}

static dnn_status check_whole(const dnn_component *optimizer, const char *key, double value)
{
    char place[256];
    if (isnan(value) || value == floor(value)) return DNN_OK;
    return dnn_fail(DNN_E_CONFIG, "%s: %s.%s = %g: must be a whole number", dnn_place_text(optimizer->place, place, sizeof place),
                    optimizer->kind->name, key, value);
}

dnn_status dnn_optimizer_check(const dnn_component *optimizer)
{
    const dnn_optimizer_common *c = optimizer->common;
    dnn_status st = check_whole(optimizer, "gradient_accumulation_steps", c->gradient_accumulation_steps);
    if (st == DNN_OK) st = check_whole(optimizer, "ema_overwrite_frequency", c->ema_overwrite_frequency);
    if (st == DNN_OK) st = dnn_schedule_check(schedule_of(optimizer));
    if (st == DNN_OK && dnn_schedule_moves_momentum(schedule_of(optimizer)) && !((const dnn_optimizer_kind *)optimizer->kind)->momentum_moves)
        return dnn_place_fail(DNN_E_CONFIG, optimizer->place, "%s: its learning rate's cycle_momentum wants an optimizer with a momentum to move: "
                              "sgd or rmsprop; or leave cycle_momentum out", optimizer->kind->name);
    return st;
}
