/* AdamW: Loshchilov and Hutter 2019, algorithm 2: weights decay by themselves instead of through the gradient.
 *
 *   w -= lr · weight_decay · w, then the step of adam.c. The decay is what every optimizer can be given; here it is on. */
#include <math.h>

#include "optim/optimizers/adam.h"

#include "dnn/optim/schedule.h"

typedef struct adamw {
    dnn_component learning_rate;
    double beta_1, beta_2, epsilon;
    bool amsgrad;
} adamw;

static const dnn_param params[] = {
    DNN_COMPONENT(adamw, learning_rate, &dnn_schedules, "0.001", "step size: a number or a schedule"),
    DNN_REAL(adamw, beta_1, "0.9", "[0, 1)", "share of the old mean of gradients that is kept"),
    DNN_REAL(adamw, beta_2, "0.999", "[0, 1)", "share of the old mean of squares that is kept"),
    DNN_REAL(adamw, epsilon, "1e-7", ">= 0", "added to the root"),
    DNN_BOOL(adamw, amsgrad, "false", "divides by the largest mean of squares so far"),
};

static size_t slots(const void *p)
{
    return ((const adamw *)p)->amsgrad ? 3 : 2;
}

static const char *slot_name(const void *p, size_t slot)
{
    (void)p;
    return adam_slot_names[slot];
}

static void update(const void *p, const dnn_update *u)
{
    const adamw *a = p;
    adam_step(u, a->beta_1, a->beta_2, a->epsilon, a->amsgrad);
}

static void serial(const void *p, const dnn_serial_update *u)
{
    const adamw *a = p;
    adam_serial(u, a->beta_1, a->beta_2, a->epsilon, a->amsgrad);
}

const dnn_optimizer_kind dnn_optimizer_adamw = {
    .kind = { .name = "adamw", .help = "adam with decoupled weight decay, 0.004 unless said (Loshchilov and Hutter 2019)",
              .params_size = sizeof(adamw), DNN_PARAMS(params), .keras = "AdamW" },
    .slots = slots, .slot_name = slot_name, .slots_by_weight = true, .update = update, .serial = serial, .usual_weight_decay = 0.004,
};
