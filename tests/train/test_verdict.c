/* What the last diagnosis is taken for. Layers are made up, so that what is wrong with them is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "train/observe/diagnosis.h"

enum { N = 21 };  /* twenty hidden layers and the output */

static diagnosis_line lines[N];
static char texts[VERDICT_LINES][VERDICT_TEXT], names_text[N][16];
static const char *names[N];
static bool healthy;

static int as_a_good_network(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++) {
        snprintf(names_text[i], sizeof names_text[i], "layer_%d", i);
        names[i] = names_text[i];
        lines[i] = (diagnosis_line){ .sd = 1.0 + 0.02 * i, .gradient = 2.0 - 0.05 * i, .weights = 10, .between_rows = 0.7, .looked_at = true, .learns = true };
    }
    return 0;
}

static size_t judge(void) { return verdict_of(lines, names, N, texts, &healthy); }

static void expect_one(const char *words, const char *layer)
{
    assert_int_equal(judge(), 1);
    assert_false(healthy);
    assert_non_null(strstr(texts[0], words));
    assert_non_null(strstr(texts[0], layer));
}

static void even_layers_are_said_to_be_well(void **state)
{
    (void)state;
    assert_int_equal(judge(), 1);
    assert_true(healthy);
    assert_non_null(strstr(texts[0], "20 hidden layers"));
}

static void gradients_that_shrink_towards_the_front_vanish(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++) lines[i].gradient = pow(0.5, N - i);
    expect_one("gradients vanish", "'layer_0'");
    for (int i = 0; i < 5; i++) lines[i].gradient = 0;
    expect_one("0 around 'layer_0'", "vanish");
}

static void gradients_that_grow_towards_the_front_explode(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++) lines[i].gradient = pow(1.6, N - i);
    expect_one("gradients explode", "'layer_19'");
}

static void activations_that_shrink_or_grow_are_named(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++) lines[i].sd = pow(0.6, i);
    expect_one("activations vanish", "'layer_19'");
    for (int i = 0; i < N; i++) lines[i].sd = pow(1.6, i);
    expect_one("activations explode", "'layer_0'");
}

static void a_spread_that_wanders_is_told_with_its_ends(void **state)
{
    (void)state;
    lines[4].sd = 0.5;
    lines[9].sd = 5;
    expect_one("0.5 in 'layer_4'", "5 in 'layer_9'");
}

static void silent_units_are_named_by_their_worst_layer(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++) lines[i].dead = i == 7 ? 0.4 : 0.25;
    expect_one("dead units: 26 %", "'layer_7' (40 %)");
    as_a_good_network(NULL);
    lines[3].dead = 0.6;  /* one layer that is half dead is enough */
    expect_one("dead units", "'layer_3'");
}

static void rows_that_grow_alike_are_told_from_the_layer_on(void **state)
{
    (void)state;
    for (int i = 12; i < N; i++) lines[i].between_rows = 0.05;
    expect_one("rows grow alike: from 'layer_12' on", "'layer_19' 5.0 %");
}

static void frozen_layers_and_the_output_are_no_reason(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) lines[i] = (diagnosis_line){ .sd = 1, .weights = 10, .between_rows = 0.7, .looked_at = true };
    lines[N - 1].sd = 1e6;
    lines[N - 1].gradient = 1e9;
    assert_int_equal(judge(), 1);
    assert_true(healthy);
}

static void of_two_layers_nothing_is_said(void **state)
{
    (void)state;
    assert_int_equal(verdict_of(lines, names, 3, texts, &healthy), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(even_layers_are_said_to_be_well, as_a_good_network),
        cmocka_unit_test_setup(gradients_that_shrink_towards_the_front_vanish, as_a_good_network),
        cmocka_unit_test_setup(gradients_that_grow_towards_the_front_explode, as_a_good_network),
        cmocka_unit_test_setup(activations_that_shrink_or_grow_are_named, as_a_good_network),
        cmocka_unit_test_setup(a_spread_that_wanders_is_told_with_its_ends, as_a_good_network),
        cmocka_unit_test_setup(silent_units_are_named_by_their_worst_layer, as_a_good_network),
        cmocka_unit_test_setup(rows_that_grow_alike_are_told_from_the_layer_on, as_a_good_network),
        cmocka_unit_test_setup(frozen_layers_and_the_output_are_no_reason, as_a_good_network),
        cmocka_unit_test_setup(of_two_layers_nothing_is_said, as_a_good_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
