/* From a run file's numbers to a geometry, and from products to a layer's output and back (conv.h). */
#include <string.h>

#include "nn/layers/conv.h"
#include "nn/layers/keras.h"

static size_t frame_of(const image_window *w)
{
    const size_t needed = (w->out - 1) * w->stride + (w->size - 1) * w->dilation + 1;
    return needed > w->in + w->before ? needed : w->in + w->before;
}

dnn_status conv_geometry_of(const dnn_shape *in, const conv_form *form, conv_geometry *g)
{
    const size_t axes = in->rank - 1;
    const image_size size = image_size_of(in);
    size_t kernel[2], strides[2], dilation[2];
    dnn_status st = image_pair(form->kernel_size, "kernel_size", 0, axes, kernel);
    if (st == DNN_OK) st = image_pair(form->strides, "strides", 1, axes, strides);
    if (st == DNN_OK) st = image_pair(form->dilation_rate, "dilation_rate", 1, axes, dilation);
    if (st != DNN_OK) return st;
    *g = (conv_geometry){ .channels = size.channels, .filters = form->filters, .groups = form->groups };
    g->rows = (image_window){ .in = size.height, .size = kernel[0], .stride = strides[0], .dilation = dilation[0] };
    g->columns = (image_window){ .in = size.width, .size = kernel[1], .stride = strides[1], .dilation = dilation[1] };
    st = image_slide(&g->rows, axes == 1 ? IMAGE_VALID : form->padding, "kernel_size", "height");
    if (st == DNN_OK) st = image_slide(&g->columns, form->padding, "kernel_size", axes == 1 ? "length" : "width");
    if (st != DNN_OK) return st;
    if ((strides[0] > 1 || strides[1] > 1) && (dilation[0] > 1 || dilation[1] > 1))
        return dnn_fail(DNN_E_CONFIG, "strides and dilation_rate are both above 1: one of them must be 1");
    if (size.channels % form->groups != 0)
        return dnn_fail(DNN_E_CONFIG, "groups = %zu: does not divide the %zu channels of the input", form->groups, size.channels);
    if (form->filters % form->groups != 0)
        return dnn_fail(DNN_E_CONFIG, "groups = %zu: does not divide the %zu filters", form->groups, form->filters);
    g->own_channels = size.channels / form->groups;
    g->own_filters = form->filters / form->groups;
    g->frame_width = frame_of(&g->columns);
    if (__builtin_mul_overflow(frame_of(&g->rows), g->frame_width, &g->frame) || __builtin_mul_overflow(g->frame, size.channels, &g->frame) ||
        g->frame > DNN_MAX_VALUES_OF_TENSOR)
        return dnn_fail(DNN_E_CONFIG, "kernel_size and dilation_rate: with its zeros around it the input has %zu by %zu cells, more than can be",
                        frame_of(&g->rows), g->frame_width);
    g->image = size.height * size.width * size.channels;
    g->framed = g->frame != g->image;
    g->output_row = g->columns.out * g->filters;
    g->output = g->rows.out * g->output_row;
    g->kernel = kernel[0] * kernel[1] * g->own_channels * g->filters;
    return DNN_OK;
}

dnn_status conv_encode(const void *params, dnn_node *config, size_t axes)
{
    static const char *const pairs[] = { "kernel_size", "strides", "dilation_rate" };
    dnn_status st = DNN_OK;
    for (size_t i = 0; axes == 2 && i < sizeof pairs / sizeof *pairs && st == DNN_OK; i++) st = image_encode_pair(config, pairs[i]);
    return st == DNN_OK ? keras_encode_activity(params, config) : st;
}

dnn_status conv_decode(const dnn_node *config, dnn_node *node)
{
    static const char *const of_parts[] = { "kernel_initializer", "kernel_regularizer", "kernel_constraint" };
    const dnn_node *groups = dnn_node_find(config, "groups");
    if (groups && groups->type == DNN_NODE_INT && groups->integer == 1) dnn_node_remove(node, "groups");
    if (dnn_node_find(config, "depthwise_initializer")) keras_drop(node, of_parts, sizeof of_parts / sizeof *of_parts);
    return image_decode(config, node);
}

void conv_plan_kernel(dnn_layer_plan *p, const char *name, size_t axes, const size_t dim[4], conv_weight w)
{
    const size_t cells = dim[0] * dim[1];
    p->weights[p->n_weights++] = (dnn_weight_plan){ .name = name, .shape = dnn_shape_of(axes + 2, dim + 2 - axes), .fan_in = cells * dim[2],
                                                    .fan_out = cells * dim[3], .initializer = w.initializer, .regularizer = w.regularizer,
                                                    .constraint = w.constraint };
}

void conv_plan_bias(dnn_layer_plan *p, size_t filters, conv_weight w)
{
    p->weights[p->n_weights++] = (dnn_weight_plan){ .name = "bias", .shape = dnn_shape_1(filters), .fan_in = filters, .fan_out = filters,
                                                    .initializer = w.initializer, .regularizer = w.regularizer, .constraint = w.constraint };
}

void conv_plan_output(const dnn_layer *l, size_t outputs, dnn_layer_plan *p)
{
    p->backward_wants_x = true;
    if (!l->activation) return;
    p->backward_wants_y = !l->activation->from_input;
    p->saved = l->activation->from_input ? outputs : 0;
}

void conv_fill(const real *bias, size_t pixels, size_t filters, real *restrict y)
{
    if (!bias) memset(y, 0, pixels * filters * sizeof *y);
    for (size_t i = 0; bias && i < pixels; i++) memcpy(y + i * filters, bias, filters * sizeof *y);
}

void conv_activate(const dnn_layer *l, size_t pixels, size_t filters, real *y, real *saved)
{
    if (!l->activation) return;
    if (saved) memcpy(saved, y, pixels * filters * sizeof *y);
    l->activation->forward(l->activation_params, pixels, filters, y, y);
}

void conv_output_gradient(const dnn_layer *l, const real *seen, size_t pixels, size_t filters, real *restrict dz, real *restrict db,
                          real *restrict sum)
{
    if (l->activation) l->activation->backward(l->activation_params, pixels, filters, seen, dz, dz);
    if (!db) return;
    memcpy(sum, dz, filters * sizeof *sum);
    for (size_t i = 1; i < pixels; i++)
        for (size_t o = 0; o < filters; o++) sum[o] += dz[i * filters + o];
    for (size_t o = 0; o < filters; o++) db[o] += sum[o];
}

const real *conv_framed(const conv_geometry *g, const real *image, real *room)
{
    const size_t row = g->columns.in * g->channels;
    if (!g->framed) return image;
    for (size_t i = 0; i < g->rows.in; i++)
        memcpy(room + ((g->rows.before + i) * g->frame_width + g->columns.before) * g->channels, image + i * row, row * sizeof *image);
    return room;
}

void conv_forward_image(const conv_geometry *g, const real *image, const real *w, real *y)
{
    /* Kernels larger than this do not stay in the second cache: some filters at a time then. */
    enum { KERNELS_IN_CACHE = 100000, SOME_FILTERS = 64 };
    const size_t step = g->kernel > KERNELS_IN_CACHE ? SOME_FILTERS : g->own_filters;
    for (size_t group = 0; group < g->groups; group++)
        for (size_t first = 0; first < g->own_filters; first += step) {
            const size_t n = g->own_filters - first < step ? g->own_filters - first : step;
            for (size_t i = 0; i < g->rows.out; i++) conv_forward_row(g, image, w, i, group, first, n, y + i * g->output_row);
        }
}
