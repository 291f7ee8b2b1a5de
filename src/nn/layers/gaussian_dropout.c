/* y = x times normal noise of mean 1 and variance rate / (1 - rate) while training, which is that of inverted dropout
 * (Srivastava et al. 2014, section 10); the identity in inference. */
#include <math.h>
#include <string.h>

#include "dnn/math/distribution.h"
#include "dnn/nn/layer.h"

typedef struct { double rate; } gaussian_dropout;

static const dnn_param params[] = {
    DNN_REAL(gaussian_dropout, rate, NULL, "[0, 1)", "of the dropout whose variance the noise has"),
};

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    p->out = l->in[0];
    p->saved = dnn_shape_units(&l->in[0]);  /* what each element was multiplied by */
    return DNN_OK;
}

static double rate_of(const dnn_layer *l) { return ((const gaussian_dropout *)l->params)->rate; }

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t units = dnn_shape_units(&l->out), n = p->capacity * units;
    const double rate = rate_of(l);
    const float stddev = (float)sqrt(rate / (1 - rate));
    if (!p->training || rate == 0) {
        memcpy(p->y, p->x[0], n * sizeof *p->y);
        return;
    }
    const dnn_stream stream = { .seed = p->seed, .purpose = DNN_FOR_NOISE, .item = (uint32_t)l->number };
    float noise[256];
    for (size_t i = 0; i < n; i += 256) {
        const size_t count = n - i < 256 ? n - i : 256;
        dnn_fill_normal(&stream, p->step, p->first_row * units + i, count, 1, stddev, noise);
        for (size_t j = 0; j < count; j++) p->y[i + j] = p->x[0][i + j] * noise[j];
        for (size_t j = 0; p->saved && j < count; j++) p->saved[i + j] = noise[j];
    }
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t n = p->capacity * dnn_shape_units(&l->out);
    if (!p->dx[0]) return;
    if (!p->training || rate_of(l) == 0) memcpy(p->dx[0], p->dy, n * sizeof *p->dy);
    else
        for (size_t i = 0; i < n; i++) p->dx[0][i] = p->dy[i] * p->saved[i];
}

const dnn_layer_kind dnn_layer_gaussian_dropout = {
    .kind = { .name = "gaussian_dropout",
              .help = "multiplies by normal noise of mean 1 while training (Srivastava et al. 2014, section 10)",
              .params_size = sizeof(gaussian_dropout),
              DNN_PARAMS(params),
              .keras = "GaussianDropout" },
    .outline = dnn_outline_pass,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
