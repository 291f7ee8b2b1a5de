/* LARS: You, Gitman and Ginsburg, "Large batch training of convolutional networks", 2017, algorithm 1.
 *
 *   local = trust_coefficient · |w| / (|g| + beta |w|) over the whole tensor, 1 where |w| or |g| is 0
 *   v = momentum · v + lr · local · (g + beta w)      w -= v */
#include <math.h>

#include "dnn/optim/schedule.h"

typedef struct lars {
    dnn_component learning_rate;
    double momentum, trust_coefficient, beta;
} lars;

static const dnn_param params[] = {
    DNN_COMPONENT(lars, learning_rate, &dnn_schedules, "0.01", "step size: a number or a schedule"),
    DNN_REAL(lars, momentum, "0.9", "[0, 1)", "share of the last step that is taken again"),
    DNN_REAL(lars, trust_coefficient, "0.001", "> 0", "how far a tensor may move, as a share of its norm"),
    DNN_REAL(lars, beta, "0", ">= 0", "the paper's weight decay, inside the direction"),
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
    const lars *o = p;
    const bool moves = u->w_norm > 0.0 && u->g_norm > 0.0;
    const double local = moves ? o->trust_coefficient * u->w_norm / (u->g_norm + o->beta * u->w_norm) : 1.0;
    const float rate = (float)(u->learning_rate * local), momentum = (float)o->momentum, beta = (float)o->beta, *restrict g = u->g;
    float *restrict w = u->w, *restrict v = u->slot[0];
    for (size_t i = 0; i < u->n; i++) {
        v[i] = momentum * v[i] + rate * (g[i] + beta * w[i]);
        w[i] -= v[i];
    }
}

static void serial(const void *p, const dnn_serial_update *u)
{
    const lars *o = p;
    double of_weights = 0.0, of_gradient = 0.0, *v = u->slot[0];
    for (size_t i = 0; i < u->n; i++) of_weights += u->w[i] * u->w[i], of_gradient += u->g[i] * u->g[i];
    const double w = sqrt(of_weights), g = sqrt(of_gradient);
    const double local = w > 0.0 && g > 0.0 ? o->trust_coefficient * w / (g + o->beta * w) : 1.0;
    for (size_t i = 0; i < u->n; i++) {
        v[i] = o->momentum * v[i] + u->learning_rate * local * (u->g[i] + o->beta * u->w[i]);
        u->w[i] -= v[i];
    }
}

const dnn_optimizer_kind dnn_optimizer_lars = {
    .kind = { .name = "lars", .help = "steps as long as a share of each tensor's norm (You et al. 2017)",
              .params_size = sizeof(lars), DNN_PARAMS(params) },
    .slots = slots, .slot_name = slot_name, .slots_by_weight = true, .wants_norms = true, .update = update, .serial = serial,
};
