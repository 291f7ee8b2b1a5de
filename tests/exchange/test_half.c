/* Half precision: the bits that IEEE 754 binary16 gives, and rounding to the nearest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

#include "dnn/exchange/export.h"

static void numbers_have_the_bits_of_the_standard(void **state)
{
    (void)state;
    const struct { float value; uint16_t bits; } known[] = {
        { 0.0f, 0x0000 }, { -0.0f, 0x8000 }, { 1.0f, 0x3c00 }, { -2.0f, 0xc000 }, { 1.0f / 3.0f, 0x3555 }, { 65504.0f, 0x7bff },
        { 0x1p-14f, 0x0400 }, { 0x1p-24f, 0x0001 }, { 0x1.ff8p-15f, 0x03ff }, { INFINITY, 0x7c00 }, { -INFINITY, 0xfc00 },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        assert_int_equal(dnn_half_bits(known[i].value), known[i].bits);
        if (isfinite(known[i].value) && known[i].value != 1.0f / 3.0f) assert_true(dnn_half_value(known[i].bits) == known[i].value);
    }
    assert_true(isnan(dnn_half_value(dnn_half_bits(NAN))));
}

static void half_way_goes_to_the_even_neighbour(void **state)
{
    (void)state;
    assert_int_equal(dnn_half_bits(1.0f + 0x1p-11f), 0x3c00);
    assert_int_equal(dnn_half_bits(1.0f + 0x3p-11f), 0x3c02);
    assert_int_equal(dnn_half_bits(nextafterf(1.0f + 0x1p-11f, 2.0f)), 0x3c01);
    assert_int_equal(dnn_half_bits(2.0f - 0x1p-12f), 0x4000); /* carries into the exponent */
    assert_int_equal(dnn_half_bits(0x1p-25f), 0);
    assert_int_equal(dnn_half_bits(nextafterf(0x1p-25f, 1.0f)), 1);
    assert_int_equal(dnn_half_bits(0x1p-14f - 0x1p-26f), 0x0400);
    assert_int_equal(dnn_half_bits(nextafterf(65520.0f, 0.0f)), 0x7bff);
    assert_int_equal(dnn_half_bits(65520.0f), 0x7c00);
}

static void every_half_number_is_its_own_nearest(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 65536; bits++) {
        const float value = dnn_half_value((uint16_t)bits);
        if (!isnan(value)) assert_int_equal(dnn_half_bits(value), bits);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_have_the_bits_of_the_standard),
        cmocka_unit_test(half_way_goes_to_the_even_neighbour),
        cmocka_unit_test(every_half_number_is_its_own_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
