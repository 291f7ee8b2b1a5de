/* Where a layer's Keras config is not its rows: what the hooks of the kinds make of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/nn/layer.h"
#include "nn/flow.h"

/* `config` key by key through the hook, as the reader of model files does it. */
static void expect_decoded(const char *kind, const char *config, const char *params)
{
    dnn_node *from = flow(config), *to = dnn_node_copy(from), *want = flow(params);
    assert_int_equal(dnn_family_find(&dnn_layers, kind)->decode(from, to), DNN_OK);
    if (!dnn_node_equal(to, want)) fail_msg("%s: %s is not decoded to %s", kind, config, params);
    dnn_node_destroy(from);
    dnn_node_destroy(to);
    dnn_node_destroy(want);
}

static void expect_encoded(const char *kind, const char *rows, const char *config)
{
    dnn_node *from = flow(rows), *want = flow(config);
    assert_int_equal(dnn_family_find(&dnn_layers, kind)->encode(NULL, from), DNN_OK);
    if (!dnn_node_equal(from, want)) fail_msg("%s: %s is not encoded to %s", kind, rows, config);
    dnn_node_destroy(from);
    dnn_node_destroy(want);
}

static void old_forms_are_read(void **state)
{
    (void)state;
    expect_decoded("leaky_relu", "{alpha: 0.1}", "{negative_slope: 0.1}");
    expect_decoded("leaky_relu", "{negative_slope: 0.2}", "{negative_slope: 0.2}");
    expect_decoded("batch_normalization", "{axis: [2], epsilon: 0.1}", "{axis: 2, epsilon: 0.1}");
    expect_decoded("reshape", "{target_shape: [null, 3, 4]}", "{target_shape: [3, 4]}");
    expect_decoded("reshape", "{target_shape: [3, -1]}", "{target_shape: [3, -1]}");
    expect_decoded("input", "{batch_input_shape: [null, 28, 28]}", "{shape: [28, 28]}");
    expect_decoded("input", "{batch_shape: [null, 5], sparse: false}", "{shape: [5]}");
    expect_decoded("depthwise_conv2d", "{kernel_size: 3, groups: 1, data_format: channels_last}", "{kernel_size: 3}");
    expect_decoded("depthwise_conv2d", "{kernel_size: 3, groups: 2}", "{kernel_size: 3, groups: 2}");
    expect_decoded("separable_conv2d", "{filters: 2, groups: 1, kernel_initializer: zeros, kernel_constraint: null, depthwise_initializer: ones}",
                   "{filters: 2, depthwise_initializer: ones}");
    expect_decoded("conv2d_transpose", "{filters: 2, groups: 1, kernel_initializer: zeros}", "{filters: 2, kernel_initializer: zeros}");
    expect_decoded("embedding", "{input_dim: 3, input_length: 7, mask_zero: false}", "{input_dim: 3}");
    expect_decoded("embedding", "{input_dim: 3, mask_zero: true}", "{input_dim: 3, mask_zero: true}");
}

/* In Keras's files it is a default that says nothing about ranks. */
static void synchronized_is_neither_read_nor_written(void **state)
{
    (void)state;
    expect_decoded("batch_normalization", "{axis: -1, synchronized: false}", "{axis: -1}");
    expect_encoded("batch_normalization", "{axis: -1, synchronized: true}", "{axis: -1}");
}

static void what_would_mean_something_else_stays_to_be_refused(void **state)
{
    (void)state;
    expect_decoded("flatten", "{data_format: channels_last}", "{}");
    expect_decoded("flatten", "{data_format: channels_first}", "{data_format: channels_first}");
    expect_decoded("batch_normalization", "{axis: [1, 2]}", "{axis: [1, 2]}");
}

static void an_input_is_written_with_its_batch_axis(void **state)
{
    (void)state;
    expect_encoded("input", "{shape: [28, 28]}", "{batch_input_shape: [null, 28, 28]}");
}

/* Keras takes pairs of sizes, and ranges as one number or two. */
static void sizes_and_ranges_are_written_as_keras_reads_them(void **state)
{
    (void)state;
    expect_encoded("conv2d", "{filters: 3, kernel_size: [5], strides: [1], dilation_rate: [2, 1]}",
                   "{filters: 3, kernel_size: [5, 5], strides: [1, 1], dilation_rate: [2, 1]}");
    expect_encoded("max_pooling2d", "{pool_size: [2], strides: []}", "{pool_size: [2, 2], strides: null}");
    expect_encoded("average_pooling2d", "{pool_size: [3, 2], strides: [1]}", "{pool_size: [3, 2], strides: [1, 1]}");
    expect_encoded("prelu", "{shared_axes: []}", "{shared_axes: null}");
    expect_encoded("prelu", "{shared_axes: [1, 2]}", "{shared_axes: [1, 2]}");
    expect_encoded("random_rotation", "{factor: [0.25]}", "{factor: 0.25}");
    expect_encoded("random_translation", "{height_factor: [0.25], width_factor: [0.5, 0.75]}",
                   "{height_factor: 0.25, width_factor: [0.5, 0.75]}");
    expect_encoded("random_zoom", "{height_factor: [0.25], width_factor: []}", "{height_factor: 0.25, width_factor: null}");
    expect_decoded("normalization", "{axis: null}", "{axis: []}");
    for (size_t i = 0; i < dnn_layers.count; i++) {
        const dnn_kind *kind = dnn_layers.kinds[i];
        if (!strstr(kind->name, "2d") && strncmp(kind->name, "random_", 7) != 0) continue;
        expect_decoded(kind->name, "{data_format: channels_last}", "{}");
        expect_decoded(kind->name, "{data_format: channels_first}", "{data_format: channels_first}");
    }
}

static void every_kind_has_a_class_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < dnn_layers.count; i++) {
        const dnn_kind *kind = dnn_layers.kinds[i];
        assert_non_null(kind->help);
        assert_ptr_equal(dnn_family_find(&dnn_layers, kind->name), kind);
        if (kind->keras) assert_ptr_equal(dnn_family_find_keras(&dnn_layers, kind->keras), kind);
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
        cmocka_unit_test(old_forms_are_read),
        cmocka_unit_test(synchronized_is_neither_read_nor_written),
        cmocka_unit_test(what_would_mean_something_else_stays_to_be_refused),
        cmocka_unit_test(an_input_is_written_with_its_batch_axis),
        cmocka_unit_test(sizes_and_ranges_are_written_as_keras_reads_them),
        cmocka_unit_test(every_kind_has_a_class_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, memory_is_balanced);
}
