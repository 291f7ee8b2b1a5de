/* y = f(x * W + b), the correlation of images with kernels, channels last: at (i, j) for filter o
 *     z = b[o] + sum over s, t, c of x[i·stride + s·dilation - before, j·stride + t·dilation - before, c] W[s, t, c, o]
 * With dz = dy f': dW[s, t, c, o] = sum over images and places of x dz, dx the same sum the other way round.
 *
 * The products are in conv2d_product.c. `same` first copies the image into a frame of zeros. What an image gives does not depend on the others
 * of its shard. */
#include <string.h>

#include "dnn/nn/constraint.h"
#include "dnn/nn/initializer.h"
#include "dnn/nn/regularizer.h"
#include "nn/layers/conv2d.h"
#include "nn/layers/keras.h"

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
} conv2d;

static const dnn_param params[] = {
    DNN_SIZE(conv2d, filters, NULL, ">= 1", "channels of the output"),
    DNN_NUMBERS(conv2d, kernel_size, NULL, ">= 1", "cells under a kernel: a number, or [height, width]"),
    DNN_NUMBERS(conv2d, strides, "1", ">= 1", "cells from one place to the next: a number, or [height, width]"),
    DNN_CHOICE(conv2d, padding, "valid", "valid|same", "same: zeros around, for places / strides outputs"),
    DNN_NUMBERS(conv2d, dilation_rate, "1", ">= 1",
                "distance of the cells under a kernel: a number, or [height, width]"),
    DNN_SIZE(conv2d, groups, "1", ">= 1", "groups of channels, each with filters of its own"),
    DNN_COMPONENT(conv2d, activation, &dnn_activations, "linear", "applied to the outputs"),
    DNN_BOOL(conv2d, use_bias, "true", "false: no bias, as in front of a batch normalization"),
    DNN_COMPONENT(conv2d, kernel_initializer, &dnn_initializers, "glorot_uniform",
                  "start of the kernel [height, width, channels / groups, filters]"),
    DNN_COMPONENT(conv2d, bias_initializer, &dnn_initializers, "zeros", "start of the bias [filters]"),
    DNN_COMPONENT(conv2d, kernel_regularizer, &dnn_regularizers, "null", "penalty on the kernel"),
    DNN_COMPONENT(conv2d, bias_regularizer, &dnn_regularizers, "null", "penalty on the bias"),
    DNN_COMPONENT(conv2d, activity_regularizer, &dnn_regularizers, "null", "penalty on the outputs, behind the activation, as a mean over the batch"),
    DNN_COMPONENT(conv2d, kernel_constraint, &dnn_constraints, "null", "projection of the kernel after each update"),
    DNN_COMPONENT(conv2d, bias_constraint, &dnn_constraints, "null", "projection of the bias after each update"),
};

static size_t frame_of(const image_window *w)
{
    const size_t needed = (w->out - 1) * w->stride + (w->size - 1) * w->dilation + 1;
    return needed > w->in + w->before ? needed : w->in + w->before;
}

static dnn_status geometry_of(const dnn_layer *l, conv2d_geometry *g)
{
    const conv2d *c = l->params;
    size_t kernel[2], strides[2], dilation[2];
    dnn_status st = image_check(l);
    if (st == DNN_OK) st = image_pair(&c->kernel_size, "kernel_size", 0, kernel);
    if (st == DNN_OK) st = image_pair(&c->strides, "strides", 1, strides);
    if (st == DNN_OK) st = image_pair(&c->dilation_rate, "dilation_rate", 1, dilation);
    if (st != DNN_OK) return st;
    const size_t *in = l->in[0].dim;
    *g = (conv2d_geometry){ .channels = in[2], .filters = c->filters, .groups = c->groups };
    g->rows = (image_window){ .in = in[0], .size = kernel[0], .stride = strides[0], .dilation = dilation[0] };
    g->columns = (image_window){ .in = in[1], .size = kernel[1], .stride = strides[1], .dilation = dilation[1] };
    st = image_slide(&g->rows, (image_padding)c->padding, "kernel_size", "height");
    if (st == DNN_OK) st = image_slide(&g->columns, (image_padding)c->padding, "kernel_size", "width");
    if (st != DNN_OK) return st;
    g->own_channels = in[2] / c->groups;
    g->own_filters = c->filters / c->groups;
    g->frame_width = frame_of(&g->columns);
    g->frame = frame_of(&g->rows) * g->frame_width * in[2];
    g->image = in[0] * in[1] * in[2];
    g->framed = g->frame != g->image;
    g->output_row = g->columns.out * g->filters;
    g->output = g->rows.out * g->output_row;
    g->kernel = kernel[0] * kernel[1] * g->own_channels * g->filters;
    return DNN_OK;
}

static dnn_status check(const dnn_layer *l, const conv2d_geometry *g)
{
    const conv2d *c = l->params;
    const bool strided = g->rows.stride > 1 || g->columns.stride > 1;
    if (g->channels % c->groups != 0)
        return dnn_fail(DNN_E_CONFIG, "groups = %zu: does not divide the %zu channels of the input", c->groups,
                        g->channels);
    if (c->filters % c->groups != 0)
        return dnn_fail(DNN_E_CONFIG, "groups = %zu: does not divide the %zu filters", c->groups, c->filters);
    if (strided && (g->rows.dilation > 1 || g->columns.dilation > 1))
        return dnn_fail(DNN_E_CONFIG, "strides and dilation_rate are both above 1: one of them must be 1");
    return DNN_OK;
}

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    const conv2d *c = l->params;
    conv2d_geometry g;
    dnn_status st = geometry_of(l, &g);
    if (st == DNN_OK) st = check(l, &g);
    if (st != DNN_OK) return st;
    const size_t cells = g.rows.size * g.columns.size;
    p->out = dnn_shape_of(3, (size_t[]){ g.rows.out, g.columns.out, g.filters });
    p->weights[p->n_weights++] =
        (dnn_weight_plan){ .name = "kernel",
                           .shape =
                               dnn_shape_of(4, (size_t[]){ g.rows.size, g.columns.size, g.own_channels, g.filters }),
                           .fan_in = cells * g.own_channels,
                           .fan_out = cells * g.filters,
                           .initializer = &c->kernel_initializer,
                           .regularizer = &c->kernel_regularizer,
                           .constraint = &c->kernel_constraint };
    if (c->use_bias)
        p->weights[p->n_weights++] = (dnn_weight_plan){ .name = "bias",
                                                        .shape = dnn_shape_1(g.filters),
                                                        .fan_in = g.filters,
                                                        .fan_out = g.filters,
                                                        .initializer = &c->bias_initializer,
                                                        .regularizer = &c->bias_regularizer,
                                                        .constraint = &c->bias_constraint };
    p->backward_wants_x = true;
    if (l->activation) {
        p->backward_wants_y = !l->activation->from_input;
        p->saved = l->activation->from_input ? g.output : 0;
    }
    p->scratch_fixed = (g.framed ? g.frame : 0) + g.kernel + g.filters;
    return DNN_OK;
}

/* ---- what both directions share ---- */

/* Image r, in a frame of zeros where it needs one; `room` [frame], whose margins are zeros already. */
static const real *framed(const conv2d_geometry *g, const dnn_pass *p, size_t r, real *room)
{
    const real *x = p->x[0] + r * g->image;
    const size_t row = g->columns.in * g->channels;
    if (!g->framed) return x;
    for (size_t i = 0; i < g->rows.in; i++)
        memcpy(room + ((g->rows.before + i) * g->frame_width + g->columns.before) * g->channels, x + i * row,
               row * sizeof *x);
    return room;
}

/* ---- forward ---- */

static void fill_rows(const conv2d_geometry *g, const real *bias, size_t pixels, real *restrict y)
{
    if (!bias) memset(y, 0, pixels * g->filters * sizeof *y);
    for (size_t i = 0; bias && i < pixels; i++) memcpy(y + i * g->filters, bias, g->filters * sizeof *y);
}

static void forward_image(const dnn_layer *l, const conv2d_geometry *g, const real *image, const real *w, const real *bias,
                          real *y, real *saved)
{
    /* Kernels larger than this do not stay in the second cache: some filters at a time then. */
    enum { KERNELS_IN_CACHE = 100000, SOME_FILTERS = 64 };
    const size_t rows = conv2d_rows_at_once(g, 4096);
    const size_t step = g->kernel > KERNELS_IN_CACHE ? SOME_FILTERS : g->own_filters;
    fill_rows(g, bias, g->rows.out * g->columns.out, y);
    for (size_t group = 0; group < g->groups; group++)
        for (size_t first = 0; first < g->own_filters; first += step) {
            const size_t n = g->own_filters - first < step ? g->own_filters - first : step;
            for (size_t i = 0; i < g->rows.out; i++)
                conv2d_forward_row(g, image, w, i, group, first, n, y + i * g->output_row);
        }
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
    const conv2d *c = l->params;
    conv2d_geometry g;
    geometry_of(l, &g);
    if (g.framed) memset(p->scratch_fixed, 0, g.frame * sizeof *p->scratch_fixed);
    for (size_t r = 0; r < p->rows; r++)
        forward_image(l, &g, framed(&g, p, r, p->scratch_fixed), p->w[0], c->use_bias ? p->w[1] : NULL,
                      p->y + r * g.output, l->plan.saved && p->saved ? p->saved + r * g.output : NULL);
    memset(p->y + p->rows * g.output, 0, (p->capacity - p->rows) * g.output * sizeof *p->y);
}

/* ---- backward ---- */

/* Output rows [i, i + n) of dy become dz; db grows by their sums, made apart, which keeps long sums of floats exact. */
static void output_gradient(const dnn_layer *l, const conv2d_geometry *g, const real *seen, size_t pixels, real *restrict dz,
                            real *restrict db, real *restrict sum)
{
    if (l->activation) l->activation->backward(l->activation_params, pixels, g->filters, seen, dz, dz);
    if (!db) return;
    memcpy(sum, dz, g->filters * sizeof *sum);
    for (size_t i = 1; i < pixels; i++)
        for (size_t o = 0; o < g->filters; o++) sum[o] += dz[i * g->filters + o];
    for (size_t o = 0; o < g->filters; o++) db[o] += sum[o];
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const conv2d *c = l->params;
    conv2d_geometry g;
    geometry_of(l, &g);
    const size_t rows = conv2d_rows_at_once(&g, 16384);
    const real *seen = l->activation && l->activation->from_input ? p->saved : p->y;
    real *dw = p->dw[0], *db = c->use_bias ? p->dw[1] : NULL, *dx = p->dx[0];
    real *transposed = p->scratch_fixed, *sum = transposed + g.kernel, *room = sum + g.filters;
    if (dw) memset(dw, 0, g.kernel * sizeof *dw);
    if (db) memset(db, 0, g.filters * sizeof *db);
    if (dx) {
        memset(dx + p->rows * g.image, 0, (p->capacity - p->rows) * g.image * sizeof *dx);
        conv2d_transpose_kernel(&g, p->w[0], transposed);
    }
    if (g.framed) memset(room, 0, g.frame * sizeof *room);
    for (size_t r = 0; r < p->rows; r++) {
        const real *image = dw ? framed(&g, p, r, room) : NULL;
        for (size_t i = 0; i < g.rows.out; i += rows) {
            const size_t n = g.rows.out - i < rows ? g.rows.out - i : rows, at = r * g.output + i * g.output_row;
            output_gradient(l, &g, seen + at, n * g.columns.out, p->dy + at, db, sum);
            if (dw) conv2d_kernel_gradient(&g, image, p->dy + at, i, n, dw);
        }
        if (dx) conv2d_image_gradient(&g, transposed, p->dy + r * g.output, dx + r * g.image);
    }
}

static dnn_status encode(const void *params_, dnn_node *config)
{
    static const char *const pairs[] = { "kernel_size", "strides", "dilation_rate" };
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs && st == DNN_OK; i++) st = image_encode_pair(config, pairs[i]);
    return st == DNN_OK ? keras_encode_activity(params_, config) : st;
}

/* ONNX has channels first and kernels [out, in, height, width]. */
static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    const conv2d *c = l->params;
    conv2d_geometry g;
    geometry_of(l, &g);
    dnn_value in[3] = { image_outline_first(o, dnn_outline_input(o, 0)), dnn_outline_weight(o, 0, (size_t[]){ 3, 2, 0, 1 }) };
    if (c->use_bias) in[2] = dnn_outline_weight(o, 1, NULL);
    const dnn_value y = dnn_outline_add(o, "Conv", c->use_bias ? 3 : 2, in);
    image_outline_windows(o, &g.rows, &g.columns);
    dnn_outline_set_integers(o, "dilations", 2, (int64_t[]){ (int64_t)g.rows.dilation, (int64_t)g.columns.dilation });
    dnn_outline_set_integer(o, "group", (int64_t)g.groups);
    return image_outline_last(o, y);
}

const dnn_layer_kind dnn_layer_conv2d = {
    .kind = { .name = "conv2d",
              .help = "f(x * W + b): images correlated with kernels, channels last",
              .params_size = sizeof(conv2d),
              DNN_PARAMS(params),
              .keras = "Conv2D",
              .encode = encode,
              .decode = image_decode },
    .outline = outline,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
