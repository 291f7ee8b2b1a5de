/* Elementary functions against long double libm, in units in the last place; their special values; and the promise that bits depend on the
 * value alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dnn/base/random.h"
#include "dnn/math/vector.h"

static long double sigmoid_exact(long double x) { return 1 / (1 + expl(-x)); }
static long double softplus_exact(long double x) { return (x > 0 ? x : 0) + log1pl(expl(-fabsl(x))); }

typedef struct function {
    const char *name;
    void (*array)(size_t n, const real *x, real *y);
    long double (*exact)(long double x);
    float low, high;  /* where it is tried */
    double most_ulp;  /* 1 for a correctly rounded last operation and a polynomial of half an ulp; more where a quotient or sum follows */
} function;

static const function functions[] = {
    { "exp", dnn_vector_exp, expl, -104, 88.7f, 1.1 },
    { "log", dnn_vector_log, logl, 0, 3e38f, 1.0 },
    { "log1p", dnn_vector_log1p, log1pl, -0.999999f, 1e6f, 1.6 },
    { "expm1", dnn_vector_expm1, expm1l, -20, 88.7f, 1.6 },
    { "tanh", dnn_vector_tanh, tanhl, -12, 12, 1.5 },
    { "erf", dnn_vector_erf, erfl, -5, 5, 1.3 },
    { "sigmoid", dnn_vector_sigmoid, sigmoid_exact, -104, 104, 2.5 },
    { "softplus", dnn_vector_softplus, softplus_exact, -104, 104, 2.2 },
};
enum { FUNCTIONS = sizeof functions / sizeof *functions, N = 1 << 16 };

static const dnn_stream stream = { .seed = 7, .purpose = DNN_FOR_CHECK, .item = 1 };

/* Half spread over the range, half over all magnitudes. */
static void draw(const function *f, uint64_t round, float *x)
{
    for (size_t i = 0; i < N; i++) {
        const uint32_t bits = dnn_random_at(&stream, round, i);
        x[i] = f->low + (f->high - f->low) * dnn_unit_float(bits);
        if (i % 2 == 0) continue;
        memcpy(&x[i], &bits, sizeof bits);
        if (!(x[i] >= f->low && x[i] <= f->high)) x[i] = f->low < 0 ? dnn_unit_float(bits) - 0.5f : dnn_unit_float(bits) * 4;
    }
}

static double ulp_of(long double value)
{
    int exponent;
    frexpl(value, &exponent);
    return ldexp(1, exponent < -125 ? -149 : exponent - 24);
}

static void each_function_is_right_to_its_last_places(void **state)
{
    (void)state;
    static float x[N], y[N];
    for (size_t k = 0; k < FUNCTIONS; k++) {
        const function *f = &functions[k];
        double worst = 0;
        float at = 0;
        for (uint64_t round = 0; round < 8; round++) {
            draw(f, round, x);
            f->array(N, x, y);
            for (size_t i = 0; i < N; i++) {
                const long double exact = f->exact((long double)x[i]);
                const double error = (double)fabsl((long double)y[i] - exact) / ulp_of(exact);
                if (!(error <= worst)) worst = error, at = x[i];
            }
        }
        if (worst > f->most_ulp) print_message("%s(%a): %g ulp\n", f->name, (double)at, worst);
        assert_true(worst <= f->most_ulp);
    }
}

static void the_bits_of_an_element_do_not_depend_on_its_place(void **state)
{
    (void)state;
    static float x[N], whole[N];
    float piece[80];
    for (size_t k = 0; k < FUNCTIONS; k++) {
        draw(&functions[k], 99, x);
        functions[k].array(N, x, whole);
        for (size_t offset = 0; offset < 40; offset++)
            for (size_t n = 0; n <= 67; n++) {
                functions[k].array(n, x + offset, piece);
                assert_memory_equal(piece, whole + offset, n * sizeof *piece);
            }
        functions[k].array(N, x, x);
        assert_memory_equal(x, whole, sizeof whole);
    }
}

static float apply(const char *name, float x)
{
    for (size_t k = 0; k < FUNCTIONS; k++)
        if (strcmp(functions[k].name, name) == 0) functions[k].array(1, &x, &x);
    return x;
}

static void special_values_come_out_as_in_the_library(void **state)
{
    (void)state;
    for (size_t k = 0; k < FUNCTIONS; k++) assert_true(isnan(apply(functions[k].name, NAN)));
    assert_true(apply("exp", INFINITY) == INFINITY && apply("exp", -INFINITY) == 0 && apply("exp", 0) == 1);
    assert_true(apply("exp", 1000) == INFINITY && apply("exp", -1000) == 0);
    assert_true(apply("exp", 88.72284f) == INFINITY && apply("exp", 88.72283f) < INFINITY);
    assert_true(apply("exp", -103.5f) == 0x1p-149f);
    assert_true(apply("log", 0) == -INFINITY && apply("log", -0.0f) == -INFINITY && apply("log", INFINITY) == INFINITY);
    assert_true(isnan(apply("log", -1)) && isnan(apply("log", -INFINITY)) && apply("log", 1) == 0);
    assert_true(apply("log", 0x1p-149f) == logf(0x1p-149f));
    assert_true(apply("log1p", -1) == -INFINITY && isnan(apply("log1p", -1.5f)) && apply("log1p", INFINITY) == INFINITY);
    assert_true(apply("log1p", 0x1p-140f) == 0x1p-140f && apply("log1p", 0) == 0);
    assert_true(apply("expm1", -INFINITY) == -1 && apply("expm1", INFINITY) == INFINITY && apply("expm1", 0) == 0);
    assert_true(apply("expm1", 0x1p-140f) == 0x1p-140f);
    assert_true(apply("tanh", INFINITY) == 1 && apply("tanh", -INFINITY) == -1 && apply("tanh", 0x1p-140f) == 0x1p-140f);
    assert_true(signbit(apply("tanh", -0.0f)) && signbit(apply("erf", -0.0f)));
    assert_true(apply("erf", INFINITY) == 1 && apply("erf", -INFINITY) == -1);
    assert_true(apply("sigmoid", INFINITY) == 1 && apply("sigmoid", -INFINITY) == 0 && apply("sigmoid", 0) == 0.5f);
    assert_true(apply("softplus", INFINITY) == INFINITY && apply("softplus", -INFINITY) == 0 && apply("softplus", 200) == 200);
}

static void sine_of_turns_is_right_to_the_22nd_place(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 200000; i++) {
        const float turns = dnn_uniform_at(&stream, 5, i) * 2.5f - 1;
        const double exact = sin(2 * M_PI * (double)turns);
        assert_true(fabs((double)dnn_sin_turns_f(turns) - exact) <= 0x1p-22);
    }
    assert_true(dnn_sin_turns_f(0) == 0 && dnn_sin_turns_f(0.25f) == 1 && dnn_sin_turns_f(0.75f) == -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_function_is_right_to_its_last_places),
        cmocka_unit_test(the_bits_of_an_element_do_not_depend_on_its_place),
        cmocka_unit_test(special_values_come_out_as_in_the_library),
        cmocka_unit_test(sine_of_turns_is_right_to_the_22nd_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
