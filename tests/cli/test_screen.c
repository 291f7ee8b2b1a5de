/* What is shown: tables, values as Keras rounds them, bars; distances of floats. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/checkpoint_diff.h"
#include "cli/progress.h"
#include "cli/screen.h"
#include "cli/table.h"
#include "dnn/base/memory.h"

static char *printed(table *t, int indent, bool heading)
{
    static char text[4096];
    memset(text, 0, sizeof text);
    FILE *stream = fmemopen(text, sizeof text - 1, "w");
    assert_int_equal(table_print(t, stream, indent, heading), DNN_OK);
    fclose(stream);
    return text;
}

static void columns_are_aligned_by_characters_and_numbers_at_the_right(void **state)
{
    (void)state;
    table t;
    table_open(&t, 3);
    t.right[1] = true;
    static const char *const cells[] = { "name", "count", "help", "größe", "7", "one", "b", "12345", "" };
    for (size_t i = 0; i < 9; i++) table_add(&t, cells[i]);
    assert_string_equal(printed(&t, 2, true), "  name   count  help\n"
                                              "  -----  -----  ----\n"
                                              "  größe      7  one\n"
                                              "  b      12345\n");
}

static void the_last_column_is_broken_to_fit_the_screen(void **state)
{
    (void)state;
    table t;
    table_open(&t, 2);
    t.wrap = 30;
    table_add(&t, "key");
    table_add(&t, "some words that do not fit into one line");
    assert_string_equal(printed(&t, 0, false), "key  some words that do not\n"
                                               "     fit into one line\n");
}

static void markdown_keeps_bars_apart_from_columns(void **state)
{
    (void)state;
    char text[256] = { 0 };
    table t;
    table_open(&t, 2);
    static const char *const cells[] = { "a", "b", "x|y", "z" };
    for (size_t i = 0; i < 4; i++) table_add(&t, cells[i]);
    FILE *stream = fmemopen(text, sizeof text - 1, "w");
    assert_int_equal(table_markdown(&t, stream), DNN_OK);
    fclose(stream);
    assert_string_equal(text, "| a | b |\n| --- | --- |\n| x\\|y | z |\n");
}

static void values_are_rounded_as_keras_rounds_them(void **state)
{
    (void)state;
    static const char *const names[] = { "loss", "accuracy", "mse", "zero" };
    static const double values[] = { 0.35188, 0.875, 0.00012345, 0 };
    const dnn_report report = { .names = names, .values = values, .count = 4 };
    char text[256];
    assert_string_equal(progress_values(&report, text, sizeof text), "loss: 0.3519 - accuracy: 0.8750 - mse: 1.2345e-04 - zero: 0.0000");
    assert_int_equal(strlen(progress_values(&report, text, 20)), 19); /* cut, not overrun */
}

static void times_have_the_unit_that_reads_well(void **state)
{
    (void)state;
    static const struct { double seconds; const char *text; } cases[] = {
        { 0, "0.0s" }, { 2.44, "2.4s" }, { 9.99, "10s" }, { 59.4, "59s" }, { 65, "1:05" }, { 3723, "1:02:03" }, { -1, "0s" }, { NAN, "0s" },
    };
    char text[32];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) assert_string_equal(screen_time(cases[i].seconds, text), cases[i].text);
}

static void a_bar_is_filled_in_proportion(void **state)
{
    (void)state;
    char text[128];
    progress_bar(text, sizeof text, 0, 10, 10, false, false);
    assert_string_equal(text, "..........");
    progress_bar(text, sizeof text, 5, 10, 10, false, false);
    assert_string_equal(text, "=====.....");
    progress_bar(text, sizeof text, 10, 10, 4, true, false);
    assert_string_equal(text, "━━━━");
    progress_bar(text, sizeof text, 1, 0, 4, false, false);
    assert_string_equal(text, "====");
    progress_bar(text, 12, 10, 10, 100, true, true); /* cut, not overrun */
    assert_true(strlen(text) < 12);
}

static void floats_are_as_far_apart_as_there_are_floats_between(void **state)
{
    (void)state;
    const float a[] = { 1.0f, 1.0f, 0.0f, NAN, 2.0f, 1e-45f }, b[] = { 1.0f, nextafterf(1.0f, 2.0f), -0.0f, NAN, 2.0f, -1e-45f };
    const float_distance same = distance_of(a, b, 1), ulp = distance_of(a, b, 5), all = distance_of(a, b, 6);
    assert_true(same.differing == 0 && same.largest == 0 && same.ulps == 0);
    assert_true(ulp.differing == 1 && ulp.largest == 0x1p-23 && ulp.ulps == 1);
    assert_true(all.differing == 2 && all.ulps == 2); /* the smallest float on either side of zero */
    const float nan = NAN, one = 1.0f;
    assert_true(isinf(distance_of(&nan, &one, 1).ulps));
}

static int nothing_is_left(void **state)
{
    (void)state;
    return dnn_memory_balance() == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_aligned_by_characters_and_numbers_at_the_right),
        cmocka_unit_test(the_last_column_is_broken_to_fit_the_screen),
        cmocka_unit_test(markdown_keeps_bars_apart_from_columns),
        cmocka_unit_test(values_are_rounded_as_keras_rounds_them),
        cmocka_unit_test(times_have_the_unit_that_reads_well),
        cmocka_unit_test(a_bar_is_filled_in_proportion),
        cmocka_unit_test(floats_are_as_far_apart_as_there_are_floats_between),
    };
    return cmocka_run_group_tests(tests, NULL, nothing_is_left);
}
