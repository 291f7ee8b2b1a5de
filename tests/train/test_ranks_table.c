/* The lines that say where a training runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "train/setup/ranks_table.h"

static void ranks_that_are_alike_share_a_line(void **state)
{
    (void)state;
    const rank_place places[] = { { "a", "0-1", "OpenBLAS x", 2 }, { "a", "0-1", "OpenBLAS x", 2 }, { "a", "2", "OpenBLAS x", 1 },
                                  { "b", "2", "OpenBLAS x", 1 },   { "b", "2", "OpenBLAS y", 1 } };
    char line[256];
    assert_int_equal(ranks_table_line(places, 5, 0, line, sizeof line), 2);
    assert_string_equal(line, "ranks 0-1 on a: cores 0-1, 2 threads each, OpenBLAS x");
    assert_int_equal(ranks_table_line(places, 5, 2, line, sizeof line), 3);
    assert_string_equal(line, "rank 2 on a: cores 2, 1 thread, OpenBLAS x");
    assert_int_equal(ranks_table_line(places, 5, 3, line, sizeof line), 4);
    assert_int_equal(ranks_table_line(places, 5, 4, line, sizeof line), 5);
    assert_string_equal(line, "rank 4 on b: cores 2, 1 thread, OpenBLAS y");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(ranks_that_are_alike_share_a_line) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
