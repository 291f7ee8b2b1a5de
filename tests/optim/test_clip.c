/* Clipping: the three kinds, their order, and independence of who computed what. */
#include "optim/make.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/optim/clip.h"

enum { SEGMENTS = 3, TOTAL = 10000 };

static float gradient[TOTAL];
static dnn_segment table[SEGMENTS] = {
    { .offset = 0, .length = 9000, .weight = true, .trainable = true },
    { .offset = 9008, .length = 100, .weight = true, .trainable = false },
    { .offset = 9120, .length = 7, .weight = true, .trainable = true },
};
static const dnn_segments segments = { .at = table, .count = SEGMENTS, .total = TOTAL };

static int fill(void **state)
{
    (void)state;
    memset(gradient, 0, sizeof gradient);
    for (size_t s = 0; s < SEGMENTS; s++)
        for (size_t i = 0; i < table[s].length; i++) gradient[table[s].offset + i] = (float)sin(0.37 * (double)i + (double)s);
    return 0;
}

static dnn_clip clip_of(const char *key, double value, const char *key_2, double value_2)
{
    dnn_component c = make(&dnn_optimizers, "sgd", pairs(key, dnn_node_real(value), key_2, key_2 ? dnn_node_real(value_2) : NULL, NULL));
    const dnn_clip clip = dnn_clip_of(&c);
    dnn_component_clear(&c);
    return clip;
}

static double norm_of(const float *g, size_t n)
{
    long double sum = 0.0L;
    for (size_t i = 0; i < n; i++) sum += (long double)g[i] * g[i];
    return (double)sqrtl(sum);
}

/* As the step runner does it: norms from block sums in block order, then each segment in blocks. Returns the global factor. */
static double clip_all(const dnn_clip *clip)
{
    double norms[SEGMENTS], factors[SEGMENTS], all = 0.0;
    for (size_t s = 0; s < SEGMENTS; s++) {
        const double sum = dnn_square_sum(gradient + table[s].offset, table[s].length);
        norms[s] = table[s].trainable ? sqrt(sum) : 1e9;  /* "any value" for frozen ones */
        if (table[s].trainable) all += sum;
    }
    const double global = dnn_clip_factors(clip, &segments, norms, sqrt(all), factors);
    for (size_t s = 0; s < SEGMENTS; s++)
        if (table[s].trainable) dnn_clip_apply(clip, factors[s], gradient + table[s].offset, table[s].length);
    return global;
}

static void a_norm_is_the_root_of_the_sum_of_squares(void **state)
{
    (void)state;
    assert_true(sqrt(dnn_square_sum((float[]){ 3.0f, -4.0f }, 2)) == 5.0);
    assert_true(dnn_square_sum(gradient, 0) == 0.0);
    const double expected = norm_of(gradient, 9000);
    assert_true(fabs(sqrt(dnn_square_sum(gradient, 9000)) - expected) < 1e-12 * expected);
}

static void a_norm_of_huge_floats_does_not_overflow(void **state)
{
    (void)state;
    const float huge[] = { 3e38f, 3e38f };
    assert_true(fabs(sqrt(dnn_square_sum(huge, 2)) / (sqrt(2.0) * 3e38) - 1.0) < 1e-6);
}

static void a_sum_of_squares_is_that_of_its_blocks_in_order_wherever_it_lies(void **state)
{
    (void)state;
    const double whole = dnn_square_sum(gradient, 9000);
    double sum = 0.0;
    for (size_t i = 0; i < 9000; i += DNN_BLOCK) sum += dnn_square_sum(gradient + i, 9000 - i < DNN_BLOCK ? 9000 - i : DNN_BLOCK);
    assert_true(sum == whole);
    float *moved = malloc((9000 + 16) * sizeof *moved);
    for (size_t shift = 0; shift < 16; shift++) {
        memcpy(moved + shift, gradient, 9000 * sizeof *moved);
        assert_true(dnn_square_sum(moved + shift, 9000) == whole);
    }
    free(moved);
}

static void without_clipping_nothing_is_asked_for(void **state)
{
    (void)state;
    dnn_component c = make(&dnn_optimizers, "adam", dnn_node_map());
    const dnn_clip clip = dnn_clip_of(&c);
    dnn_component_clear(&c);
    assert_false(clip.any);
    assert_false(clip.needs_norms);
    float before[TOTAL];
    memcpy(before, gradient, sizeof before);
    assert_true(clip_all(&clip) == 1.0);
    assert_memory_equal(before, gradient, sizeof before);
}

static void clipvalue_bounds_each_element_and_nothing_else(void **state)
{
    (void)state;
    const dnn_clip clip = clip_of("clipvalue", 0.5, NULL, 0);
    assert_true(clip.any && !clip.needs_norms);
    float before[TOTAL];
    memcpy(before, gradient, sizeof before);
    clip_all(&clip);
    for (size_t i = 0; i < table[0].length; i++)
        assert_true(gradient[i] == (before[i] > 0.5f ? 0.5f : before[i] < -0.5f ? -0.5f : before[i]));
}

/* As in Keras. */
static void a_limit_of_0_is_none(void **state)
{
    (void)state;
    const dnn_clip clip = clip_of("clipnorm", 0, "clipvalue", 0);
    float own[2] = { 300, -400 };
    assert_false(clip.any || clip.needs_norms);
    dnn_clip_apply(&clip, 1.0, own, 2);
    assert_true(own[0] == 300 && own[1] == -400);
}

static void clipnorm_is_per_tensor_and_leaves_small_ones_alone(void **state)
{
    (void)state;
    const float small = gradient[9120];
    assert_true(norm_of(gradient + 9120, 7) < 4.0 && norm_of(gradient, 9000) > 4.0);
    const dnn_clip clip = clip_of("clipnorm", 4.0, NULL, 0);
    assert_true(clip.any && clip.needs_norms);
    assert_true(clip_all(&clip) == 1.0);
    assert_true(fabs(norm_of(gradient, 9000) - 4.0) < 4.0 * 1e-6);
    assert_true(gradient[9120] == small);
}

static void global_clipnorm_scales_all_tensors_alike(void **state)
{
    (void)state;
    const double a = norm_of(gradient, 9000), b = norm_of(gradient + 9120, 7), frozen = norm_of(gradient + 9008, 100);
    const dnn_clip clip = clip_of("global_clipnorm", 2.0, NULL, 0);
    const double factor = clip_all(&clip);
    assert_true(fabs(factor - 2.0 / hypot(a, b)) < 1e-12);
    const double a2 = norm_of(gradient, 9000), b2 = norm_of(gradient + 9120, 7);
    assert_true(fabs(hypot(a2, b2) - 2.0) < 2e-6);
    assert_true(fabs(a2 / b2 - a / b) < 1e-5 * a / b);
    assert_true(norm_of(gradient + 9008, 100) == frozen);
}

static void combined_they_act_in_the_order_global_tensor_value(void **state)
{
    (void)state;
    float g[] = { 30.0f, 40.0f };  /* norm 50 */
    dnn_segment one = { .length = 2, .weight = true, .trainable = true };
    const dnn_segments alone = { .at = &one, .count = 1, .total = 16 };
    dnn_component c = make(&dnn_optimizers, "sgd", pairs("clipvalue", dnn_node_real(2.5), "clipnorm", dnn_node_real(4.0), "global_clipnorm",
                                                         dnn_node_real(10.0), NULL));
    const dnn_clip clip = dnn_clip_of(&c);
    dnn_component_clear(&c);
    double norm = 50.0, factor;
    assert_true(fabs(dnn_clip_factors(&clip, &alone, &norm, norm, &factor) - 0.2) < 1e-15);
    assert_true(fabs(factor - 0.08) < 1e-15);  /* 50 -> 10 -> 4 */
    dnn_clip_apply(&clip, factor, g, 2);
    assert_true(fabsf(g[0] - 2.4f) < 1e-6f);   /* (2.4, 3.2), then 2.5 at most */
    assert_true(g[1] == 2.5f);
}

static void what_global_clipping_brought_below_clipnorm_is_not_scaled_again(void **state)
{
    (void)state;
    dnn_segment one = { .length = 2, .weight = true, .trainable = true };
    const dnn_segments alone = { .at = &one, .count = 1, .total = 16 };
    const dnn_clip clip = clip_of("clipnorm", 20.0, "global_clipnorm", 10.0);
    double norm = 50.0, factor;
    dnn_clip_factors(&clip, &alone, &norm, norm, &factor);
    assert_true(fabs(factor - 0.2) < 1e-15);
}

static void a_norm_exactly_at_the_limit_changes_nothing(void **state)
{
    (void)state;
    dnn_segment one = { .length = 2, .weight = true, .trainable = true };
    const dnn_segments alone = { .at = &one, .count = 1, .total = 16 };
    const dnn_clip clip = clip_of("clipnorm", 5.0, "global_clipnorm", 5.0);
    double norm = 5.0, factor;
    assert_true(dnn_clip_factors(&clip, &alone, &norm, norm, &factor) == 1.0 && factor == 1.0);
}

static void clipping_does_not_hide_an_infinite_or_missing_number(void **state)
{
    (void)state;
    dnn_segment one = { .length = 3, .weight = true, .trainable = true };
    const dnn_segments alone = { .at = &one, .count = 1, .total = 16 };
    const dnn_clip norms = clip_of("global_clipnorm", 1.0, "clipnorm", 1.0), values = clip_of("clipvalue", 1.0, NULL, 0);
    const float bad[] = { INFINITY, NAN };
    for (size_t i = 0; i < 2; i++) {
        float g[] = { 1.0f, bad[i], 2.0f };
        double norm = sqrt(dnn_square_sum(g, 3)), factor;
        dnn_clip_factors(&norms, &alone, &norm, norm, &factor);
        dnn_clip_apply(&norms, factor, g, 3);
        for (size_t k = 0; k < 3; k++) assert_true(isnan(g[k]));
    }
    float g[] = { NAN, 5.0f };
    dnn_clip_apply(&values, 1.0, g, 2);
    assert_true(isnan(g[0]) && g[1] == 1.0f);
}

static void clipping_has_the_same_bits_however_it_is_sliced(void **state)
{
    (void)state;
    static float sliced[TOTAL];
    const dnn_clip clip = clip_of("clipvalue", 0.01, "global_clipnorm", 1.0);
    memcpy(sliced, gradient, sizeof sliced);
    dnn_clip_apply(&clip, 0.0173, gradient, 9000);
    for (size_t i = 0; i < 9000; i += 37) dnn_clip_apply(&clip, 0.0173, sliced + i, 9000 - i < 37 ? 9000 - i : 37);
    assert_memory_equal(sliced, gradient, 9000 * sizeof *sliced);
}

static void nothing_stays_allocated(void **state)
{
    (void)state;
    dnn_place_forget();
    assert_int_equal(dnn_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_norm_is_the_root_of_the_sum_of_squares, fill),
        cmocka_unit_test(a_norm_of_huge_floats_does_not_overflow),
        cmocka_unit_test_setup(a_sum_of_squares_is_that_of_its_blocks_in_order_wherever_it_lies, fill),
        cmocka_unit_test_setup(without_clipping_nothing_is_asked_for, fill),
        cmocka_unit_test_setup(clipvalue_bounds_each_element_and_nothing_else, fill),
        cmocka_unit_test(a_limit_of_0_is_none),
        cmocka_unit_test_setup(clipnorm_is_per_tensor_and_leaves_small_ones_alone, fill),
        cmocka_unit_test_setup(global_clipnorm_scales_all_tensors_alike, fill),
        cmocka_unit_test(combined_they_act_in_the_order_global_tensor_value),
        cmocka_unit_test(what_global_clipping_brought_below_clipnorm_is_not_scaled_again),
        cmocka_unit_test(a_norm_exactly_at_the_limit_changes_nothing),
        cmocka_unit_test(clipping_does_not_hide_an_infinite_or_missing_number),
        cmocka_unit_test_setup(clipping_has_the_same_bits_however_it_is_sliced, fill),
        cmocka_unit_test(nothing_stays_allocated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
