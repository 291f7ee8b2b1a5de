/* Initializers: variances and bounds of the distributions, orthogonality, and numbers that depend on the parameter alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "dnn/base/memory.h"
#include "dnn/nn/initializer.h"
#include "nn/flow.h"

enum { ROWS = 400, COLUMNS = 200, N = ROWS * COLUMNS };
static float w[N], again[N];
static const dnn_stream stream = { .seed = 11, .purpose = DNN_FOR_WEIGHTS, .item = 4 };

static dnn_status fill_as(const char *text, const dnn_shape *shape, const dnn_stream *from, float *out)
{
    dnn_node *node = flow(text);
    dnn_component c = { 0 };
    assert_int_equal(dnn_component_read(&dnn_initializers, node, &c), DNN_OK);
    const dnn_status st = ((const dnn_initializer_kind *)c.kind)->fill(c.params, from, shape, ROWS, COLUMNS, out);
    dnn_component_clear(&c);
    dnn_node_destroy(node);
    return st;
}

static void fill(const char *text)
{
    const dnn_shape shape = dnn_shape_of(2, (size_t[]){ ROWS, COLUMNS });
    assert_int_equal(fill_as(text, &shape, &stream, w), DNN_OK);
}

static void measure(double *mean, double *variance, double *largest)
{
    double sum = 0, squares = 0;
    *largest = 0;
    for (size_t i = 0; i < N; i++) {
        sum += (double)w[i];
        squares += (double)w[i] * (double)w[i];
        *largest = fmax(*largest, fabs((double)w[i]));
    }
    *mean = sum / N;
    *variance = squares / N - *mean * *mean;
}

/* 80,000 draws: the variance is known to sqrt(2/N) = 0.5 %, the mean to 1/sqrt(N) = 0.35 % of a deviation; four of each are allowed. The
 * largest comes within 1 % of a bound. */
static void check(const char *text, double variance, double bound)
{
    double mean, got, largest;
    fill(text);
    measure(&mean, &got, &largest);
    if (fabs(got / variance - 1) > 0.02) print_message("%s: variance %g, not %g\n", text, got, variance);
    assert_true(fabs(got / variance - 1) <= 0.02);
    assert_true(fabs(mean) <= 4 * sqrt(variance / N));
    if (bound > 0) assert_true(largest <= bound * 1.0000001 && largest >= 0.99 * bound);
}

static void variances_and_bounds_are_those_of_the_papers(void **state)
{
    (void)state;
    const double both = ROWS + COLUMNS, cut = .87962566103423978;
    check("glorot_uniform", 2 / both, sqrt(6 / both));
    check("glorot_normal", 2 / both, 2 * sqrt(2 / both) / cut);
    check("he_uniform", 2.0 / ROWS, sqrt(6.0 / ROWS));
    check("he_normal", 2.0 / ROWS, 2 * sqrt(2.0 / ROWS) / cut);
    check("lecun_uniform", 1.0 / ROWS, sqrt(3.0 / ROWS));
    check("lecun_normal", 1.0 / ROWS, 2 * sqrt(1.0 / ROWS) / cut);
    check("{variance_scaling: {scale: 3, mode: fan_out, distribution: uniform}}", 3.0 / COLUMNS, sqrt(9.0 / COLUMNS));
    check("{variance_scaling: {scale: 3, mode: fan_avg, distribution: truncated_normal}}", 6 / both, 2 * sqrt(6 / both) / cut);
    check("{variance_scaling: {distribution: untruncated_normal}}", 1.0 / ROWS, 0);
    check("random_uniform", 0.01 / 12, 0.05);
    check("random_normal", 0.0025, 0);
    check("truncated_normal", 0.0025 * cut * cut, 0.1);
    fill("{random_normal: {mean: 3, stddev: 0.5}}");
    double mean, variance, largest;
    measure(&mean, &variance, &largest);
    assert_true(fabs(mean - 3) < 0.01 && fabs(variance - 0.25) < 0.01);
    assert_int_equal(dnn_memory_balance(), 0);
}

static void plain_ones_are_what_they_say(void **state)
{
    (void)state;
    fill("{constant: 0.25}");
    for (size_t i = 0; i < N; i++) assert_true(w[i] == 0.25f);
    fill("ones");
    for (size_t i = 0; i < N; i++) assert_true(w[i] == 1);
    fill("zeros");
    for (size_t i = 0; i < N; i++) assert_true(w[i] == 0);
    fill("{identity: {gain: 2}}");
    for (size_t i = 0; i < N; i++) assert_true(w[i] == (i / COLUMNS == i % COLUMNS ? 2 : 0));
}

/* Dot products of rows (or columns) that ought to be `square` with themselves and 0 with each other. */
static void check_orthogonal(size_t rows, size_t columns, double square)
{
    const size_t count = rows < columns ? rows : columns, length = rows < columns ? columns : rows;
    const size_t next = rows < columns ? columns : 1, step = rows < columns ? 1 : columns;
    for (size_t a = 0; a < count; a++)
        for (size_t b = 0; b <= a; b++) {
            double dot = 0;
            for (size_t i = 0; i < length; i++) dot += (double)w[a * next + i * step] * (double)w[b * next + i * step];
            assert_true(fabs(dot - (a == b ? square : 0)) < 1e-6 * square);  /* float rounding of the elements */
        }
}

static void orthogonal_matrices_have_orthonormal_rows_or_columns(void **state)
{
    (void)state;
    const size_t shapes[][3] = { { 60, 30, 1 }, { 30, 60, 1 }, { 40, 40, 1 }, { 1, 5, 1 }, { 5, 1, 1 }, { 4, 15, 7 } };
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        const dnn_shape shape = { .rank = 3, .dim = { shapes[s][0], shapes[s][2], shapes[s][1] } };
        assert_int_equal(fill_as("orthogonal", &shape, &stream, w), DNN_OK);
        check_orthogonal(shapes[s][0] * shapes[s][2], shapes[s][1], 1);
        assert_int_equal(fill_as("{orthogonal: {gain: 3}}", &shape, &stream, w), DNN_OK);
        check_orthogonal(shapes[s][0] * shapes[s][2], shapes[s][1], 9);
    }
    assert_int_equal(dnn_memory_balance(), 0);
}

static void shapes_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    const dnn_shape vector = dnn_shape_1(8), cube = dnn_shape_of(3, (size_t[]){ 2, 2, 2 });
    assert_int_equal(fill_as("identity", &vector, &stream, w), DNN_E_CONFIG);
    assert_int_equal(fill_as("identity", &cube, &stream, w), DNN_E_CONFIG);
    assert_int_equal(fill_as("orthogonal", &vector, &stream, w), DNN_E_CONFIG);
    assert_int_equal(fill_as("{random_uniform: {minval: 1, maxval: -1}}", &vector, &stream, w), DNN_E_CONFIG);
    assert_non_null(strstr(dnn_fail_text(), "minval = 1"));
}

static void numbers_depend_on_seed_and_parameter_alone(void **state)
{
    (void)state;
    const dnn_shape shape = dnn_shape_of(2, (size_t[]){ ROWS, COLUMNS });
    for (size_t k = 0; k < dnn_initializers.count; k++) {
        const char *name = dnn_initializers.kinds[k]->name;
        const bool drawn = strcmp(name, "constant") && strcmp(name, "zeros") && strcmp(name, "ones") && strcmp(name, "identity");
        dnn_stream other = stream;
        fill(name);
        assert_int_equal(fill_as(name, &shape, &stream, again), DNN_OK);
        assert_memory_equal(w, again, sizeof w);
        other.item++;
        assert_int_equal(fill_as(name, &shape, &other, again), DNN_OK);
        assert_true((memcmp(w, again, sizeof w) != 0) == drawn);
        other = stream;
        other.seed++;
        assert_int_equal(fill_as(name, &shape, &other, again), DNN_OK);
        assert_true((memcmp(w, again, sizeof w) != 0) == drawn);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variances_and_bounds_are_those_of_the_papers),
        cmocka_unit_test(plain_ones_are_what_they_say),
        cmocka_unit_test(orthogonal_matrices_have_orthonormal_rows_or_columns),
        cmocka_unit_test(shapes_that_do_not_fit_are_refused),
        cmocka_unit_test(numbers_depend_on_seed_and_parameter_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
