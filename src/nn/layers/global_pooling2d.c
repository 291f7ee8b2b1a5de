/* The mean or the largest value of each channel of an image. */
#include <string.h>

#include "nn/layers/images.h"

typedef struct { bool keepdims; } global_pooling2d;

static const dnn_param params[] = {
    DNN_BOOL(global_pooling2d, keepdims, "false", "true: output [1, 1, channels] instead of [channels]"),
};

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    const dnn_status st = image_check(l);
    if (st != DNN_OK) return st;
    const size_t channels = l->in[0].dim[2];
    p->out = ((const global_pooling2d *)l->params)->keepdims ? dnn_shape_of(3, (size_t[]){ 1, 1, channels })
                                                             : dnn_shape_1(channels);
    p->scratch_fixed = channels * (sizeof(double) / sizeof(real));
    return DNN_OK;
}

static dnn_status plan_of_largest(const dnn_layer *l, dnn_layer_plan *p)
{
    p->backward_wants_x = p->backward_wants_y = true;
    return plan(l, p);
}

static size_t cells_of(const dnn_layer *l) { return l->in[0].dim[0] * l->in[0].dim[1]; }

static void forward_mean(const dnn_layer *l, const dnn_pass *p)
{
    const size_t cells = cells_of(l), k = l->in[0].dim[2];
    const double share = 1 / (double)cells;
    double *restrict sum = (double *)p->scratch_fixed;
    const real *restrict x = p->x[0];
    for (size_t r = 0; r < p->capacity; r++) {
        memset(sum, 0, k * sizeof *sum);
        for (size_t i = 0; i < cells; i++, x += k)
            for (size_t o = 0; o < k; o++) sum[o] += x[o];
        for (size_t o = 0; o < k; o++) p->y[r * k + o] = (real)(sum[o] * share);
    }
}

static void backward_mean(const dnn_layer *l, const dnn_pass *p)
{
    const size_t cells = cells_of(l), k = l->in[0].dim[2];
    const real share = 1 / (real)cells;
    real *restrict dx = p->dx[0];
    for (size_t r = 0; dx && r < p->capacity; r++) {
        const real *restrict dy = p->dy + r * k;
        for (size_t i = 0; i < cells; i++, dx += k)
            for (size_t o = 0; o < k; o++) dx[o] = dy[o] * share;
    }
}

static void forward_largest(const dnn_layer *l, const dnn_pass *p)
{
    const size_t cells = cells_of(l), k = l->in[0].dim[2];
    const real *restrict x = p->x[0];
    for (size_t r = 0; r < p->capacity; r++) {
        real *restrict y = p->y + r * k;
        memcpy(y, x, k * sizeof *y);
        for (size_t i = 0; i < cells; i++, x += k)
            for (size_t o = 0; o < k; o++) y[o] = (x[o] > y[o]) | (x[o] != x[o]) ? x[o] : y[o];
    }
}

/* Cells that are equally large share dy equally, as in Keras. */
static void backward_largest(const dnn_layer *l, const dnn_pass *p)
{
    const size_t cells = cells_of(l), k = l->in[0].dim[2];
    real *restrict count = p->scratch_fixed;
    for (size_t r = 0; p->dx[0] && r < p->capacity; r++) {
        const real *restrict x = p->x[0] + r * cells * k, *restrict y = p->y + r * k, *restrict dy = p->dy + r * k;
        real *restrict dx = p->dx[0] + r * cells * k;
        memset(count, 0, k * sizeof *count);
        for (size_t i = 0; i < cells; i++)
            for (size_t o = 0; o < k; o++) count[o] += x[i * k + o] == y[o] ? 1 : 0;
        for (size_t i = 0; i < cells; i++)
            for (size_t o = 0; o < k; o++) dx[i * k + o] = x[i * k + o] == y[o] ? dy[o] / count[o] : 0;
    }
}

static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    const dnn_value y = dnn_outline_1(o, l->kind->forward == forward_mean ? "ReduceMean" : "ReduceMax", dnn_outline_input(o, 0));
    dnn_outline_set_integers(o, "axes", 2, (int64_t[]){ 1, 2 });
    dnn_outline_set_integer(o, "keepdims", ((const global_pooling2d *)l->params)->keepdims);
    return y;
}

#define POOLING(name_, keras_, plan_, way, help_)                                                                      \
    const dnn_layer_kind dnn_layer_##name_ = {                                                                         \
        .kind = { .name = #name_,                                                                                      \
                  .help = help_,                                                                                       \
                  .params_size = sizeof(global_pooling2d),                                                             \
                  DNN_PARAMS(params),                                                                                  \
                  .keras = keras_,                                                                                     \
                  .decode = image_decode },                                                                            \
        .outline = outline,                                                                                           \
        .plan = plan_,                                                                                                 \
        .forward = forward_##way,                                                                                      \
        .backward = backward_##way,                                                                                    \
    }
POOLING(global_average_pooling2d, "GlobalAveragePooling2D", plan, mean, "mean of each channel of an image");
POOLING(global_max_pooling2d, "GlobalMaxPooling2D", plan_of_largest, largest,
        "largest value of each channel of an image");
