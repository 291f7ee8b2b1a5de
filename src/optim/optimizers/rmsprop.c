/* RMSprop: Hinton, Srivastava and Swersky 2012, "Neural networks for machine learning", lecture 6e; centered: Graves 2013,
 * "Generating sequences with recurrent neural networks", equations 38 to 41.
 *
 *   s = rho · s + (1 - rho) · g²        a = rho · a + (1 - rho) · g   (centered only)
 *   d = lr · g / sqrt(s - a² + epsilon)
 *   w -= d, or with momentum: m = momentum · m + d, w -= m
 *
 * Epsilon is inside the root, as in Keras; Adam has it outside. */
#include <math.h>

#include "dnn/optim/schedule.h"

typedef struct rmsprop {
    dnn_component learning_rate;
    double rho, momentum, epsilon;
    bool centered;
} rmsprop;

static const dnn_param params[] = {
    DNN_COMPONENT(rmsprop, learning_rate, &dnn_schedules, "0.001", "step size: a number or a schedule"),
    DNN_REAL(rmsprop, rho, "0.9", "[0, 1)", "share of the old mean of squares that is kept"),
    DNN_REAL(rmsprop, momentum, "0", "[0, 1]", "share of the last step that is taken again"),
    DNN_REAL(rmsprop, epsilon, "1e-7", ">= 0", "added inside the root"),
    DNN_BOOL(rmsprop, centered, "false", "divides by the standard deviation of the gradient, not by its root mean square"),
};

/* In Keras's file order: velocity, then momentum, then average_gradient, each where it is kept. */
enum { VELOCITY = 0 };
static bool keeps_momentum(const rmsprop *r) { return r->momentum > 0.0 || dnn_schedule_moves_momentum(&r->learning_rate); }
static size_t momentum_slot(const rmsprop *r) { return keeps_momentum(r) ? 1 : 0; }
static size_t average_slot(const rmsprop *r) { return r->centered ? momentum_slot(r) + 1 : 0; }

static size_t slots(const void *p)
{
    const rmsprop *r = p;
    return 1 + keeps_momentum(r) + r->centered;
}

static const char *slot_name(const void *p, size_t slot)
{
    if (slot == VELOCITY) return "velocity";
    return slot == momentum_slot(p) ? "momentum" : "average_gradient";
}

/* d above for one element. The variance is never below 0 but its difference may be, by rounding, where the gradient
 * hardly changes; without the bound the root of that would be NaN. */
static inline float step_of(float g, float lr, float s, float a, float epsilon)
{
    const float variance = s - a * a;
    return lr * g / sqrtf((variance > 0.0f ? variance : 0.0f) + epsilon);
}

/* A schedule may move it (one_cycle). */
static float momentum_of(const rmsprop *r, const dnn_update *u) { return (float)(u->momentum ? *u->momentum : r->momentum); }

static void plain(const rmsprop *r, const dnn_update *u)
{
    const float lr = (float)u->learning_rate, rho = (float)r->rho, rest = (float)(1.0 - r->rho), epsilon = (float)r->epsilon;
    const float *restrict g = u->g;
    float *restrict w = u->w, *restrict s = u->slot[VELOCITY];
    for (size_t i = 0; i < u->n; i++) {
        s[i] = rho * s[i] + rest * (g[i] * g[i]);
        w[i] -= lr * g[i] / sqrtf(s[i] + epsilon);
    }
}

static void with_momentum(const rmsprop *r, const dnn_update *u)
{
    const float lr = (float)u->learning_rate, rho = (float)r->rho, rest = (float)(1.0 - r->rho), epsilon = (float)r->epsilon;
    const float momentum = momentum_of(r, u), *restrict g = u->g;
    float *restrict w = u->w, *restrict s = u->slot[VELOCITY], *restrict m = u->slot[momentum_slot(r)];
    for (size_t i = 0; i < u->n; i++) {
        s[i] = rho * s[i] + rest * (g[i] * g[i]);
        m[i] = momentum * m[i] + lr * g[i] / sqrtf(s[i] + epsilon);
        w[i] -= m[i];
    }
}

static void centered(const rmsprop *r, const dnn_update *u)
{
    const float lr = (float)u->learning_rate, rho = (float)r->rho, rest = (float)(1.0 - r->rho), epsilon = (float)r->epsilon;
    const float *restrict g = u->g;
    float *restrict w = u->w, *restrict s = u->slot[VELOCITY], *restrict a = u->slot[average_slot(r)];
    for (size_t i = 0; i < u->n; i++) {
        s[i] = rho * s[i] + rest * (g[i] * g[i]);
        a[i] = rho * a[i] + rest * g[i];
        w[i] -= step_of(g[i], lr, s[i], a[i], epsilon);
    }
}

static void centered_with_momentum(const rmsprop *r, const dnn_update *u)
{
    const float lr = (float)u->learning_rate, rho = (float)r->rho, rest = (float)(1.0 - r->rho), epsilon = (float)r->epsilon;
    const float momentum = momentum_of(r, u), *restrict g = u->g;
    float *restrict w = u->w, *restrict s = u->slot[VELOCITY], *restrict m = u->slot[momentum_slot(r)];
    float *restrict a = u->slot[average_slot(r)];
    for (size_t i = 0; i < u->n; i++) {
        s[i] = rho * s[i] + rest * (g[i] * g[i]);
        a[i] = rho * a[i] + rest * g[i];
        m[i] = momentum * m[i] + step_of(g[i], lr, s[i], a[i], epsilon);
        w[i] -= m[i];
    }
}

static void update(const void *p, const dnn_update *u)
{
    const rmsprop *r = p;
    if (r->centered)
        (keeps_momentum(r) ? centered_with_momentum : centered)(r, u);
    else
        (keeps_momentum(r) ? with_momentum : plain)(r, u);
}

/* Keras keeps the vector that a moved momentum needs where its own is not 0: the first of the cycle. */
static void serial(const void *p, const dnn_serial_update *u)
{
    const rmsprop *r = p;
    double *s = u->slot[VELOCITY], *m = u->slot[momentum_slot(r)], *a = u->slot[average_slot(r)];
    for (size_t i = 0; i < u->n; i++) {
        const double g = u->g[i];
        s[i] = r->rho * s[i] + (1.0 - r->rho) * g * g;
        if (r->centered) a[i] = r->rho * a[i] + (1.0 - r->rho) * g;
        const double variance = r->centered ? fmax(s[i] - a[i] * a[i], 0.0) : s[i];
        double d = u->learning_rate * g / sqrt(variance + r->epsilon);
        if (r->momentum > 0.0) d = m[i] = (isnan(u->momentum) ? r->momentum : u->momentum) * m[i] + d;
        u->w[i] -= d;
    }
}

static dnn_status encode(const void *p, dnn_node *config)
{
    const rmsprop *r = p;
    const double first = dnn_schedule_momentum(&r->learning_rate, &(dnn_schedule_time){ .steps_per_epoch = 1, .total_steps = 1 });
    return isnan(first) || r->momentum > 0.0 ? DNN_OK : dnn_node_set(config, "momentum", dnn_node_real(first));
}

const dnn_optimizer_kind dnn_optimizer_rmsprop = {
    .kind = { .name = "rmsprop", .help = "divides by the root mean square of recent gradients (Hinton 2012)",
              .params_size = sizeof(rmsprop), DNN_PARAMS(params), .keras = "RMSprop", .encode = encode },
    .slots = slots, .slot_name = slot_name, .momentum_moves = true, .update = update, .serial = serial,
};
