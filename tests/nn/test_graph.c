/* Building graphs from the model section: layers, names, defaults, repeats, several inputs and outputs, counts, errors
 * with places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/nn/graph.h"
#include "nn/flow.h"

static dnn_port port(const char *name, size_t rank, size_t a, size_t b)
{
    dnn_port p = { .shape = dnn_shape_of(rank, (size_t[]){ a, b }) };
    snprintf(p.name, sizeof p.name, "%s", name);
    return p;
}

static dnn_graph *create(const char *model, const dnn_port *ports, size_t n)
{
    dnn_graph *g = NULL;
    dnn_node *node = flow(model);
    if (dnn_graph_create(node, ports, n, &g) != DNN_OK) fail_msg("%s", dnn_fail_text());
    dnn_node_destroy(node);
    return g;
}

static dnn_graph *create_on_images(const char *model)
{
    const dnn_port x = port("x", 2, 28, 28);
    return create(model, &x, 1);
}

/* What dnn_graph_create says to a model it refuses. */
static void expect_refusal(const char *model, const dnn_port *ports, size_t n, const char *text)
{
    dnn_graph *g = NULL;
    dnn_node *node = flow(model);
    const dnn_status st = dnn_graph_create(node, ports, n, &g);
    dnn_node_destroy(node);
    assert_null(g);
    if (st != DNN_E_CONFIG || strcmp(dnn_fail_text(), text) != 0)
        fail_msg("status %d, text\n  %s\ninstead of\n  %s", st, dnn_fail_text(), text);
}

static void refuse_on_images(const char *model, const char *text)
{
    const dnn_port x = port("x", 2, 28, 28);
    expect_refusal(model, &x, 1, text);
}

static size_t layer(const dnn_graph *g, const char *name)
{
    for (size_t i = 0; i < g->n_layers; i++)
        if (strcmp(g->layers[i].name, name) == 0) return i;
    fail_msg("there is no layer %s", name);
    return 0;
}

static const dnn_op *op(const dnn_graph *g, const char *name)
{
    const size_t wanted = layer(g, name);
    const dnn_op *o = g->ops;
    while (o->layer != wanted) o++;
    return o;
}

/* "dense dense_1": names of all layers as written. */
static void expect_names(const dnn_graph *g, const char *names)
{
    char text[1024] = "";
    for (size_t i = 0; i < g->n_layers; i++) {
        if (g->layers[i].internal) continue;
        if (*text) strcat(text, " ");
        strcat(text, g->layers[i].name);
    }
    assert_string_equal(text, names);
}

static void expect_counts(const char *model, size_t weights, size_t fixed)
{
    dnn_graph *g = create_on_images(model);
    size_t all, trainable;
    dnn_graph_count(g, &all, &trainable);
    assert_int_equal(all, weights);
    assert_int_equal(all - trainable, fixed);
    dnn_graph_destroy(g);
}

static void the_batch_norm_network_for_images_has_271346_weights(void **state)
{
    (void)state;
    expect_counts(
        "{layers: [flatten, batch_normalization, {dense: 300}, batch_normalization, {dense: 100}, batch_normalization, "
        "{dense: {units: 10, activation: softmax}}]}",
        271346, 2368);
    expect_counts("{defaults: {dense: {use_bias: false}}, layers: [flatten, batch_normalization, {dense: 300}, "
                  "batch_normalization, {dense: 100}, "
                  "batch_normalization, {dense: {units: 10, use_bias: true}}]}",
                  270946, 2368);
}

static void layers_are_numbered_from_the_second_of_a_type_on(void **state)
{
    (void)state;
    dnn_graph *g =
        create_on_images("{layers: [flatten, {dense: 3}, {dense: {units: 3, name: dense_1}}, {dense: 3}, {dense: 3}]}");
    expect_names(g, "flatten dense dense_1 dense_2 dense_3");
    dnn_graph_destroy(g);
}

static void a_lone_value_is_the_first_parameter(void **state)
{
    (void)state;
    dnn_graph *g = create_on_images(
        "{defaults: {activation: {trainable: true}}, "
        "layers: [flatten, {dense: 7}, {activation: {leaky_relu: {negative_slope: 0.1}}}, {dense: 2}]}");
    assert_int_equal(g->layers[1].out.dim[0], 7);
    assert_string_equal(g->layers[2].activation->kind.name, "leaky_relu");
    dnn_graph_destroy(g);
}

static void defaults_hold_where_a_layer_does_not_say_otherwise(void **state)
{
    (void)state;
    dnn_graph *g = create_on_images(
        "{defaults: {dense: {units: 5, activation: elu, use_bias: false}}, layers: [flatten, dense, {dense: 6}, "
        "{dense: {activation: relu, use_bias: true}}, {dense: {activation: linear}}]}");
    assert_int_equal(g->layers[1].out.dim[0], 5);
    assert_string_equal(g->layers[1].activation->kind.name, "elu");
    assert_int_equal(g->layers[1].plan.n_weights, 1);
    assert_int_equal(g->layers[2].out.dim[0], 6);
    assert_string_equal(g->layers[2].activation->kind.name, "elu");
    assert_string_equal(g->layers[3].activation->kind.name, "relu");
    assert_int_equal(g->layers[3].plan.n_weights, 2);
    assert_null(g->layers[4].activation);
    dnn_graph_destroy(g);
}

static void repeats_unroll_also_within_each_other(void **state)
{
    (void)state;
    dnn_graph *g = create_on_images("{layers: [flatten, {repeat: {times: 2, layers: [{dense: 4}, {repeat: {times: 3, "
                                    "layers: [dropout]}}]}}, {dense: 2}]}");
    expect_names(g, "flatten dense dropout dropout_1 dropout_2 dense_1 dropout_3 dropout_4 dropout_5 dense_2");
    dnn_graph_destroy(g);
}

static void names_given_in_a_repeat_are_numbered_with_what_refers_to_them(void **state)
{
    (void)state;
    dnn_graph *g =
        create_on_images("{layers: [flatten, {dense: 4}, {repeat: {times: 2, layers: [{dense: {units: 4, name: a}}, "
                         "{dense: {units: 4, name: b}}, {add: {inputs: [a, b], name: sum}}]}}]}");
    expect_names(g, "flatten dense a b sum a_1 b_1 sum_1");
    assert_string_equal(dnn_graph_tensor_name(g, op(g, "sum_1")->in[0]), "a_1");
    assert_string_equal(dnn_graph_tensor_name(g, op(g, "sum_1")->in[1]), "b_1");
    assert_string_equal(dnn_graph_tensor_name(g, op(g, "a_1")->in[0]), "sum");
    dnn_graph_destroy(g);
}

#define WIDE_AND_DEEP                                                                                                  \
    "{inputs: {wide: [5], deep: [6]}, layers: [{dense: {units: 30, activation: relu, inputs: deep}}, "                 \
    "{dense: {units: 30, activation: relu}}, {concatenate: {inputs: [wide, dense_1]}}, {dense: {units: 1, name: "      \
    "main}}, "                                                                                                         \
    "{dense: {units: 1, name: aux, inputs: dense_1}}], outputs: [main, aux]}"

static void wide_and_deep_has_two_inputs_and_two_outputs(void **state)
{
    (void)state;
    const dnn_port ports[] = { port("deep", 1, 6, 0), port("wide", 1, 5, 0) };
    dnn_graph *g = create(WIDE_AND_DEEP, ports, 2);
    size_t weights, trainable;
    assert_int_equal(g->n_inputs, 2);
    assert_string_equal(g->inputs[0].name, "wide");
    assert_int_equal(g->inputs[1].shape.dim[0], 6);
    assert_int_equal(g->n_outputs, 2);
    assert_string_equal(g->outputs[0].name, "main");
    assert_string_equal(g->outputs[1].name, "aux");
    assert_int_equal(g->layers[layer(g, "concatenate")].out.dim[0], 35);
    dnn_graph_count(g, &weights, &trainable);
    assert_int_equal(weights, 6 * 30 + 30 + 30 * 30 + 30 + 35 + 1 + 30 + 1);
    assert_int_equal(trainable, weights);
    assert_string_equal(dnn_graph_tensor_name(g, op(g, "concatenate")->in[0]), "wide");
    assert_string_equal(dnn_graph_tensor_name(g, op(g, "concatenate")->in[1]), "dense_1");
    dnn_graph_destroy(g);
}

static void outputs_may_be_renamed_by_a_map(void **state)
{
    (void)state;
    dnn_graph *g = create_on_images("{layers: [flatten, {dense: {units: 3, name: a}}, {dense: {units: 2, name: b}}], "
                                    "outputs: {last: b, first: a}}");
    assert_string_equal(g->outputs[0].name, "last");
    assert_string_equal(g->layers[g->output_layer[0]].name, "b");
    assert_string_equal(g->outputs[1].name, "first");
    assert_string_equal(g->layers[g->output_layer[1]].name, "a");
    dnn_graph_destroy(g);
}

static void layers_of_type_input_are_inputs(void **state)
{
    (void)state;
    dnn_graph *g = create("{layers: [{input: {shape: [4], name: a}}, {input: {shape: [3], name: b}}, {concatenate: "
                          "{inputs: [a, b]}}, {dense: 2}]}",
                          NULL, 0);
    assert_int_equal(g->n_inputs, 2);
    assert_string_equal(g->inputs[1].name, "b");
    assert_int_equal(g->layers[2].out.dim[0], 7);
    dnn_graph_destroy(g);
}

static void a_sole_input_fits_whatever_it_is_called(void **state)
{
    (void)state;
    dnn_graph *g = create_on_images("{inputs: {picture: [28, 28]}, layers: [flatten, {dense: 2}]}");
    assert_string_equal(g->inputs[0].name, "picture");
    dnn_graph_destroy(g);
}

static void layers_may_be_written_before_what_they_read(void **state)
{
    (void)state;
    dnn_graph *g = create_on_images("{layers: [{dense: {units: 2, name: top, inputs: below}}, {flatten: {inputs: x}}, "
                                    "{dense: {units: 3, name: below}}], "
                                    "outputs: top}");
    assert_int_equal(g->ops[2].layer, layer(g, "top"));
    assert_int_equal(g->layers[layer(g, "top")].in[0].dim[0], 3);
    dnn_graph_destroy(g);
}

static void an_output_activation_is_split_off_with_its_logits(void **state)
{
    (void)state;
    dnn_graph *g = create_on_images(
        "{layers: [flatten, {dense: {units: 4, activation: relu}}, {dense: {units: 3, activation: softmax}}]}");
    assert_non_null(g->layers[1].activation);
    assert_null(g->layers[2].activation);
    assert_int_equal(g->n_layers, 4);
    assert_true(g->layers[3].internal);
    assert_string_equal(g->layers[3].activation->kind.name, "softmax");
    assert_int_equal(g->output_layer[0], 2);
    assert_int_equal(g->ops[2].out, g->logits_tensor[0]);
    assert_int_equal(g->ops[3].out, g->output_tensor[0]);
    assert_string_equal(dnn_graph_tensor_name(g, g->output_tensor[0]), "dense_1");
    dnn_graph_destroy(g);
    g = create_on_images("{layers: [flatten, {dense: 3}, softmax]}");
    assert_int_equal(g->n_layers, 3);
    assert_int_equal(g->logits_tensor[0], g->ops[1].out);
    dnn_graph_destroy(g);
    g = create_on_images("{layers: [flatten, {dense: {units: 3, activation: softmax}}, {dense: 2}]}");
    assert_true(g->layers[2].internal);
    assert_string_equal(dnn_graph_tensor_name(g, op(g, "dense_1")->in[0]), "dense");
    dnn_graph_destroy(g);
    g = create_on_images("{layers: [flatten, {dense: 3}]}");
    assert_true(g->logits_tensor[0] == SIZE_MAX);
    dnn_graph_destroy(g);
}

static void segments_lie_in_layer_order_on_cache_lines(void **state)
{
    (void)state;
    dnn_graph *g = create_on_images("{layers: [flatten, batch_normalization, {dense: 3}]}");
    static const char *const names[] = { "batch_normalization/gamma",
                                         "batch_normalization/beta",
                                         "batch_normalization/moving_mean",
                                         "batch_normalization/moving_variance",
                                         "dense/kernel",
                                         "dense/bias" };
    assert_int_equal(g->segments.count, 6);
    size_t end = 0;
    for (size_t i = 0; i < 6; i++) {
        const dnn_segment *s = &g->segments.at[i];
        assert_string_equal(s->name, names[i]);
        assert_int_equal(s->offset % 16, 0);
        assert_true(s->offset >= end && s->offset < end + 16);
        assert_int_equal(s->weight, i != 2 && i != 3);
        assert_int_equal(s->trainable, s->weight);
        end = s->offset + s->length;
    }
    assert_int_equal(g->segments.at[4].fan_in, 784);
    assert_int_equal(g->segments.at[4].fan_out, 3);
    dnn_graph_destroy(g);
}

static void freezing_a_layer_changes_its_segments_alone(void **state)
{
    (void)state;
    dnn_graph *g =
        create_on_images("{layers: [flatten, {dense: {units: 5, trainable: false}}, batch_normalization, {dense: 3}]}");
    size_t all, trainable;
    dnn_graph_count(g, &all, &trainable);
    assert_int_equal(all, 785 * 5 + 20 + 18);
    assert_int_equal(trainable, 10 + 18);
    dnn_graph_freeze(g, 2, true);
    dnn_graph_freeze(g, 1, false);
    dnn_graph_count(g, &all, &trainable);
    assert_int_equal(trainable, 785 * 5 + 18);
    dnn_graph_freeze(g, 2, false);
    dnn_graph_count(g, &all, &trainable);
    assert_int_equal(all - trainable, 10);
    dnn_graph_destroy(g);
}

static void initial_weights_depend_on_the_seed_and_fill_no_gap(void **state)
{
    (void)state;
    dnn_graph *g = create_on_images(
        "{layers: [flatten, batch_normalization, {dense: {units: 3, kernel_initializer: he_normal}}, {dense: 3}]}");
    const size_t n = g->segments.total;
    float *a = dnn_alloc(n, sizeof *a), *b = dnn_alloc(n, sizeof *b);
    for (size_t i = 0; i < n; i++) b[i] = 9;
    assert_int_equal(dnn_graph_initialize(g, 1, a), DNN_OK);
    assert_int_equal(dnn_graph_initialize(g, 1, b), DNN_OK);
    assert_memory_equal(a, b, n * sizeof *a);
    assert_int_equal(dnn_graph_initialize(g, 2, b), DNN_OK);
    assert_true(memcmp(a, b, n * sizeof *a) != 0);
    for (size_t i = 0; i < 784; i++) {
        assert_true(a[g->segments.at[0].offset + i] == 1);  /* gamma */
        assert_true(a[g->segments.at[2].offset + i] == 0);  /* moving mean */
        assert_true(a[g->segments.at[3].offset + i] == 1);  /* moving variance */
    }
    /* The two 3x3 kernels are different draws; bias and gap behind are 0. */
    assert_true(a[g->segments.at[4].offset] != a[g->segments.at[6].offset]);
    for (size_t i = g->segments.at[5].offset; i < g->segments.at[6].offset; i++) assert_true(a[i] == 0);
    dnn_free(a);
    dnn_free(b);
    dnn_graph_destroy(g);
}

static void what_is_written_builds_the_same_graph(void **state)
{
    (void)state;
    static const char *const models[] = {
        "{defaults: {dense: {activation: elu}}, layers: [flatten, {repeat: {times: 2, layers: [{dense: 4}, {dropout: "
        "0.2}]}}, "
        "{dense: {units: 3, activation: softmax}}]}",
        WIDE_AND_DEEP,
        "{layers: [{input: {shape: [4], name: a}}, {input: {shape: [3], name: b}}, {concatenate: {inputs: [a, b]}}, "
        "{dense: 2}, {reshape: [2, 1]}]}",
        "{inputs: {x: [3]}, layers: [{dense: {units: 2, name: top, inputs: below}}, {dense: {units: 3, name: below, "
        "inputs: x, trainable: false}}], "
        "outputs: {y: top}}",
    };
    const dnn_port x = port("x", 2, 28, 28);
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        dnn_graph *g = create(models[i], &x, i == 0), *again = NULL;
        dnn_node *first = dnn_graph_write(g);
        assert_non_null(first);
        if (dnn_graph_create(first, NULL, 0, &again) != DNN_OK) fail_msg("%s", dnn_fail_text());
        dnn_node *second = dnn_graph_write(again);
        assert_true(dnn_node_equal(first, second));
        assert_int_equal(g->n_layers, again->n_layers);
        assert_int_equal(g->segments.total, again->segments.total);
        for (size_t k = 0; k < g->n_ops; k++) {
            assert_int_equal(g->ops[k].layer, again->ops[k].layer);
            assert_memory_equal(g->ops[k].in, again->ops[k].in,
                                g->layers[g->ops[k].layer].n_inputs * sizeof *g->ops[k].in);
        }
        dnn_node_destroy(first);
        dnn_node_destroy(second);
        dnn_graph_destroy(g);
        dnn_graph_destroy(again);
    }
}

static void inputs_are_written_only_where_the_layer_above_is_not_meant(void **state)
{
    (void)state;
    const dnn_port ports[] = { port("deep", 1, 6, 0), port("wide", 1, 5, 0) };
    dnn_graph *g = create(WIDE_AND_DEEP, ports, 2);
    dnn_node *model = dnn_graph_write(g);
    assert_string_equal(dnn_node_at(model, "layers.0.dense.inputs.0")->text, "deep");
    assert_null(dnn_node_at(model, "layers.1.dense.inputs"));
    assert_string_equal(dnn_node_at(model, "layers.2.concatenate.inputs.1")->text, "dense_1");
    assert_null(dnn_node_at(model, "layers.3.dense.inputs"));
    assert_string_equal(dnn_node_at(model, "layers.4.dense.inputs.0")->text, "dense_1");
    assert_string_equal(dnn_node_at(model, "outputs.aux")->text, "aux");
    assert_int_equal(dnn_node_at(model, "inputs.wide.0")->integer, 5);
    dnn_node_destroy(model);
    dnn_graph_destroy(g);
}

static void mistakes_in_layers_are_shown_where_they_are_written(void **state)
{
    (void)state;
    refuse_on_images("{layers: [flatten,\n  {densse: 3}]}",
                     "run.yaml:2:4: unknown layer 'densse'; did you mean 'dense'?");
    refuse_on_images("{layers: [flatten, {dense: 3}, {dense: {units: 2,\n    inputs: densse}}]}",
                     "run.yaml:1:33: dense_1.inputs: there is no layer or input 'densse'; did you mean 'dense'?");
    refuse_on_images("{layers: [flatten, {dense: {units: 3, name: a}},\n {dense: {units: 3, name: a}}]}",
                     "run.yaml:2:3: name = \"a\": another layer has it already (run.yaml:1:21)");
    refuse_on_images("{layers: [flatten, {dense: {units: 3, name: x}}]}",
                     "run.yaml:1:21: name = \"x\": an input has it already");
    refuse_on_images(
        "{layers: [flatten, {dense: {units: 3, name: a/b}}]}",
        "run.yaml:1:21: name = \"a/b\": must have 1 to 63 characters, none of them '/', ',' or '\"', no '.' in front");
    refuse_on_images("{layers: []}", "run.yaml:1:10: layers: must be a list of layers, from the input to the output");
    refuse_on_images("{layers: [flatten], layer: 3}",
                     "run.yaml:1:21: model.layer: unknown key; did you mean 'layers'?");
    refuse_on_images("{layers: [flatten, {dense: {units: 3, inputs: [flatten, flatten]}}]}",
                     "run.yaml:1:21: dense.inputs: takes one input, 2 are given");
    refuse_on_images("{layers: [flatten,\n add]}",
                     "run.yaml:2:2: add: puts two or more inputs together; name them, as in inputs: [a, b]");
}

static void mistakes_in_defaults_and_repeats_are_shown_where_they_are_written(void **state)
{
    (void)state;
    refuse_on_images("{defaults: {dense: {unitss: 3}}, layers: [flatten]}",
                     "run.yaml:1:21: defaults.dense.unitss: dense has no such parameter; did you mean 'units'?");
    refuse_on_images("{defaults: {dens: {units: 3}}, layers: [flatten]}",
                     "run.yaml:1:13: defaults.dens: there is no such layer; did you mean 'dense'?");
    refuse_on_images("{defaults: {dense: {name: a}}, layers: [flatten]}",
                     "run.yaml:1:27: defaults.dense.name: belongs to a single layer");
    refuse_on_images("{defaults: {dropout: {rate: 1.5}}, layers: [flatten,\n dropout]}",
                     "run.yaml:1:29: dropout.rate = 1.5: must lie in [0, 1)");
    refuse_on_images("{layers: [flatten, {repeat: {times: 0, layers: [dropout]}}]}",
                     "run.yaml:1:37: repeat.times = 0: must be >= 1");
    refuse_on_images("{layers: [flatten, {repeat: {times: 2}}]}",
                     "run.yaml:1:29: repeat.layers: missing: the layers that are repeated");
    refuse_on_images("{layers: [flatten, {repeat: {times: 200, layers: [{repeat: {times: 100, layers: [dropout]}}]}}]}",
                     "run.yaml:1:29: repeat.times = 200: more than 10000 layers");
}

static void shapes_that_do_not_fit_are_both_named(void **state)
{
    (void)state;
    const dnn_port ports[] = { port("a", 1, 6, 0), port("b", 1, 5, 0) };
    expect_refusal("{layers: [{add: {inputs: [a, b]}}]}", ports, 2,
                   "run.yaml:1:12: add: inputs have shapes [6] and [5]: all must be equal, or 1 where they differ");
    expect_refusal("{inputs: {a: [7], b: [5]}, layers: [{concatenate: {inputs: [a, b]}}]}", ports, 2,
                   "run.yaml:1:10: input 'a' has shape [7] here, but the data bring [6]");
    expect_refusal("{inputs: {a: [6], c: [5]}, layers: [{concatenate: {inputs: [a, c]}}]}", ports, 2,
                   "run.yaml:1:10: model input 'c': the data bring no input of that name (see data.inputs)");
    refuse_on_images("{layers: [flatten,\n {reshape: {target_shape: [5, -1]}}]}",
                     "run.yaml:2:3: reshape: target_shape = [5, 0] does not hold the 784 values of the input [784] (0 "
                     "stands for the open one)");
    refuse_on_images("{inputs: {x: [28, 27]}, layers: [flatten]}",
                     "run.yaml:1:10: input 'x' has shape [28, 27] here, but the data bring [28, 28]");
    refuse_on_images(
        "{inputs: {x: [28, 0]}, layers: [flatten]}",
        "run.yaml:1:14: inputs.x: must be the shape of one sample, at most 6 whole numbers >= 1, as in [28, 28]");
    refuse_on_images("{layers: [flatten,\n {dense: 1000000000000}]}",
                     "run.yaml:2:3: dense: kernel has shape [784, 1000000000000]: it holds no values, or too many");
}

static void mistakes_in_connections_are_found(void **state)
{
    (void)state;
    const dnn_port ports[] = { port("a", 1, 6, 0), port("b", 1, 5, 0) };
    refuse_on_images("{layers: [flatten, {dense: {units: 3, name: a, inputs: c}},\n {dense: {units: 3, name: b}}, "
                     "{dense: {units: 3, name: c}}]}",
                     "run.yaml:1:21: a.inputs: a cycle: a reads c, which reads b, which reads a");
    refuse_on_images(
        "{layers: [flatten, {dense: 3}, {dense: {units: 2, inputs: flatten}}]}",
        "run.yaml:1:21: dense: its output is not used; let another layer read it, name it in outputs, or remove it");
    expect_refusal("{layers: [{dense: {units: 3, inputs: a}}]}", ports, 2,
                   "run.yaml:1:12: input 'b' is read by no layer");
    expect_refusal("{layers: [{dense: 3}]}", ports, 2,
                   "run.yaml:1:12: dense: the model has 2 inputs; say which it reads, as in inputs: a");
    expect_refusal("{inputs: {a: [6]}, layers: [{dense: 3}]}", ports, 2,
                   "run.yaml:1:10: the data's input 'b' is no input of the model");
    refuse_on_images("{layers: [flatten, {dense: 3}], outputs: densee}",
                     "run.yaml:1:42: outputs: there is no layer 'densee'; did you mean 'dense'?");
    refuse_on_images("{layers: [flatten, {dense: 3}, {reshape: [3, 1]}], outputs: [dense, reshape]}",
                     "run.yaml:1:33: outputs: 'reshape' has the same values as 'dense'");
    expect_refusal("{layers: [{dense: 3}]}", NULL, 0,
                   "run.yaml:1:1: the model does not say what its input is; add inputs, as in inputs: {x: [28, 28]}");
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
        cmocka_unit_test(the_batch_norm_network_for_images_has_271346_weights),
        cmocka_unit_test(layers_are_numbered_from_the_second_of_a_type_on),
        cmocka_unit_test(a_lone_value_is_the_first_parameter),
        cmocka_unit_test(defaults_hold_where_a_layer_does_not_say_otherwise),
        cmocka_unit_test(repeats_unroll_also_within_each_other),
        cmocka_unit_test(names_given_in_a_repeat_are_numbered_with_what_refers_to_them),
        cmocka_unit_test(wide_and_deep_has_two_inputs_and_two_outputs),
        cmocka_unit_test(outputs_may_be_renamed_by_a_map),
        cmocka_unit_test(layers_of_type_input_are_inputs),
        cmocka_unit_test(a_sole_input_fits_whatever_it_is_called),
        cmocka_unit_test(layers_may_be_written_before_what_they_read),
        cmocka_unit_test(an_output_activation_is_split_off_with_its_logits),
        cmocka_unit_test(segments_lie_in_layer_order_on_cache_lines),
        cmocka_unit_test(freezing_a_layer_changes_its_segments_alone),
        cmocka_unit_test(initial_weights_depend_on_the_seed_and_fill_no_gap),
        cmocka_unit_test(what_is_written_builds_the_same_graph),
        cmocka_unit_test(inputs_are_written_only_where_the_layer_above_is_not_meant),
        cmocka_unit_test(mistakes_in_layers_are_shown_where_they_are_written),
        cmocka_unit_test(mistakes_in_defaults_and_repeats_are_shown_where_they_are_written),
        cmocka_unit_test(shapes_that_do_not_fit_are_both_named),
        cmocka_unit_test(mistakes_in_connections_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, memory_is_balanced);
}
