/* Dropout that keeps mean 0 and variance 1 of selu's outputs (Klambauer et al. 2017, section 3): dropped elements
 * become α' = -1.7581, then y = a x + b. */
#include <math.h>
#include <string.h>

#include "nn/layers/positions.h"

typedef struct { double rate; } alpha_dropout;

static const dnn_param params[] = {
    DNN_REAL(alpha_dropout, rate, "0.5", "[0, 1)", "fraction of inputs set to selu's lower limit while training"),
};

#define LOWER_LIMIT (-1.7580993408473766)

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    p->out = l->in[0];
    p->saved = dnn_shape_units(&l->in[0]);  /* 1 where the element was kept */
    return DNN_OK;
}

static double slope(double rate) { return 1 / sqrt((1 - rate) * (1 + rate * LOWER_LIMIT * LOWER_LIMIT)); }

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t n = p->capacity * dnn_shape_units(&l->out);
    const double rate = ((const alpha_dropout *)l->params)->rate;
    if (!p->training || rate == 0) {
        memcpy(p->y, p->x[0], n * sizeof *p->y);
        return;
    }
    const real a = (real)slope(rate), b = (real)(-slope(rate) * LOWER_LIMIT * rate), low = (real)LOWER_LIMIT;
    real *mask = p->saved ? p->saved : p->y;
    positions_mask(l, p, dnn_shape_units(&l->out), rate, 1, 0, mask);
    for (size_t i = 0; i < n; i++) {
        const real kept = mask[i];
        p->y[i] = a * (p->x[0][i] * kept + low * (1 - kept)) + b;
    }
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t n = p->capacity * dnn_shape_units(&l->out);
    const double rate = ((const alpha_dropout *)l->params)->rate;
    const real a = (real)slope(rate);
    if (!p->dx[0]) return;
    if (!p->training || rate == 0) memcpy(p->dx[0], p->dy, n * sizeof *p->dy);
    else
        for (size_t i = 0; i < n; i++) p->dx[0][i] = p->dy[i] * a * p->saved[i];
}

const dnn_layer_kind dnn_layer_alpha_dropout = {
    .kind = { .name = "alpha_dropout",
              .help = "dropout that keeps mean and variance behind selu (Klambauer et al. 2017)",
              .params_size = sizeof(alpha_dropout),
              DNN_PARAMS(params),
              .keras = "AlphaDropout" },
    .outline = dnn_outline_pass,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
