/* y = f(x * W + b), the correlation of images or sequences with kernels, channels last: at (i, j) for filter o
 *     z = b[o] + sum over s, t, c of x[i·stride + s·dilation - before, j·stride + t·dilation - before, c] W[s, t, c, o]
 * With dz = dy f': dW[s, t, c, o] = sum over images and places of x dz, dx the same sum the other way round.
 *
 * The products are in conv_product.c. What hangs over the edges is zeros: the image is first copied into a frame of them. What an image gives does
 * not depend on the others of its shard. */
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
    size_t groups;
    dnn_component activation;
    bool use_bias;
    dnn_component kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint,
        bias_constraint;
} conv;

#define PARAMS(paddings, padding_help, numbers, kernel)                                                                                         \
    {                                                                                                                                           \
        DNN_SIZE(conv, filters, NULL, ">= 1", "channels of the output"),                                                                        \
        DNN_NUMBERS(conv, kernel_size, NULL, ">= 1", "cells under a kernel" numbers),                                                           \
        DNN_NUMBERS(conv, strides, "1", ">= 1", "cells from one place to the next" numbers),                                                    \
        DNN_CHOICE(conv, padding, "valid", paddings, padding_help),                                                                             \
        DNN_NUMBERS(conv, dilation_rate, "1", ">= 1", "distance of the cells under a kernel" numbers),                                          \
        DNN_SIZE(conv, groups, "1", ">= 1", "groups of channels, each with filters of its own"),                                                \
        DNN_COMPONENT(conv, activation, &dnn_activations, "linear", "applied to the outputs"),                                                  \
        DNN_BOOL(conv, use_bias, "true", "false: no bias, as in front of a batch normalization"),                                               \
        DNN_COMPONENT(conv, kernel_initializer, &dnn_initializers, "glorot_uniform", "start of the kernel " kernel),                            \
        DNN_COMPONENT(conv, bias_initializer, &dnn_initializers, "zeros", "start of the bias [filters]"),                                       \
        DNN_COMPONENT(conv, kernel_regularizer, &dnn_regularizers, "null", "penalty on the kernel"),                                            \
        DNN_COMPONENT(conv, bias_regularizer, &dnn_regularizers, "null", "penalty on the bias"),                                                \
        DNN_COMPONENT(conv, activity_regularizer, &dnn_regularizers, "null",                                                                    \
                      "penalty on the outputs, behind the activation, as a mean over the batch"),                                               \
        DNN_COMPONENT(conv, kernel_constraint, &dnn_constraints, "null", "projection of the kernel after each update"),                         \
        DNN_COMPONENT(conv, bias_constraint, &dnn_constraints, "null", "projection of the bias after each update"),                             \
    }
static const dnn_param params_1d[] = PARAMS("valid|same|causal", "same: zeros around, for places / strides outputs; causal: all of them in front", "",
                                            "[length, channels / groups, filters]");
static const dnn_param params_2d[] = PARAMS("valid|same", "same: zeros around, for places / strides outputs", ": a number, or [height, width]",
                                            "[height, width, channels / groups, filters]");

static dnn_status geometry_of(const dnn_layer *l, conv_geometry *g)
{
    const conv *c = l->params;
    const conv_form form = { &c->kernel_size, &c->strides, &c->dilation_rate, (image_padding)c->padding, c->filters, c->groups };
    return conv_geometry_of(&l->in[0], &form, g);
}

static dnn_status plan(const dnn_layer *l, size_t axes, dnn_layer_plan *p)
{
    const conv *c = l->params;
    conv_geometry g;
    dnn_status st = image_check(l, axes);
    if (st == DNN_OK) st = geometry_of(l, &g);
    if (st != DNN_OK) return st;
    const size_t kernel[] = { g.rows.size, g.columns.size, g.own_channels, g.filters };
    p->out = image_shape(&l->in[0], g.rows.out, g.columns.out, g.filters);
    conv_plan_kernel(p, "kernel", axes, kernel, (conv_weight){ &c->kernel_initializer, &c->kernel_regularizer, &c->kernel_constraint });
    if (c->use_bias) conv_plan_bias(p, g.filters, (conv_weight){ &c->bias_initializer, &c->bias_regularizer, &c->bias_constraint });
    conv_plan_output(l, g.output, p);
    p->scratch_fixed = (g.framed ? g.frame : 0) + g.kernel + g.filters;
    return DNN_OK;
}

static dnn_status plan_1d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 1, p); }
static dnn_status plan_2d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 2, p); }

static void forward_image(const dnn_layer *l, const conv_geometry *g, const real *image, const real *w, const real *bias, real *y, real *saved)
{
    const size_t rows = conv_rows_at_once(g, 4096);
    conv_fill(bias, g->rows.out * g->columns.out, g->filters, y);
    conv_forward_image(g, image, w, y);
    if (!l->activation) return;
    if (saved) memcpy(saved, y, g->output * sizeof *y);
    for (size_t i = 0; i < g->rows.out; i += rows) {
        const size_t n = (g->rows.out - i < rows ? g->rows.out - i : rows) * g->columns.out;
        real *part = y + i * g->output_row;
        l->activation->forward(l->activation_params, n, g->filters, part, part);
    }
}

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const conv *c = l->params;
    conv_geometry g;
    geometry_of(l, &g);
    if (g.framed) memset(p->scratch_fixed, 0, g.frame * sizeof *p->scratch_fixed);
    for (size_t r = 0; r < p->rows; r++)
        forward_image(l, &g, conv_framed(&g, p->x[0] + r * g.image, p->scratch_fixed), p->w[0], c->use_bias ? p->w[1] : NULL,
                      p->y + r * g.output, l->plan.saved && p->saved ? p->saved + r * g.output : NULL);
    memset(p->y + p->rows * g.output, 0, (p->capacity - p->rows) * g.output * sizeof *p->y);
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const conv *c = l->params;
    conv_geometry g;
    geometry_of(l, &g);
    const size_t rows = conv_rows_at_once(&g, 16384);
    const real *seen = l->activation && l->activation->from_input ? p->saved : p->y;
    real *dw = p->dw[0], *db = c->use_bias ? p->dw[1] : NULL, *dx = p->dx[0];
    real *transposed = p->scratch_fixed, *sum = transposed + g.kernel, *room = sum + g.filters;
    if (dw) memset(dw, 0, g.kernel * sizeof *dw);
    if (db) memset(db, 0, g.filters * sizeof *db);
    if (dx) {
        memset(dx + p->rows * g.image, 0, (p->capacity - p->rows) * g.image * sizeof *dx);
        conv_transpose_kernel(&g, p->w[0], transposed);
    }
    if (g.framed) memset(room, 0, g.frame * sizeof *room);
    for (size_t r = 0; r < p->rows; r++) {
        const real *image = dw ? conv_framed(&g, p->x[0] + r * g.image, room) : NULL;
        for (size_t i = 0; i < g.rows.out; i += rows) {
            const size_t n = g.rows.out - i < rows ? g.rows.out - i : rows, at = r * g.output + i * g.output_row;
            conv_output_gradient(l, seen + at, n * g.columns.out, g.filters, p->dy + at, db, sum);
            if (dw) conv_kernel_gradient(&g, image, p->dy + at, i, n, dw);
        }
        if (dx) conv_image_gradient(&g, transposed, p->dy + r * g.output, dx + r * g.image);
    }
}

static dnn_status encode_1d(const void *params, dnn_node *config) { return conv_encode(params, config, 1); }
static dnn_status encode_2d(const void *params, dnn_node *config) { return conv_encode(params, config, 2); }

/* ONNX has channels first and kernels [out, in, height, width]. */
static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    const conv *c = l->params;
    const size_t axes = l->in[0].rank - 1;
    conv_geometry g;
    geometry_of(l, &g);
    dnn_value in[3] = { image_outline_first(o, dnn_outline_input(o, 0), axes),
                        dnn_outline_weight(o, 0, axes == 1 ? (size_t[]){ 2, 1, 0 } : (size_t[]){ 3, 2, 0, 1 }) };
    const int64_t dilations[] = { (int64_t)g.rows.dilation, (int64_t)g.columns.dilation };
    if (c->use_bias) in[2] = dnn_outline_weight(o, 1, NULL);
    const dnn_value y = dnn_outline_add(o, "Conv", c->use_bias ? 3 : 2, in);
    image_outline_windows(o, axes, &g.rows, &g.columns);
    dnn_outline_set_integers(o, "dilations", axes, dilations + 2 - axes);
    dnn_outline_set_integer(o, "group", (int64_t)g.groups);
    return image_outline_last(o, y, axes);
}

#define CONV(name, keras, axes, help) \
    IMAGE_LAYER(name, keras, help, conv, params_##axes, plan_##axes, forward, backward, outline, .encode = encode_##axes)
CONV(conv1d, "Conv1D", 1d, "f(x * W + b): sequences correlated with kernels, channels last");
CONV(conv2d, "Conv2D", 2d, "f(x * W + b): images correlated with kernels, channels last");
