/* Activations: Keras's values and slopes, and what holds for every row of the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

#include "dnn/base/memory.h"
#include "dnn/nn/activation.h"
#include "nn/activation_samples.h"
#include "nn/golden_activations.h"

/* Absolute, for values up to 1, else relative. Of the slopes in double Keras computed one (hard_sigmoid) from a float. */
#ifdef DNN_DOUBLE
#define TOLERANCE 1e-13
#define SLOPE_TOLERANCE 1e-8
#else
#define TOLERANCE 1e-6
#define SLOPE_TOLERANCE 1e-6
#endif

static bool near(double got, double want, double tolerance) { return got == want || fabs(got - want) <= tolerance * fmax(1, fabs(want)); }

static void values_and_slopes_are_those_of_keras(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof golden_activations / sizeof *golden_activations; k++) {
        const struct golden_activation *g = &golden_activations[k];
        dnn_component c;
        const dnn_activation_kind *kind = sample_activation(g->name, &c);
        real x[GOLDEN_POINTS], y[GOLDEN_POINTS], dy[GOLDEN_POINTS], dx[GOLDEN_POINTS];
        for (size_t i = 0; i < GOLDEN_POINTS; i++) x[i] = (real)golden_x[i], dy[i] = 1;
        kind->forward(c.params, 1, GOLDEN_POINTS, x, y);
        kind->backward(c.params, 1, GOLDEN_POINTS, kind->from_input ? x : y, dy, dx);
        for (size_t i = 0; i < GOLDEN_POINTS; i++) {
            /* e^100 has no float. */
            const bool overflows = sizeof(real) == sizeof(float) && g->y[i] > 3e38;
            const bool right = overflows ? isinf(y[i]) && isinf(dx[i])
                                         : near((double)y[i], g->y[i], TOLERANCE) && near((double)dx[i], g->slope[i], SLOPE_TOLERANCE);
            if (!right) print_message("%s(%g) = %.17g, slope %.17g\n", g->name, golden_x[i], (double)y[i], (double)dx[i]);
            assert_true(right);
        }
        dnn_component_clear(&c);
    }
    assert_int_equal(dnn_memory_balance(), 0);
}

enum { ROWS = 3, UNITS = 7, N = ROWS * UNITS };

static void draw(real *x)
{
    for (size_t i = 0; i < N; i++) x[i] = (real)(2.5 * sin(1.3 * (double)i + 0.7));
}

static void every_activation_works_in_place(void **state)
{
    (void)state;
    for (size_t k = 0; k < dnn_activations.count; k++) {
        dnn_component c;
        const dnn_activation_kind *kind = sample_activation(dnn_activations.kinds[k]->name, &c);
        real x[N], y[N], same[N], dy[N], dx[N];
        draw(x);
        draw(same);
        for (size_t i = 0; i < N; i++) dy[i] = (real)cos((double)i);
        kind->forward(c.params, ROWS, UNITS, x, y);
        kind->forward(c.params, ROWS, UNITS, same, same);
        assert_memory_equal(y, same, sizeof y);
        kind->backward(c.params, ROWS, UNITS, kind->from_input ? x : y, dy, dx);
        kind->backward(c.params, ROWS, UNITS, kind->from_input ? x : y, dy, dy);
        assert_memory_equal(dx, dy, sizeof dx);
        dnn_component_clear(&c);
    }
}

static void a_row_has_the_same_bits_alone_and_among_others(void **state)
{
    (void)state;
    for (size_t k = 0; k < dnn_activations.count; k++) {
        dnn_component c;
        const dnn_activation_kind *kind = sample_activation(dnn_activations.kinds[k]->name, &c);
        real x[N], all[N], one[UNITS];
        draw(x);
        kind->forward(c.params, ROWS, UNITS, x, all);
        for (size_t r = 0; r < ROWS; r++) {
            kind->forward(c.params, 1, UNITS, x + r * UNITS, one);
            assert_memory_equal(one, all + r * UNITS, sizeof one);
        }
        dnn_component_clear(&c);
    }
}

static void a_nan_is_not_hidden(void **state)
{
    (void)state;
    for (size_t k = 0; k < dnn_activations.count; k++) {
        dnn_component c;
        const dnn_activation_kind *kind = sample_activation(dnn_activations.kinds[k]->name, &c);
        real x[UNITS] = { 0.5, (real)NAN, 1, 2, 3, 4, 5 };
        kind->forward(c.params, 1, UNITS, x, x);
        if (!isnan(x[1])) print_message("%s\n", kind->kind.name);
        assert_true(isnan(x[1]));
        dnn_component_clear(&c);
    }
}

static void softmax_sums_to_one_and_bears_any_shift(void **state)
{
    (void)state;
    dnn_component c;
    const dnn_activation_kind *kind = sample_activation("softmax", &c);
    real x[N], y[N], shifted[N];
    draw(x);
    kind->forward(NULL, ROWS, UNITS, x, y);
    for (size_t r = 0; r < ROWS; r++) {
        double sum = 0;
        for (size_t i = r * UNITS; i < (r + 1) * UNITS; i++) sum += (double)y[i];
        assert_true(fabs(sum - 1) < 4 * (double)DNN_REAL_EPSILON);
    }
    for (size_t i = 0; i < N; i++) shifted[i] = (real)floor((double)x[i] * 1024) / 1024;
    kind->forward(NULL, ROWS, UNITS, shifted, y);
    for (size_t i = 0; i < N; i++) shifted[i] += 4096;
    kind->forward(NULL, ROWS, UNITS, shifted, shifted);
    assert_memory_equal(y, shifted, sizeof y);
    real far[3] = { 0, -1e30f, 1e30f };
    kind->forward(NULL, 1, 3, far, far);
    assert_true(far[0] == 0 && far[1] == 0 && far[2] == 1);
    assert_true(kind->whole_row);
}

static void relu_takes_slope_ceiling_and_threshold(void **state)
{
    (void)state;
    dnn_component c = { 0 };
    dnn_node *map = dnn_node_map(), *params = dnn_node_map();
    dnn_node_set(params, "negative_slope", dnn_node_real(0.5));
    dnn_node_set(params, "max_value", dnn_node_real(6));
    dnn_node_set(params, "threshold", dnn_node_real(1));
    dnn_node_set(map, "relu", params);
    assert_int_equal(dnn_component_read(&dnn_activations, map, &c), DNN_OK);
    const dnn_activation_kind *kind = (const dnn_activation_kind *)c.kind;
    /* Keras: max_value from there on, x from the threshold, slope (x - threshold) below. */
    const real x[6] = { -1, 0, 1, 1.5, 6, 9 }, y_want[6] = { -1, -0.5, 0, 1.5, 6, 6 }, dx_want[6] = { 0.5, 0.5, 0.5, 1, 0, 0 };
    real y[6], dx[6], dy[6] = { 1, 1, 1, 1, 1, 1 };
    kind->forward(c.params, 1, 6, x, y);
    kind->backward(c.params, 1, 6, y, dy, dx);
    assert_memory_equal(y, y_want, sizeof y);
    assert_memory_equal(dx, dx_want, sizeof dx);
    dnn_component_clear(&c);
    dnn_node_destroy(map);
    assert_int_equal(dnn_memory_balance(), 0);
}

static void gelu_has_the_form_with_tanh(void **state)
{
    (void)state;
    dnn_component c = { 0 };
    dnn_node *map = dnn_node_map();
    assert_int_equal(dnn_node_set(map, "gelu", dnn_node_bool(true)), DNN_OK);
    assert_int_equal(dnn_component_read(&dnn_activations, map, &c), DNN_OK);
    real x[N], y[N];
    draw(x);
    ((const dnn_activation_kind *)c.kind)->forward(c.params, ROWS, UNITS, x, y);
    for (size_t i = 0; i < N; i++) {
        const double v = (double)x[i], want = 0.5 * v * (1 + tanh(sqrt(2 / acos(-1)) * (v + 0.044715 * v * v * v)));
        assert_true(near((double)y[i], want, TOLERANCE));
    }
    dnn_component_clear(&c);
    dnn_node_destroy(map);
    assert_int_equal(dnn_memory_balance(), 0);
}

static void log_softmax_is_the_logarithm_of_softmax_where_that_has_none(void **state)
{
    (void)state;
    dnn_component c;
    const dnn_activation_kind *log_of = sample_activation("log_softmax", &c), *of = sample_activation("softmax", &c);
    real x[N], y[N], p[N], far[3] = { 0, -1000, 500 };
    draw(x);
    log_of->forward(NULL, ROWS, UNITS, x, y);
    of->forward(NULL, ROWS, UNITS, x, p);
    for (size_t i = 0; i < N; i++) assert_true(near((double)y[i], log((double)p[i]), 4 * TOLERANCE));
    log_of->forward(NULL, 1, 3, far, far);
    assert_true(far[0] == -500 && far[1] == -1500 && far[2] == 0);
}

/* tau is -0.25 in the first row (of 0.5 and 0), 0 in the second (one alone), and a shift of a row shifts it as well. */
static void sparsemax_gives_small_inputs_no_share(void **state)
{
    (void)state;
    dnn_component c;
    const dnn_activation_kind *kind = sample_activation("sparsemax", &c);
    const real x[8] = { 0.5, 0, -0.5, -3, 1e6, 1e6, 1e6 - 4, 1e6 + 1 }, want[8] = { 0.75, 0.25, 0, 0, 0, 0, 0, 1 };
    const real dy[8] = { 1, 3, 5, 7, 1, 2, 3, 4 }, slope[8] = { -1, 1, 0, 0, 0, 0, 0, 0 };
    real y[8], dx[8], drawn[N], shares[N];
    kind->forward(NULL, 2, 4, x, y);
    kind->backward(NULL, 2, 4, y, dy, dx);
    for (size_t i = 0; i < 8; i++) assert_true(y[i] == want[i] && dx[i] == slope[i]);
    /* What makes it the nearest point of the simplex: where there is a share, x - share is the same, and no larger elsewhere. */
    draw(drawn);
    kind->forward(NULL, ROWS, UNITS, drawn, shares);
    for (size_t r = 0; r < ROWS; r++) {
        double sum = 0, tau = NAN;
        for (size_t i = r * UNITS; i < (r + 1) * UNITS; i++) {
            sum += (double)shares[i];
            if (shares[i] > 0) tau = (double)drawn[i] - (double)shares[i];
        }
        assert_true(near(sum, 1, 4 * TOLERANCE));
        for (size_t i = r * UNITS; i < (r + 1) * UNITS; i++)
            assert_true(shares[i] > 0 ? near((double)drawn[i] - (double)shares[i], tau, TOLERANCE) : (double)drawn[i] <= tau + TOLERANCE);
    }
}

static void threshold_passes_what_lies_above_it(void **state)
{
    (void)state;
    dnn_component c;
    const dnn_activation_kind *kind = sample_activation("threshold", &c);
    const real x[4] = { -1, 0.5, 0.75, -2 }, y_want[4] = { -2, -2, 0.75, -2 }, dy[4] = { 3, 4, 5, 6 }, dx_want[4] = { 0, 0, 5, 0 };
    real y[4], dx[4];
    kind->forward(c.params, 1, 4, x, y);
    kind->backward(c.params, 1, 4, x, dy, dx);
    assert_memory_equal(y, y_want, sizeof y);
    assert_memory_equal(dx, dx_want, sizeof dx);
    dnn_component_clear(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_slopes_are_those_of_keras),
        cmocka_unit_test(every_activation_works_in_place),
        cmocka_unit_test(a_row_has_the_same_bits_alone_and_among_others),
        cmocka_unit_test(a_nan_is_not_hidden),
        cmocka_unit_test(softmax_sums_to_one_and_bears_any_shift),
        cmocka_unit_test(relu_takes_slope_ceiling_and_threshold),
        cmocka_unit_test(gelu_has_the_form_with_tanh),
        cmocka_unit_test(log_softmax_is_the_logarithm_of_softmax_where_that_has_none),
        cmocka_unit_test(sparsemax_gives_small_inputs_no_share),
        cmocka_unit_test(threshold_passes_what_lies_above_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
