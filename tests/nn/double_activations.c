/* Every activation of the table: its derivative against finite differences, in double. Points lie away from kinks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "dnn/base/memory.h"
#include "nn/activation_samples.h"

enum { ROWS = 3, UNITS = 5, N = ROWS * UNITS };

/* Kinks of the list lie at 0, 0.5, 1, 2, 3 and 6 at most; these points keep 0.05 from all of them. */
static void points(double scale, real *x)
{
    for (size_t i = 0; i < N; i++) {
        x[i] = scale * sin(1.7 * (double)i + 0.4);
        if (fabs(x[i] - round(x[i] * 2) / 2) < 0.05) x[i] += 0.11;
    }
}

static double weighted_output(const dnn_activation_kind *kind, const void *params, const real *x, const real *weight)
{
    real y[N];
    double sum = 0;
    kind->forward(params, ROWS, UNITS, x, y);
    for (size_t i = 0; i < N; i++) sum += weight[i] * y[i];
    return sum;
}

static void check_slopes(const dnn_component *c, double scale)
{
    const dnn_activation_kind *kind = (const dnn_activation_kind *)c->kind;
    real x[N], y[N], dy[N], dx[N];
    points(scale, x);
    for (size_t i = 0; i < N; i++) dy[i] = cos(0.9 * (double)i);
    kind->forward(c->params, ROWS, UNITS, x, y);
    kind->backward(c->params, ROWS, UNITS, kind->from_input ? x : y, dy, dx);
    for (size_t i = 0; i < N; i++) {
        /* Central differences: truncation about h² = 1e-10, rounding about 1e-16 / h = 1e-11 times the size of the sum. */
        const double h = 1e-5, at = x[i];
        x[i] = at + h;
        const double above = weighted_output(kind, c->params, x, dy);
        x[i] = at - h;
        const double below = weighted_output(kind, c->params, x, dy);
        x[i] = at;
        const double slope = (above - below) / (2 * h);
        if (fabs(dx[i] - slope) > 1e-8 * fmax(1, fabs(slope))) print_message("%s at %g: %.12g, not %.12g\n", kind->kind.name, at, dx[i], slope);
        assert_true(fabs(dx[i] - slope) <= 1e-8 * fmax(1, fabs(slope)));
    }
}

static void every_derivative_is_that_of_its_function(void **state)
{
    (void)state;
    for (size_t k = 0; k < dnn_activations.count; k++) {
        dnn_component c;
        sample_activation(dnn_activations.kinds[k]->name, &c);
        check_slopes(&c, 2.7);
        check_slopes(&c, 8);
        dnn_component_clear(&c);
    }
    assert_int_equal(dnn_memory_balance(), 0);
}

static void check_with_node(const char *name, const char *key, dnn_node *value)
{
    dnn_node *map = dnn_node_map(), *params = dnn_node_map();
    dnn_component c = { 0 };
    assert_int_equal(dnn_node_set(params, key, value), DNN_OK);
    assert_int_equal(dnn_node_set(map, name, params), DNN_OK);
    assert_int_equal(dnn_component_read(&dnn_activations, map, &c), DNN_OK);
    check_slopes(&c, 2.7);
    check_slopes(&c, 8);
    dnn_component_clear(&c);
    dnn_node_destroy(map);
}

static void check_with(const char *name, const char *key, double value) { check_with_node(name, key, dnn_node_real(value)); }

static void derivatives_follow_the_parameters(void **state)
{
    (void)state;
    check_with("relu", "negative_slope", 0.3);
    check_with("relu", "max_value", 2);
    check_with("relu", "threshold", 1);
    check_with("leaky_relu", "negative_slope", 0.01);
    check_with("leaky_relu", "negative_slope", 0);
    check_with("elu", "alpha", 0.4);
    check_with("elu", "alpha", 0);
    check_with("hard_sigmoid", "slope", 0.2);
    check_with("celu", "alpha", 0.4);
    check_with("hard_shrink", "threshold", 1);
    check_with("soft_shrink", "threshold", 0);
    check_with("squareplus", "b", 0.3);
    check_with_node("gelu", "approximate", dnn_node_bool(true));
    assert_int_equal(dnn_memory_balance(), 0);
}

static void parameters_that_would_leave_the_output_ambiguous_are_refused(void **state)
{
    (void)state;
    const char *const names[][2] = { { "relu", "negative_slope" }, { "relu", "threshold" }, { "leaky_relu", "negative_slope" }, { "elu", "alpha" } };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        dnn_node *map = dnn_node_map(), *params = dnn_node_map();
        dnn_component c = { 0 };
        dnn_node_set(params, names[i][1], dnn_node_real(-0.5));
        dnn_node_set(map, names[i][0], params);
        assert_int_equal(dnn_component_read(&dnn_activations, map, &c), DNN_E_CONFIG);
        dnn_node_destroy(map);
    }
    assert_int_equal(dnn_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_derivative_is_that_of_its_function),
        cmocka_unit_test(derivatives_follow_the_parameters),
        cmocka_unit_test(parameters_that_would_leave_the_output_ambiguous_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
