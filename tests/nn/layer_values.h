/* Values of layers from their formulas, for both precisions. */
#include "nn/layer_run.h"

#define VALUES(...) (const real[]){ __VA_ARGS__ }
#define WANTED(...) (const double[]){ __VA_ARGS__ }, sizeof(double[]){ __VA_ARGS__ } / sizeof(double)

/* 1, 2, 4, 5 about 3: squares 4, 1, 1, 4, variance 10/4. */
static void layer_normalization_has_mean_0_and_variance_1_but_for_epsilon(void **state)
{
    (void)state;
    const double d = sqrt(2.5 + 1e-3);
    expect_values("{x: [4]}", "layer_normalization", VALUES(1, 2, 4, 5), WANTED(-2 / d, -1 / d, 1 / d, 2 / d));
    const double e = sqrt(2.5 + 0.5);
    expect_values("{x: [2, 2]}", "{layer_normalization: {axis: [1, 2], epsilon: 0.5}}", VALUES(1, 2, 4, 5),
                  WANTED(-2 / e, -1 / e, 1 / e, 2 / e));
    /* columns: 1, 4 and 2, 5, each 1.5 from its mean */
    const double f = 1.5 / sqrt(1.5 * 1.5 + 1e-3);
    expect_values("{x: [2, 2]}", "{layer_normalization: {axis: 1}}", VALUES(1, 2, 4, 5), WANTED(-f, -f, f, f));
    expect_refused("{x: [2, 2]}", "{layer_normalization: {axis: 3}}", "the axes 1 … 2, or -2 … -1");
    expect_refused("{x: [2, 2]}", "{layer_normalization: {axis: [2, -1]}}", "twice");
}

/* Large means are no trouble: the deviations come first. */
static void layer_normalization_does_not_cancel(void **state)
{
    (void)state;
    const double d = sqrt(2.5 + 1e-3);
    expect_values("{x: [4]}", "layer_normalization", VALUES(1000001, 1000002, 1000004, 1000005),
                  WANTED(-2 / d, -1 / d, 1 / d, 2 / d));
}

static void normalization_uses_the_statistics_that_are_given(void **state)
{
    (void)state;
    expect_values("{x: [3]}", "{normalization: {mean: 3, variance: 4}}", VALUES(1, 3, 6), WANTED(-1, 0, 1.5));
    expect_values("{x: [3]}", "{normalization: {mean: [1, 2, 3], variance: [1, 4, 0.25]}}", VALUES(2, 4, 4),
                  WANTED(1, 1, 2));
    expect_values("{x: [3]}", "{normalization: {mean: [1, 2, 3], variance: [1, 4, 0.25], invert: true}}",
                  VALUES(1, 1, 2), WANTED(2, 4, 4));
    expect_values("{x: [2, 2]}", "{normalization: {axis: 1, mean: [1, 2], variance: [1, 4]}}", VALUES(2, 3, 4, 6),
                  WANTED(1, 2, 1, 2));
    expect_values("{x: [2, 2]}", "{normalization: {axis: [1, 2], mean: [1, 2], variance: [1, 4]}}", VALUES(2, 4, 3, 6),
                  WANTED(1, 1, 2, 2));
    /* A constant column does no harm: 1e-7 is the least deviation. */
    expect_values("{x: [1]}", "{normalization: {mean: 3, variance: 0}}", VALUES(3), WANTED(0));
    expect_refused("{x: [3]}", "{normalization: {mean: 3}}", "variance is not given");
    expect_refused("{x: [3]}", "{normalization: {mean: [1, 2], variance: [1, 2]}}",
                   "mean: a number, or numbers for the "
                   "shape [3]");
}

/* mean, variance and count are weights that no optimizer moves, and start as what changes nothing. */
static void normalization_keeps_statistics_that_are_not_given(void **state)
{
    (void)state;
    layer_run r;
    const real x[] = { 1, -2, 3 };
    layer_open("{x: [3]}", "normalization", 1, &r);
    size_t weights, trainable;
    dnn_graph_count(r.graph, &weights, &trainable);
    assert_int_equal(weights, 7);
    assert_int_equal(trainable, 0);
    r.shard.x[0] = x;
    const real *y = layer_forward(&r);
    for (size_t i = 0; i < 3; i++) assert_true(y[i] == x[i]);
    r.weights[r.graph->segments.at[0].offset + 1] = 2;
    r.weights[r.graph->segments.at[1].offset + 1] = 16;
    y = layer_forward(&r);
    assert_true(y[0] == 1 && y[1] == -1 && y[2] == 3);
    layer_close(&r);
}

static void rectifiers_follow_their_formulas(void **state)
{
    (void)state;
    expect_values("{x: [5]}", "thresholded_relu", VALUES(-2, 0.5, 1, 1.5, 3), WANTED(0, 0, 0, 1.5, 3));
    expect_values("{x: [3]}", "{thresholded_relu: 0}", VALUES(-2, 0, 0.5), WANTED(0, 0, 0.5));
    expect_values("{x: [3]}", "{prelu: {alpha_initializer: {constant: 0.25}}}", VALUES(-2, 0, 3), WANTED(-0.5, 0, 3));
    expect_values("{x: [3]}", "prelu", VALUES(-2, 0, 3), WANTED(0, 0, 3));
    expect_values("{x: [3]}", "rrelu", VALUES(-1, 0, 3), WANTED(-(1 / 8.0 + 1 / 3.0) / 2, 0, 3));
    expect_values("{x: [4]}", "step", VALUES(-1, 0, 3, -0.01), WANTED(0, 1, 1, 0));
    expect_values("{x: [3]}", "{rescaling: {scale: 2, offset: -1}}", VALUES(0, 0.5, 3), WANTED(-1, 0, 5));
    expect_values("{x: [2, 2]}", "{rescaling: {scale: [2, 3], offset: [-1, 0.5]}}", VALUES(0, 1, 3, 4), WANTED(-1, 3.5, 5, 12.5));
    expect_values("{x: [2]}", "{rescaling: {scale: 2, offset: [-1, 1]}}", VALUES(1, 1), WANTED(1, 3));
    expect_refused("{x: [3]}", "{rescaling: {scale: [2, 3]}}", "scale: 2 numbers: give one, or 3 for");
    expect_refused("{x: [3]}", "{rrelu: {lower: 0.5, upper: 0.25}}", "lower = 0.5: must be at most upper");
}

/* Columns of logs of 1, 3 and 1, 1; then all four together. */
static void a_softmax_sums_to_1_along_its_axes(void **state)
{
    (void)state;
    const real one = 0, three = (real)log(3.0);
    expect_values("{x: [2, 2]}", "{softmax: {axis: 1}}", VALUES(one, one, three, one), WANTED(0.25, 0.5, 0.75, 0.5));
    expect_values("{x: [2, 2]}", "{softmax: {axis: -2}}", VALUES(one, one, three, one), WANTED(0.25, 0.5, 0.75, 0.5));
    expect_values("{x: [2, 2]}", "{softmax: {axis: 2}}", VALUES(one, one, three, one), WANTED(0.5, 0.5, 0.75, 0.25));
    expect_values("{x: [2, 2]}", "{softmax: {axis: [1, 2]}}", VALUES(one, one, three, one),
                  WANTED(1 / 6.0, 1 / 6.0, 0.5, 1 / 6.0));
    expect_values("{x: [1, 2]}", "{softmax: {axis: [1, 2]}}", VALUES(one, three), WANTED(0.25, 0.75));
    expect_refused("{x: [2, 2]}", "{softmax: {axis: 3}}", "axis = 3: an input of shape");
    expect_refused("{x: [2, 2]}", "{softmax: {axis: []}}", "give one or more");
}

static void shared_slopes_are_spread_over_their_axes(void **state)
{
    (void)state;
    layer_run r;
    const real x[] = { -1, -1, -1, -1, -1, -1, -1, -1 };
    layer_open("{x: [2, 2, 2]}", "{prelu: {shared_axes: [1, 2]}}", 1, &r);
    assert_int_equal(r.graph->segments.at[0].length, 2);
    assert_int_equal(r.graph->segments.at[0].shape.rank, 3);
    r.weights[0] = 1;
    r.weights[1] = 2;
    r.shard.x[0] = x;
    const real *y = layer_forward(&r);
    for (size_t i = 0; i < 8; i++) assert_true(y[i] == (i % 2 ? -2 : -1));
    layer_close(&r);
}

static void zeros_are_put_around_images(void **state)
{
    (void)state;
    expect_values("{x: [1, 2, 1]}", "zero_padding2d", VALUES(1, 2), WANTED(0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0));
    expect_values("{x: [1, 2, 1]}", "{zero_padding2d: {padding: [0, 1]}}", VALUES(1, 2), WANTED(0, 1, 2, 0));
    expect_values("{x: [1, 1, 2]}", "{zero_padding2d: {padding: [[0, 1], [1, 0]]}}", VALUES(1, 2),
                  WANTED(0, 0, 1, 2, 0, 0, 0, 0));
    expect_refused("{x: [2, 2, 1]}", "{zero_padding2d: {padding: [1, 2, 3]}}", "padding: a whole number");
    expect_refused("{x: [2, 2, 1]}", "{zero_padding2d: {padding: -1}}", "padding: a whole number");
    expect_refused("{x: [28, 28]}", "zero_padding2d", "put reshape: {target_shape: [28, 28, 1]} in front");
}

static void expect_merged(const char *kind, const double *want)
{
    char layer[64];
    layer_run r;
    const real a[] = { 1, -2, 3 }, b[] = { 4, -5, -6 };
    snprintf(layer, sizeof layer, "{%s: {inputs: [a, b]}}", kind);
    layer_open("{a: [3], b: [3]}", layer, 1, &r);
    r.shard.x[0] = a;
    r.shard.x[1] = b;
    const real *y = layer_forward(&r);
    for (size_t i = 0; i < 3; i++) assert_true(y[i] == want[i]);
    layer_close(&r);
}

static void merges_work_element_by_element(void **state)
{
    (void)state;
    expect_merged("add", (const double[]){ 5, -7, -3 });
    expect_merged("subtract", (const double[]){ -3, 3, 9 });
    expect_merged("multiply", (const double[]){ 4, 10, -18 });
    expect_merged("average", (const double[]){ 2.5, -3.5, -1.5 });
    expect_merged("maximum", (const double[]){ 4, -2, 3 });
    expect_merged("minimum", (const double[]){ 1, -5, -6 });
    expect_refused("{a: [3], b: [3], c: [3]}", "{subtract: {inputs: [a, b, c]}}", "exactly two");
    expect_refused("{a: [3], b: [2]}", "{multiply: {inputs: [a, b]}}", "inputs have shapes [3] and [2]");
    expect_refused("{a: [3], b: [3, 2]}", "{multiply: {inputs: [a, b]}}", "inputs have shapes [3] and [3, 2]");
}

static void expect_sum(const char *inputs, const real *a, const real *b, const double *want)
{
    layer_run r;
    layer_open(inputs, "{add: {inputs: [a, b]}}", 1, &r);
    r.shard.x[0] = a;
    r.shard.x[1] = b;
    const real *y = layer_forward(&r);
    for (size_t i = 0; i < 6; i++) assert_true(y[i] == want[i]);
    layer_close(&r);
}

static void axes_of_length_1_and_axes_that_are_not_there_are_stretched(void **state)
{
    (void)state;
    const real a[] = { 1, 2, 3 }, b[] = { 10, 20 }, c[] = { 10, 20, 30, 40, 50, 60 };
    expect_sum("{a: [1, 3], b: [2, 1]}", a, b, (const double[]){ 11, 12, 13, 21, 22, 23 });
    expect_sum("{a: [3], b: [2, 1]}", a, b, (const double[]){ 11, 12, 13, 21, 22, 23 });
    expect_sum("{a: [3], b: [2, 3]}", a, c, (const double[]){ 11, 22, 33, 41, 52, 63 });
    expect_sum("{a: [1, 2, 3], b: [3]}", c, a, (const double[]){ 11, 22, 33, 41, 52, 63 });
}

/* [2, 3] with features on axis 1: rows share gamma, beta, mean and variance. */
static void batch_normalization_takes_features_from_any_axis(void **state)
{
    (void)state;
    static const real given[] = { 2, 3, 10, 20, 1, 5, 4 - 1e-3f, 0.25f - 1e-3f }, x[] = { 1, 3, 5, 5, 6, 4.5f };
    static const double want[] = { 10, 12, 14, 20, 26, 17 };
    static const char *const axes[] = { "1", "-2" };
    for (size_t k = 0; k < 2; k++) {
        layer_run r;
        char layer[80];
        snprintf(layer, sizeof layer, "{batch_normalization: {axis: %s}}", axes[k]);
        layer_open("{x: [2, 3]}", layer, 1, &r);
        for (size_t w = 0; w < 4; w++)
            for (size_t j = 0; j < 2; j++) r.weights[r.graph->segments.at[w].offset + j] = given[2 * w + j];
        r.shard.x[0] = x;
        const real *y = layer_forward(&r);
        for (size_t i = 0; i < 6; i++) assert_true(fabs((double)y[i] - want[i]) < 1e-5);
        layer_close(&r);
    }
    expect_refused("{x: [2, 3]}", "{batch_normalization: {axis: 3}}", "the input has the axes 1 … 2, or -2 … -1");
    expect_refused("{x: [2, 3]}", "{batch_normalization: {axis: 0}}", "axis = 0");
}

/* Ones through the noise: 200,000 draws. */
static void expect_noise(const char *layer, double mean, double variance, double low, double high)
{
    enum { UNITS = 1000, STEPS = 200 };
    static real ones[UNITS];
    double sum = 0, squares = 0;
    layer_run r;
    for (size_t i = 0; i < UNITS; i++) ones[i] = strncmp(layer, "rrelu", 5) == 0 ? -1 : 1;
    layer_open("{x: [1000]}", layer, 1, &r);
    r.run.training = true;
    r.shard.x[0] = ones;
    for (r.run.step = 0; r.run.step < STEPS; r.run.step++) {
        const real *y = layer_forward(&r);
        for (size_t i = 0; i < UNITS; i++) {
            const double value = y[i] * ones[i];
            assert_true(value >= low && value <= high);
            sum += value;
            squares += (value - mean) * (value - mean);
        }
    }
    /* Six standard deviations; the kurtosis of a normal is 3, of a uniform 1.8. */
    const double draws = (double)UNITS * STEPS;
    assert_true(fabs(sum / draws - mean) < 6 * sqrt(variance / draws));
    assert_true(fabs(squares / draws - variance) < 6 * variance * sqrt(2 / draws));
    layer_close(&r);
}

static void noise_has_its_mean_and_variance(void **state)
{
    (void)state;
    expect_noise("{gaussian_dropout: 0.2}", 1, 0.25, -INFINITY, INFINITY);
    expect_noise("rrelu", (1 / 8.0 + 1 / 3.0) / 2, (1 / 3.0 - 1 / 8.0) * (1 / 3.0 - 1 / 8.0) / 12, 0.125,
                 1 / 3.0 + 1e-7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layer_normalization_has_mean_0_and_variance_1_but_for_epsilon),
        cmocka_unit_test(layer_normalization_does_not_cancel),
        cmocka_unit_test(normalization_uses_the_statistics_that_are_given),
        cmocka_unit_test(normalization_keeps_statistics_that_are_not_given),
        cmocka_unit_test(rectifiers_follow_their_formulas),
        cmocka_unit_test(a_softmax_sums_to_1_along_its_axes),
        cmocka_unit_test(shared_slopes_are_spread_over_their_axes),
        cmocka_unit_test(zeros_are_put_around_images),
        cmocka_unit_test(merges_work_element_by_element),
        cmocka_unit_test(axes_of_length_1_and_axes_that_are_not_there_are_stretched),
        cmocka_unit_test(batch_normalization_takes_features_from_any_axis),
        cmocka_unit_test(noise_has_its_mean_and_variance),
    };
    return cmocka_run_group_tests(tests, NULL, memory_is_balanced);
}
