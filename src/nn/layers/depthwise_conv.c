/* y = f(z + b) with kernels of its own for each channel (depthwise.h). dz = dy f'. */
#include <string.h>

#include "dnn/nn/constraint.h"
#include "dnn/nn/initializer.h"
#include "dnn/nn/regularizer.h"
#include "nn/layers/depthwise.h"

typedef struct {
    dnn_numbers kernel_size, strides;
    int padding;
    size_t depth_multiplier;
    dnn_numbers dilation_rate;
    dnn_component activation;
    bool use_bias;
    dnn_component depthwise_initializer, bias_initializer, depthwise_regularizer, bias_regularizer, activity_regularizer, depthwise_constraint,
        bias_constraint;
} depthwise_conv;

#define PARAMS(numbers, kernel)                                                                                                                 \
    {                                                                                                                                           \
        DNN_NUMBERS(depthwise_conv, kernel_size, NULL, ">= 1", "cells under a kernel" numbers),                                                 \
        DNN_NUMBERS(depthwise_conv, strides, "1", ">= 1", "cells from one place to the next" numbers),                                          \
        DNN_CHOICE(depthwise_conv, padding, "valid", "valid|same", "same: zeros around, for places / strides outputs"),                         \
        DNN_SIZE(depthwise_conv, depth_multiplier, "1", ">= 1", "kernels of each channel, hence outputs"),                                      \
        DNN_NUMBERS(depthwise_conv, dilation_rate, "1", ">= 1", "distance of the cells under a kernel" numbers),                                \
        DNN_COMPONENT(depthwise_conv, activation, &dnn_activations, "linear", "applied to the outputs"),                                        \
        DNN_BOOL(depthwise_conv, use_bias, "true", "false: no bias, as in front of a batch normalization"),                                     \
        DNN_COMPONENT(depthwise_conv, depthwise_initializer, &dnn_initializers, "glorot_uniform", "start of the kernel " kernel),               \
        DNN_COMPONENT(depthwise_conv, bias_initializer, &dnn_initializers, "zeros", "start of the bias [channels · depth_multiplier]"),         \
        DNN_COMPONENT(depthwise_conv, depthwise_regularizer, &dnn_regularizers, "null", "penalty on the kernel"),                               \
        DNN_COMPONENT(depthwise_conv, bias_regularizer, &dnn_regularizers, "null", "penalty on the bias"),                                      \
        DNN_COMPONENT(depthwise_conv, activity_regularizer, &dnn_regularizers, "null",                                                          \
                      "penalty on the outputs, behind the activation, as a mean over the batch"),                                               \
        DNN_COMPONENT(depthwise_conv, depthwise_constraint, &dnn_constraints, "null", "projection of the kernel after each update"),            \
        DNN_COMPONENT(depthwise_conv, bias_constraint, &dnn_constraints, "null", "projection of the bias after each update"),                   \
    }
static const dnn_param params_1d[] = PARAMS("", "[length, channels, depth_multiplier]");
static const dnn_param params_2d[] = PARAMS(": a number, or [height, width]", "[height, width, channels, depth_multiplier]");

static dnn_status geometry_of(const dnn_layer *l, conv_geometry *g)
{
    const depthwise_conv *c = l->params;
    const size_t channels = image_size_of(&l->in[0]).channels;
    const conv_form form = { &c->kernel_size, &c->strides, &c->dilation_rate, (image_padding)c->padding, channels * c->depth_multiplier, channels };
    return conv_geometry_of(&l->in[0], &form, g);
}

static dnn_status plan(const dnn_layer *l, size_t axes, dnn_layer_plan *p)
{
    const depthwise_conv *c = l->params;
    conv_geometry g;
    dnn_status st = image_check(l, axes);
    if (st == DNN_OK) st = geometry_of(l, &g);
    if (st != DNN_OK) return st;
    const size_t kernel[] = { g.rows.size, g.columns.size, g.channels, c->depth_multiplier };
    p->out = image_shape(&l->in[0], g.rows.out, g.columns.out, g.filters);
    conv_plan_kernel(p, "kernel", axes, kernel, (conv_weight){ &c->depthwise_initializer, &c->depthwise_regularizer, &c->depthwise_constraint });
    if (c->use_bias) conv_plan_bias(p, g.filters, (conv_weight){ &c->bias_initializer, &c->bias_regularizer, &c->bias_constraint });
    conv_plan_output(l, g.output, p);
    p->scratch_fixed = g.kernel + g.filters;
    return DNN_OK;
}

static dnn_status plan_1d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 1, p); }
static dnn_status plan_2d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 2, p); }

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const depthwise_conv *c = l->params;
    conv_geometry g;
    geometry_of(l, &g);
    const size_t pixels = g.rows.out * g.columns.out;
    for (size_t r = 0; r < p->rows; r++) {
        real *y = p->y + r * g.output;
        conv_fill(c->use_bias ? p->w[1] : NULL, pixels, g.filters, y);
        depthwise_forward(&g, p->x[0] + r * g.image, p->w[0], y);
        conv_activate(l, pixels, g.filters, y, l->plan.saved && p->saved ? p->saved + r * g.output : NULL);
    }
    memset(p->y + p->rows * g.output, 0, (p->capacity - p->rows) * g.output * sizeof *p->y);
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const depthwise_conv *c = l->params;
    conv_geometry g;
    geometry_of(l, &g);
    const real *seen = l->activation && l->activation->from_input ? p->saved : p->y;
    real *restrict dw = p->dw[0], *restrict own = p->scratch_fixed, *db = c->use_bias ? p->dw[1] : NULL, *dx = p->dx[0], *sum = own + g.kernel;
    if (dw) memset(dw, 0, g.kernel * sizeof *dw);
    if (db) memset(db, 0, g.filters * sizeof *db);
    if (dx) memset(dx, 0, p->capacity * g.image * sizeof *dx);
    for (size_t r = 0; r < p->rows; r++) {
        real *dz = p->dy + r * g.output;
        conv_output_gradient(l, seen + r * g.output, g.rows.out * g.columns.out, g.filters, dz, db, sum);
        if (dw) {
            /* Each image's sum apart, which keeps long sums of floats exact. */
            memset(own, 0, g.kernel * sizeof *own);
            depthwise_kernel_gradient(&g, p->x[0] + r * g.image, dz, own);
            for (size_t i = 0; i < g.kernel; i++) dw[i] += own[i];
        }
        if (dx) depthwise_image_gradient(&g, p->w[0], dz, dx + r * g.image);
    }
}

static dnn_status encode_1d(const void *params, dnn_node *config) { return conv_encode(params, config, 1); }
static dnn_status encode_2d(const void *params, dnn_node *config) { return conv_encode(params, config, 2); }

/* As a convolution with a group for each channel: its kernel [out, 1, height, width]. */
static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    const bool use_bias = ((const depthwise_conv *)l->params)->use_bias;
    const size_t axes = l->in[0].rank - 1;
    conv_geometry g;
    geometry_of(l, &g);
    const dnn_value turned = dnn_outline_weight(o, 0, axes == 1 ? (size_t[]){ 1, 2, 0 } : (size_t[]){ 2, 3, 0, 1 });
    const int64_t shape[] = { (int64_t)g.filters, 1, axes == 1 ? (int64_t)g.columns.size : (int64_t)g.rows.size, (int64_t)g.columns.size };
    dnn_value in[3] = { image_outline_first(o, dnn_outline_input(o, 0), axes),
                        dnn_outline_2(o, "Reshape", turned, dnn_outline_integers(o, axes + 2, shape)) };
    const int64_t dilations[] = { (int64_t)g.rows.dilation, (int64_t)g.columns.dilation };
    if (use_bias) in[2] = dnn_outline_weight(o, 1, NULL);
    const dnn_value y = dnn_outline_add(o, "Conv", use_bias ? 3 : 2, in);
    image_outline_windows(o, axes, &g.rows, &g.columns);
    dnn_outline_set_integers(o, "dilations", axes, dilations + 2 - axes);
    dnn_outline_set_integer(o, "group", (int64_t)g.groups);
    return image_outline_last(o, y, axes);
}

#define DEPTHWISE_CONV(name, keras, axes, help) \
    IMAGE_LAYER_READ_BY(conv_decode, name, keras, help, depthwise_conv, params_##axes, plan_##axes, forward, backward, outline, .encode = encode_##axes)
DEPTHWISE_CONV(depthwise_conv1d, "DepthwiseConv1D", 1d, "each channel of a sequence correlated with kernels of its own");
DEPTHWISE_CONV(depthwise_conv2d, "DepthwiseConv2D", 2d, "each channel of an image correlated with kernels of its own");
