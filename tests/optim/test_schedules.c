/* Schedules against Keras's own numbers and their formulas. */
#include "optim/make.h"

#include <math.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/optim/schedule.h"
#include "optim/keras_values.h"

static double rate_at(const dnn_component *schedule, uint64_t step)
{
    const dnn_schedule_time time = { .step = step, .steps_per_epoch = 10, .total_steps = 100, .batch_size = 64 };
    return dnn_schedule_rate(schedule, &time);
}

static dnn_node *numbers(size_t n, const double *at)
{
    dnn_node *list = dnn_node_list();
    for (size_t i = 0; i < n; i++) assert_int_equal(dnn_node_append(list, dnn_node_real(at[i])), DNN_OK);
    return list;
}

/* The parameters with which Keras computed its values. */
static dnn_node *parameters_of(const char *name)
{
    dnn_node *p = pairs("initial_learning_rate", dnn_node_real(0.1), NULL);
    dnn_status st = DNN_OK;
    if (!strcmp(name, "piecewise_constant_decay")) {
        dnn_node_destroy(p);
        return pairs("boundaries", numbers(2, (double[]){ 5, 12 }), "values", numbers(3, (double[]){ 0.1, 0.05, 0.01 }), NULL);
    }
    if (!strcmp(name, "cosine_decay_restarts")) st = dnn_node_set(p, "first_decay_steps", dnn_node_int(6));
    else
        st = dnn_node_set(p, "decay_steps", dnn_node_int(!strcmp(name, "polynomial_decay") ? 10 : !strcmp(name, "cosine_decay") ? 20 : 5));
    if (st == DNN_OK && (!strcmp(name, "exponential_decay") || !strcmp(name, "inverse_time_decay")))
        st = dnn_node_set(p, "decay_rate", dnn_node_real(0.5));
    assert_int_equal(st, DNN_OK);
    return p;
}

static void schedules_give_the_rates_of_keras(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof keras_schedules_table / sizeof *keras_schedules_table; i++) {
        const keras_schedule *expected = &keras_schedules_table[i];
        dnn_component c = make(&dnn_schedules, expected->name, parameters_of(expected->name));
        for (uint64_t step = 0; step < KERAS_STEPS; step++)
            if (!(fabs(rate_at(&c, step) - expected->rate[step]) <= 1e-15 + 1e-12 * expected->rate[step]))
                fail_msg("%s at step %d: %.17g instead of %.17g", expected->name, (int)step, rate_at(&c, step), expected->rate[step]);
        dnn_component_clear(&c);
    }
}

static void a_bare_number_is_a_constant_rate(void **state)
{
    (void)state;
    dnn_component c = make(&dnn_optimizers, "sgd", pairs("learning_rate", dnn_node_real(0.25), NULL));
    const dnn_schedule_time late = { .step = 1000000, .steps_per_epoch = 10, .total_steps = 100 };
    assert_true(dnn_optimizer_learning_rate(&c, &late) == 0.25);
    assert_int_equal(dnn_optimizer_check(&c), DNN_OK);
    dnn_component_clear(&c);
}

static void the_default_rate_is_that_of_keras(void **state)
{
    (void)state;
    for (size_t k = 0; k < dnn_optimizers.count; k++) {
        dnn_component c = { 0 };
        const char *name = dnn_optimizers.kinds[k]->name;
        if (!dnn_optimizers.kinds[k]->keras) continue;  /* lars: Keras has none */
        assert_int_equal(dnn_component_make(&dnn_optimizers, name, &c), DNN_OK);
        assert_true(dnn_optimizer_learning_rate(&c, &(dnn_schedule_time){ 0 }) == (strcmp(name, "sgd") ? 0.001 : 0.01));
        dnn_component_clear(&c);
    }
}

static void power_falls_as_its_formula_says(void **state)
{
    (void)state;
    dnn_component c = make(&dnn_schedules, "power", pairs("initial_learning_rate", dnn_node_real(0.8), "decay_steps", dnn_node_int(10),
                                                         "power", dnn_node_real(2), NULL));
    assert_true(rate_at(&c, 0) == 0.8);
    assert_true(fabs(rate_at(&c, 10) - 0.2) < 1e-15);   /* 0.8 / 2² */
    assert_true(fabs(rate_at(&c, 30) - 0.05) < 1e-15);  /* 0.8 / 4² */
    dnn_component_clear(&c);
}

static void a_staircase_falls_at_whole_multiples_only(void **state)
{
    (void)state;
    static const char *const names[] = { "exponential_decay", "inverse_time_decay" };
    static const double after[] = { 0.25, 1.0 / 4.0 };  /* 1 · 0.5^2 and 1 / (1 + 1.5 · 2) */
    for (size_t i = 0; i < 2; i++) {
        dnn_component c = make(&dnn_schedules, names[i],
                               pairs("initial_learning_rate", dnn_node_real(1), "decay_steps", dnn_node_int(5), "decay_rate",
                                     dnn_node_real(i ? 1.5 : 0.5), "staircase", dnn_node_bool(true), NULL));
        for (uint64_t step = 0; step < 5; step++) assert_true(rate_at(&c, step) == 1.0);
        for (uint64_t step = 10; step < 15; step++) assert_true(fabs(rate_at(&c, step) - after[i]) < 1e-15);
        dnn_component_clear(&c);
    }
}

static void a_cycling_polynomial_starts_again_on_a_longer_way(void **state)
{
    (void)state;
    dnn_component c = make(&dnn_schedules, "polynomial_decay",
                           pairs("initial_learning_rate", dnn_node_real(1), "decay_steps", dnn_node_int(10), "end_learning_rate",
                                 dnn_node_real(0), "cycle", dnn_node_bool(true), NULL));
    assert_true(rate_at(&c, 0) == 1.0);
    assert_true(fabs(rate_at(&c, 5) - 0.5) < 1e-15);
    assert_true(fabs(rate_at(&c, 10)) < 1e-15);
    assert_true(fabs(rate_at(&c, 11) - 0.45) < 1e-15);  /* 1 - 11/20 */
    assert_true(fabs(rate_at(&c, 15) - 0.25) < 1e-15);
    dnn_component_clear(&c);
}

static void a_cosine_warms_up_in_a_straight_line_that_its_steps_do_not_count(void **state)
{
    (void)state;
    dnn_component c = make(&dnn_schedules, "cosine_decay",
                           pairs("initial_learning_rate", dnn_node_real(0), "decay_steps", dnn_node_int(20), "warmup_target",
                                 dnn_node_real(0.4), "warmup_steps", dnn_node_int(4), "alpha", dnn_node_real(0.1), NULL));
    for (uint64_t step = 0; step <= 4; step++) assert_true(fabs(rate_at(&c, step) - 0.1 * (double)step) < 1e-15);
    assert_true(fabs(rate_at(&c, 14) - 0.22) < 1e-15);  /* half way: 0.4 · (0.9 · 0.5 + 0.1) */
    for (uint64_t step = 24; step < 30; step++) assert_true(fabs(rate_at(&c, step) - 0.04) < 1e-15);
    dnn_component_clear(&c);
}

/* Straight lines between these points. */
typedef struct corner { uint64_t step; double rate; } corner;

static void follows(const dnn_component *schedule, const corner *at, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++)
        for (uint64_t step = at[i].step; step <= at[i + 1].step; step++) {
            const double share = (double)(step - at[i].step) / (double)(at[i + 1].step - at[i].step);
            const double expected = at[i].rate + share * (at[i + 1].rate - at[i].rate), got = rate_at(schedule, step);
            if (!(fabs(got - expected) < 1e-14)) fail_msg("step %d: %.17g instead of %.17g", (int)step, got, expected);
        }
}

static void one_cycle_goes_up_down_and_far_below(void **state)
{
    (void)state;
    /* 100 steps of the run: the last 100/10 + 1 = 11 apart, 44 up and 44 down, the odd one goes to the end. */
    static const corner usual[] = { { 0, 0.1 }, { 44, 1 }, { 88, 0.1 }, { 100, 0.0001 }, { 120, 0.0001 } };
    static const corner own[] = { { 0, 0.2 }, { 20, 0.5 }, { 40, 0.2 }, { 50, 0 }, { 70, 0 } };
    dnn_component c = make(&dnn_schedules, "one_cycle", pairs("max_rate", dnn_node_real(1), NULL));
    follows(&c, usual, 5);
    dnn_component_clear(&c);
    c = make(&dnn_schedules, "one_cycle", pairs("max_rate", dnn_node_real(0.5), "start_rate", dnn_node_real(0.2), "total_steps", dnn_node_int(50),
                                                "last_steps", dnn_node_int(10), "last_rate", dnn_node_real(0), NULL));
    follows(&c, own, 5);
    for (uint64_t total = 0; total < 5; total++) /* runs too short for a cycle */
        assert_true(isfinite(dnn_schedule_rate(&c, &(dnn_schedule_time){ .step = total / 2, .steps_per_epoch = 1, .total_steps = total })));
    dnn_component_clear(&c);
}

static double momentum_at(const dnn_component *schedule, uint64_t step)
{
    return dnn_schedule_momentum(schedule, &(dnn_schedule_time){ .step = step, .steps_per_epoch = 10, .total_steps = 100, .batch_size = 64 });
}

static void the_momentum_of_one_cycle_is_low_where_the_rate_is_high(void **state)
{
    (void)state;
    dnn_component c = make(&dnn_schedules, "one_cycle", pairs("max_rate", dnn_node_real(1), NULL));
    assert_true(isnan(momentum_at(&c, 0)) && isnan(momentum_at(&c, 50)) && !dnn_schedule_moves_momentum(&c));
    dnn_component_clear(&c);
    c = make(&dnn_schedules, "one_cycle", pairs("max_rate", dnn_node_real(1), "cycle_momentum", dnn_node_bool(true), NULL));
    assert_true(dnn_schedule_moves_momentum(&c));
    for (uint64_t step = 0; step <= 44; step++) { /* a line of 44 steps down, one of 44 up */
        const double expected = 0.95 - 0.1 * (double)step / 44;
        assert_true(fabs(momentum_at(&c, step) - expected) < 1e-15 && fabs(momentum_at(&c, 88 - step) - expected) < 1e-15);
    }
    for (uint64_t step = 88; step < 120; step++) assert_true(momentum_at(&c, step) == 0.95);
    dnn_component_clear(&c);
    /* Wrapped, it waits at its first value while the rate warms up: of the 80 steps left 35 go down. */
    dnn_node *cycle = pairs("one_cycle", pairs("max_rate", dnn_node_real(1), "cycle_momentum", dnn_node_bool(true), "max_momentum", dnn_node_real(0.9),
                                               "min_momentum", dnn_node_real(0.5), NULL), NULL);
    c = make(&dnn_schedules, "warmup", pairs("steps", dnn_node_int(20), "of", pairs("scale_with_batch", pairs("of", cycle, NULL), NULL), NULL));
    assert_true(momentum_at(&c, 0) == 0.9 && momentum_at(&c, 20) == 0.9 && momentum_at(&c, 55) == 0.5 && momentum_at(&c, 95) == 0.9);
    dnn_component_clear(&c);
}

/* Two updates by hand with momenta 0.9 and 0.5: m = b m - lr g for sgd, w += m. */
static void sgd_and_rmsprop_take_the_momentum_of_the_step(void **state)
{
    (void)state;
    static const double momenta[] = { 0.9, 0.5 };
    for (int k = 0; k < 2; k++) {
        dnn_node *cycle = pairs("one_cycle", pairs("max_rate", dnn_node_real(1), "cycle_momentum", dnn_node_bool(true), NULL), NULL);
        dnn_component c = k ? make(&dnn_optimizers, "rmsprop", pairs("learning_rate", cycle, "rho", dnn_node_real(0), "epsilon", dnn_node_real(1e-30), NULL))
                            : make(&dnn_optimizers, "sgd", pairs("learning_rate", cycle, NULL));
        const dnn_optimizer_kind *kind = (const dnn_optimizer_kind *)c.kind;
        const size_t slots = kind->slots(c.params);
        float w = 1, g = 2, slot[2] = { 0, 0 };
        assert_int_equal(dnn_optimizer_check(&c), DNN_OK);
        assert_int_equal(slots, k + 1); /* kept though the optimizer's own momentum is 0 */
        assert_string_equal(kind->slot_name(c.params, (size_t)k), "momentum");
        for (uint64_t t = 1; t <= 2; t++)
            kind->update(c.params, &(dnn_update){ .n = 1, .w = &w, .g = &g, .slot = { &slot[0], &slot[1] }, .learning_rate = 0.25, .t = t,
                                                  .momentum = &momenta[t - 1] });
        /* sgd moves by -0.5 and -0.75; rmsprop, with g / |g| = 1, by -0.25 and -0.375 */
        assert_float_equal((double)w, k ? 1 - 0.25 - 0.375 : 1 - 0.5 - 0.75, 1e-6);
        dnn_component_clear(&c);
    }
}

static void a_warm_up_leads_to_the_first_rate_of_what_follows(void **state)
{
    (void)state;
    static const corner constant[] = { { 0, 0 }, { 5, 0.4 }, { 90, 0.4 } }, started[] = { { 0, 0.1 }, { 20, 0.3 } };
    static const corner cycle[] = { { 0, 0 }, { 20, 0.1 }, { 55, 1 }, { 90, 0.1 }, { 100, 0.0001 } };
    dnn_component c = make(&dnn_schedules, "warmup", pairs("steps", dnn_node_int(5), "of", dnn_node_real(0.4), NULL));
    follows(&c, constant, 3);
    dnn_component_clear(&c);
    dnn_node *decay = pairs("initial_learning_rate", dnn_node_real(0.3), "decay_steps", dnn_node_int(4), "decay_rate", dnn_node_real(0.5), NULL);
    c = make(&dnn_schedules, "warmup", pairs("steps", dnn_node_int(20), "start_rate", dnn_node_real(0.1), "of",
                                             pairs("exponential_decay", decay, NULL), NULL));
    follows(&c, started, 2);
    assert_true(fabs(rate_at(&c, 28) - 0.075) < 1e-15);  /* 8 steps of its own: 0.3 · 0.5² */
    dnn_component_clear(&c);
    /* The 80 steps that are left: the last 9 apart, 35 up and 35 down. */
    c = make(&dnn_schedules, "warmup", pairs("steps", dnn_node_int(20), "of",
                                             pairs("one_cycle", pairs("max_rate", dnn_node_real(1), NULL), NULL), NULL));
    follows(&c, cycle, 5);
    dnn_component_clear(&c);
}

static void a_warm_up_of_epochs_has_the_steps_that_these_have(void **state)
{
    (void)state;
    static const corner two[] = { { 0, 0 }, { 20, 0.4 }, { 90, 0.4 } }, part[] = { { 0, 0.1 }, { 3, 0.4 }, { 90, 0.4 } };
    dnn_component c = make(&dnn_schedules, "warmup", pairs("epochs", dnn_node_int(2), "of", dnn_node_real(0.4), NULL));
    follows(&c, two, 3);
    assert_int_equal(dnn_schedule_check(&c), DNN_OK);
    dnn_component_clear(&c);
    c = make(&dnn_schedules, "warmup", pairs("epochs", dnn_node_real(0.25), "start_rate", dnn_node_real(0.1), "of", dnn_node_real(0.4), NULL));
    follows(&c, part, 3); /* 2.5 steps are 3 */
    dnn_component_clear(&c);
    /* What follows counts the 80 steps that are left. */
    c = make(&dnn_schedules, "warmup", pairs("epochs", dnn_node_int(2), "of", pairs("one_cycle", pairs("max_rate", dnn_node_real(1), NULL), NULL), NULL));
    assert_true(rate_at(&c, 20) == 0.1 && rate_at(&c, 55) == 1);
    dnn_component_clear(&c);
}

static void the_linear_rule_multiplies_by_the_share_of_the_base(void **state)
{
    (void)state;
    dnn_component c = make(&dnn_schedules, "scale_with_batch", dnn_node_real(0.1));
    assert_true(fabs(rate_at(&c, 3) - 0.025) < 1e-16);  /* 64 rows of 256 */
    dnn_component_clear(&c);
    dnn_node *halves = pairs("exponential_decay", pairs("initial_learning_rate", dnn_node_real(0.1), "decay_steps", dnn_node_int(1), "decay_rate",
                                                        dnn_node_real(0.5), NULL), NULL);
    c = make(&dnn_schedules, "scale_with_batch", pairs("base", dnn_node_int(32), "of", halves, NULL));
    assert_true(fabs(rate_at(&c, 2) - 0.05) < 1e-16);   /* 0.1 / 4 · 64 / 32 */
    dnn_component_clear(&c);
}

static void the_square_root_rule_multiplies_by_the_root_of_the_share(void **state)
{
    (void)state;
    static const double powers[] = { 0, 0.5, 1 }, factors[] = { 1, 2, 4 }; /* 64 rows of 16 */
    for (size_t i = 0; i < 3; i++) {
        dnn_component c = make(&dnn_schedules, "scale_with_batch", pairs("of", dnn_node_real(0.1), "base", dnn_node_int(16), "power", dnn_node_real(powers[i]), NULL));
        assert_true(fabs(rate_at(&c, 3) - 0.1 * factors[i]) < 1e-15);
        dnn_component_clear(&c);
    }
}

static void a_schedule_may_count_epochs(void **state)
{
    (void)state;
    dnn_component c = make(&dnn_schedules, "exponential_decay",
                           pairs("initial_learning_rate", dnn_node_real(1), "decay_steps", dnn_node_int(1), "decay_rate", dnn_node_real(0.5),
                                 "step_unit", dnn_node_string("epoch"), NULL));
    for (uint64_t step = 0; step < 40; step++) assert_true(rate_at(&c, step) == 1.0 / (double)(1 << step / 10));
    assert_false(dnn_schedule_is_keras(&c));  /* Keras would take the epochs for steps */
    dnn_component_clear(&c);
    /* 10 epochs: the last 2 apart, 4 up, 4 down. */
    c = make(&dnn_schedules, "one_cycle", pairs("max_rate", dnn_node_real(1), "step_unit", dnn_node_string("epoch"), NULL));
    assert_true(rate_at(&c, 9) == 0.1 && fabs(rate_at(&c, 29) - 0.55) < 1e-15 && rate_at(&c, 40) == 1 && rate_at(&c, 49) == 1);
    dnn_component_clear(&c);
    /* The warm-up counts epochs, and what it wraps with it. */
    dnn_node *halves = pairs("exponential_decay", pairs("initial_learning_rate", dnn_node_real(1), "decay_steps", dnn_node_int(1), "decay_rate",
                                                        dnn_node_real(0.5), NULL), NULL);
    c = make(&dnn_schedules, "warmup", pairs("steps", dnn_node_int(2), "of", halves, "step_unit", dnn_node_string("epoch"), NULL));
    static const double rates[] = { 0, 0.5, 1, 0.5, 0.25 };
    for (uint64_t step = 0; step < 50; step++) assert_true(rate_at(&c, step) == rates[step / 10]);
    dnn_component_clear(&c);
}

static void refuses(dnn_node *schedule, const char *word)
{
    dnn_component c = make(&dnn_optimizers, "sgd", pairs("learning_rate", schedule, NULL));
    assert_int_equal(dnn_optimizer_check(&c), DNN_E_CONFIG);
    assert_non_null(strstr(dnn_fail_text(), word));
    dnn_component_clear(&c);
}

static void what_rows_cannot_say_is_checked(void **state)
{
    (void)state;
    refuses(pairs("piecewise_constant_decay", pairs("boundaries", numbers(2, (double[]){ 5, 12 }), "values", numbers(2, (double[]){ 1, 2 }), NULL),
                  NULL), "one more than the 2 boundaries");
    refuses(pairs("piecewise_constant_decay", pairs("boundaries", numbers(2, (double[]){ 12, 5 }), "values", numbers(3, (double[]){ 1, 2, 3 }), NULL),
                  NULL), "must rise");
    refuses(pairs("cosine_decay", pairs("initial_learning_rate", dnn_node_real(0.1), "decay_steps", dnn_node_int(5), "warmup_steps",
                                        dnn_node_int(5), NULL), NULL), "needs warmup_target");
    refuses(pairs("one_cycle", pairs("max_rate", dnn_node_real(1), "total_steps", dnn_node_int(10), "last_steps", dnn_node_int(10), NULL), NULL),
            "must be less than total_steps");
    refuses(pairs("one_cycle", pairs("max_rate", dnn_node_real(1), "total_steps", dnn_node_real(10.5), NULL), NULL), "whole number");
    refuses(pairs("one_cycle", pairs("max_rate", dnn_node_real(1), "cycle_momentum", dnn_node_bool(true), "min_momentum", dnn_node_real(0.97), NULL), NULL),
            "one_cycle.min_momentum");
    refuses(pairs("warmup", pairs("of", dnn_node_real(1), NULL), NULL), "one of them");
    refuses(pairs("warmup", pairs("of", dnn_node_real(1), "steps", dnn_node_int(3), "epochs", dnn_node_int(1), NULL), NULL), "not as both");
    refuses(pairs("warmup", pairs("of", dnn_node_real(1), "steps", dnn_node_real(2.5), NULL), NULL), "warmup.steps = 2.5: must be a whole number");
    dnn_component adam = make(&dnn_optimizers, "adam", pairs("learning_rate", pairs("one_cycle", pairs("max_rate", dnn_node_real(1), "cycle_momentum",
                                                             dnn_node_bool(true), NULL), NULL), NULL));
    assert_int_equal(dnn_optimizer_check(&adam), DNN_E_CONFIG);
    assert_non_null(strstr(dnn_fail_text(), "sgd or rmsprop"));
    dnn_component_clear(&adam);
    dnn_node *bad = pairs("one_cycle", pairs("max_rate", dnn_node_real(1), "last_steps", dnn_node_real(1.5), NULL), NULL);
    refuses(pairs("warmup", pairs("steps", dnn_node_int(10), "of", pairs("scale_with_batch", pairs("of", bad, NULL), NULL), NULL), NULL),
            "one_cycle.last_steps");
}

static void every_kind_tells_what_it_is(void **state)
{
    (void)state;
    const dnn_family *const families[] = { &dnn_schedules, &dnn_optimizers };
    for (size_t f = 0; f < 2; f++)
        for (size_t k = 0; k < families[f]->count; k++) {
            const dnn_kind *kind = families[f]->kinds[k];
            assert_ptr_equal(dnn_family_find(families[f], kind->name), kind);
            assert_true(kind->help && *kind->help);
            for (size_t i = 0; i < kind->n_params; i++) assert_true(kind->params[i].help && *kind->params[i].help);
        }
}

static void nothing_stays_allocated(void **state)
{
    (void)state;
    dnn_place_forget();
    assert_int_equal(dnn_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schedules_give_the_rates_of_keras),
        cmocka_unit_test(a_bare_number_is_a_constant_rate),
        cmocka_unit_test(the_default_rate_is_that_of_keras),
        cmocka_unit_test(power_falls_as_its_formula_says),
        cmocka_unit_test(a_staircase_falls_at_whole_multiples_only),
        cmocka_unit_test(a_cycling_polynomial_starts_again_on_a_longer_way),
        cmocka_unit_test(a_cosine_warms_up_in_a_straight_line_that_its_steps_do_not_count),
        cmocka_unit_test(one_cycle_goes_up_down_and_far_below),
        cmocka_unit_test(the_momentum_of_one_cycle_is_low_where_the_rate_is_high),
        cmocka_unit_test(sgd_and_rmsprop_take_the_momentum_of_the_step),
        cmocka_unit_test(a_warm_up_leads_to_the_first_rate_of_what_follows),
        cmocka_unit_test(a_warm_up_of_epochs_has_the_steps_that_these_have),
        cmocka_unit_test(the_linear_rule_multiplies_by_the_share_of_the_base),
        cmocka_unit_test(the_square_root_rule_multiplies_by_the_root_of_the_share),
        cmocka_unit_test(a_schedule_may_count_epochs),
        cmocka_unit_test(what_rows_cannot_say_is_checked),
        cmocka_unit_test(every_kind_tells_what_it_is),
        cmocka_unit_test(nothing_stays_allocated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
