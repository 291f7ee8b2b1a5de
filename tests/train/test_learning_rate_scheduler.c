/* Learning rates that change from epoch to epoch. */
#include <math.h>

#include "train/watching.h"

static double at(const watching *w, uint64_t step)
{
    const dnn_schedule_time time = { .step = step, .steps_per_epoch = 10, .total_steps = 60 };
    return w->kind->learning_rate(w->component.params, 0.5, &time);
}

static void a_map_holds_a_rate_until_its_next_epoch_and_the_optimizers_before_its_first(void **state)
{
    (void)state;
    watching w;
    assert_int_equal(watching_open("{learning_rate_scheduler: {epochs: {4: 0.01, 2: 0.1}}}", NULL, 0, &w), DNN_OK);
    assert_true(at(&w, 0) == 0.5 && at(&w, 19) == 0.5);
    assert_true(at(&w, 20) == 0.1 && at(&w, 39) == 0.1);
    assert_true(at(&w, 40) == 0.01 && at(&w, 1000) == 0.01);
    watching_close(&w);
}

static void a_schedule_counts_epochs_and_is_constant_within(void **state)
{
    (void)state;
    watching w;
    const char *text = "{learning_rate_scheduler: {schedule: {exponential_decay: {initial_learning_rate: 0.8, decay_steps: 1, decay_rate: 0.5}}}}";
    assert_int_equal(watching_open(text, NULL, 0, &w), DNN_OK);
    for (uint64_t step = 0; step < 60; step++) assert_true(fabs(at(&w, step) - 0.8 * pow(0.5, (double)(step / 10))) < 1e-15);
    watching_close(&w);
}

static void what_does_not_fit_is_refused_with_its_place(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "learning_rate_scheduler", "{learning_rate_scheduler: {epochs: {0: 0.1}, schedule: 0.1}}", "{learning_rate_scheduler: {epochs: {}}}",
        "{learning_rate_scheduler: {epochs: {first: 0.1}}}", "{learning_rate_scheduler: {epochs: {-1: 0.1}}}",
        "{learning_rate_scheduler: {epochs: {0: small}}}", "{learning_rate_scheduler: {epochs: {0: -0.1}}}",
        "{learning_rate_scheduler: {epochs: 3}}",
        "{learning_rate_scheduler: {schedule: {piecewise_constant_decay: {boundaries: [1, 2], values: [0.1, 0.2]}}}}" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        watching w;
        assert_int_equal(watching_open(texts[i], NULL, 0, &w), DNN_E_CONFIG);
        assert_non_null(strstr(dnn_fail_text(), "command line"));
        watching_close(&w);
    }
    dnn_place_forget();
    assert_int_equal((int)dnn_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_map_holds_a_rate_until_its_next_epoch_and_the_optimizers_before_its_first),
        cmocka_unit_test(a_schedule_counts_epochs_and_is_constant_within),
        cmocka_unit_test(what_does_not_fit_is_refused_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
