/* The convolution turned round: what conv2d's backward does to dz, this layer does to its input, so that an image gets larger. At (i, j) for filter o:
 *     z = b[o] + sum of x[p, q, c] W[s, t, o, c] over all p, s, q, t, c with p·stride + s·dilation - before = i, q·stride + t·dilation - before = j
 * Outputs along an axis of n: valid (n - 1)·stride + max(stride, cells covered), same n·stride. dx is the convolution of dz with W, dW what the
 * convolution from y to x would say of it, with dz for the image and x for its dz. */
#include <string.h>

#include "dnn/nn/constraint.h"
#include "dnn/nn/initializer.h"
#include "dnn/nn/regularizer.h"
#include "nn/layers/conv.h"

typedef struct {
    size_t filters;
    dnn_numbers kernel_size, strides;
    int padding;
    dnn_numbers dilation_rate;
    dnn_component activation;
    bool use_bias;
    dnn_component kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint,
        bias_constraint;
} conv_transpose;

#define PARAMS(numbers, kernel)                                                                                                                 \
    {                                                                                                                                           \
        DNN_SIZE(conv_transpose, filters, NULL, ">= 1", "channels of the output"),                                                              \
        DNN_NUMBERS(conv_transpose, kernel_size, NULL, ">= 1", "cells that an input is spread over" numbers),                                   \
        DNN_NUMBERS(conv_transpose, strides, "1", ">= 1", "how many times as large" numbers),                                                   \
        DNN_CHOICE(conv_transpose, padding, "valid", "valid|same", "same: places · strides outputs, cells beyond them left out"),               \
        DNN_NUMBERS(conv_transpose, dilation_rate, "1", ">= 1", "distance of the cells that an input is spread over" numbers),                  \
        DNN_COMPONENT(conv_transpose, activation, &dnn_activations, "linear", "applied to the outputs"),                                        \
        DNN_BOOL(conv_transpose, use_bias, "true", "false: no bias, as in front of a batch normalization"),                                     \
        DNN_COMPONENT(conv_transpose, kernel_initializer, &dnn_initializers, "glorot_uniform", "start of the kernel " kernel),                  \
        DNN_COMPONENT(conv_transpose, bias_initializer, &dnn_initializers, "zeros", "start of the bias [filters]"),                             \
        DNN_COMPONENT(conv_transpose, kernel_regularizer, &dnn_regularizers, "null", "penalty on the kernel"),                                  \
        DNN_COMPONENT(conv_transpose, bias_regularizer, &dnn_regularizers, "null", "penalty on the bias"),                                      \
        DNN_COMPONENT(conv_transpose, activity_regularizer, &dnn_regularizers, "null",                                                          \
                      "penalty on the outputs, behind the activation, as a mean over the batch"),                                               \
        DNN_COMPONENT(conv_transpose, kernel_constraint, &dnn_constraints, "null", "projection of the kernel after each update"),               \
        DNN_COMPONENT(conv_transpose, bias_constraint, &dnn_constraints, "null", "projection of the bias after each update"),                   \
    }
static const dnn_param params_1d[] = PARAMS("", "[length, filters, channels]");
static const dnn_param params_2d[] = PARAMS(": a number, or [height, width]", "[height, width, filters, channels]");

static size_t outputs(size_t in, size_t size, size_t stride, size_t dilation, bool same)
{
    const size_t covered = (size - 1) * dilation + 1;
    return same ? in * stride : (in - 1) * stride + (covered > stride ? covered : stride);
}

/* That of the convolution from y to x. */
static dnn_status geometry_of(const dnn_layer *l, conv_geometry *g)
{
    const conv_transpose *c = l->params;
    const size_t axes = l->in[0].rank - 1;
    const image_size in = image_size_of(&l->in[0]);
    const conv_form form = { &c->kernel_size, &c->strides, &c->dilation_rate, (image_padding)c->padding, in.channels, 1 };
    size_t kernel[2], strides[2], dilation[2];
    dnn_status st = image_pair(form.kernel_size, "kernel_size", 0, axes, kernel);
    if (st == DNN_OK) st = image_pair(form.strides, "strides", 1, axes, strides);
    if (st == DNN_OK) st = image_pair(form.dilation_rate, "dilation_rate", 1, axes, dilation);
    if (st != DNN_OK) return st;
    const bool same = c->padding == IMAGE_SAME;
    const dnn_shape out = image_shape(&l->in[0], outputs(in.height, kernel[0], strides[0], dilation[0], same),
                                      outputs(in.width, kernel[1], strides[1], dilation[1], same), c->filters);
    return conv_geometry_of(&out, &form, g);
}

static dnn_status plan(const dnn_layer *l, size_t axes, dnn_layer_plan *p)
{
    const conv_transpose *c = l->params;
    conv_geometry g;
    dnn_status st = image_check(l, axes);
    if (st == DNN_OK) st = geometry_of(l, &g);
    if (st != DNN_OK) return st;
    const size_t kernel[] = { g.rows.size, g.columns.size, g.channels, g.filters };
    p->out = image_shape(&l->in[0], g.rows.in, g.columns.in, g.channels);
    conv_plan_kernel(p, "kernel", axes, kernel, (conv_weight){ &c->kernel_initializer, &c->kernel_regularizer, &c->kernel_constraint });
    if (c->use_bias) conv_plan_bias(p, g.channels, (conv_weight){ &c->bias_initializer, &c->bias_regularizer, &c->bias_constraint });
    conv_plan_output(l, g.image, p);
    p->scratch_fixed = (g.framed ? g.frame : 0) + g.kernel + g.channels;
    return DNN_OK;
}

static dnn_status plan_1d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 1, p); }
static dnn_status plan_2d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 2, p); }

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const conv_transpose *c = l->params;
    conv_geometry g;
    geometry_of(l, &g);
    const size_t pixels = g.rows.in * g.columns.in;
    conv_transpose_kernel(&g, p->w[0], p->scratch_fixed);
    for (size_t r = 0; r < p->rows; r++) {
        real *restrict y = p->y + r * g.image;
        conv_image_gradient(&g, p->scratch_fixed, p->x[0] + r * g.output, y);
        for (size_t i = 0; c->use_bias && i < pixels; i++)
            for (size_t o = 0; o < g.channels; o++) y[i * g.channels + o] += p->w[1][o];
        conv_activate(l, pixels, g.channels, y, l->plan.saved && p->saved ? p->saved + r * g.image : NULL);
    }
    memset(p->y + p->rows * g.image, 0, (p->capacity - p->rows) * g.image * sizeof *p->y);
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const conv_transpose *c = l->params;
    conv_geometry g;
    geometry_of(l, &g);
    const real *seen = l->activation && l->activation->from_input ? p->saved : p->y;
    real *dw = p->dw[0], *db = c->use_bias ? p->dw[1] : NULL, *dx = p->dx[0], *sum = p->scratch_fixed, *room = sum + g.channels;
    if (dw) memset(dw, 0, g.kernel * sizeof *dw);
    if (db) memset(db, 0, g.channels * sizeof *db);
    if (dx) memset(dx, 0, p->capacity * g.output * sizeof *dx);
    if (g.framed) memset(room, 0, g.frame * sizeof *room);
    for (size_t r = 0; r < p->rows; r++) {
        real *dz = p->dy + r * g.image;
        conv_output_gradient(l, seen + r * g.image, g.rows.in * g.columns.in, g.channels, dz, db, sum);
        const real *image = conv_framed(&g, dz, room);
        if (dw) conv_kernel_gradient(&g, image, p->x[0] + r * g.output, 0, g.rows.out, dw);
        if (dx) conv_forward_image(&g, image, p->w[0], dx + r * g.output);
    }
}

static dnn_status encode_1d(const void *params, dnn_node *config) { return conv_encode(params, config, 1); }
static dnn_status encode_2d(const void *params, dnn_node *config) { return conv_encode(params, config, 2); }

/* Cells that no input is spread over, at the end of an axis. */
static int64_t untouched(const image_window *w)
{
    const size_t touched = (w->out - 1) * w->stride + (w->size - 1) * w->dilation + 1;
    return w->in + w->before > touched ? (int64_t)(w->in + w->before - touched) : 0;
}

/* ONNX has channels first and kernels [in, out, height, width]. */
static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    const size_t axes = l->in[0].rank - 1;
    const bool use_bias = ((const conv_transpose *)l->params)->use_bias;
    conv_geometry g;
    geometry_of(l, &g);
    dnn_value in[3] = { image_outline_first(o, dnn_outline_input(o, 0), axes),
                        dnn_outline_weight(o, 0, axes == 1 ? (size_t[]){ 2, 1, 0 } : (size_t[]){ 3, 2, 0, 1 }) };
    const int64_t dilations[] = { (int64_t)g.rows.dilation, (int64_t)g.columns.dilation }, more[] = { untouched(&g.rows), untouched(&g.columns) };
    if (use_bias) in[2] = dnn_outline_weight(o, 1, NULL);
    const dnn_value y = dnn_outline_add(o, "ConvTranspose", use_bias ? 3 : 2, in);
    image_outline_windows(o, axes, &g.rows, &g.columns);
    dnn_outline_set_integers(o, "dilations", axes, dilations + 2 - axes);
    dnn_outline_set_integers(o, "output_padding", axes, more + 2 - axes);
    return image_outline_last(o, y, axes);
}

#define CONV_TRANSPOSE(name, keras, axes, help) \
    IMAGE_LAYER_READ_BY(conv_decode, name, keras, help, conv_transpose, params_##axes, plan_##axes, forward, backward, outline, .encode = encode_##axes)
CONV_TRANSPOSE(conv1d_transpose, "Conv1DTranspose", 1d, "a convolution turned round, which makes sequences longer");
CONV_TRANSPOSE(conv2d_transpose, "Conv2DTranspose", 2d, "a convolution turned round, which makes images larger");
