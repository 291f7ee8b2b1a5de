/* The learning rate on plateaus, by Keras's rules followed by hand; the case marked Keras was run there (3.15). */
#include <math.h>

#include "train/watching.h"

static const double slow[] = { 1.0, 0.9, 0.91, 0.92, 0.9, 0.85, 0.86, 0.87, 0.88, 0.89, 0.9, 0.91 };
static const double rising[] = { 0.1, 0.2, 0.15, 0.16, 0.3, 0.29, 0.28, 0.27, 0.31, 0.3, 0.3, 0.3 };
enum { EPOCHS = 12, NEVER = -1 };

/* Rates after each epoch, from 0.1; `interrupted`: epoch after which the state goes through a checkpoint. */
static void rates(const char *text, const char *monitor, const double *values, int interrupted, double out[EPOCHS])
{
    watching w;
    double rate = 0.1;
    assert_int_equal(watching_open(text, &monitor, 1, &w), DNN_OK);
    for (int e = 0; e < EPOCHS; e++) {
        const dnn_report report = { .epoch = (uint64_t)e + 1, .learning_rate = rate, .names = &monitor, .values = &values[e], .count = 1 };
        const dnn_wish wish = watching_epoch(&w, &report);
        if (wish.scale) rate *= wish.learning_rate_factor;
        out[e] = rate;
        if (e == interrupted) watching_reopen(&w, &monitor, 1);
    }
    watching_close(&w);
}

static void check(const char *text, const char *monitor, const double *values, const double expected[EPOCHS])
{
    for (int interrupted = NEVER; interrupted < EPOCHS; interrupted++) {
        double out[EPOCHS];
        rates(text, monitor, values, interrupted, out);
        for (int e = 0; e < EPOCHS; e++) assert_true(fabs(out[e] - expected[e]) <= 1e-12 * expected[e]);
    }
}

static void with_the_defaults_twelve_epochs_pass_as_in_keras(void **state)
{
    (void)state;
    check("reduce_lr_on_plateau", "val_loss", slow, (double[]){ .1, .1, .1, .1, .1, .1, .1, .1, .1, .1, .1, .1 });
}

static void patience_epochs_without_a_better_value_lower_the_rate(void **state)
{
    (void)state;
    /* best at 1; 2, 3 wait: lowered at 3; 4 waits (a tie), 5 is better; 6, 7: lowered at 7, then at 9 and 11 */
    check("{reduce_lr_on_plateau: {patience: 2, factor: 0.5}}", "val_loss", slow,
          (double[]){ .1, .1, .1, .05, .05, .05, .05, .025, .025, .0125, .0125, .00625 });
}

static void the_cooldown_counts_down_before_the_wait_begins(void **state)
{
    (void)state;
    /* lowered at 2; 3 leaves one of two epochs of cooldown, 4 none and waits: 1 of 1: lowered at 4; 5 is better; 6 as 4 */
    check("{reduce_lr_on_plateau: {patience: 1, factor: 0.5, cooldown: 2}}", "val_loss", slow,
          (double[]){ .1, .1, .05, .05, .025, .025, .0125, .0125, .00625, .00625, .003125, .003125 });
}

static void the_rate_does_not_go_below_min_lr(void **state)
{
    (void)state;
    check("{reduce_lr_on_plateau: {patience: 1, factor: 0.1, min_lr: 0.003}}", "val_loss", slow,
          (double[]){ .1, .1, .01, .003, .003, .003, .003, .003, .003, .003, .003, .003 });
}

static void accuracy_is_better_when_larger_by_more_than_min_delta(void **state)
{
    (void)state;
    /* best .2 at 1; wait 2, 3: lowered; .3 at 4; 5, 6: lowered; 7, 8 (.31 is not above .3 + .02): lowered; 9, 10: lowered */
    check("{reduce_lr_on_plateau: {monitor: val_accuracy, patience: 2, factor: 0.5, min_delta: 0.02}}", "val_accuracy", rising,
          (double[]){ .1, .1, .1, .05, .05, .05, .025, .025, .0125, .0125, .00625, .00625 });
}

static void a_change_of_just_min_delta_is_not_better_whatever_binary_fractions_make_of_it(void **state)
{
    (void)state;
    /* .9 - .7 and .2 differ in double by a rounding; better is only .6 at 4: lowered at 1, 2, 3, then from 5 on at each */
    static const double steps[] = { 0.9, 0.7, 0.7, 0.7, 0.6, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4 };
    check("{reduce_lr_on_plateau: {patience: 1, factor: 0.5, min_delta: 0.2}}", "val_loss", steps,
          (double[]){ .1, .05, .025, .0125, .0125, .00625, .003125, .0015625, .00078125, .000390625, .0001953125, .00009765625 });
}

static void a_factor_that_lowers_nothing_is_refused(void **state)
{
    (void)state;
    watching w;
    const char *const names[] = { "val_loss" };
    assert_int_equal(watching_open("{reduce_lr_on_plateau: {factor: 1.0}}", names, 1, &w), DNN_E_CONFIG);
    watching_close(&w);
    dnn_place_forget();
    assert_int_equal((int)dnn_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_the_defaults_twelve_epochs_pass_as_in_keras),
        cmocka_unit_test(patience_epochs_without_a_better_value_lower_the_rate),
        cmocka_unit_test(the_cooldown_counts_down_before_the_wait_begins),
        cmocka_unit_test(the_rate_does_not_go_below_min_lr),
        cmocka_unit_test(accuracy_is_better_when_larger_by_more_than_min_delta),
        cmocka_unit_test(a_change_of_just_min_delta_is_not_better_whatever_binary_fractions_make_of_it),
        cmocka_unit_test(a_factor_that_lowers_nothing_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
