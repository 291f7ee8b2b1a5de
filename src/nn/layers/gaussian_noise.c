/* y = x + normal noise while training, drawn by position; the identity in inference. */
#include <string.h>

#include "dnn/base/failpoint.h"
#include "dnn/math/distribution.h"
#include "dnn/nn/layer.h"

typedef struct { double stddev; } gaussian_noise;

static const dnn_param params[] = {
    DNN_REAL(gaussian_noise, stddev, NULL, ">= 0", "standard deviation of the noise"),
};

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    p->out = l->in[0];
    return DNN_OK;
}

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t units = dnn_shape_units(&l->out), n = p->capacity * units;
    const double stddev = ((const gaussian_noise *)l->params)->stddev;
    memcpy(p->y, p->x[0], n * sizeof *p->y);
    if (!p->training || stddev == 0) return;
    const dnn_stream stream = { .seed = p->seed, .purpose = DNN_FOR_NOISE, .item = (uint32_t)l->number };
    const uint64_t first_row = DNN_PLANT(noise_by_place_in_shard) ? 0 : p->first_row;
    float noise[256];
    for (size_t i = 0; i < n; i += 256) {
        const size_t count = n - i < 256 ? n - i : 256;
        dnn_fill_normal(&stream, p->step, first_row * units + i, count, 0, (float)stddev, noise);
        for (size_t j = 0; j < count; j++) p->y[i + j] += noise[j];
    }
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    if (p->dx[0]) memcpy(p->dx[0], p->dy, p->capacity * dnn_shape_units(&l->out) * sizeof *p->dy);
}

const dnn_layer_kind dnn_layer_gaussian_noise = {
    .kind = { .name = "gaussian_noise",
              .help = "adds normal noise while training",
              .params_size = sizeof(gaussian_noise),
              DNN_PARAMS(params),
              .keras = "GaussianNoise" },
    .outline = dnn_outline_pass,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
