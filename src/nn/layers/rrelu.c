/* y = x, below 0 slope·x. While training each element's slope is drawn between two bounds, by position; in inference it
 * is their mean (Xu et al. 2015, section 2.4, with slopes in place of divisors). */
#include "dnn/math/distribution.h"
#include "dnn/math/vector.h"
#include "dnn/nn/layer.h"

typedef struct { double lower, upper; } rrelu;

static const dnn_param params[] = {
    DNN_REAL(rrelu, lower, "0.125", ">= 0", "least slope below 0"),
    DNN_REAL(rrelu, upper, "0.3333333333333333", ">= 0", "largest slope below 0"),
};

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    const rrelu *r = l->params;
    if (r->lower > r->upper)
        return dnn_fail(DNN_E_CONFIG, "lower = %g: must be at most upper, which is %g", r->lower, r->upper);
    p->out = l->in[0];
    p->saved = dnn_shape_units(&l->in[0]);  /* the slope at each element */
    return DNN_OK;
}

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const rrelu *r = l->params;
    const size_t units = dnn_shape_units(&l->out), n = p->capacity * units;
    const dnn_stream stream = { .seed = p->seed, .purpose = DNN_FOR_NOISE, .item = (uint32_t)l->number };
    const real mean = (real)((r->lower + r->upper) / 2);
    float drawn[256];
    for (size_t i = 0; i < n; i += 256) {
        const size_t count = n - i < 256 ? n - i : 256;
        if (p->training)
            dnn_fill_uniform(&stream, p->step, p->first_row * units + i, count, (float)r->lower, (float)r->upper,
                             drawn);
        for (size_t j = 0; j < count; j++) {
            const real x = p->x[0][i + j], below = p->training ? drawn[j] : mean, slope = dnn_select(x > 0, 1, below);
            p->y[i + j] = x * slope;
            if (p->saved) p->saved[i + j] = slope;
        }
    }
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t n = p->capacity * dnn_shape_units(&l->out);
    for (size_t i = 0; p->dx[0] && i < n; i++) p->dx[0][i] = p->dy[i] * p->saved[i];
}

static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    const rrelu *r = l->params;
    const dnn_value y = dnn_outline_1(o, "LeakyRelu", dnn_outline_input(o, 0));
    dnn_outline_set_real(o, "alpha", (r->lower + r->upper) / 2);
    return y;
}

const dnn_layer_kind dnn_layer_rrelu = {
    .kind = { .name = "rrelu",
              .help = "x, below 0 slope·x with a slope drawn while training (Xu et al. 2015)",
              .params_size = sizeof(rrelu),
              DNN_PARAMS(params) },
    .outline = outline,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
