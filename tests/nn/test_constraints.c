/* Projections by Keras's formulas, written here in double over plain nested loops; any cut of the groups among workers gives the same bits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/nn/constraint.h"
#include "nn/flow.h"

enum { MOST = 512 };

static dnn_component make(const char *text)
{
    dnn_node *node = flow(text);
    dnn_component c = { 0 };
    if (dnn_component_read(&dnn_constraints, node, &c) != DNN_OK) fail_msg("%s: %s", text, dnn_fail_text());
    dnn_node_destroy(node);
    return c;
}

static const dnn_constraint_kind *kind_of(const dnn_component *c) { return (const dnn_constraint_kind *)c->kind; }

static void fill(size_t n, float *w)
{
    for (size_t i = 0; i < n; i++) w[i] = (float)(1.5 * sin(1.7 * (double)i + 0.3));
}

static void apply(const dnn_component *c, const dnn_shape *shape, size_t workers, float *w)
{
    const size_t groups = kind_of(c)->groups(c->params, shape);
    if (kind_of(c)->fits) assert_int_equal(kind_of(c)->fits(c->params, shape), DNN_OK);
    for (size_t k = 0; k < workers; k++)
        kind_of(c)->apply(c->params, shape, groups * k / workers, groups * (k + 1) / workers, w);
}

/* Position in [d0, d1, d2, d3] without the axes along which the norm goes: what has the same number is one group. */
static size_t group_of(const size_t d[4], size_t i, const bool along[4])
{
    size_t at[4], group = 0;
    for (size_t a = 4; a-- > 0; i /= d[a]) at[a] = i % d[a];
    for (size_t a = 0; a < 4; a++)
        if (!along[a]) group = group * d[a] + at[a];
    return group;
}

typedef struct norm_case { const char *text; double low, high, rate; bool along[4]; size_t groups; } norm_case;

static void check_norms(const norm_case *t, const dnn_shape *shape, const size_t d[4])
{
    const size_t n = d[0] * d[1] * d[2] * d[3];
    float before[MOST] = { 0 }, w[MOST];
    double squares[MOST] = { 0 };
    dnn_component c = make(t->text);
    fill(n, before);
    memcpy(w, before, sizeof w);
    assert_int_equal(kind_of(&c)->groups(c.params, shape), t->groups);
    apply(&c, shape, 1, w);
    for (size_t i = 0; i < n; i++) squares[group_of(d, i, t->along)] += (double)before[i] * (double)before[i];
    for (size_t i = 0; i < n; i++) {
        const double norm = sqrt(squares[group_of(d, i, t->along)]);
        const double clipped = norm < t->low ? t->low : norm > t->high ? t->high : norm;
        const double want = (double)before[i] * (t->rate * clipped + (1 - t->rate) * norm) / (1e-7 + norm);
        if (!(fabs((double)w[i] - want) <= 3e-7 * fabs(want))) fail_msg("%s: %.9g instead of %.9g at %zu", t->text, (double)w[i], want, i);
    }
    dnn_component_clear(&c);
}

static void norms_of_dense_kernels_are_taken_by_column(void **state)
{
    static const norm_case cases[] = {
        { "max_norm", 0, 2, 1, { true }, 5 },
        { "{max_norm: 0.7}", 0, 0.7, 1, { true }, 5 },
        { "{max_norm: {max_value: 0.7, axis: 1}}", 0, 0.7, 1, { false, true }, 7 },
        { "{max_norm: {max_value: 0.7, axis: [0, 1]}}", 0, 0.7, 1, { true, true }, 1 },
        { "unit_norm", 1, 1, 1, { true }, 5 },
        { "{unit_norm: {axis: 1}}", 1, 1, 1, { false, true }, 7 },
        { "{unit_norm: {axis: -1}}", 1, 1, 1, { false, true }, 7 },
        { "{max_norm: {max_value: 0.7, axis: [-2, 1]}}", 0, 0.7, 1, { true, true }, 1 },
        { "min_max_norm", 0, 1, 1, { true }, 5 },
        { "{min_max_norm: {min_value: 3, max_value: 4, rate: 1}}", 3, 4, 1, { true }, 5 },
        { "{min_max_norm: {min_value: 3, max_value: 4, rate: 0.25}}", 3, 4, 0.25, { true }, 5 },
        { "{min_max_norm: {min_value: 0.1, max_value: 0.2, rate: 0.5, axis: 1}}", 0.1, 0.2, 0.5, { false, true }, 7 },
        { "{min_max_norm: {min_value: 3, max_value: 4, rate: 0}}", 3, 4, 0, { true }, 5 },
    };
    static const size_t d[4] = { 7, 5, 1, 1 };
    const dnn_shape shape = dnn_shape_of(2, d);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_norms(&cases[i], &shape, d);
}

static void norms_of_convolution_kernels_are_taken_along_the_axes_that_are_listed(void **state)
{
    static const norm_case cases[] = {
        { "{max_norm: {max_value: 1.5, axis: [0, 1, 2]}}", 0, 1.5, 1, { true, true, true, false }, 4 },
        { "{max_norm: {max_value: 1.5, axis: [0, 1]}}", 0, 1.5, 1, { true, true, false, false }, 20 },
        { "{max_norm: {max_value: 1.5, axis: [1, 3]}}", 0, 1.5, 1, { false, true, false, true }, 15 },
        { "{unit_norm: {axis: [2, 0, 1]}}", 1, 1, 1, { true, true, true, false }, 4 },
        { "{min_max_norm: {min_value: 2, max_value: 3, rate: 0.5, axis: [0, 1, 2]}}", 2, 3, 0.5, { true, true, true, false }, 4 },
    };
    static const size_t d[4] = { 3, 2, 5, 4 };
    const dnn_shape shape = dnn_shape_of(4, d);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_norms(&cases[i], &shape, d);
}

static void a_bias_has_one_norm(void **state)
{
    static const norm_case one = { "{max_norm: 0.5}", 0, 0.5, 1, { true }, 1 };
    static const size_t d[4] = { 6, 1, 1, 1 };
    const dnn_shape shape = dnn_shape_of(1, d);
    (void)state;
    check_norms(&one, &shape, d);
}

/* 1e-7 in the denominator keeps a column of zeros what it is. */
static void zeros_stay_zeros(void **state)
{
    static const char *const all[] = { "max_norm", "unit_norm", "{min_max_norm: {min_value: 1, max_value: 2}}", "non_neg" };
    const dnn_shape shape = dnn_shape_of(2, (size_t[]){ 3, 2 });
    (void)state;
    for (size_t k = 0; k < 4; k++) {
        dnn_component c = make(all[k]);
        float w[6] = { 0 };
        apply(&c, &shape, 1, w);
        for (size_t i = 0; i < 6; i++) assert_true(w[i] == 0.0f);
        dnn_component_clear(&c);
    }
}

static void negative_weights_become_zero_and_the_others_stay(void **state)
{
    const dnn_shape shape = dnn_shape_of(2, (size_t[]){ 7, 5 });
    float before[35], w[35];
    (void)state;
    dnn_component c = make("non_neg");
    fill(35, before);
    memcpy(w, before, sizeof w);
    apply(&c, &shape, 1, w);
    for (size_t i = 0; i < 35; i++) assert_true(w[i] == (before[i] < 0 ? 0.0f : before[i]));
    dnn_component_clear(&c);
}

/* A ring is all that is equally far from the border; it takes one value of its own, hence a second time changes nothing. */
static void radial_kernels_are_constant_on_rings(void **state)
{
    (void)state;
    dnn_component c = make("radial_constraint");
    for (size_t k = 1; k <= 6; k++) {
        const dnn_shape shape = dnn_shape_of(4, (size_t[]){ k, k, 2, 3 });
        float before[MOST] = { 0 }, w[MOST], again[MOST];
        fill(k * k * 6, before);
        memcpy(w, before, sizeof w);
        assert_int_equal(kind_of(&c)->groups(c.params, &shape), 6);
        apply(&c, &shape, 1, w);
        for (size_t i = 0; i < k; i++)
            for (size_t j = 0; j < k; j++)
                for (size_t channel = 0; channel < 6; channel++) {
                    const size_t a = i < k - 1 - i ? i : k - 1 - i, b = j < k - 1 - j ? j : k - 1 - j, depth = a < b ? a : b;
                    const size_t corner = k - 1 - depth; /* of this ring, lower right */
                    const bool middle = k % 2 == 0 && depth == k / 2 - 1;
                    const size_t from = middle ? k / 2 - 1 : corner;
                    assert_true(w[(i * k + j) * 6 + channel] == before[(from * k + from) * 6 + channel]);
                }
        memcpy(again, w, sizeof w);
        apply(&c, &shape, 1, again);
        assert_memory_equal(again, w, k * k * 6 * sizeof *w);
    }
    dnn_component_clear(&c);
}

static void any_number_of_workers_gives_the_same_bits(void **state)
{
    static const char *const all[] = {
        "{max_norm: {max_value: 0.7, axis: [0, 1, 2]}}", "{max_norm: {max_value: 0.7, axis: [1, 3]}}", "{unit_norm: {axis: 3}}",
        "{min_max_norm: {min_value: 1, max_value: 1.5, rate: 0.3, axis: [0, 1]}}", "non_neg", "radial_constraint",
    };
    const dnn_shape shape = dnn_shape_of(4, (size_t[]){ 3, 3, 5, 4 });
    (void)state;
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        dnn_component c = make(all[k]);
        float alone[180], before[180];
        fill(180, alone);
        memcpy(before, alone, sizeof before);
        apply(&c, &shape, 1, alone);
        assert_memory_not_equal(alone, before, sizeof alone);
        for (size_t workers = 2; workers <= 24; workers++) {
            float shared[180];
            fill(180, shared);
            apply(&c, &shape, workers, shared);
            assert_memory_equal(alone, shared, sizeof alone);
        }
        dnn_component_clear(&c);
    }
}

static void expect_misfit(const char *text, const dnn_shape *shape, const char *word, const char *other)
{
    dnn_component c = make(text);
    assert_int_equal(kind_of(&c)->fits(c.params, shape), DNN_E_CONFIG);
    if (!strstr(dnn_fail_text(), word) || !strstr(dnn_fail_text(), other)) fail_msg("%s: %s", text, dnn_fail_text());
    dnn_component_clear(&c);
}

static void weights_of_other_shapes_are_refused_by_name(void **state)
{
    const dnn_shape bias = dnn_shape_of(1, (size_t[]){ 6 }), dense = dnn_shape_of(2, (size_t[]){ 7, 5 });
    const dnn_shape oblong = dnn_shape_of(4, (size_t[]){ 3, 5, 2, 2 });
    (void)state;
    expect_misfit("{max_norm: {axis: 2}}", &dense, "axis = 2", "0 to 1");
    expect_misfit("{unit_norm: {axis: [0, 1]}}", &bias, "axis = 1", "[6]");
    expect_misfit("{unit_norm: {axis: -3}}", &dense, "axis = -3", "0 to 1");
    expect_misfit("{unit_norm: {axis: 0.5}}", &dense, "axis = 0.5", "0 to 1");
    expect_misfit("{min_max_norm: {axis: [0, 1, 2, 4]}}", &oblong, "axis = 4", "0 to 3");
    expect_misfit("radial_constraint", &dense, "[k, k, in, out]", "[7, 5]");
    expect_misfit("radial_constraint", &oblong, "square", "[3, 5, 2, 2]");
}

static void values_out_of_range_are_refused(void **state)
{
    static const char *const wrong[] = { "{max_norm: -1}", "{min_max_norm: {rate: 1.5}}", "{min_max_norm: {min_value: -1}}" };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        dnn_node *node = flow(wrong[i]);
        dnn_component c = { 0 };
        assert_int_equal(dnn_component_read(&dnn_constraints, node, &c), DNN_E_CONFIG);
        dnn_node_destroy(node);
    }
}

static int memory_is_balanced(void **state)
{
    (void)state;
    dnn_place_forget();
    dnn_fail_clear();
    return dnn_memory_balance() == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(norms_of_dense_kernels_are_taken_by_column),
        cmocka_unit_test(norms_of_convolution_kernels_are_taken_along_the_axes_that_are_listed),
        cmocka_unit_test(a_bias_has_one_norm),
        cmocka_unit_test(zeros_stay_zeros),
        cmocka_unit_test(negative_weights_become_zero_and_the_others_stay),
        cmocka_unit_test(radial_kernels_are_constant_on_rings),
        cmocka_unit_test(any_number_of_workers_gives_the_same_bits),
        cmocka_unit_test(weights_of_other_shapes_are_refused_by_name),
        cmocka_unit_test(values_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, memory_is_balanced);
}
