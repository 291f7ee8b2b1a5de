/* The mean or the largest value of each channel of an image, a sequence or a volume. */
#include <string.h>

#include "nn/layers/images.h"

typedef struct { bool keepdims; } global_pooling;

static const dnn_param params[] = {
    DNN_BOOL(global_pooling, keepdims, "false", "true: other axes stay, with length 1"),
};

static size_t channels_of(const dnn_layer *l) { return l->in[0].dim[l->in[0].rank - 1]; }
static size_t cells_of(const dnn_layer *l) { return dnn_shape_units(&l->in[0]) / channels_of(l); }

static dnn_status plan(const dnn_layer *l, size_t axes, dnn_layer_plan *p)
{
    const dnn_status st = image_check(l, axes);
    if (st != DNN_OK) return st;
    const size_t channels = channels_of(l);
    p->out = dnn_shape_1(channels);
    if (((const global_pooling *)l->params)->keepdims) {
        const size_t dim[] = { 1, 1, 1, channels };
        p->out = dnn_shape_of(axes + 1, dim + 3 - axes);
    }
    p->scratch_fixed = channels * (sizeof(double) / sizeof(real));
    return DNN_OK;
}

static dnn_status plan_of_largest(const dnn_layer *l, size_t axes, dnn_layer_plan *p)
{
    p->backward_wants_x = p->backward_wants_y = true;
    return plan(l, axes, p);
}

static dnn_status plan_mean_1d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 1, p); }
static dnn_status plan_mean_2d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 2, p); }
static dnn_status plan_mean_3d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 3, p); }
static dnn_status plan_largest_1d(const dnn_layer *l, dnn_layer_plan *p) { return plan_of_largest(l, 1, p); }
static dnn_status plan_largest_2d(const dnn_layer *l, dnn_layer_plan *p) { return plan_of_largest(l, 2, p); }
static dnn_status plan_largest_3d(const dnn_layer *l, dnn_layer_plan *p) { return plan_of_largest(l, 3, p); }

static void forward_mean(const dnn_layer *l, const dnn_pass *p)
{
    const size_t cells = cells_of(l), k = channels_of(l);
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
    const size_t cells = cells_of(l), k = channels_of(l);
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
    const size_t cells = cells_of(l), k = channels_of(l);
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
    const size_t cells = cells_of(l), k = channels_of(l);
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
    dnn_outline_set_integers(o, "axes", l->in[0].rank - 1, (int64_t[]){ 1, 2, 3 });
    dnn_outline_set_integer(o, "keepdims", ((const global_pooling *)l->params)->keepdims);
    return y;
}

#define POOLING(name, keras, axes, way, help) \
    IMAGE_LAYER(name, keras, help, global_pooling, params, plan_##way##_##axes, forward_##way, backward_##way, outline)
POOLING(global_average_pooling1d, "GlobalAveragePooling1D", 1d, mean, "mean of each channel of a sequence");
POOLING(global_average_pooling2d, "GlobalAveragePooling2D", 2d, mean, "mean of each channel of an image");
POOLING(global_average_pooling3d, "GlobalAveragePooling3D", 3d, mean, "mean of each channel of a volume");
POOLING(global_max_pooling1d, "GlobalMaxPooling1D", 1d, largest, "largest value of each channel of a sequence");
POOLING(global_max_pooling2d, "GlobalMaxPooling2D", 2d, largest, "largest value of each channel of an image");
POOLING(global_max_pooling3d, "GlobalMaxPooling3D", 3d, largest, "largest value of each channel of a volume");
