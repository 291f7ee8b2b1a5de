/* Adamax: Kingma and Ba 2015, algorithm 2: Adam with the largest absolute value in place of the root mean square.
 *
 *   m += (1 - beta_1) (g - m)      u = max(beta_2 · u, |g|)
 *   w -= lr / (1 - beta_1^t) · m / (u + epsilon)
 *
 * Without the absolute value, which some texts drop, u stays 0 for negative gradients. */
#include <math.h>

#include "dnn/optim/schedule.h"

typedef struct adamax {
    dnn_component learning_rate;
    double beta_1, beta_2, epsilon;
} adamax;

static const dnn_param params[] = {
    DNN_COMPONENT(adamax, learning_rate, &dnn_schedules, "0.001", "step size: a number or a schedule"),
    DNN_REAL(adamax, beta_1, "0.9", "[0, 1)", "share of the old mean of gradients that is kept"),
    DNN_REAL(adamax, beta_2, "0.999", "[0, 1)", "factor by which the largest gradient so far fades"),
    DNN_REAL(adamax, epsilon, "1e-7", ">= 0", "added to the divisor"),
};

enum { MOMENTUM, NORM, SLOTS };

static size_t slots(const void *p)
{
    (void)p;
    return SLOTS;
}

static const char *slot_name(const void *p, size_t slot)
{
    (void)p;
    return slot == MOMENTUM ? "momentum" : "norm";
}

static void update(const void *p, const dnn_update *u)
{
    const adamax *a = p;
    const float rate = (float)(u->learning_rate / (1.0 - pow(a->beta_1, (double)u->t)));
    const float rest_1 = (float)(1.0 - a->beta_1), beta_2 = (float)a->beta_2, epsilon = (float)a->epsilon;
    const float *restrict g = u->g;
    float *restrict w = u->w, *restrict m = u->slot[MOMENTUM], *restrict norm = u->slot[NORM];
    for (size_t i = 0; i < u->n; i++) {
        m[i] += rest_1 * (g[i] - m[i]);
        const float faded = beta_2 * norm[i], now = fabsf(g[i]);
        norm[i] = faded > now ? faded : now;
        w[i] -= rate * m[i] / (norm[i] + epsilon);
    }
}

static void serial(const void *p, const dnn_serial_update *u)
{
    const adamax *a = p;
    double *m = u->slot[MOMENTUM], *norm = u->slot[NORM];
    for (size_t i = 0; i < u->n; i++) {
        m[i] = a->beta_1 * m[i] + (1.0 - a->beta_1) * u->g[i];
        norm[i] = fmax(a->beta_2 * norm[i], fabs(u->g[i]));
        u->w[i] -= u->learning_rate * m[i] / (1.0 - pow(a->beta_1, (double)u->t)) / (norm[i] + a->epsilon);
    }
}

const dnn_optimizer_kind dnn_optimizer_adamax = {
    .kind = { .name = "adamax", .help = "adam with the largest recent gradient as divisor (Kingma and Ba 2015)",
              .params_size = sizeof(adamax), DNN_PARAMS(params), .keras = "Adamax" },
    .slots = slots, .slot_name = slot_name, .slots_by_weight = true, .update = update, .serial = serial,
};
