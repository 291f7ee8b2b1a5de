/* Follow the regularized leader: McMahan et al. 2013, "Ad click prediction", algorithm 1, as Keras has it. p = -learning_rate_power.
 *
 *   a' = a + g²
 *   z += g + 2 · l2_shrinkage · w - (a'^p - a^p) / lr · w
 *   w = (clip(z, -l1, l1) - z) / (a'^p / lr + 2 · l2 + beta / lr)      a = a'
 *
 * A weight is made anew at each step from what has been added up, so l1 gives exact zeros. */
#include <math.h>

#include "dnn/optim/schedule.h"

typedef struct ftrl {
    dnn_component learning_rate;
    double learning_rate_power, initial_accumulator_value;
    double l1_regularization_strength, l2_regularization_strength, l2_shrinkage_regularization_strength, beta;
} ftrl;

static const dnn_param params[] = {
    DNN_COMPONENT(ftrl, learning_rate, &dnn_schedules, "0.001", "step size: a number or a schedule"),
    DNN_REAL(ftrl, learning_rate_power, "-0.5", "<= 0", "how the rate falls with the sum of squares; 0: not at all"),
    DNN_REAL(ftrl, initial_accumulator_value, "0.1", ">= 0", "what the sums of squares start from"),
    DNN_REAL(ftrl, l1_regularization_strength, "0", ">= 0", "penalty on absolute values"),
    DNN_REAL(ftrl, l2_regularization_strength, "0", ">= 0", "penalty on squares, of the weights as they will be"),
    DNN_REAL(ftrl, l2_shrinkage_regularization_strength, "0", ">= 0", "penalty on squares, of the weights as they are"),
    DNN_REAL(ftrl, beta, "0", ">= 0", "the paper's beta: slows the first steps"),
};

enum { ACCUMULATOR, LINEAR, SLOTS };

static size_t slots(const void *p)
{
    (void)p;
    return SLOTS;
}

static const char *slot_name(const void *p, size_t slot)
{
    (void)p;
    return slot == ACCUMULATOR ? "accumulator" : "linear";
}

static float slot_start(const void *p, size_t slot)
{
    return slot == ACCUMULATOR ? (float)((const ftrl *)p)->initial_accumulator_value : 0.0f;
}

/* a^p; the root is exact and fast, and p is hardly ever anything else. */
static inline float raised(float a, float p, bool root)
{
    return root ? sqrtf(a) : powf(a, p);
}

static inline void run(const ftrl *o, const dnn_update *u, bool root)
{
    const double lr = u->learning_rate;
    const float p = (float)-o->learning_rate_power, per_rate = (float)(1.0 / lr), l1 = (float)o->l1_regularization_strength;
    const float l2 = (float)(2.0 * o->l2_regularization_strength + o->beta / lr);
    const float shrink = (float)(2.0 * o->l2_shrinkage_regularization_strength);
    const float *restrict g = u->g;
    float *restrict w = u->w, *restrict a = u->slot[ACCUMULATOR], *restrict z = u->slot[LINEAR];
    for (size_t i = 0; i < u->n; i++) {
        const float sum = a[i] + g[i] * g[i], power = raised(sum, p, root);
        z[i] += g[i] + shrink * w[i] - (power - raised(a[i], p, root)) * per_rate * w[i];
        const float low = z[i] < -l1 ? -l1 : z[i], clipped = low > l1 ? l1 : low;
        w[i] = (clipped - z[i]) / (power * per_rate + l2);
        a[i] = sum;
    }
}

static void update(const void *p, const dnn_update *u)
{
    if (u->learning_rate == 0.0) return;  /* a rate of 0 means no step here as everywhere, and the formula divides by it */
    if (((const ftrl *)p)->learning_rate_power == -0.5)
        run(p, u, true);
    else
        run(p, u, false);
}

static void serial(const void *p, const dnn_serial_update *u)
{
    const ftrl *o = p;
    const double lr = u->learning_rate, power = -o->learning_rate_power, l1 = o->l1_regularization_strength;
    double *a = u->slot[ACCUMULATOR], *z = u->slot[LINEAR];
    for (size_t i = 0; i < u->n && lr != 0.0; i++) {
        const double old = pow(a[i], power), new = pow(a[i] + u->g[i] * u->g[i], power);
        z[i] += u->g[i] + 2.0 * o->l2_shrinkage_regularization_strength * u->w[i] - (new - old) / lr * u->w[i];
        u->w[i] = (fmin(fmax(z[i], -l1), l1) - z[i]) / (new / lr + 2.0 * o->l2_regularization_strength + o->beta / lr);
        a[i] += u->g[i] * u->g[i];
    }
}

const dnn_optimizer_kind dnn_optimizer_ftrl = {
    .kind = { .name = "ftrl", .help = "follow the regularized leader, for sparse models (McMahan et al. 2013)",
              .params_size = sizeof(ftrl), DNN_PARAMS(params), .keras = "Ftrl" },
    .slots = slots, .slot_name = slot_name, .slot_start = slot_start, .slots_by_weight = true, .update = update, .serial = serial,
};
