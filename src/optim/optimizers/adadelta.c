/* Adadelta: Zeiler 2012, algorithm 1, with the learning rate that Keras adds.
 *
 *   a = rho · a + (1 - rho) · g²
 *   x = g · sqrt(d + epsilon) / sqrt(a + epsilon)
 *   d = rho · d + (1 - rho) · x²
 *   w -= lr · x
 *
 * Epsilon is inside both roots. The paper's form is learning_rate: 1. */
#include <math.h>

#include "dnn/optim/schedule.h"

typedef struct adadelta {
    dnn_component learning_rate;
    double rho, epsilon;
} adadelta;

static const dnn_param params[] = {
    DNN_COMPONENT(adadelta, learning_rate, &dnn_schedules, "0.001", "step size: a number or a schedule"),
    DNN_REAL(adadelta, rho, "0.95", "[0, 1)", "share of the old means of squares that is kept"),
    DNN_REAL(adadelta, epsilon, "1e-7", ">= 0", "added inside both roots"),
};

enum { OF_GRADIENT, OF_STEP, SLOTS };

static size_t slots(const void *p)
{
    (void)p;
    return SLOTS;
}

static const char *slot_name(const void *p, size_t slot)
{
    (void)p;
    return slot == OF_GRADIENT ? "accumulated_grad" : "accumulated_delta_var";
}

static void update(const void *p, const dnn_update *u)
{
    const adadelta *o = p;
    const float lr = (float)u->learning_rate, rho = (float)o->rho, rest = (float)(1.0 - o->rho), epsilon = (float)o->epsilon;
    const float *restrict g = u->g;
    float *restrict w = u->w, *restrict a = u->slot[OF_GRADIENT], *restrict d = u->slot[OF_STEP];
    for (size_t i = 0; i < u->n; i++) {
        a[i] = rho * a[i] + rest * (g[i] * g[i]);
        const float x = g[i] * sqrtf(d[i] + epsilon) / sqrtf(a[i] + epsilon);
        d[i] = rho * d[i] + rest * (x * x);
        w[i] -= lr * x;
    }
}

static void serial(const void *p, const dnn_serial_update *u)
{
    const adadelta *o = p;
    double *a = u->slot[OF_GRADIENT], *d = u->slot[OF_STEP];
    for (size_t i = 0; i < u->n; i++) {
        a[i] = o->rho * a[i] + (1.0 - o->rho) * u->g[i] * u->g[i];
        const double x = u->g[i] * sqrt(d[i] + o->epsilon) / sqrt(a[i] + o->epsilon);
        d[i] = o->rho * d[i] + (1.0 - o->rho) * x * x;
        u->w[i] -= u->learning_rate * x;
    }
}

const dnn_optimizer_kind dnn_optimizer_adadelta = {
    .kind = { .name = "adadelta", .help = "steps as long as recent steps, relative to recent gradients (Zeiler 2012)",
              .params_size = sizeof(adadelta), DNN_PARAMS(params), .keras = "Adadelta" },
    .slots = slots, .slot_name = slot_name, .slots_by_weight = true, .update = update, .serial = serial,
};
