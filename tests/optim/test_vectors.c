/* What every optimizer may keep and do beside its own rule, and rules that scale by norms of whole tensors. */
#include "optim/make.h"

#include <math.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/optim/optimizer.h"

static dnn_node *list(const char *a, const char *b)
{
    dnn_node *node = dnn_node_list();
    assert_int_equal(dnn_node_append(node, dnn_node_string(a)), DNN_OK);
    if (b) assert_int_equal(dnn_node_append(node, dnn_node_string(b)), DNN_OK);
    return node;
}

static void expect_vectors(dnn_component c, uint64_t steps, size_t first, const char *const *names)
{
    assert_true(dnn_optimizer_steps_per_update(&c) == steps);
    assert_int_equal(dnn_optimizer_first_slot(&c), first);
    size_t n = 0;
    for (; names[n]; n++) assert_string_equal(dnn_optimizer_vector_name(&c, n), names[n]);
    assert_int_equal(dnn_optimizer_vectors(&c), n);
    const size_t average = dnn_optimizer_average(&c), sums = dnn_optimizer_accumulator(&c);
    assert_true(average == SIZE_MAX || strcmp(names[average], "average") == 0);
    assert_true(sums == SIZE_MAX || strcmp(names[sums], "gradient_accumulator") == 0);
    assert_int_equal((average != SIZE_MAX) + (sums != SIZE_MAX), first);
    dnn_component_clear(&c);
}

static void averages_and_sums_stand_before_the_slots_of_the_rule(void **state)
{
    (void)state;
    expect_vectors(make(&dnn_optimizers, "sgd", dnn_node_map()), 1, 0, (const char *const[]){ NULL });
    expect_vectors(make(&dnn_optimizers, "adam", dnn_node_map()), 1, 0, (const char *const[]){ "momentum", "velocity", NULL });
    expect_vectors(make(&dnn_optimizers, "adam", pairs("use_ema", dnn_node_bool(true), NULL)), 1, 1,
                   (const char *const[]){ "average", "momentum", "velocity", NULL });
    expect_vectors(make(&dnn_optimizers, "adam", pairs("gradient_accumulation_steps", dnn_node_int(3), NULL)), 3, 1,
                   (const char *const[]){ "gradient_accumulator", "momentum", "velocity", NULL });
    expect_vectors(make(&dnn_optimizers, "lamb", pairs("use_ema", dnn_node_bool(true), "gradient_accumulation_steps", dnn_node_int(2), NULL)), 2, 2,
                   (const char *const[]){ "average", "gradient_accumulator", "momentum", "velocity", NULL });
}

static void expect_decay(dnn_component c, const char *name, double decay)
{
    assert_true(dnn_optimizer_weight_decay(&c, name) == decay);
    dnn_component_clear(&c);
}

static void only_adamw_decays_weights_unasked(void **state)
{
    (void)state;
    for (size_t i = 0; i < dnn_optimizers.count; i++) {
        const char *name = dnn_optimizers.kinds[i]->name;
        const bool adamw = strcmp(name, "adamw") == 0;
        expect_decay(make(&dnn_optimizers, name, dnn_node_map()), "dense/kernel", adamw ? 0.004 : 0.0);
        expect_decay(make(&dnn_optimizers, name, pairs("weight_decay", dnn_node_real(0.25), NULL)), "dense/bias", 0.25);
        expect_decay(make(&dnn_optimizers, name, pairs("weight_decay", dnn_node_real(0.0), NULL)), "dense/kernel", 0.0);
    }
}

static void weights_whose_names_hold_an_excluded_part_do_not_decay(void **state)
{
    static const struct { const char *name; bool decays; } cases[] = {
        { "dense/kernel", true }, { "dense/bias", false }, { "dense_1/bias", false }, { "batch_normalization/gamma", false },
        { "batch_normalization/beta", false }, { "conv2d/kernel", true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const double decay = cases[i].decays ? 0.1 : 0.0, usual = cases[i].decays ? 0.004 : 0.0;
        expect_decay(make(&dnn_optimizers, "sgd", pairs("weight_decay", dnn_node_real(0.1), "exclude_from_weight_decay",
                                                         list("bias", "batch_norm"), NULL)), cases[i].name, decay);
        expect_decay(make(&dnn_optimizers, "adamw", pairs("exclude_from_weight_decay", list("bias", "batch_norm"), NULL)), cases[i].name, usual);
    }
}

static void decay_takes_rate_times_decay_of_a_weight_away(void **state)
{
    float w[] = { 1.0f, -2.0f, 0.0f, 1e-3f };
    static const double before[] = { 1, -2, 0, 1e-3 };
    (void)state;
    dnn_decay_weights(0.1, 0.3, 4, w);
    for (size_t i = 0; i < 4; i++) assert_float_equal(w[i], before[i] * (1 - 0.1 * 0.3), 1e-6 * fabs(before[i]));
}

static void an_average_begins_at_the_weights_and_forgets_by_its_momentum(void **state)
{
    float average[3] = { 99.0f, -99.0f, 0.0f }, w[3];
    double want[3] = { 0 };
    (void)state;
    for (int t = 0; t < 20; t++) {
        for (size_t i = 0; i < 3; i++) w[i] = (float)sin(0.9 * t + (double)i);
        dnn_average_weights(t == 0 ? 0.0 : 0.8, 3, w, average);
        for (size_t i = 0; i < 3; i++) {
            want[i] = t == 0 ? (double)w[i] : 0.8 * want[i] + 0.2 * (double)w[i];
            if (t == 0) assert_true(average[i] == w[i]);
            assert_float_equal(average[i], want[i], 1e-6);
        }
    }
}

/* One update of rule `name` on a tensor with the given norms; w becomes the new weights. */
static void update(const char *name, dnn_node *params, size_t n, float *w, float *g, float *m, float *v, double w_norm, double g_norm)
{
    dnn_component c = make(&dnn_optimizers, name, params);
    const dnn_optimizer_kind *kind = (const dnn_optimizer_kind *)c.kind;
    dnn_update u = { .n = n, .w = w, .g = g, .slot = { m, v }, .learning_rate = 0.5, .t = 1, .w_norm = w_norm, .g_norm = g_norm };
    assert_true(kind->wants_norms);
    if (kind->direction) kind->direction(c.params, &u, g);
    kind->update(c.params, &u);
    dnn_component_clear(&c);
}

/* In its first step lamb's direction is g / (|g| + e): the sign. */
static void lamb_steps_by_the_ratio_of_the_norms_and_by_one_where_either_is_zero(void **state)
{
    static const struct { double w_norm, g_norm, ratio; } cases[] = { { 3, 2, 1.5 }, { 2, 8, 0.25 }, { 0, 2, 1 }, { 3, 0, 1 } };
    (void)state;
    for (size_t k = 0; k < 4; k++) {
        float w[2] = { 1.0f, -2.0f }, g[2] = { 0.3f, -0.7f }, m[2] = { 0 }, v[2] = { 0 };
        update("lamb", dnn_node_map(), 2, w, g, m, v, cases[k].w_norm, cases[k].g_norm);
        assert_float_equal(w[0], 1.0 - 0.5 * cases[k].ratio, 2e-5);
        assert_float_equal(w[1], -2.0 + 0.5 * cases[k].ratio, 2e-5);
    }
}

static void lars_follows_its_formula_with_decay_inside_and_by_one_where_a_norm_is_zero(void **state)
{
    static const double norms[][2] = { { 3, 2 }, { 0, 2 }, { 3, 0 } };
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        float w[2] = { 1.0f, -2.0f }, g[2] = { 0.3f, -0.7f }, m[2] = { 0.25f, 0.5f };
        const double wn = norms[k][0], gn = norms[k][1], local = wn > 0 && gn > 0 ? 0.01 * wn / (gn + 0.2 * wn) : 1;
        update("lars", pairs("momentum", dnn_node_real(0.8), "trust_coefficient", dnn_node_real(0.01), "beta", dnn_node_real(0.2), NULL), 2, w, g, m,
               NULL, wn, gn);
        const double first = 0.8 * 0.25 + 0.5 * local * (0.3 + 0.2 * 1), second = 0.8 * 0.5 + 0.5 * local * (-0.7 - 0.2 * 2);
        assert_float_equal(m[0], first, 1e-6);
        assert_float_equal(m[1], second, 1e-6);
        assert_float_equal(w[0], 1 - first, 1e-6);
        assert_float_equal(w[1], -2 - second, 1e-6);
    }
}

static void fractions_of_steps_are_refused_by_key_and_value(void **state)
{
    static const struct { const char *key; double wrong, right; } cases[] = {
        { "gradient_accumulation_steps", 2.5, 2 }, { "ema_overwrite_frequency", 1.5, 1 },
    };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        dnn_component wrong = make(&dnn_optimizers, "adam", pairs(cases[i].key, dnn_node_real(cases[i].wrong), NULL));
        dnn_component right = make(&dnn_optimizers, "adam", pairs(cases[i].key, dnn_node_real(cases[i].right), NULL));
        assert_int_equal(dnn_optimizer_check(&wrong), DNN_E_CONFIG);
        assert_non_null(strstr(dnn_fail_text(), cases[i].key));
        assert_non_null(strstr(dnn_fail_text(), ".5: must be a whole number"));
        assert_int_equal(dnn_optimizer_check(&right), DNN_OK);
        dnn_component_clear(&wrong);
        dnn_component_clear(&right);
    }
}

static void counts_out_of_range_are_refused(void **state)
{
    static const struct { const char *key; double value; } wrong[] = {
        { "gradient_accumulation_steps", 1 }, { "ema_overwrite_frequency", 0 }, { "ema_momentum", 1.5 }, { "weight_decay", -0.1 },
    };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        dnn_component c = { 0 };
        assert_int_equal(try_make(&dnn_optimizers, "sgd", pairs(wrong[i].key, dnn_node_real(wrong[i].value), NULL), &c), DNN_E_CONFIG);
        assert_non_null(strstr(dnn_fail_text(), wrong[i].key));
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
        cmocka_unit_test(averages_and_sums_stand_before_the_slots_of_the_rule),
        cmocka_unit_test(only_adamw_decays_weights_unasked),
        cmocka_unit_test(weights_whose_names_hold_an_excluded_part_do_not_decay),
        cmocka_unit_test(decay_takes_rate_times_decay_of_a_weight_away),
        cmocka_unit_test(an_average_begins_at_the_weights_and_forgets_by_its_momentum),
        cmocka_unit_test(lamb_steps_by_the_ratio_of_the_norms_and_by_one_where_either_is_zero),
        cmocka_unit_test(lars_follows_its_formula_with_decay_inside_and_by_one_where_a_norm_is_zero),
        cmocka_unit_test(fractions_of_steps_are_refused_by_key_and_value),
        cmocka_unit_test(counts_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, memory_is_balanced);
}
