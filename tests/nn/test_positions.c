/* Layers that draw: each element's draw is that of its place in the global batch, asked for one by one here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <cmocka.h>

#include "dnn/base/memory.h"
#include "dnn/nn/layer.h"
#include "nn/flow.h"

enum { ROWS = 37, UNITS = 13, N = ROWS * UNITS, SEED = 99, STEP = 12345, NUMBER = 7 };

static real x[N], y[N], saved[N];

/* Rows first_row … first_row + ROWS - 1 of the global batch. */
static void run(const char *text, uint64_t first_row, bool keep)
{
    dnn_node *node = flow(text);
    dnn_component c = { 0 };
    assert_int_equal(dnn_component_read(&dnn_layers, node, &c), DNN_OK);
    dnn_node_destroy(node);
    dnn_shape shape = { .rank = 1, .dim = { UNITS } };
    const dnn_layer layer = { .kind = (const dnn_layer_kind *)c.kind, .params = c.params, .number = NUMBER, .n_inputs = 1, .in = &shape, .out = shape };
    const real *in[1] = { x };
    const dnn_pass pass = { .training = true, .rows = ROWS, .capacity = ROWS, .seed = SEED, .step = STEP, .first_row = first_row,
                            .x = in, .y = y, .saved = keep ? saved : NULL };
    for (size_t i = 0; i < N; i++) x[i] = (real)1 + (real)i / 64;
    layer.kind->forward(&layer, &pass);
    dnn_component_clear(&c);
}

static bool kept(double rate, uint64_t index)
{
    const dnn_stream stream = { .seed = SEED, .purpose = DNN_FOR_DROPOUT, .item = NUMBER };
    return (double)dnn_uniform_at(&stream, STEP, index) >= rate;
}

/* 0, and places in the middle of a block of four words. */
static const uint64_t first_rows[] = { 0, 1, 2, 1000003 };

static void dropout_drops_what_the_uniform_number_of_its_place_says(void **state)
{
    (void)state;
    for (size_t k = 0; k < 4; k++)
        for (int keep = 0; keep < 2; keep++) {
            run("{dropout: {rate: 0.3}}", first_rows[k], keep);
            for (size_t i = 0; i < N; i++)
                assert_true(y[i] == (kept(0.3, first_rows[k] * UNITS + i) ? x[i] * (real)(1 / (1 - 0.3)) : 0));
        }
    assert_int_equal(dnn_memory_balance(), 0);
}

static void alpha_dropout_drops_what_the_uniform_number_of_its_place_says(void **state)
{
    (void)state;
    const double rate = 0.2, low = -1.7580993408473766, a = 1 / sqrt((1 - rate) * (1 + rate * low * low)), b = -a * low * rate;
    for (size_t k = 0; k < 4; k++) {
        run("{alpha_dropout: {rate: 0.2}}", first_rows[k], true);
        for (size_t i = 0; i < N; i++) {
            const double expected = a * (kept(rate, first_rows[k] * UNITS + i) ? (double)x[i] : low) + b;
            assert_true(fabs((double)y[i] - expected) <= 4e-7 * (fabs(expected) + 1)); /* three roundings */
        }
    }
    assert_int_equal(dnn_memory_balance(), 0);
}

/* Box and Muller from the two words of the element's pair, by libm. */
static double normal_at(uint64_t index)
{
    const dnn_stream stream = { .seed = SEED, .purpose = DNN_FOR_NOISE, .item = NUMBER };
    const double u = (dnn_random_at(&stream, STEP, index / 2 * 2) >> 8) * 0x1p-24 + 0x1p-24;
    const double angle = 2 * acos(-1) * (double)dnn_uniform_at(&stream, STEP, index / 2 * 2 + 1);
    return sqrt(-2 * log(u)) * (index % 2 ? sin(angle) : cos(angle));
}

static void gaussian_noise_is_the_normal_number_of_its_place(void **state)
{
    (void)state;
    for (size_t k = 0; k < 4; k++) {
        run("{gaussian_noise: {stddev: 0.5}}", first_rows[k], true);
        for (size_t i = 0; i < N; i++)
            assert_true(fabs((double)(y[i] - x[i]) - 0.5 * normal_at(first_rows[k] * UNITS + i)) < 3e-6); /* y and x are near 8 */
    }
    assert_int_equal(dnn_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dropout_drops_what_the_uniform_number_of_its_place_says),
        cmocka_unit_test(alpha_dropout_drops_what_the_uniform_number_of_its_place_says),
        cmocka_unit_test(gaussian_noise_is_the_normal_number_of_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
