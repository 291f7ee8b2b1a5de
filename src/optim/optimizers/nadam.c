/* Nadam: Dozat 2016, "Incorporating Nesterov momentum into Adam", with its warming momentum.
 *
 *   mu_t = beta_1 (1 - 0.5 · 0.96^(schedule_decay · t))      P_t = mu_1 · … · mu_t
 *   m += (1 - beta_1) (g - m)      v += (1 - beta_2) (g² - v)
 *   mhat = mu_{t+1} m / (1 - P_{t+1}) + (1 - mu_t) g / (1 - P_t)      vhat = v / (1 - beta_2^t)
 *   w -= lr · mhat / (sqrt(vhat) + epsilon)
 *
 * schedule_decay is 1 in Keras 3 and 0.004 in tf.keras 2 and PyTorch. P is state: it goes into the model file. */
#include <math.h>

#include "dnn/optim/schedule.h"

typedef struct nadam {
    dnn_component learning_rate;
    double beta_1, beta_2, epsilon, schedule_decay;
} nadam;

static const dnn_param params[] = {
    DNN_COMPONENT(nadam, learning_rate, &dnn_schedules, "0.001", "step size: a number or a schedule"),
    DNN_REAL(nadam, beta_1, "0.9", "[0, 1)", "share of the old mean of gradients that is kept"),
    DNN_REAL(nadam, beta_2, "0.999", "[0, 1)", "share of the old mean of squares that is kept"),
    DNN_REAL(nadam, epsilon, "1e-7", ">= 0", "added to the root"),
    DNN_REAL(nadam, schedule_decay, "1", ">= 0", "how fast momentum warms up: 1 as in Keras 3, 0.004 as in tf.keras 2"),
};

enum { MOMENTUM, VELOCITY, SLOTS };
enum { PRODUCT, SCALARS };

static size_t slots(const void *p)
{
    (void)p;
    return SLOTS;
}

static const char *slot_name(const void *p, size_t slot)
{
    (void)p;
    return slot == MOMENTUM ? "momentum" : "velocity";
}

static double mu(const nadam *n, double t)
{
    return n->beta_1 * (1.0 - 0.5 * pow(0.96, n->schedule_decay * t));
}

static void begin(const void *p, uint64_t t, double *scalars)
{
    scalars[PRODUCT] = (t == 1 ? 1.0 : scalars[PRODUCT]) * mu(p, (double)t);
}

static void update(const void *p, const dnn_update *u)
{
    const nadam *o = p;
    const double t = (double)u->t, now = mu(o, t), next = mu(o, t + 1.0), product = u->scalars[PRODUCT];
    const float of_m = (float)(u->learning_rate * next / (1.0 - product * next));
    const float of_g = (float)(u->learning_rate * (1.0 - now) / (1.0 - product));
    const float corrected = (float)(1.0 / (1.0 - pow(o->beta_2, t)));
    const float rest_1 = (float)(1.0 - o->beta_1), rest_2 = (float)(1.0 - o->beta_2), epsilon = (float)o->epsilon;
    const float *restrict g = u->g;
    float *restrict w = u->w, *restrict m = u->slot[MOMENTUM], *restrict v = u->slot[VELOCITY];
    for (size_t i = 0; i < u->n; i++) {
        m[i] += rest_1 * (g[i] - m[i]);
        v[i] += rest_2 * (g[i] * g[i] - v[i]);
        w[i] -= (of_m * m[i] + of_g * g[i]) / (sqrtf(v[i] * corrected) + epsilon);
    }
}

static void serial(const void *p, const dnn_serial_update *u)
{
    const nadam *o = p;
    const double t = (double)u->t;
    double product = 1.0;
    for (uint64_t i = 1; i <= u->t; i++) product *= mu(o, (double)i);
    for (size_t i = 0; i < u->n; i++) {
        const double g = u->g[i];
        double *m = &u->slot[MOMENTUM][i], *v = &u->slot[VELOCITY][i];
        *m = o->beta_1 * *m + (1.0 - o->beta_1) * g;
        *v = o->beta_2 * *v + (1.0 - o->beta_2) * g * g;
        const double mhat = mu(o, t + 1.0) * *m / (1.0 - product * mu(o, t + 1.0)) + (1.0 - mu(o, t)) * g / (1.0 - product);
        u->w[i] -= u->learning_rate * mhat / (sqrt(*v / (1.0 - pow(o->beta_2, t))) + o->epsilon);
    }
}

/* Keras has the form of schedule_decay 1 only. */
static dnn_status encode(const void *p, dnn_node *config)
{
    (void)p;
    dnn_node_remove(config, "schedule_decay");
    return DNN_OK;
}

const dnn_optimizer_kind dnn_optimizer_nadam = {
    .kind = { .name = "nadam", .help = "adam with Nesterov's look ahead (Dozat 2016)",
              .params_size = sizeof(nadam), DNN_PARAMS(params), .keras = "Nadam", .encode = encode },
    .slots = slots, .slot_name = slot_name, .slots_by_weight = true, .n_scalars = SCALARS, .begin = begin, .update = update, .serial = serial,
};
