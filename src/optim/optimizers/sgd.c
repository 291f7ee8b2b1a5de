/* Stochastic gradient descent, with momentum (Polyak 1964) and Nesterov's form of it (Sutskever et al. 2013, section 2).
 *
 *   keras   m = momentum · m - lr · g      w += m      nesterov: w += momentum · m - lr · g
 *   torch   v = momentum · v + g           w -= lr · v nesterov: w -= lr · (g + momentum · v)
 *
 * A schedule may move the momentum (one_cycle); the formulas then take that of the step. The two are one as long as the learning rate
 * stays; when it changes, Keras keeps the length of steps already taken, PyTorch scales them along. */
#include <math.h>

#include "dnn/base/failpoint.h"
#include "dnn/optim/schedule.h"

typedef enum convention { KERAS, TORCH } convention;

typedef struct sgd {
    dnn_component learning_rate;
    double momentum;
    bool nesterov;
    int dampening_convention;
} sgd;

static const dnn_param params[] = {
    DNN_COMPONENT(sgd, learning_rate, &dnn_schedules, "0.01", "step size: a number or a schedule"),
    DNN_REAL(sgd, momentum, "0", "[0, 1]", "share of the last step that is taken again"),
    DNN_BOOL(sgd, nesterov, "false", "gradient as if taken after the momentum step; without momentum it changes nothing"),
    DNN_CHOICE(sgd, dampening_convention, "keras", "keras|torch", "whether momentum keeps steps (keras) or gradients (torch)"),
};

static size_t slots(const void *p)
{
    const sgd *s = p;
    return s->momentum != 0.0 || dnn_schedule_moves_momentum(&s->learning_rate) ? 1 : 0;
}

static const char *slot_name(const void *p, size_t slot)
{
    (void)p, (void)slot;
    return "momentum";
}

static void plain(const dnn_update *u)
{
    const float lr = (float)u->learning_rate, *g = u->g;
    float *w = u->w;
    for (size_t i = 0; i < u->n; i++) w[i] -= lr * g[i];
}

static void keras(const dnn_update *u, float momentum, bool nesterov)
{
    const float lr = (float)u->learning_rate, *restrict g = u->g;
    float *restrict w = u->w, *restrict m = u->slot[0];
    if (nesterov)
        for (size_t i = 0; i < u->n; i++) {
            const float step = lr * g[i];
            m[i] = momentum * m[i] - step;
            w[i] += momentum * m[i] - step;
        }
    else
        for (size_t i = 0; i < u->n; i++) {
            m[i] = momentum * m[i] - lr * g[i];
            w[i] += m[i];
        }
}

static void torch(const dnn_update *u, float momentum, bool nesterov)
{
    const float lr = (float)u->learning_rate, *restrict g = u->g;
    float *restrict w = u->w, *restrict v = u->slot[0];
    if (nesterov)
        for (size_t i = 0; i < u->n; i++) {
            v[i] = momentum * v[i] + g[i];
            w[i] -= lr * (g[i] + momentum * v[i]);
        }
    else
        for (size_t i = 0; i < u->n; i++) {
            v[i] = momentum * v[i] + g[i];
            w[i] -= lr * v[i];
        }
}

static void update(const void *p, const dnn_update *u)
{
    const sgd *s = p;
    const float momentum = (float)(u->momentum ? *u->momentum : s->momentum);
    if (momentum == 0.0f)
        plain(u);
    else if (s->dampening_convention == KERAS)
        keras(u, momentum, s->nesterov && !DNN_PLANT(nesterov_missing));
    else
        torch(u, momentum, s->nesterov);
}

static void serial(const void *p, const dnn_serial_update *u)
{
    const sgd *s = p;
    const double b = isnan(u->momentum) ? s->momentum : u->momentum, lr = u->learning_rate;
    for (size_t i = 0; i < u->n; i++) {
        const double g = u->g[i], old = s->momentum != 0.0 ? u->slot[0][i] : 0.0;
        const double step = s->dampening_convention == KERAS ? b * old - lr * g : b * old + g;
        if (s->dampening_convention == KERAS) u->w[i] += s->nesterov && s->momentum != 0.0 ? b * step - lr * g : step;
        else u->w[i] -= lr * (s->nesterov && s->momentum != 0.0 ? g + b * step : step);
        if (s->momentum != 0.0) u->slot[0][i] = step;
    }
}

/* Keras knows its own convention only, and keeps the vector that a moved momentum needs where its own is not 0: the first of the cycle. */
static dnn_status encode(const void *p, dnn_node *config)
{
    const sgd *s = p;
    const double first = dnn_schedule_momentum(&s->learning_rate, &(dnn_schedule_time){ .steps_per_epoch = 1, .total_steps = 1 });
    dnn_node_remove(config, "dampening_convention");
    return isnan(first) || s->momentum != 0.0 ? DNN_OK : dnn_node_set(config, "momentum", dnn_node_real(first));
}

const dnn_optimizer_kind dnn_optimizer_sgd = {
    .kind = { .name = "sgd", .help = "gradient descent: w -= lr g, with momentum m = b m - lr g, w += m",
              .params_size = sizeof(sgd), DNN_PARAMS(params), .keras = "SGD", .encode = encode },
    .slots = slots, .slot_name = slot_name, .momentum_moves = true, .update = update, .serial = serial,
};
