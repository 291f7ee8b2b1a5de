#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "dnn/math/shape.h"

static void units_and_last_axis_follow_from_the_dimensions(void **state)
{
    (void)state;
    const dnn_shape image = dnn_shape_of(3, (size_t[]){ 28, 20, 3 }), number = dnn_shape_of(0, NULL), empty = dnn_shape_1(0);
    assert_int_equal(dnn_shape_units(&image), 28 * 20 * 3);
    assert_int_equal(dnn_shape_last(&image), 3);
    assert_int_equal(dnn_shape_units(&number), 1);
    assert_int_equal(dnn_shape_last(&number), 1);
    assert_int_equal(dnn_shape_units(&empty), 0);
}

static void shapes_are_equal_when_rank_and_dimensions_are(void **state)
{
    (void)state;
    const dnn_shape a = dnn_shape_of(2, (size_t[]){ 4, 5 }), b = dnn_shape_of(2, (size_t[]){ 4, 5 });
    const dnn_shape c = dnn_shape_of(2, (size_t[]){ 5, 4 }), d = dnn_shape_of(1, (size_t[]){ 20 });
    assert_true(dnn_shape_equal(&a, &b));
    assert_false(dnn_shape_equal(&a, &c));
    assert_false(dnn_shape_equal(&a, &d));
}

static void texts_are_written_as_lists_and_cut_to_their_room(void **state)
{
    (void)state;
    char text[64], small[6];
    const dnn_shape image = dnn_shape_of(2, (size_t[]){ 28, 20 }), number = dnn_shape_of(0, NULL), flat = dnn_shape_1(7);
    assert_string_equal(dnn_shape_text(&image, text, sizeof text), "[28, 20]");
    assert_string_equal(dnn_shape_text(&flat, text, sizeof text), "[7]");
    assert_string_equal(dnn_shape_text(&number, text, sizeof text), "[]");
    assert_string_equal(dnn_shape_text(&image, small, sizeof small), "[28, ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_and_last_axis_follow_from_the_dimensions),
        cmocka_unit_test(shapes_are_equal_when_rank_and_dimensions_are),
        cmocka_unit_test(texts_are_written_as_lists_and_cut_to_their_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
