/* The order of additions: the tree's own shape, and sums that have its bits however they are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dnn/base/memory.h"
#include "dnn/base/random.h"
#include "dnn/math/tree.h"

enum { WIDTH = 700, PARTS = 70 };

static void join(void *context, size_t into, size_t from)
{
    char (*items)[256] = context, text[600];
    snprintf(text, sizeof text, "(%s+%s)", items[into], items[from]);
    memcpy(items[into], text, sizeof items[into]);
}

static const char *shape_of(size_t n)
{
    static char items[16][256];
    for (size_t i = 0; i < n; i++) snprintf(items[i], sizeof items[i], "%zu", i);
    dnn_tree_merge(n, join, items);
    return items[0];
}

static void neighbours_are_added_first_and_a_part_without_partner_is_carried_up(void **state)
{
    (void)state;
    assert_string_equal(shape_of(1), "0");
    assert_string_equal(shape_of(2), "(0+1)");
    assert_string_equal(shape_of(3), "((0+1)+2)");
    assert_string_equal(shape_of(5), "(((0+1)+(2+3))+4)");
    assert_string_equal(shape_of(7), "(((0+1)+(2+3))+((4+5)+6))");
    assert_string_equal(shape_of(8), "(((0+1)+(2+3))+((4+5)+(6+7)))");
    dnn_tree_merge(0, join, NULL);
}

static float *draw_parts(void)
{
    const dnn_stream stream = { .seed = 3, .purpose = DNN_FOR_CHECK };
    float *parts = dnn_alloc(PARTS * WIDTH, sizeof *parts);
    assert_non_null(parts);
    /* Of very different sizes, so that every order of additions rounds differently. */
    for (size_t i = 0; i < PARTS * WIDTH; i++)
        parts[i] = (dnn_uniform_at(&stream, 0, i) - 0.5f) * (float)(1 << dnn_below_at(&stream, 1, i, 20));
    return parts;
}

static void add(void *context, size_t into, size_t from)
{
    float *parts = context;
    for (size_t i = 0; i < WIDTH; i++) parts[into * WIDTH + i] += parts[from * WIDTH + i];
}

static void a_sum_has_the_bits_of_merging_one_by_one(void **state)
{
    (void)state;
    float *parts = draw_parts(), *copy = dnn_alloc(PARTS * WIDTH, sizeof *copy), out[WIDTH];
    for (size_t n = 1; n <= PARTS; n++) {
        memcpy(copy, parts, PARTS * WIDTH * sizeof *copy);
        dnn_tree_merge(n, add, copy);
        for (size_t i = 0; i < WIDTH; i++) copy[i] *= 0.3f;
        dnn_tree_sum(parts, WIDTH, n, 0, WIDTH, 0.3f, out);
        assert_memory_equal(out, copy, sizeof out);
    }
    dnn_free(parts);
    dnn_free(copy);
    assert_int_equal(dnn_memory_balance(), 0);
}

static void cutting_a_vector_into_stretches_changes_no_bit(void **state)
{
    (void)state;
    float *parts = draw_parts(), whole[WIDTH], pieces[WIDTH];
    for (size_t n = 0; n <= 40; n++) {
        dnn_tree_sum(parts, WIDTH, n, 0, WIDTH, 1.0f / 3, whole);
        for (size_t at = 0, step = 1; at < WIDTH; at += step, step = step * 3 % 101 + 1) {
            const size_t length = WIDTH - at < step ? WIDTH - at : step;
            dnn_tree_sum(parts, WIDTH, n, at, length, 1.0f / 3, pieces + at);
        }
        assert_memory_equal(pieces, whole, sizeof whole);
    }
    dnn_free(parts);
}

static void the_sum_may_take_the_place_of_any_part(void **state)
{
    (void)state;
    float *parts = draw_parts(), *copy = dnn_alloc(PARTS * WIDTH, sizeof *copy), whole[WIDTH];
    const size_t counts[] = { 1, 2, 3, 4, 5, 8, 13 };
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        dnn_tree_sum(parts, WIDTH, counts[c], 0, WIDTH, 0.5f, whole);
        for (size_t p = 0; p < counts[c]; p++) {
            memcpy(copy, parts, PARTS * WIDTH * sizeof *copy);
            dnn_tree_sum(copy, WIDTH, counts[c], 0, WIDTH, 0.5f, copy + p * WIDTH);
            assert_memory_equal(copy + p * WIDTH, whole, sizeof whole);
        }
    }
    dnn_free(parts);
    dnn_free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_are_added_first_and_a_part_without_partner_is_carried_up),
        cmocka_unit_test(a_sum_has_the_bits_of_merging_one_by_one),
        cmocka_unit_test(cutting_a_vector_into_stretches_changes_no_bit),
        cmocka_unit_test(the_sum_may_take_the_place_of_any_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
