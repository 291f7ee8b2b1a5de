/* LAMB: You et al., "Large batch optimization for deep learning: training BERT in 76 minutes", 2020, algorithm 2; as Keras has it.
 *
 *   m = beta_1 m + (1 - beta_1) g      v = beta_2 v + (1 - beta_2) g²
 *   u = m / (1 - beta_1^t) / (sqrt(v / (1 - beta_2^t)) + epsilon)
 *   w -= lr · r · u,  r = |w| / |u| over the whole tensor, 1 where either is 0 */
#include <math.h>

#include "dnn/optim/schedule.h"

typedef struct lamb {
    dnn_component learning_rate;
    double beta_1, beta_2, epsilon;
} lamb;

static const dnn_param params[] = {
    DNN_COMPONENT(lamb, learning_rate, &dnn_schedules, "0.001", "step size: a number or a schedule"),
    DNN_REAL(lamb, beta_1, "0.9", "[0, 1)", "share of the old mean of gradients that is kept"),
    DNN_REAL(lamb, beta_2, "0.999", "[0, 1)", "share of the old mean of squares that is kept"),
    DNN_REAL(lamb, epsilon, "1e-7", ">= 0", "added to the root"),
};

static size_t slots(const void *p)
{
    (void)p;
    return 2;
}

static const char *slot_name(const void *p, size_t slot)
{
    (void)p;
    return slot ? "velocity" : "momentum";
}

static void direction(const void *p, const dnn_update *u, float *restrict g)
{
    const lamb *o = p;
    const float rest_1 = (float)(1.0 - o->beta_1), rest_2 = (float)(1.0 - o->beta_2), e = (float)o->epsilon;
    const float first = (float)(1.0 / (1.0 - pow(o->beta_1, (double)u->t))), second = (float)(1.0 / (1.0 - pow(o->beta_2, (double)u->t)));
    float *restrict m = u->slot[0], *restrict v = u->slot[1];
    for (size_t i = 0; i < u->n; i++) {
        m[i] += rest_1 * (g[i] - m[i]);
        v[i] += rest_2 * (g[i] * g[i] - v[i]);
        g[i] = m[i] * first / (sqrtf(v[i] * second) + e);
    }
}

static void update(const void *p, const dnn_update *u)
{
    (void)p;
    const double ratio = u->w_norm > 0.0 && u->g_norm > 0.0 ? u->w_norm / u->g_norm : 1.0;
    const float rate = (float)(u->learning_rate * ratio), *restrict g = u->g;
    float *restrict w = u->w;
    for (size_t i = 0; i < u->n; i++) w[i] -= rate * g[i];
}

static void serial(const void *p, const dnn_serial_update *u)
{
    const lamb *o = p;
    const double t = (double)u->t;
    double of_weights = 0.0, of_way = 0.0, *m = u->slot[0], *v = u->slot[1];
    for (size_t i = 0; i < u->n; i++) {
        m[i] = o->beta_1 * m[i] + (1.0 - o->beta_1) * u->g[i];
        v[i] = o->beta_2 * v[i] + (1.0 - o->beta_2) * u->g[i] * u->g[i];
        u->g[i] = m[i] / (1.0 - pow(o->beta_1, t)) / (sqrt(v[i] / (1.0 - pow(o->beta_2, t))) + o->epsilon);
        of_weights += u->w[i] * u->w[i];
        of_way += u->g[i] * u->g[i];
    }
    const double ratio = of_weights > 0.0 && of_way > 0.0 ? sqrt(of_weights / of_way) : 1.0;
    for (size_t i = 0; i < u->n; i++) u->w[i] -= u->learning_rate * ratio * u->g[i];
}

const dnn_optimizer_kind dnn_optimizer_lamb = {
    .kind = { .name = "lamb", .help = "adam's direction, as long as the tensor's own norm says (You et al. 2020)",
              .params_size = sizeof(lamb), DNN_PARAMS(params), .keras = "Lamb" },
    .slots = slots, .slot_name = slot_name, .slots_by_weight = true, .wants_norms = true, .direction = direction, .update = update, .serial = serial,
};
