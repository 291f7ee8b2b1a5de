/* Random arrays: moments of the distributions, their bounds, and independence of how an array is filled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

#include "dnn/math/distribution.h"

enum { N = 1 << 20 };
static float values[N];
static const dnn_stream stream = { .seed = 42, .purpose = DNN_FOR_WEIGHTS, .item = 3 };

/* Mean of ((v - shift) / scale)^power; its standard error is at most a few 1/sqrt(N) = 0.001. */
static double moment(double shift, double scale, int power)
{
    double sum = 0;
    for (size_t i = 0; i < N; i++) sum += pow(((double)values[i] - shift) / scale, power);
    return sum / N;
}

static void uniforms_fill_their_range_evenly(void **state)
{
    (void)state;
    dnn_fill_uniform(&stream, 0, 0, N, -2, 3, values);
    size_t tenths[10] = { 0 };
    for (size_t i = 0; i < N; i++) {
        assert_true(values[i] >= -2 && values[i] < 3);
        tenths[(size_t)((values[i] + 2) * 2)]++;
    }
    for (size_t t = 0; t < 10; t++) assert_true(fabs((double)tenths[t] / N - 0.1) < 5 * sqrt(0.09 / N));
    assert_true(fabs(moment(0.5, 5, 2) - 1.0 / 12) < 0.0005);
    dnn_fill_uniform(&stream, 0, 0, N, 1, 1 + 0x1p-23f, values);
    for (size_t i = 0; i < N; i++) assert_true(values[i] == 1);
}

static void normals_have_the_moments_of_a_normal(void **state)
{
    (void)state;
    dnn_fill_normal(&stream, 0, 0, N, 5, 0.1f, values);
    assert_true(fabs(moment(5, 0.1, 1)) < 0.005);
    assert_true(fabs(moment(5, 0.1, 2) - 1) < 0.01);
    assert_true(fabs(moment(5, 0.1, 3)) < 0.02);
    assert_true(fabs(moment(5, 0.1, 4) - 3) < 0.06);
    size_t beyond = 0;
    double neighbours = 0;
    for (size_t i = 0; i < N; i++) beyond += fabs((double)values[i] - 5) > 0.2;
    for (size_t i = 0; i < N; i += 2) neighbours += ((double)values[i] - 5) * ((double)values[i + 1] - 5) / 0.01;
    assert_true(fabs((double)beyond / N - 0.0455) < 0.001);
    assert_true(fabs(neighbours / (N / 2)) < 0.007);
}

static void truncated_normals_stay_within_two_deviations_and_lose_the_right_variance(void **state)
{
    (void)state;
    dnn_fill_truncated_normal(&stream, 0, 0, N, 0, 1, values);
    for (size_t i = 0; i < N; i++) assert_true(fabsf(values[i]) <= 2);
    assert_true(fabs(moment(0, 1, 1)) < 0.005);
    assert_true(fabs(moment(0, .87962566103423978, 2) - 1) < 0.01);
    /* Redrawn, not clipped: as many lie in the last tenth as the density says, 2 (P(2) - P(1.9)) / .9545. */
    size_t last = 0;
    for (size_t i = 0; i < N; i++) last += fabsf(values[i]) > 1.9f;
    assert_true(fabs((double)last / N - 0.012501) < 0.0006);
}

typedef void filler(const dnn_stream *, uint64_t, uint64_t, size_t, float, float, float *);

static void an_element_is_a_function_of_its_position(void **state)
{
    (void)state;
    filler *const fillers[] = { dnn_fill_uniform, dnn_fill_normal, dnn_fill_truncated_normal };
    float piece[700];
    for (size_t f = 0; f < 3; f++) {
        fillers[f](&stream, 9, 0, 4000, 0.1f, 0.7f, values);
        for (size_t first = 0; first < 50; first++)
            for (size_t n = 0; n < 700; n = n * 2 + 1) {
                fillers[f](&stream, 9, first, n, 0.1f, 0.7f, piece);
                assert_memory_equal(piece, values + first, n * sizeof *piece);
            }
        fillers[f](&stream, 10, 0, 100, 0.1f, 0.7f, piece);
        assert_true(memcmp(piece, values, 100 * sizeof *piece) != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uniforms_fill_their_range_evenly),
        cmocka_unit_test(normals_have_the_moments_of_a_normal),
        cmocka_unit_test(truncated_normals_stay_within_two_deviations_and_lose_the_right_variance),
        cmocka_unit_test(an_element_is_a_function_of_its_position),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
