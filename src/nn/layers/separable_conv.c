/* y = f(u P + b): u has kernels of its own for each channel (depthwise.h), P [channels · depth_multiplier, filters] mixes the channels of each place.
 * With dz = dy f': dP = sum over places of uᵀ dz, and du = dz Pᵀ goes the way of a depthwise convolution. */
#include <string.h>

#include "dnn/math/blas.h"
#include "dnn/nn/constraint.h"
#include "dnn/nn/initializer.h"
#include "dnn/nn/regularizer.h"
#include "nn/layers/depthwise.h"

typedef struct {
    size_t filters;
    dnn_numbers kernel_size, strides;
    int padding;
    dnn_numbers dilation_rate;
    size_t depth_multiplier;
    dnn_component activation;
    bool use_bias;
    dnn_component depthwise_initializer, pointwise_initializer, bias_initializer, depthwise_regularizer, pointwise_regularizer, bias_regularizer,
        activity_regularizer, depthwise_constraint, pointwise_constraint, bias_constraint;
} separable_conv;

#define PARAMS(numbers, kernel)                                                                                                                 \
    {                                                                                                                                           \
        DNN_SIZE(separable_conv, filters, NULL, ">= 1", "channels of the output"),                                                              \
        DNN_NUMBERS(separable_conv, kernel_size, NULL, ">= 1", "cells under a kernel" numbers),                                                 \
        DNN_NUMBERS(separable_conv, strides, "1", ">= 1", "cells from one place to the next" numbers),                                          \
        DNN_CHOICE(separable_conv, padding, "valid", "valid|same", "same: zeros around, for places / strides outputs"),                         \
        DNN_NUMBERS(separable_conv, dilation_rate, "1", ">= 1", "distance of the cells under a kernel" numbers),                                \
        DNN_SIZE(separable_conv, depth_multiplier, "1", ">= 1", "kernels of each channel"),                                                     \
        DNN_COMPONENT(separable_conv, activation, &dnn_activations, "linear", "applied to the outputs"),                                        \
        DNN_BOOL(separable_conv, use_bias, "true", "false: no bias, as in front of a batch normalization"),                                     \
        DNN_COMPONENT(separable_conv, depthwise_initializer, &dnn_initializers, "glorot_uniform", "start of the channels' kernels " kernel),    \
        DNN_COMPONENT(separable_conv, pointwise_initializer, &dnn_initializers, "glorot_uniform", "start of what mixes the channels"),          \
        DNN_COMPONENT(separable_conv, bias_initializer, &dnn_initializers, "zeros", "start of the bias [filters]"),                             \
        DNN_COMPONENT(separable_conv, depthwise_regularizer, &dnn_regularizers, "null", "penalty on the channels' kernels"),                    \
        DNN_COMPONENT(separable_conv, pointwise_regularizer, &dnn_regularizers, "null", "penalty on what mixes the channels"),                  \
        DNN_COMPONENT(separable_conv, bias_regularizer, &dnn_regularizers, "null", "penalty on the bias"),                                      \
        DNN_COMPONENT(separable_conv, activity_regularizer, &dnn_regularizers, "null",                                                          \
                      "penalty on the outputs, behind the activation, as a mean over the batch"),                                               \
        DNN_COMPONENT(separable_conv, depthwise_constraint, &dnn_constraints, "null", "projection of the channels' kernels after each update"), \
        DNN_COMPONENT(separable_conv, pointwise_constraint, &dnn_constraints, "null", "projection of what mixes the channels, likewise"),       \
        DNN_COMPONENT(separable_conv, bias_constraint, &dnn_constraints, "null", "projection of the bias after each update"),                   \
    }
static const dnn_param params_1d[] = PARAMS("", "[length, channels, depth_multiplier]");
static const dnn_param params_2d[] = PARAMS(": a number, or [height, width]", "[height, width, channels, depth_multiplier]");

/* Places of the weights, in the order in which plan adds them. */
enum { DEPTHWISE, POINTWISE, BIAS };

/* That of the first half, whose outputs are u. */
static dnn_status geometry_of(const dnn_layer *l, conv_geometry *g)
{
    const separable_conv *c = l->params;
    const size_t channels = image_size_of(&l->in[0]).channels;
    const conv_form form = { &c->kernel_size, &c->strides, &c->dilation_rate, (image_padding)c->padding, channels * c->depth_multiplier, channels };
    return conv_geometry_of(&l->in[0], &form, g);
}

static size_t pixels_of(const conv_geometry *g) { return g->rows.out * g->columns.out; }

static dnn_status plan(const dnn_layer *l, size_t axes, dnn_layer_plan *p)
{
    const separable_conv *c = l->params;
    conv_geometry g;
    dnn_status st = image_check(l, axes);
    if (st == DNN_OK) st = geometry_of(l, &g);
    if (st != DNN_OK) return st;
    const size_t kernel[] = { g.rows.size, g.columns.size, g.channels, c->depth_multiplier }, mix[] = { 1, 1, g.filters, c->filters };
    p->out = image_shape(&l->in[0], g.rows.out, g.columns.out, c->filters);
    conv_plan_kernel(p, "depthwise_kernel", axes, kernel, (conv_weight){ &c->depthwise_initializer, &c->depthwise_regularizer, &c->depthwise_constraint });
    conv_plan_kernel(p, "pointwise_kernel", axes, mix, (conv_weight){ &c->pointwise_initializer, &c->pointwise_regularizer, &c->pointwise_constraint });
    if (c->use_bias) conv_plan_bias(p, c->filters, (conv_weight){ &c->bias_initializer, &c->bias_regularizer, &c->bias_constraint });
    conv_plan_output(l, pixels_of(&g) * c->filters, p);
    p->scratch_fixed = 2 * g.output + g.kernel + c->filters;
    return DNN_OK;
}

static dnn_status plan_1d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 1, p); }
static dnn_status plan_2d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 2, p); }

/* u of image r, made anew in backward: it is cheap beside the memory that all of them would take. */
static void first_half(const dnn_pass *p, const conv_geometry *g, size_t r, real *u)
{
    conv_fill(NULL, pixels_of(g), g->filters, u);
    depthwise_forward(g, p->x[0] + r * g->image, p->w[DEPTHWISE], u);
}

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const separable_conv *c = l->params;
    conv_geometry g;
    geometry_of(l, &g);
    const size_t pixels = pixels_of(&g), outputs = pixels * c->filters;
    for (size_t r = 0; r < p->rows; r++) {
        real *y = p->y + r * outputs;
        first_half(p, &g, r, p->scratch_fixed);
        conv_fill(c->use_bias ? p->w[BIAS] : NULL, pixels, c->filters, y);
        dnn_gemm(false, false, pixels, c->filters, g.filters, 1, p->scratch_fixed, g.filters, p->w[POINTWISE], c->filters, 1, y, c->filters);
        conv_activate(l, pixels, c->filters, y, l->plan.saved && p->saved ? p->saved + r * outputs : NULL);
    }
    memset(p->y + p->rows * outputs, 0, (p->capacity - p->rows) * outputs * sizeof *p->y);
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const separable_conv *c = l->params;
    conv_geometry g;
    geometry_of(l, &g);
    const size_t pixels = pixels_of(&g), outputs = pixels * c->filters;
    const real *seen = l->activation && l->activation->from_input ? p->saved : p->y;
    real *u = p->scratch_fixed, *du = u + g.output, *own = du + g.output, *sum = own + g.kernel;
    real *dw = p->dw[DEPTHWISE], *dmix = p->dw[POINTWISE], *db = c->use_bias ? p->dw[BIAS] : NULL, *dx = p->dx[0];
    if (dw) memset(dw, 0, g.kernel * sizeof *dw);
    if (dmix) memset(dmix, 0, g.filters * c->filters * sizeof *dmix);
    if (db) memset(db, 0, c->filters * sizeof *db);
    if (dx) memset(dx, 0, p->capacity * g.image * sizeof *dx);
    for (size_t r = 0; r < p->rows; r++) {
        real *dz = p->dy + r * outputs;
        conv_output_gradient(l, seen + r * outputs, pixels, c->filters, dz, db, sum);
        if (dmix) {
            first_half(p, &g, r, u);
            dnn_gemm(true, false, g.filters, c->filters, pixels, 1, u, g.filters, dz, c->filters, 1, dmix, c->filters);
        }
        if (!dw && !dx) continue;
        dnn_gemm(false, true, pixels, g.filters, c->filters, 1, dz, c->filters, p->w[POINTWISE], c->filters, 0, du, g.filters);
        if (dw) {
            memset(own, 0, g.kernel * sizeof *own);
            depthwise_kernel_gradient(&g, p->x[0] + r * g.image, du, own);
            for (size_t i = 0; i < g.kernel; i++) dw[i] += own[i];
        }
        if (dx) depthwise_image_gradient(&g, p->w[DEPTHWISE], du, dx + r * g.image);
    }
}

static dnn_status encode_1d(const void *params, dnn_node *config) { return conv_encode(params, config, 1); }
static dnn_status encode_2d(const void *params, dnn_node *config) { return conv_encode(params, config, 2); }

/* Two convolutions: one with a group for each channel, one of a single cell. */
static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    const separable_conv *c = l->params;
    const size_t axes = l->in[0].rank - 1;
    conv_geometry g;
    geometry_of(l, &g);
    const dnn_value turned = dnn_outline_weight(o, DEPTHWISE, axes == 1 ? (size_t[]){ 1, 2, 0 } : (size_t[]){ 2, 3, 0, 1 });
    const int64_t shape[] = { (int64_t)g.filters, 1, axes == 1 ? (int64_t)g.columns.size : (int64_t)g.rows.size, (int64_t)g.columns.size };
    const int64_t dilations[] = { (int64_t)g.rows.dilation, (int64_t)g.columns.dilation }, ones[] = { 1, 1 };
    const dnn_value u = dnn_outline_2(o, "Conv", image_outline_first(o, dnn_outline_input(o, 0), axes),
                                      dnn_outline_2(o, "Reshape", turned, dnn_outline_integers(o, axes + 2, shape)));
    image_outline_windows(o, axes, &g.rows, &g.columns);
    dnn_outline_set_integers(o, "dilations", axes, dilations + 2 - axes);
    dnn_outline_set_integer(o, "group", (int64_t)g.groups);
    dnn_value in[3] = { u, dnn_outline_weight(o, POINTWISE, axes == 1 ? (size_t[]){ 2, 1, 0 } : (size_t[]){ 3, 2, 0, 1 }) };
    if (c->use_bias) in[2] = dnn_outline_weight(o, BIAS, NULL);
    const dnn_value y = dnn_outline_add(o, "Conv", c->use_bias ? 3 : 2, in);
    const image_window rows = { .in = g.rows.out, .out = g.rows.out, .size = 1, .stride = 1, .dilation = 1 },
                       columns = { .in = g.columns.out, .out = g.columns.out, .size = 1, .stride = 1, .dilation = 1 };
    image_outline_windows(o, axes, &rows, &columns);
    dnn_outline_set_integers(o, "dilations", axes, ones);
    dnn_outline_set_integer(o, "group", 1);
    return image_outline_last(o, y, axes);
}

#define SEPARABLE_CONV(name, keras, axes, help) \
    IMAGE_LAYER_READ_BY(conv_decode, name, keras, help, separable_conv, params_##axes, plan_##axes, forward, backward, outline, .encode = encode_##axes)
SEPARABLE_CONV(separable_conv1d, "SeparableConv1D", 1d, "each channel of a sequence correlated alone, then all mixed at each place");
SEPARABLE_CONV(separable_conv2d, "SeparableConv2D", 2d, "each channel of an image correlated alone, then all mixed at each place");
