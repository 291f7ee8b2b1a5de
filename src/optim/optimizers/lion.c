/* Lion: Chen et al. 2023, "Symbolic discovery of optimization algorithms", algorithm 2.
 *
 *   w -= lr · sign(beta_1 · m + (1 - beta_1) · g)      then m = beta_2 · m + (1 - beta_2) · g */
#include <math.h>

#include "dnn/optim/schedule.h"

typedef struct lion {
    dnn_component learning_rate;
    double beta_1, beta_2;
} lion;

static const dnn_param params[] = {
    DNN_COMPONENT(lion, learning_rate, &dnn_schedules, "0.001", "step size: a number or a schedule"),
    DNN_REAL(lion, beta_1, "0.9", "[0, 1)", "share of the mean in the direction of the step"),
    DNN_REAL(lion, beta_2, "0.99", "[0, 1)", "share of the old mean of gradients that is kept"),
};

static size_t slots(const void *p)
{
    (void)p;
    return 1;
}

static const char *slot_name(const void *p, size_t slot)
{
    (void)p, (void)slot;
    return "momentum";
}

static void update(const void *p, const dnn_update *u)
{
    const lion *o = p;
    const float lr = (float)u->learning_rate, beta_1 = (float)o->beta_1, rest_1 = (float)(1.0 - o->beta_1);
    const float beta_2 = (float)o->beta_2, rest_2 = (float)(1.0 - o->beta_2), *restrict g = u->g;
    float *restrict w = u->w, *restrict m = u->slot[0];
    for (size_t i = 0; i < u->n; i++) {
        const float c = beta_1 * m[i] + rest_1 * g[i];
        w[i] -= c > 0.0f ? lr : c < 0.0f ? -lr : c;  /* 0 stays 0, NaN stays NaN */
        m[i] = beta_2 * m[i] + rest_2 * g[i];
    }
}

static void serial(const void *p, const dnn_serial_update *u)
{
    const lion *o = p;
    double *m = u->slot[0];
    for (size_t i = 0; i < u->n; i++) {
        const double c = o->beta_1 * m[i] + (1.0 - o->beta_1) * u->g[i];
        u->w[i] -= u->learning_rate * ((c > 0.0) - (c < 0.0));
        m[i] = o->beta_2 * m[i] + (1.0 - o->beta_2) * u->g[i];
    }
}

const dnn_optimizer_kind dnn_optimizer_lion = {
    .kind = { .name = "lion", .help = "steps of one length in the direction of a mean's sign (Chen et al. 2023)",
              .params_size = sizeof(lion), DNN_PARAMS(params), .keras = "Lion" },
    .slots = slots, .slot_name = slot_name, .update = update, .serial = serial,
};
