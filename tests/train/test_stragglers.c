/* Who is slow, of given times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "dnn/base/memory.h"
#include "train/observe/stragglers.h"

static double scratch[8];

static void a_rank_of_twice_the_median_is_named_with_the_phase_that_costs_it_most(void **state)
{
    (void)state;
    const straggler_times window[] = { { { 1, 10, 20, 2 } }, { { 1.1, 11, 19, 2 } }, { { 1, 12, 55, 2 } }, { { 0.9, 10, 21, 2.1 } } };
    straggler s;
    assert_true(stragglers_find(window, 4, scratch, &s));
    assert_int_equal(s.rank, 2);
    assert_int_equal(s.phase, 2); /* backward */
    assert_float_equal(s.own, 55.0, 0.0);
    assert_float_equal(s.usual, 20.0, 0.0);        /* lower median of 19, 20, 21, 55 */
    assert_float_equal(s.times, 70.0 / 33.1, 1e-12); /* of 33, 33.1, 34, 70: the lower median is 33.1 */
}

static void of_two_ranks_the_slower_one_can_be_named(void **state)
{
    (void)state;
    const straggler_times window[] = { { { 30, 10, 20, 2 } }, { { 1, 10, 19, 2 } } };
    straggler s;
    assert_false(stragglers_find(window, 2, scratch, &s)); /* 62 against 32 */
    const straggler_times slower[] = { { { 34, 10, 20, 2 } }, { { 1, 10, 19, 2 } } };
    assert_true(stragglers_find(slower, 2, scratch, &s));
    assert_int_equal(s.rank, 0);
    assert_int_equal(s.phase, 0);
}

static void nobody_is_named_where_all_take_about_as_long_or_have_no_rows(void **state)
{
    (void)state;
    const straggler_times even[] = { { { 1, 10, 20, 2 } }, { { 1, 16, 30, 3 } }, { { 1, 10, 20, 2 } } };
    const straggler_times none[] = { { { 0, 0, 0, 0 } }, { { 0, 0, 0, 0 } } };
    const straggler_times idle[] = { { { 1, 10, 20, 2 } }, { { 0, 0, 0, 0 } }, { { 0, 0, 0, 0 } } };
    straggler s;
    assert_false(stragglers_find(even, 3, scratch, &s));
    assert_false(stragglers_find(none, 2, scratch, &s));
    assert_false(stragglers_find(idle, 3, scratch, &s)); /* who has no rows is not the measure */
}

static void a_rank_s_times_are_those_of_one_worker_since_the_last_verdict(void **state)
{
    (void)state;
    /* The first worker was the slower one until then, the second is since: 1 of input and 2 of forward more, against 4 and 1. */
    const straggler_times begun[] = { { { 10, 20, 30, 1 } }, { { 1, 2, 3, 1 } } };
    const straggler_times sums[] = { { { 11, 22, 30, 1 } }, { { 5, 3, 3, 1.5 } } };
    const straggler_times longest = stragglers_longest(begun, sums, 2);
    const double expected[] = { 4, 1, 0, 0.5 };
    for (int p = 0; p < STRAGGLER_PHASES; p++) assert_float_equal(longest.phase[p], expected[p], 0.0);
}

static void a_lone_rank_watches_nobody(void **state)
{
    (void)state;
    stragglers s;
    const size_t before = dnn_memory_balance();
    assert_int_equal(stragglers_create(&s, 1, 2), DNN_OK);
    stragglers_look(&s, &(runner){ 0 }, 256);
    stragglers_clear(&s);
    assert_int_equal(stragglers_create(&s, 3, 2), DNN_OK);
    stragglers_clear(&s);
    assert_int_equal(dnn_memory_balance(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rank_of_twice_the_median_is_named_with_the_phase_that_costs_it_most),
        cmocka_unit_test(of_two_ranks_the_slower_one_can_be_named),
        cmocka_unit_test(nobody_is_named_where_all_take_about_as_long_or_have_no_rows),
        cmocka_unit_test(a_rank_s_times_are_those_of_one_worker_since_the_last_verdict),
        cmocka_unit_test(a_lone_rank_watches_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
