/* Inverted dropout: Srivastava et al. 2014, with the scaling moved into training, so that inference is the identity. */
#include <string.h>

#include "dnn/base/failpoint.h"
#include "nn/layers/positions.h"

typedef struct { double rate; } dropout;

static const dnn_param params[] = {
    DNN_REAL(dropout, rate, "0.5", "[0, 1)", "fraction of inputs zeroed while training"),
};

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    p->out = l->in[0];
    p->saved = dnn_shape_units(&l->in[0]);  /* what each element was multiplied by */
    return DNN_OK;
}

static void multiply(size_t n, const real *restrict x, const real *restrict mask, real *restrict y)
{
    for (size_t i = 0; i < n; i++) y[i] = x[i] * mask[i];
}

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t n = p->capacity * dnn_shape_units(&l->out);
    const double rate = ((const dropout *)l->params)->rate;
    if (!p->training || rate == 0) {
        memcpy(p->y, p->x[0], n * sizeof *p->y);
        return;
    }
    /* Without a backward to come the mask is made where the output goes. */
    real *mask = p->saved ? p->saved : p->y;
    positions_mask(l, p, dnn_shape_units(&l->out), rate, DNN_PLANT(dropout_not_rescaled) ? 1 : (real)(1 / (1 - rate)), 0, mask);
    if (p->saved) multiply(n, p->x[0], mask, p->y);
    else
        for (size_t i = 0; i < n; i++) p->y[i] *= p->x[0][i];
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t n = p->capacity * dnn_shape_units(&l->out);
    if (!p->dx[0]) return;
    if (p->training && ((const dropout *)l->params)->rate > 0) multiply(n, p->dy, p->saved, p->dx[0]);
    else memcpy(p->dx[0], p->dy, n * sizeof *p->dy);
}

const dnn_layer_kind dnn_layer_dropout = {
    .kind = { .name = "dropout",
              .help = "zeroes inputs at random while training, scales the others up (Srivastava et al. 2014)",
              .params_size = sizeof(dropout),
              DNN_PARAMS(params),
              .keras = "Dropout" },
    .outline = dnn_outline_pass,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
