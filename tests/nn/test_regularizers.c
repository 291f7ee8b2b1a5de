/* Penalties by Keras's formulas, in double; their gradients by central differences of the penalty itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/nn/regularizer.h"
#include "nn/flow.h"

enum { N = 9 };
static const float weights[N] = { 0.5f, -0.25f, 2.0f, -3.0f, 0.125f, 1e-3f, -1e-4f, 7.0f, -0.75f };

static dnn_component make(const char *text)
{
    dnn_node *node = flow(text);
    dnn_component c = { 0 };
    if (dnn_component_read(&dnn_regularizers, node, &c) != DNN_OK) fail_msg("%s: %s", text, dnn_fail_text());
    dnn_node_destroy(node);
    return c;
}

static const dnn_regularizer_kind *kind_of(const dnn_component *c) { return (const dnn_regularizer_kind *)c->kind; }

static double penalty(const dnn_component *c, size_t n, const float *w) { return kind_of(c)->penalty(c->params, n, w); }

static void penalties_are_factors_of_magnitudes_and_squares(void **state)
{
    static const struct { const char *text; double l1, l2; } cases[] = {
        { "l1", 0.01, 0 }, { "l2", 0, 0.01 }, { "l1_l2", 0, 0 }, { "l1_proximal", 0.01, 0 },
        { "{l1: 0.3}", 0.3, 0 }, { "{l2: 0.7}", 0, 0.7 }, { "{l1_l2: {l1: 0.3, l2: 0.7}}", 0.3, 0.7 },
    };
    (void)state;
    double magnitudes = 0, squares = 0;
    for (size_t i = 0; i < N; i++) magnitudes += fabs((double)weights[i]), squares += (double)weights[i] * (double)weights[i];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dnn_component c = make(cases[i].text);
        const double want = cases[i].l1 * magnitudes + cases[i].l2 * squares;
        if (!(fabs(penalty(&c, N, weights) - want) <= 1e-14 * (1 + want))) fail_msg("%s: %.17g", cases[i].text, penalty(&c, N, weights));
        dnn_component_clear(&c);
    }
}

/* Differences of the penalty in one weight, whose float steps are measured as they are after rounding. */
static void gradients_are_the_slopes_of_the_penalties_and_are_added(void **state)
{
    static const char *const all[] = { "{l1: 0.3}", "{l2: 0.7}", "{l1_l2: {l1: 0.3, l2: 0.7}}" };
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        dnn_component c = make(all[k]);
        float g[N];
        for (size_t i = 0; i < N; i++) g[i] = 0.5f;
        kind_of(&c)->add_gradient(c.params, N, weights, g);
        for (size_t i = 0; i < N; i++) {
            const float step = fabsf(weights[i]) * 0x1p-6f, up = weights[i] + step, down = weights[i] - step;
            const double slope = (penalty(&c, 1, &up) - penalty(&c, 1, &down)) / ((double)up - (double)down);
            if (!(fabs((double)g[i] - 0.5 - slope) <= 4 * FLT_EPSILON * (1 + fabs(slope))))
                fail_msg("%s: %g instead of %g at %g", all[k], (double)g[i] - 0.5, slope, (double)weights[i]);
        }
        dnn_component_clear(&c);
    }
}

static void magnitudes_have_no_slope_at_zero(void **state)
{
    static const float zeros[] = { 0.0f, -0.0f };
    (void)state;
    dnn_component c = make("{l1_l2: {l1: 0.3, l2: 0.7}}");
    float g[] = { 0.25f, -0.25f };
    kind_of(&c)->add_gradient(c.params, 2, zeros, g);
    assert_true(g[0] == 0.25f && g[1] == -0.25f);
    dnn_component_clear(&c);
}

static void only_the_proximal_form_works_after_the_step_and_only_so(void **state)
{
    (void)state;
    for (size_t i = 0; i < dnn_regularizers.count; i++) {
        const dnn_regularizer_kind *kind = (const dnn_regularizer_kind *)dnn_regularizers.kinds[i];
        const bool proximal = strcmp(kind->kind.name, "l1_proximal") == 0;
        assert_true(proximal == (kind->add_gradient == NULL) && proximal == (kind->after_update != NULL));
    }
}

/* min over v of (v - w)² / 2 + t |v|, which the soft threshold is said to be, is looked for on a fine grid. */
static void the_soft_threshold_minimizes_distance_and_penalty(void **state)
{
    const double learning_rate = 0.5, l1 = 0.6, t = learning_rate * l1;
    (void)state;
    dnn_component c = make("{l1_proximal: 0.6}");
    float w[N];
    memcpy(w, weights, sizeof w);
    kind_of(&c)->after_update(c.params, learning_rate, N, w);
    for (size_t i = 0; i < N; i++) {
        double best = INFINITY, at = 0;
        for (int j = -80000; j <= 80000; j++) {
            const double v = j * 1e-4, d = v - (double)weights[i], value = d * d / 2 + t * fabs(v);
            if (value < best) best = value, at = v;
        }
        assert_float_equal(w[i], at, 1.01e-4);
        if (fabs((double)weights[i]) <= t) assert_true(w[i] == 0.0f);
    }
    dnn_component_clear(&c);
}

/* Blocks of a tensor are treated alone by whoever owns them. */
static void stretches_give_the_bits_of_the_whole(void **state)
{
    static const char *const all[] = { "{l1: 0.3}", "{l2: 0.7}", "{l1_l2: {l1: 0.3, l2: 0.7}}", "{l1_proximal: 0.6}" };
    (void)state;
    for (size_t k = 0; k < 4; k++)
        for (size_t cut = 1; cut < N; cut++) {
            dnn_component c = make(all[k]);
            float whole[N], parts[N];
            memcpy(whole, weights, sizeof whole);
            memcpy(parts, weights, sizeof parts);
            if (kind_of(&c)->add_gradient) {
                kind_of(&c)->add_gradient(c.params, N, weights, whole);
                kind_of(&c)->add_gradient(c.params, cut, weights, parts);
                kind_of(&c)->add_gradient(c.params, N - cut, weights + cut, parts + cut);
            } else {
                kind_of(&c)->after_update(c.params, 0.5, N, whole);
                kind_of(&c)->after_update(c.params, 0.5, cut, parts);
                kind_of(&c)->after_update(c.params, 0.5, N - cut, parts + cut);
            }
            assert_memory_equal(whole, parts, sizeof whole);
            assert_float_equal(penalty(&c, cut, weights) + penalty(&c, N - cut, weights + cut), penalty(&c, N, weights), 1e-13);
            dnn_component_clear(&c);
        }
}

static void negative_factors_are_refused(void **state)
{
    static const char *const wrong[] = { "{l1: -0.1}", "{l2: -1}", "{l1_l2: {l2: -0.1}}", "{l1_proximal: -1}" };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        dnn_node *node = flow(wrong[i]);
        dnn_component c = { 0 };
        assert_int_equal(dnn_component_read(&dnn_regularizers, node, &c), DNN_E_CONFIG);
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
        cmocka_unit_test(penalties_are_factors_of_magnitudes_and_squares),
        cmocka_unit_test(gradients_are_the_slopes_of_the_penalties_and_are_added),
        cmocka_unit_test(magnitudes_have_no_slope_at_zero),
        cmocka_unit_test(only_the_proximal_form_works_after_the_step_and_only_so),
        cmocka_unit_test(the_soft_threshold_minimizes_distance_and_penalty),
        cmocka_unit_test(stretches_give_the_bits_of_the_whole),
        cmocka_unit_test(negative_factors_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, memory_is_balanced);
}
