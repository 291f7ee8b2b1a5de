/* Adam: Kingma and Ba 2015, algorithm 1 in the form at the end of its section 2 (the two corrections folded into the step);
 * amsgrad: Reddi, Kale and Kumar 2018, algorithm 2.
 *
 *   m += (1 - beta_1) (g - m)      v += (1 - beta_2) (g² - v)
 *   w -= lr · sqrt(1 - beta_2^t) / (1 - beta_1^t) · m / (sqrt(v) + epsilon)       amsgrad: with max of all v so far
 *
 * Epsilon is outside the root and meets the uncorrected v, as in Keras (the paper's "epsilon hat"). The maximum is taken of
 * the uncorrected v as well. */
#include <math.h>

#include "optim/optimizers/adam.h"

#include "dnn/optim/schedule.h"

typedef struct adam {
    dnn_component learning_rate;
    double beta_1, beta_2, epsilon;
    bool amsgrad;
} adam;

static const dnn_param params[] = {
    DNN_COMPONENT(adam, learning_rate, &dnn_schedules, "0.001", "step size: a number or a schedule"),
    DNN_REAL(adam, beta_1, "0.9", "[0, 1)", "share of the old mean of gradients that is kept"),
    DNN_REAL(adam, beta_2, "0.999", "[0, 1)", "share of the old mean of squares that is kept"),
    DNN_REAL(adam, epsilon, "1e-7", ">= 0", "added to the root"),
    DNN_BOOL(adam, amsgrad, "false", "divides by the largest mean of squares so far"),
};

static size_t slots(const void *p)
{
    return ((const adam *)p)->amsgrad ? 3 : 2;
}

static const char *slot_name(const void *p, size_t slot)
{
    (void)p;
    return adam_slot_names[slot];
}

static void update(const void *p, const dnn_update *u)
{
    const adam *a = p;
    adam_step(u, a->beta_1, a->beta_2, a->epsilon, a->amsgrad);
}

static void serial(const void *p, const dnn_serial_update *u)
{
    const adam *a = p;
    adam_serial(u, a->beta_1, a->beta_2, a->epsilon, a->amsgrad);
}

const dnn_optimizer_kind dnn_optimizer_adam = {
    .kind = { .name = "adam", .help = "momentum over the root mean square of gradients (Kingma and Ba 2015)",
              .params_size = sizeof(adam), DNN_PARAMS(params), .keras = "Adam" },
    .slots = slots, .slot_name = slot_name, .slots_by_weight = true, .update = update, .serial = serial,
};
