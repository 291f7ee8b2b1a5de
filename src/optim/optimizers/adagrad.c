/* AdaGrad: Duchi, Hazan and Singer 2011, with the diagonal matrix.
 *
 *   s += g²      w -= lr · g / sqrt(s + epsilon)
 *
 * s starts at initial_accumulator_value, 0.1 as in Keras 3 (0 in the paper). Epsilon is inside the root. */
#include <math.h>

#include "dnn/optim/schedule.h"

typedef struct adagrad {
    dnn_component learning_rate;
    double initial_accumulator_value, epsilon;
} adagrad;

static const dnn_param params[] = {
    DNN_COMPONENT(adagrad, learning_rate, &dnn_schedules, "0.001", "step size: a number or a schedule"),
    DNN_REAL(adagrad, initial_accumulator_value, "0.1", ">= 0", "what the sums of squares start from"),
    DNN_REAL(adagrad, epsilon, "1e-7", ">= 0", "added inside the root"),
};

static size_t slots(const void *p)
{
    (void)p;
    return 1;
}

static const char *slot_name(const void *p, size_t slot)
{
    (void)p, (void)slot;
    return "accumulator";
}

static float slot_start(const void *p, size_t slot)
{
    (void)slot;
    return (float)((const adagrad *)p)->initial_accumulator_value;
}

static void update(const void *p, const dnn_update *u)
{
    const float lr = (float)u->learning_rate, epsilon = (float)((const adagrad *)p)->epsilon;
    const float *restrict g = u->g;
    float *restrict w = u->w, *restrict s = u->slot[0];
    for (size_t i = 0; i < u->n; i++) {
        s[i] += g[i] * g[i];
        w[i] -= lr * g[i] / sqrtf(s[i] + epsilon);
    }
}

static void serial(const void *p, const dnn_serial_update *u)
{
    const adagrad *a = p;
    for (size_t i = 0; i < u->n; i++) {
        u->slot[0][i] += u->g[i] * u->g[i];
        u->w[i] -= u->learning_rate * u->g[i] / sqrt(u->slot[0][i] + a->epsilon);
    }
}

const dnn_optimizer_kind dnn_optimizer_adagrad = {
    .kind = { .name = "adagrad", .help = "divides by the root of the sum of all squared gradients (Duchi et al. 2011)",
              .params_size = sizeof(adagrad), DNN_PARAMS(params), .keras = "Adagrad" },
    .slots = slots, .slot_name = slot_name, .slot_start = slot_start, .update = update, .serial = serial,
};
