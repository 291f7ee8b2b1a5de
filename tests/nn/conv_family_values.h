/* Convolutions of sequences, turned round, and by channel; embeddings: numbers worked out by hand, for both precisions. */
#include "nn/layer_run.h"

#define LIST(...) (const real[]){ __VA_ARGS__ }, sizeof(real[]){ __VA_ARGS__ } / sizeof(real)

/* The layer with these weights, one after the other, makes `want` of one sample x. */
static void expect_of_weights(const char *inputs, const char *layer, const real *weights, size_t n_weights, const real *x, size_t n_x, const real *want,
                              size_t n)
{
    layer_run r;
    layer_open(inputs, layer, 1, &r);
    size_t next = 0;
    for (size_t s = 0; s < r.graph->segments.count; s++)
        for (size_t i = 0; i < r.graph->segments.at[s].length && next < n_weights; i++) r.weights[r.graph->segments.at[s].offset + i] = weights[next++];
    assert_int_equal(next, n_weights);
    assert_int_equal(dnn_shape_units(&r.graph->inputs[0].shape), n_x);
    r.shard.x[0] = x;
    const real *y = layer_forward(&r);
    assert_int_equal(dnn_shape_units(&r.graph->outputs[0].shape), n);
    for (size_t i = 0; i < n; i++)
        if (y[i] != want[i] && !(isnan(want[i]) && isnan(y[i]))) fail_msg("%s: y[%zu] is %g, not %g", layer, i, (double)y[i], (double)want[i]);
    layer_close(&r);
}

static void kernels_slide_along_sequences(void **state)
{
    (void)state;
    expect_of_weights("{x: [3, 1]}", "{conv1d: {filters: 1, kernel_size: 2}}", LIST(1, 10), LIST(1, 2, 3), LIST(21, 32));
    expect_of_weights("{x: [3, 1]}", "{conv1d: {filters: 1, kernel_size: 2, padding: same}}", LIST(1, 10), LIST(1, 2, 3), LIST(21, 32, 3));
    expect_of_weights("{x: [3, 1]}", "{conv1d: {filters: 1, kernel_size: 2, padding: causal}}", LIST(1, 10), LIST(1, 2, 3), LIST(10, 21, 32));
    expect_of_weights("{x: [3, 1]}", "{conv1d: {filters: 1, kernel_size: 2, padding: causal, dilation_rate: 2}}", LIST(1, 10, 5), LIST(1, 2, 3),
                      LIST(15, 25, 36));
    expect_of_weights("{x: [4, 1]}", "{conv1d: {filters: 1, kernel_size: 2, padding: causal, strides: 3}}", LIST(1, 10), LIST(1, 2, 3, 4), LIST(10, 43));
    /* Two channels to two filters: kernel [1, 2, 2]. */
    expect_of_weights("{x: [2, 2]}", "{conv1d: {filters: 2, kernel_size: 1}}", LIST(1, 2, 3, 4), LIST(1, 10, 0, 1), LIST(31, 42, 3, 4));
    expect_refused("{x: [3, 1]}", "{conv1d: {filters: 1, kernel_size: [1, 2]}}", "kernel_size has 2 numbers: one is wanted");
    expect_refused("{x: [3]}", "{conv1d: {filters: 1, kernel_size: 2}}", "put reshape: {target_shape: [3, 1]} in front");
    expect_refused("{x: [3, 3, 1]}", "{conv1d: {filters: 1, kernel_size: 2}}", "sequences [length, channels] are wanted");
}

/* Each input is spread over the kernel's cells; what meets is added. */
static void a_convolution_turned_round_spreads_its_inputs(void **state)
{
    (void)state;
    expect_of_weights("{x: [2, 1]}", "{conv1d_transpose: {filters: 1, kernel_size: 3, strides: 2}}", LIST(1, 10, 100), LIST(1, 2),
                      LIST(1, 10, 102, 20, 200));
    expect_of_weights("{x: [2, 1]}", "{conv1d_transpose: {filters: 1, kernel_size: 3, strides: 2, padding: same}}", LIST(1, 10, 100), LIST(1, 2),
                      LIST(1, 10, 102, 20));
    expect_of_weights("{x: [2, 1]}", "{conv1d_transpose: {filters: 1, kernel_size: 3, padding: same}}", LIST(1, 10, 100), LIST(1, 2), LIST(12, 120));
    expect_of_weights("{x: [2, 1]}", "{conv1d_transpose: {filters: 1, kernel_size: 2, strides: 3}}", LIST(1, 10, 7), LIST(1, 2),
                      LIST(8, 17, 7, 9, 27, 7));
    expect_of_weights("{x: [2, 1]}", "{conv1d_transpose: {filters: 1, kernel_size: 2, dilation_rate: 2}}", LIST(1, 10), LIST(1, 2), LIST(1, 2, 10, 20));
    /* Kernel [1, filters, channels]. */
    expect_of_weights("{x: [1, 2]}", "{conv1d_transpose: {filters: 2, kernel_size: 1}}", LIST(1, 2, 3, 4), LIST(1, 2), LIST(5, 11));
    expect_of_weights("{x: [1, 2, 1]}", "{conv2d_transpose: {filters: 1, kernel_size: [2, 1], strides: [1, 2]}}", LIST(1, 10), LIST(1, 2),
                      LIST(1, 0, 2, 0, 10, 0, 20, 0));
    expect_refused("{x: [2, 1]}", "{conv1d_transpose: {filters: 1, kernel_size: 2, strides: 2, dilation_rate: 2}}", "both above 1");
}

/* Channels 1, 3 and 2, 4; kernels [2, channels, multiplier]: 16 = 1·1 + 3·5, and so on. */
static void kernels_of_a_channel_see_no_other(void **state)
{
    (void)state;
    expect_of_weights("{x: [2, 2]}", "{depthwise_conv1d: {kernel_size: 2, depth_multiplier: 2}}", LIST(1, 2, 3, 4, 5, 6, 7, 8), LIST(1, 2, 3, 4),
                      LIST(16, 20, 34, 40));
    expect_of_weights("{x: [1, 2, 2]}", "{depthwise_conv2d: {kernel_size: [1, 2], depth_multiplier: 2}}", LIST(1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 1, 0),
                      LIST(1, 2, 3, 4), LIST(17, 21, 35, 40));
    expect_of_weights("{x: [2, 1, 2]}", "{depthwise_conv2d: {kernel_size: [2, 1], padding: same}}", LIST(1, 2, 3, 4), LIST(1, 2, 3, 4),
                      LIST(10, 20, 3, 8));
    expect_of_weights("{x: [2, 2]}", "{separable_conv1d: {filters: 1, kernel_size: 2, depth_multiplier: 2}}",
                      LIST(1, 2, 3, 4, 5, 6, 7, 8, 1, 10, 100, 1000, 4), LIST(1, 2, 3, 4), LIST(43620));
    expect_of_weights("{x: [1, 2, 1]}", "{separable_conv2d: {filters: 2, kernel_size: 1, use_bias: false}}", LIST(3, 1, 10), LIST(1, 2),
                      LIST(3, 30, 6, 60));
}

static void a_number_names_a_row(void **state)
{
    (void)state;
    expect_of_weights("{x: [3]}", "{embedding: {input_dim: 3, output_dim: 2}}", LIST(1, 2, 3, 4, 5, 6), LIST(2, 0, 1.75), LIST(5, 6, 1, 2, 3, 4));
    expect_of_weights("{x: [4]}", "{embedding: {input_dim: 3, output_dim: 1}}", LIST(1, 2, 3), LIST(-1, -0.5, 3, 2.5), LIST(NAN, 1, NAN, 3));
    expect_refused("{x: [3]}", "{embedding: {input_dim: 20000000, output_dim: 2}}", "count to 2^24");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_slide_along_sequences),
        cmocka_unit_test(a_convolution_turned_round_spreads_its_inputs),
        cmocka_unit_test(kernels_of_a_channel_see_no_other),
        cmocka_unit_test(a_number_names_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, memory_is_balanced);
}
