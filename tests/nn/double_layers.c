/* Every layer of the registry against finite differences, in double: gradients with respect to all weights and all
 * inputs of the sum of c·y with fixed random c. Central differences with h = 1e-6 on functions of curvature about 1
 * have errors of about 1e-10 from rounding and 1e-12 from the third derivative; 1e-7 leaves room for steeper ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/nn/graph.h"
#include "nn/flow.h"

typedef struct sample {
    const char *kind;
    const char *layer;         /* as in a run file */
    const char *inputs;        /* model.inputs; a layer that merges names them */
} sample;

static const sample samples[] = {
    { "input", "{input: {shape: [3], name: x}}", "{x: [3]}" },
    { "flatten", "flatten", "{x: [2, 3]}" },
    { "reshape", "{reshape: {target_shape: [3, -1]}}", "{x: [2, 6]}" },
    { "dense", "{dense: {units: 4}}", "{x: [5]}" },
    { "dense", "{dense: {units: 4, activation: tanh, use_bias: false}}", "{x: [5]}" },
    { "dense", "{dense: {units: 3, activation: gelu}}", "{x: [2, 4]}" },
    { "dense", "{dense: {units: 300, activation: {leaky_relu: {negative_slope: 0.3}}}}", "{x: [2, 2]}" },
    { "activation", "{activation: softplus}", "{x: [5]}" },
    { "activation", "{activation: mish}", "{x: [2, 3]}" },
    { "leaky_relu", "leaky_relu", "{x: [6]}" },
    { "relu", "{relu: {negative_slope: 0.1, max_value: 1.5, threshold: 0.25}}", "{x: [6]}" },
    { "elu", "{elu: {alpha: 1.5}}", "{x: [6]}" },
    { "softmax", "softmax", "{x: [2, 4]}" },
    { "softmax", "{softmax: {axis: 1}}", "{x: [3, 2]}" },
    { "softmax", "{softmax: {axis: [1, -1]}}", "{x: [2, 3, 2]}" },
    { "batch_normalization", "batch_normalization", "{x: [4]}" },
    { "batch_normalization", "{batch_normalization: {scale: false, epsilon: 0.1}}", "{x: [3, 2]}" },
    { "batch_normalization", "{batch_normalization: {center: false}}", "{x: [3]}" },
    { "batch_normalization", "{batch_normalization: {center: false, scale: false, synchronized: false}}", "{x: [3]}" },
    { "batch_normalization", "{batch_normalization: {trainable: false}}", "{x: [4]}" },
    { "batch_normalization", "{batch_normalization: {axis: 1}}", "{x: [2, 3]}" },
    { "batch_normalization", "{batch_normalization: {axis: 2, scale: false}}", "{x: [2, 3, 2]}" },
    { "dropout", "{dropout: {rate: 0.4}}", "{x: [9]}" },
    { "dropout", "{dropout: {rate: 0}}", "{x: [3]}" },
    { "alpha_dropout", "{alpha_dropout: {rate: 0.3}}", "{x: [2, 5]}" },
    { "gaussian_noise", "{gaussian_noise: {stddev: 0.5}}", "{x: [7]}" },
    { "concatenate", "{concatenate: {inputs: [a, b, c]}}", "{a: [2, 3], b: [2, 1], c: [2, 2]}" },
    { "concatenate", "{concatenate: {axis: 1, inputs: [a, b]}}", "{a: [1, 3], b: [2, 3]}" },
    { "add", "{add: {inputs: [a, b, c]}}", "{a: [3], b: [3], c: [3]}" },
    { "add", "{add: {inputs: [a, b]}}", "{a: [2, 1, 3], b: [1, 2, 3]}" },
    { "subtract", "{subtract: {inputs: [a, b]}}", "{a: [3], b: [3]}" },
    { "subtract", "{subtract: {inputs: [a, b]}}", "{a: [1, 3], b: [2, 1]}" },
    { "multiply", "{multiply: {inputs: [a, b]}}", "{a: [4], b: [4]}" },
    { "multiply", "{multiply: {inputs: [a, b]}}", "{a: [2], b: [3, 1]}" },
    { "multiply", "{multiply: {inputs: [a, b, c]}}", "{a: [2, 2, 2], b: [1, 1, 2], c: [2, 2, 1]}" },
    { "average", "{average: {inputs: [a, b, c]}}", "{a: [3], b: [3], c: [1]}" },
    { "maximum", "{maximum: {inputs: [a, b, c]}}", "{a: [5], b: [5], c: [5]}" },
    { "maximum", "{maximum: {inputs: [a, b]}}", "{a: [5], b: [1]}" },
    { "minimum", "{minimum: {inputs: [a, b, c]}}", "{a: [5], b: [5], c: [5]}" },
    { "layer_normalization", "layer_normalization", "{x: [5]}" },
    { "layer_normalization", "{layer_normalization: {scale: false, epsilon: 0.1}}", "{x: [3, 4]}" },
    { "layer_normalization", "{layer_normalization: {center: false, axis: [1, 2]}}", "{x: [2, 3]}" },
    { "layer_normalization", "{layer_normalization: {axis: 1}}", "{x: [3, 2]}" },
    { "layer_normalization", "{layer_normalization: {axis: [-1, 1], trainable: false}}", "{x: [3, 2, 2]}" },
    { "normalization", "normalization", "{x: [4]}" },
    { "normalization", "{normalization: {mean: 0.5, variance: 4}}", "{x: [2, 3]}" },
    { "normalization", "{normalization: {axis: [1, 2], mean: [[1, 2], [3, 4]], variance: [[1, 2], [0.1, 4]]}}",
      "{x: [2, 2]}" },
    { "normalization", "{normalization: {axis: [], invert: true}}", "{x: [2, 3]}" },
    { "rescaling", "{rescaling: {scale: 0.25, offset: -1}}", "{x: [2, 3]}" },
    { "rescaling", "{rescaling: {scale: [0.5, 2, -1], offset: [1, 0, 2]}}", "{x: [2, 3]}" },
    { "prelu", "prelu", "{x: [5]}" },
    { "prelu", "{prelu: {shared_axes: [1, 2]}}", "{x: [2, 3, 2]}" },
    { "prelu", "{prelu: {shared_axes: -1}}", "{x: [2, 3]}" },
    { "rrelu", "rrelu", "{x: [6]}" },
    { "thresholded_relu", "{thresholded_relu: {theta: 0.25}}", "{x: [6]}" },
    { "gaussian_dropout", "{gaussian_dropout: {rate: 0.4}}", "{x: [9]}" },
    { "gaussian_dropout", "{gaussian_dropout: 0}", "{x: [3]}" },
    { "zero_padding2d", "zero_padding2d", "{x: [2, 3, 2]}" },
    { "zero_padding2d", "{zero_padding2d: {padding: [[1, 0], [2, 3]]}}", "{x: [1, 2, 3]}" },
    { "step", "step", "{x: [4]}" },
    { "dense", "{dense: {units: 3, activation: tanh, activity_regularizer: {l1_l2: {l1: 0.25, l2: 0.5}}}}", "{x: [4]}" },
    { "dense", "{dense: {units: 3, activation: softmax, activity_regularizer: {l2: 0.5}}}", "{x: [4]}" },
    { "conv2d", "{conv2d: {filters: 2, kernel_size: 2, activation: elu, activity_regularizer: {l2: 0.5}}}", "{x: [4, 3, 2]}" },
    { "activity_regularization", "{activity_regularization: {l1: 0.25, l2: 0.5}}", "{x: [2, 3]}" },
    { "conv2d", "{conv2d: {filters: 3, kernel_size: 2}}", "{x: [3, 4, 2]}" },
    { "conv2d", "{conv2d: {filters: 2, kernel_size: [3, 2], padding: same, activation: tanh}}", "{x: [3, 4, 1]}" },
    { "conv2d", "{conv2d: {filters: 2, kernel_size: 3, strides: 2, padding: same, activation: gelu, use_bias: false}}",
      "{x: [4, 5, 2]}" },
    { "conv2d", "{conv2d: {filters: 4, kernel_size: 2, dilation_rate: [1, 2], groups: 2}}", "{x: [3, 4, 2]}" },
    { "conv2d", "{conv2d: {filters: 2, kernel_size: 2, dilation_rate: 2, padding: same}}", "{x: [3, 3, 2]}" },
    { "max_pooling2d", "max_pooling2d", "{x: [4, 5, 2]}" },
    { "max_pooling2d", "{max_pooling2d: {pool_size: [3, 2], strides: [1, 2], padding: same}}", "{x: [4, 5, 1]}" },
    { "average_pooling2d", "{average_pooling2d: {pool_size: 3, strides: 2, padding: same}}", "{x: [4, 5, 2]}" },
    { "average_pooling2d", "{average_pooling2d: {pool_size: 2, strides: 1}}", "{x: [3, 4, 2]}" },
    { "global_average_pooling2d", "global_average_pooling2d", "{x: [2, 3, 2]}" },
    { "global_average_pooling2d", "{global_average_pooling2d: {keepdims: true}}", "{x: [3, 1, 2]}" },
    { "global_max_pooling2d", "global_max_pooling2d", "{x: [2, 3, 2]}" },
    { "random_flip", "random_flip", "{x: [3, 4, 2]}" },
    { "random_flip", "{random_flip: horizontal}", "{x: [1, 5, 1]}" },
    { "random_translation", "{random_translation: {height_factor: 0.5, width_factor: [-0.2, 0.9]}}", "{x: [4, 3, 2]}" },
    { "random_translation", "{random_translation: {height_factor: 0.5, width_factor: 1, fill_mode: constant}}",
      "{x: [3, 3, 1]}" },
    { "random_rotation", "{random_rotation: 0.5}", "{x: [4, 5, 2]}" },
    { "random_rotation", "{random_rotation: {factor: 0.5, interpolation: nearest, fill_mode: wrap}}",
      "{x: [4, 5, 1]}" },
    { "random_zoom", "{random_zoom: 0.5}", "{x: [4, 5, 2]}" },
    { "random_zoom", "{random_zoom: {height_factor: 0.9, width_factor: [0, 1], fill_mode: nearest}}",
      "{x: [3, 4, 1]}" },
    { "conv2d", "{conv2d: {filters: 17, kernel_size: 1, trainable: false}}", "{x: [2, 2, 2]}" },
    { "identity", "identity", "{x: [2, 3]}" },
    { "permute", "{permute: {dims: [2, 1]}}", "{x: [2, 3]}" },
    { "permute", "{permute: {dims: [3, 1, 2]}}", "{x: [2, 3, 2]}" },
    { "repeat_vector", "{repeat_vector: 3}", "{x: [4]}" },
    { "zero_padding1d", "{zero_padding1d: {padding: [1, 2]}}", "{x: [3, 2]}" },
    { "zero_padding3d", "{zero_padding3d: {padding: [[1, 0], [0, 2], 1]}}", "{x: [2, 1, 2, 2]}" },
    { "cropping1d", "cropping1d", "{x: [4, 2]}" },
    { "cropping2d", "{cropping2d: {cropping: [[1, 0], [0, 2]]}}", "{x: [2, 4, 2]}" },
    { "cropping3d", "{cropping3d: {cropping: [[0, 1], [1, 1], 0]}}", "{x: [2, 3, 2, 1]}" },
    { "up_sampling1d", "{up_sampling1d: 3}", "{x: [2, 2]}" },
    { "up_sampling2d", "{up_sampling2d: {size: [2, 3]}}", "{x: [2, 3, 2]}" },
    { "up_sampling2d", "{up_sampling2d: {size: [3, 2], interpolation: bilinear}}", "{x: [2, 3, 2]}" },
    { "up_sampling3d", "{up_sampling3d: {size: [1, 2, 3]}}", "{x: [2, 1, 2, 1]}" },
    { "conv1d", "{conv1d: {filters: 3, kernel_size: 3, padding: causal, dilation_rate: 2, activation: tanh}}", "{x: [5, 2]}" },
    { "conv1d", "{conv1d: {filters: 4, kernel_size: 3, padding: same, strides: 2, groups: 2, use_bias: false}}", "{x: [6, 2]}" },
    { "conv1d", "{conv1d: {filters: 2, kernel_size: 2, strides: 3}}", "{x: [7, 3]}" },
    { "max_pooling1d", "{max_pooling1d: {pool_size: 3, strides: 2, padding: same}}", "{x: [6, 2]}" },
    { "average_pooling1d", "{average_pooling1d: {pool_size: 3, strides: 1, padding: same}}", "{x: [4, 2]}" },
    { "global_average_pooling1d", "{global_average_pooling1d: {keepdims: true}}", "{x: [4, 3]}" },
    { "global_average_pooling3d", "global_average_pooling3d", "{x: [2, 1, 3, 2]}" },
    { "global_max_pooling1d", "global_max_pooling1d", "{x: [4, 3]}" },
    { "global_max_pooling3d", "{global_max_pooling3d: {keepdims: true}}", "{x: [2, 2, 1, 2]}" },
    { "group_normalization", "{group_normalization: {groups: 2}}", "{x: [2, 3, 4]}" },
    { "group_normalization", "{group_normalization: {groups: 3, axis: 1, scale: false, epsilon: 0.1}}", "{x: [3, 2]}" },
    { "group_normalization", "{group_normalization: {groups: -1, axis: -2, center: false}}", "{x: [2, 2, 3]}" },
    { "rms_normalization", "rms_normalization", "{x: [5]}" },
    { "rms_normalization", "{rms_normalization: {axis: [1, 3], epsilon: 0.1}}", "{x: [2, 3, 2]}" },
    { "unit_normalization", "unit_normalization", "{x: [2, 3]}" },
    { "unit_normalization", "{unit_normalization: {axis: 1}}", "{x: [3, 2]}" },
    { "conv1d_transpose", "{conv1d_transpose: {filters: 3, kernel_size: 3, strides: 2, activation: tanh}}", "{x: [3, 2]}" },
    { "conv1d_transpose", "{conv1d_transpose: {filters: 2, kernel_size: 2, strides: 3, use_bias: false}}", "{x: [3, 2]}" },
    { "conv2d_transpose", "{conv2d_transpose: {filters: 2, kernel_size: [3, 2], strides: 2, padding: same, activation: gelu}}", "{x: [2, 3, 2]}" },
    { "conv2d_transpose", "{conv2d_transpose: {filters: 3, kernel_size: 2, dilation_rate: 2}}", "{x: [2, 2, 2]}" },
    { "depthwise_conv1d", "{depthwise_conv1d: {kernel_size: 3, padding: same, strides: 2, activation: gelu}}", "{x: [6, 3]}" },
    { "depthwise_conv2d", "{depthwise_conv2d: {kernel_size: [2, 3], depth_multiplier: 2, padding: same, activation: tanh}}", "{x: [4, 3, 2]}" },
    { "depthwise_conv2d", "{depthwise_conv2d: {kernel_size: 2, dilation_rate: [1, 2], use_bias: false}}", "{x: [3, 4, 3]}" },
    { "separable_conv1d", "{separable_conv1d: {filters: 3, kernel_size: 2, depth_multiplier: 2, activation: gelu}}", "{x: [4, 2]}" },
    { "separable_conv2d", "{separable_conv2d: {filters: 3, kernel_size: 3, strides: 2, padding: same, activation: tanh}}", "{x: [4, 5, 2]}" },
    { "spatial_dropout1d", "{spatial_dropout1d: 0.4}", "{x: [3, 4]}" },
    { "spatial_dropout2d", "{spatial_dropout2d: 0.4}", "{x: [2, 2, 5]}" },
    { "spatial_dropout3d", "{spatial_dropout3d: 0}", "{x: [2, 1, 2, 2]}" },
    { "embedding", "{embedding: {input_dim: 9, output_dim: 3}}", "{x: [4]}" },
    { "embedding", "{embedding: {input_dim: 12, output_dim: 2}}", "{x: [2, 2]}" },
};
enum {
    SAMPLES = sizeof samples / sizeof *samples,
    ROWS = 5,
    MASKED = 2,
    CAPACITY = ROWS + MASKED,
    MOST = 16,
    FIRST = 2
};

/* Layers whose backward is a rule of learning and no derivative: it passes dy on. */
static bool follows_a_rule(const char *kind) { return strcmp(kind, "step") == 0; }

/* A layer alone with all the memory its plan asks for. */
typedef struct bench {
    dnn_graph *graph;
    const dnn_layer *layer;
    real *x[MOST], *dx[MOST], *y, *dy, *c, *w[MOST], *dw[MOST], *saved, *saved_fixed, *scratch, *scratch_fixed;
    double *sums, penalty;
    const double *merged;
    bool training;
    size_t rows, capacity, first_row;
} bench;

/* A plain generator: the values need only be spread. */
static double spread(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-53 * 2 - 1;
}

static real *room(size_t n) { return dnn_alloc(n + 1, sizeof(real)); }

/* Away from 0 and from the corners of relu by more than h. */
static void fill(real *at, size_t n, uint64_t *state)
{
    for (size_t i = 0; i < n; i++)
        do at[i] = 2 * spread(state);
        while (fabs(at[i]) < 1e-2 || fabs(at[i] - 0.25) < 1e-2 || fabs(at[i] - 1.5) < 1e-2);
}

static void open_bench(const sample *s, bool training, bench *b)
{
    char text[512];
    uint64_t state = 7;
    *b = (bench){ .training = training, .rows = ROWS, .capacity = CAPACITY, .first_row = FIRST };
    /* A linear layer behind it, so that the activation of the one under test stays in it. */
    snprintf(text, sizeof text, "{inputs: %s, layers: [%s, {activation: linear}]}", s->inputs, s->layer);
    dnn_node *model = flow(text);
    if (dnn_graph_create(model, NULL, 0, &b->graph) != DNN_OK) fail_msg("%s: %s", text, dnn_fail_text());
    dnn_node_destroy(model);
    const dnn_layer *l = b->layer = &b->graph->layers[0];
    const size_t out = CAPACITY * dnn_shape_units(&l->out);
    for (size_t i = 0; i < l->n_inputs; i++) {
        const size_t n = CAPACITY * dnn_shape_units(&l->in[i]);
        b->x[i] = room(n);
        b->dx[i] = room(n);
        fill(b->x[i], n, &state);
        for (size_t j = 0; j < n && strcmp(s->kind, "embedding") == 0; j++) b->x[i][j] = floor(4 * fabs(b->x[i][j])) + 0.5;  /* names of rows */
    }
    for (size_t i = 0; i < l->plan.n_weights; i++) {
        const size_t n = dnn_shape_units(&l->plan.weights[i].shape);
        b->w[i] = room(n);
        b->dw[i] = room(n);
        for (size_t j = 0; j < n; j++) b->w[i][j] = 1 + 0.5 * spread(&state);  /* variances above 0 */
    }
    b->y = room(out);
    b->dy = room(out);
    b->c = room(out);
    fill(b->c, ROWS * dnn_shape_units(&l->out), &state);
    b->saved = room(CAPACITY * l->plan.saved);
    b->saved_fixed = room(l->plan.saved_fixed);
    b->scratch = room(CAPACITY * l->plan.scratch);
    b->scratch_fixed = room(l->plan.scratch_fixed);
    b->sums = dnn_alloc(l->plan.sums + 1, sizeof *b->sums);
}

static void close_bench(bench *b)
{
    for (size_t i = 0; i < MOST; i++) {
        dnn_free(b->x[i]);
        dnn_free(b->dx[i]);
        dnn_free(b->w[i]);
        dnn_free(b->dw[i]);
    }
    real *others[] = { b->y, b->dy, b->c, b->saved, b->saved_fixed, b->scratch, b->scratch_fixed, b->sums };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) dnn_free(others[i]);
    dnn_graph_destroy(b->graph);
}

static dnn_pass pass_of(bench *b)
{
    return (dnn_pass){ .training = b->training,
                       .rows = b->rows,
                       .capacity = b->capacity,
                       .seed = 3,
                       .step = 11,
                       .first_row = b->first_row,
                       .x = (const real *const *)b->x,
                       .y = b->y,
                       .dy = b->dy,
                       .dx = b->dx,
                       .w = (const real *const *)b->w,
                       .dw = b->dw,
                       .saved = b->saved,
                       .saved_fixed = b->saved_fixed,
                       .scratch = b->scratch,
                       .scratch_fixed = b->scratch_fixed,
                       .sums = b->sums,
                       .penalty = &b->penalty,
                       .merged = b->merged };
}

static bool in_halves(const bench *b)
{
    return b->layer->plan.sums && b->training && !b->layer->frozen && !b->layer->kind->adapts;
}

static void sums(bench *b, bool backward)
{
    const dnn_pass p = pass_of(b);
    if (!in_halves(b)) return;
    (backward ? b->layer->kind->backward_sums : b->layer->kind->forward_sums)(b->layer, &p);
    b->merged = b->sums;
}

static void forward(bench *b)
{
    const dnn_pass p = pass_of(b);
    if (b->layer->plan.view) memcpy(b->y, b->x[0], b->capacity * dnn_shape_units(&b->layer->out) * sizeof *b->y);
    else b->layer->kind->forward(b->layer, &p);
}

/* Works in dy; weights that are not learned have no gradient. */
static void prepare_backward(bench *b)
{
    memcpy(b->dy, b->c, b->capacity * dnn_shape_units(&b->layer->out) * sizeof *b->dy);
    for (size_t i = 0; i < b->layer->plan.n_weights; i++)
        if (b->layer->plan.weights[i].statistic || b->layer->frozen) {
            dnn_free(b->dw[i]);
            b->dw[i] = NULL;
        }
}

static void backward(bench *b)
{
    const dnn_pass p = pass_of(b);
    if (b->layer->plan.view) memcpy(b->dx[0], b->dy, b->capacity * dnn_shape_units(&b->layer->out) * sizeof *b->dy);
    else b->layer->kind->backward(b->layer, &p);
}

/* The sum of c·y, and what the layer adds to the loss. */
static double value(bench *b)
{
    b->penalty = 0;
    sums(b, false);
    forward(b);
    double sum = b->penalty;
    for (size_t i = 0; i < b->capacity * dnn_shape_units(&b->layer->out); i++) sum += b->c[i] * b->y[i];
    return sum;
}

static void gradients(bench *b)
{
    value(b);
    prepare_backward(b);
    sums(b, true);
    backward(b);
}

static void compare(bench *b, const sample *s, real *at, const real *gradient, size_t n, const char *what)
{
    const double h = 1e-6;
    for (size_t i = 0; i < n; i++) {
        const real kept = at[i];
        at[i] = kept + h;
        const double above = value(b);
        at[i] = kept - h;
        const double below = value(b);
        at[i] = kept;
        const double expected = (above - below) / (2 * h);
        if (fabs(expected - gradient[i]) > 1e-7 * fmax(1, fabs(expected)))
            fail_msg("%s (%s): d/d%s[%zu] is %.12g by differences, %.12g by backward", s->layer,
                     b->training ? "training" : "inference", what, i, expected, (double)gradient[i]);
    }
}

static void check(const sample *s, bool training)
{
    bench b;
    open_bench(s, training, &b);
    gradients(&b);
    for (size_t i = 0; i < b.layer->plan.n_weights; i++)
        if (b.dw[i])
            compare(&b, s, b.w[i], b.dw[i], dnn_shape_units(&b.layer->plan.weights[i].shape),
                    b.layer->plan.weights[i].name);
    for (size_t i = 0; i < b.layer->n_inputs; i++) {
        const size_t units = dnn_shape_units(&b.layer->in[i]);
        compare(&b, s, b.x[i], b.dx[i], ROWS * units, "x");
        for (size_t j = ROWS * units; j < CAPACITY * units; j++)
            if (b.dx[i][j] != 0) fail_msg("%s: the gradient of a masked row is not zero", s->layer);
    }
    close_bench(&b);
}

static void backward_agrees_with_finite_differences_for_every_layer(void **state)
{
    (void)state;
    for (size_t k = 0; k < dnn_layers.count; k++) {
        size_t tried = 0;
        for (size_t i = 0; i < SAMPLES; i++) {
            if (strcmp(samples[i].kind, dnn_layers.kinds[k]->name) != 0) continue;
            tried++;
            if (follows_a_rule(samples[i].kind)) continue;
            check(&samples[i], true);
            check(&samples[i], false);
        }
        if (tried == 0) fail_msg("layer %s has no sample in this test; add one", dnn_layers.kinds[k]->name);
    }
}

/* What lies in rows that are not there must reach no output and no gradient of a weight. */
static void masked_rows_count_in_no_sum(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        bench a, b;
        open_bench(&samples[i], true, &a);
        open_bench(&samples[i], true, &b);
        for (size_t k = 0; k < b.layer->n_inputs; k++) {
            const size_t units = dnn_shape_units(&b.layer->in[k]);
            for (size_t j = ROWS * units; j < CAPACITY * units; j++) b.x[k][j] = 100 + (double)j;
        }
        gradients(&a);
        gradients(&b);
        const size_t out = ROWS * dnn_shape_units(&a.layer->out);
        for (size_t j = 0; j < out; j++) assert_true(a.y[j] == b.y[j]);
        for (size_t w = 0; w < a.layer->plan.n_weights; w++)
            for (size_t j = 0; a.dw[w] && j < dnn_shape_units(&a.layer->plan.weights[w].shape); j++)
                assert_true(a.dw[w][j] == b.dw[w][j]);
        close_bench(&a);
        close_bench(&b);
    }
}

/* Whatever is not the identity in training only, is it in inference. */
static void noise_is_the_identity_in_inference(void **state)
{
    (void)state;
    static const char *const kinds[] = { "dropout", "alpha_dropout", "gaussian_noise", "gaussian_dropout",
                                         "random_flip", "random_translation", "random_rotation", "random_zoom" };
    for (size_t i = 0; i < SAMPLES; i++)
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            if (strcmp(samples[i].kind, kinds[k]) != 0) continue;
            bench b;
            open_bench(&samples[i], false, &b);
            value(&b);
            for (size_t j = 0; j < CAPACITY * dnn_shape_units(&b.layer->out); j++) assert_true(b.y[j] == b.x[0][j]);
            close_bench(&b);
        }
}

/* Without a backward to come nothing is kept, and the outputs are the same. */
static void outputs_are_the_same_where_nothing_is_kept_for_backward(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        bench a, b;
        open_bench(&samples[i], true, &a);
        open_bench(&samples[i], true, &b);
        dnn_free(b.saved);
        dnn_free(b.saved_fixed);
        b.saved = b.saved_fixed = NULL;
        assert_true(value(&a) == value(&b));
        close_bench(&a);
        close_bench(&b);
    }
}

enum { PARTS = 3 };

/* Rows of the whole bench from `first` on, at most `capacity` of them. */
static void open_part(const sample *s, const bench *whole, size_t first, size_t capacity, bench *b)
{
    open_bench(s, whole->training, b);
    const size_t units = dnn_shape_units(&b->layer->out), end = first + capacity < ROWS ? first + capacity : ROWS;
    b->capacity = capacity;
    b->rows = first < ROWS ? end - first : 0;
    b->first_row = FIRST + first;
    for (size_t i = 0; i < b->layer->n_inputs; i++) {
        const size_t n = dnn_shape_units(&b->layer->in[i]);
        memcpy(b->x[i], whole->x[i] + first * n, b->rows * n * sizeof *b->x[i]);
    }
    memset(b->c, 0, capacity * units * sizeof *b->c);
    memcpy(b->c, whole->c + first * units, b->rows * units * sizeof *b->c);
}

static void merge_parts(bench *parts, bool is_backward)
{
    const dnn_layer_kind *kind = parts[0].layer->kind;
    static double merged[1000];
    if (!in_halves(&parts[0])) return;
    for (size_t k = 0; k < PARTS; k++) sums(&parts[k], is_backward);
    const size_t n = parts[0].layer->plan.sums;
    assert_true(n <= sizeof merged / sizeof *merged);
    memcpy(merged, parts[0].sums, n * sizeof *merged);
    for (size_t k = 1; k < PARTS; k++) kind->merge(parts[0].layer, is_backward, merged, parts[k].sums);
    for (size_t k = 0; k < PARTS; k++) parts[k].merged = merged;
}

static void same(const char *layer, const char *what, const real *a, const real *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fabs(a[i] - b[i]) > 1e-12 * fmax(1, fabs(a[i])))
            fail_msg("%s: %s[%zu] is %.15g in the whole batch, %.15g in parts", layer, what, i, (double)a[i],
                     (double)b[i]);
}

static void compare_parts(const sample *s, const bench *whole, bench *parts, size_t capacity)
{
    const dnn_layer *l = whole->layer;
    for (size_t k = 0; k < PARTS; k++) {
        const size_t units = dnn_shape_units(&l->out), first = k * capacity;
        same(s->layer, "y", whole->y + first * units, parts[k].y, parts[k].rows * units);
        for (size_t i = 0; i < l->n_inputs; i++) {
            const size_t n = dnn_shape_units(&l->in[i]);
            same(s->layer, "dx", whole->dx[i] + first * n, parts[k].dx[i], parts[k].rows * n);
        }
    }
    for (size_t w = 0; w < l->plan.n_weights; w++) {
        const size_t n = dnn_shape_units(&l->plan.weights[w].shape);
        for (size_t k = 1; k < PARTS && whole->dw[w]; k++)
            for (size_t i = 0; i < n; i++) parts[0].dw[w][i] += parts[k].dw[w][i];
        if (whole->dw[w]) same(s->layer, l->plan.weights[w].name, whole->dw[w], parts[0].dw[w], n);
    }
    double penalty = 0;
    for (size_t k = 0; k < PARTS; k++) penalty += parts[k].penalty;
    if (!(fabs(penalty - whole->penalty) <= 1e-12 * fmax(1, penalty)))
        fail_msg("%s: adds %.15g to the loss, %.15g in parts", s->layer, whole->penalty, penalty);
}

/* Two and three rows and none; or two, two and one. */
static void a_batch_cut_into_shards_gives_what_the_whole_gives(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++)
        for (size_t capacity = 2; capacity < 4; capacity++) {
            bench whole, parts[PARTS];
            if (strstr(samples[i].layer, "synchronized: false")) continue; /* is meant to depend on it */
            open_bench(&samples[i], true, &whole);
            gradients(&whole);
            for (size_t k = 0; k < PARTS; k++) {
                const size_t first = k * capacity < ROWS ? k * capacity : ROWS;
                open_part(&samples[i], &whole, first, capacity, &parts[k]);
            }
            merge_parts(parts, false);
            for (size_t k = 0; k < PARTS; k++) {
                forward(&parts[k]);
                prepare_backward(&parts[k]);
            }
            merge_parts(parts, true);
            for (size_t k = 0; k < PARTS; k++) backward(&parts[k]);
            compare_parts(&samples[i], &whole, parts, capacity);
            close_bench(&whole);
            for (size_t k = 0; k < PARTS; k++) close_bench(&parts[k]);
        }
}

static int memory_is_balanced(void **state)
{
    (void)state;
    dnn_place_forget();
    assert_int_equal(dnn_memory_balance(), 0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backward_agrees_with_finite_differences_for_every_layer),
        cmocka_unit_test(masked_rows_count_in_no_sum),
        cmocka_unit_test(noise_is_the_identity_in_inference),
        cmocka_unit_test(outputs_are_the_same_where_nothing_is_kept_for_backward),
        cmocka_unit_test(a_batch_cut_into_shards_gives_what_the_whole_gives),
    };
    return cmocka_run_group_tests(tests, NULL, memory_is_balanced);
}
