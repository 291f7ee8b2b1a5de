/* Products noted once can be computed again, and only what the thread asked for is noted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dnn/base/memory.h"
#include "dnn/math/blas.h"
#include "dnn/math/product_log.h"
#include "dnn/math/view_product.h"

static void products_are_noted_and_computed_again(void **state)
{
    (void)state;
    const float a[6] = { 1, 2, 3, 4, 5, 6 }, b[6] = { 1, 0, 0, 1, 1, 1 };
    float c[4] = { 0 }, rows[2] = { 0 };
    const dnn_view_product view = { .m = 2, .n = 1, .outer = 1, .inner = 3, .a = a, .a_row = 3, .a_inner = 1, .b = b, .b_inner = 1, .c = rows, .c_row = 1 };
    dnn_product_log log;
    assert_int_equal(dnn_product_log_create(2, &log), DNN_OK);
    dnn_product_log_begin(&log);
    dnn_gemm(false, false, 2, 2, 3, 1, a, 3, b, 2, 0, c, 2);
    dnn_view_product_run(&view);
    dnn_product_log_end();
    dnn_gemm(false, false, 2, 2, 3, 1, a, 3, b, 2, 0, c, 2); /* nobody asks any more */
    assert_int_equal(log.count, 2);
    assert_true(log.operations == 2.0 * 2 * 2 * 3 + 2.0 * 2 * 1 * 3);
    for (int i = 0; i < 4; i++) c[i] = -1;
    rows[0] = rows[1] = -1;
    dnn_product_log_run(&log);
    assert_true(c[0] == 4 && c[1] == 5 && c[2] == 10 && c[3] == 11);
    assert_true(rows[0] == 1 * 1 && rows[1] == 4 * 1); /* b as one column: 1, 0, 0 */
    dnn_product_log_destroy(&log);
}

static void products_beyond_the_room_are_counted(void **state)
{
    (void)state;
    const float one = 1;
    float c = 0;
    dnn_product_log log;
    assert_int_equal(dnn_product_log_create(1, &log), DNN_OK);
    dnn_product_log_begin(&log);
    for (int i = 0; i < 3; i++) dnn_gemm(false, false, 1, 1, 1, 1, &one, 1, &one, 1, 1, &c, 1);
    dnn_product_log_end();
    assert_int_equal(log.count, 3);
    dnn_product_log_run(&log); /* the one that was kept */
    assert_true(c == 4);
    dnn_product_log_destroy(&log);
    assert_int_equal(dnn_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_noted_and_computed_again),
        cmocka_unit_test(products_beyond_the_room_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
