/* Early stopping by Keras's rules. The case marked Keras was run there (3.15); the others follow the rules by hand. */
#include "train/watching.h"

static const double slow[] = { 1.0, 0.9, 0.91, 0.92, 0.9, 0.85, 0.86, 0.87, 0.88, 0.89, 0.9, 0.91 };
static const double rising[] = { 0.1, 0.2, 0.15, 0.16, 0.3, 0.29, 0.28, 0.27, 0.31, 0.3, 0.3, 0.3 };
enum { EPOCHS = 12, NEVER = -1 };

static int interrupted_after = NEVER;  /* epoch whose state goes through a checkpoint */

typedef struct outcome { int stopped, best; bool restores; } outcome;

/* Epochs (from 0) at which it stopped and last kept the weights. `text`: the callback as in a run file. */
static outcome watch(const char *text, const char *monitor, const double *values)
{
    watching w;
    outcome out = { NEVER, NEVER, false };
    dnn_wish end = { 0 };
    assert_int_equal(watching_open(text, &monitor, 1, &w), DNN_OK);
    dnn_report report = { .names = &monitor, .count = 1 };
    for (int e = 0; e < EPOCHS && out.stopped == NEVER; e++) {
        report.epoch = (uint64_t)e + 1;
        report.values = &values[e];
        const dnn_wish wish = watching_epoch(&w, &report);
        if (wish.keep) out.best = e;
        if (wish.stop) out.stopped = e;
        if (e == interrupted_after) watching_reopen(&w, &monitor, 1);
    }
    w.kind->train_end(w.component.params, w.state, &report, &end);
    out.restores = end.restore;
    watching_close(&w);
    return out;
}

static void without_patience_the_first_worse_epoch_ends_it_as_in_keras(void **state)
{
    (void)state;
    const outcome o = watch("{early_stopping: {patience: 0}}", "val_loss", slow);
    assert_int_equal(o.stopped, 2);
    assert_false(o.restores);
}

static void patience_counts_epochs_without_a_better_value_and_a_tie_is_not_better(void **state)
{
    (void)state;
    const outcome o = watch("{early_stopping: {patience: 3, restore_best_weights: true}}", "val_loss", slow);
    assert_int_equal(o.stopped, 4);
    assert_int_equal(o.best, 1);
    assert_true(o.restores);
}

static void the_best_weights_are_restored_even_if_it_never_fired(void **state)
{
    (void)state;
    const outcome o = watch("{early_stopping: {patience: 20, restore_best_weights: true}}", "val_loss", slow);
    assert_int_equal(o.stopped, NEVER);
    assert_int_equal(o.best, 5);
    assert_true(o.restores);
}

static void accuracy_is_better_when_larger_without_being_told(void **state)
{
    (void)state;
    const outcome o = watch("{early_stopping: {monitor: val_accuracy, patience: 3, restore_best_weights: true}}", "val_accuracy", rising);
    assert_int_equal(o.stopped, 7);
    assert_int_equal(o.best, 4);
}

/* Each metric's own word, behind the output's name as well; the longer name counts, and a loss is no metric that ends so. */
static void what_is_better_is_what_the_metric_says(void **state)
{
    (void)state;
    static const char *const larger[] = { "acc", "val_acc", "val_main_f1_score", "fbeta_score", "r2_score", "cosine_similarity", "sparse_top_k_categorical_accuracy" };
    static const char *const smaller[] = { "loss", "val_loss", "root_mean_squared_error", "val_main_mse", "kl_divergence", "main_loss", "notaccuracy" };
    for (size_t i = 0; i < 7; i++) assert_true(dnn_callback_maximizes(larger[i], 0) && !dnn_callback_maximizes(smaller[i], 0));
    assert_true(dnn_callback_maximizes("val_loss", 2) && !dnn_callback_maximizes("accuracy", 1));
}

static void a_change_below_min_delta_is_not_better(void **state)
{
    (void)state;
    /* 1.0, then .9 is better by .1; nothing is better than .9 - .06 but .85 is not, so three epochs after epoch 1 */
    const outcome o = watch("{early_stopping: {patience: 3, min_delta: 0.06, restore_best_weights: true}}", "val_loss", slow);
    const outcome negative = watch("{early_stopping: {patience: 3, min_delta: -0.06, restore_best_weights: true}}", "val_loss", slow);
    assert_true(negative.stopped == o.stopped && negative.best == o.best);
    assert_int_equal(o.stopped, 4);
    assert_int_equal(o.best, 1);
}

static void a_baseline_that_is_not_beaten_lets_the_wait_go_on(void **state)
{
    (void)state;
    /* .9 is better than 1.0 but not than .8, so the wait of epochs 0 and 1 adds up */
    const outcome o = watch("{early_stopping: {patience: 3, baseline: 0.8}}", "val_loss", slow);
    assert_int_equal(o.stopped, 2);
}

static void epochs_before_start_from_epoch_are_not_looked_at(void **state)
{
    (void)state;
    const outcome o = watch("{early_stopping: {patience: 1, start_from_epoch: 5}}", "val_loss", slow);
    assert_int_equal(o.stopped, 6);
}

static void an_unknown_value_to_watch_is_an_error_that_lists_what_there_is(void **state)
{
    (void)state;
    watching w;
    const char *const names[] = { "loss", "accuracy" };
    assert_int_equal(watching_open("{early_stopping: {monitor: val_los}}", names, 2, &w), DNN_E_CONFIG);
    assert_non_null(strstr(dnn_fail_text(), "loss, accuracy"));
    watching_close(&w);
}

static void absolute_change_fires_after_patience_changes_below_min_delta_in_a_row(void **state)
{
    (void)state;
    /* changes of slow: .1 .01 .01 .02 .05 .01 .01 .01 .01 .01 .01: three in a row below .03 are those of epochs 2 to 4 */
    assert_int_equal(watch("{early_stopping: {trigger: absolute_change, patience: 3, min_delta: 0.03}}", "val_loss", slow).stopped, 4);
    /* below .015 the change of epoch 4 breaks the row, which begins anew with epoch 6 */
    assert_int_equal(watch("{early_stopping: {trigger: absolute_change, patience: 3, min_delta: 0.015}}", "val_loss", slow).stopped, 8);
    /* without min_delta only the very same value counts: epochs 10 and 11 of rising */
    assert_int_equal(watch("{early_stopping: {trigger: absolute_change, patience: 2}}", "val_loss", rising).stopped, 11);
}

static void decrease_fires_after_patience_epochs_each_worse_than_the_one_before(void **state)
{
    (void)state;
    /* slow rises at 2, 3, falls at 4, 5, rises at 6, 7, 8 … */
    assert_int_equal(watch("{early_stopping: {trigger: decrease, patience: 2}}", "val_loss", slow).stopped, 3);
    assert_int_equal(watch("{early_stopping: {trigger: decrease, patience: 3}}", "val_loss", slow).stopped, 8);
    assert_int_equal(watch("{early_stopping: {trigger: decrease, patience: 3, mode: max}}", "val_loss", rising).stopped, 7);
    assert_int_equal(watch("{early_stopping: {monitor: val_accuracy, trigger: decrease, patience: 1, min_delta: 0.03}}", "val_accuracy", rising).stopped, 2);
    assert_int_equal(watch("{early_stopping: {trigger: decrease, patience: 1, min_delta: 0.03}}", "val_loss", slow).stopped, NEVER);
}

static void average_change_fires_when_the_mean_gain_of_the_last_epochs_is_too_small(void **state)
{
    (void)state;
    /* gains of slow over 4 epochs: at 4: (1.0 - .9)/4 = .025, at 5: (.9 - .85)/4 = .0125, at 6: (.91 - .86)/4 = .0125,
     * at 7: (.92 - .87)/4, at 8: (.9 - .88)/4 = .005, at 9: (.85 - .89)/4 < 0 */
    assert_int_equal(watch("{early_stopping: {trigger: average_change, patience: 4, min_delta: 0.02}}", "val_loss", slow).stopped, 5);
    assert_int_equal(watch("{early_stopping: {trigger: average_change, patience: 4, min_delta: 0.01}}", "val_loss", slow).stopped, 8);
    assert_int_equal(watch("{early_stopping: {trigger: average_change, patience: 4}}", "val_loss", slow).stopped, 9);
}

static void a_baseline_with_a_trigger_that_knows_none_is_an_error(void **state)
{
    (void)state;
    watching w;
    const char *const names[] = { "val_loss" };
    assert_int_equal(watching_open("{early_stopping: {trigger: decrease, baseline: 0.5}}", names, 1, &w), DNN_E_CONFIG);
    watching_close(&w);
    assert_int_equal(watching_open("{early_stopping: {trigger: average_change, patience: 257}}", names, 1, &w), DNN_E_CONFIG);
    watching_close(&w);
}

static void an_interruption_at_any_epoch_changes_no_decision(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{early_stopping: {patience: 3, restore_best_weights: true}}", "{early_stopping: {trigger: decrease, patience: 3}}",
        "{early_stopping: {trigger: average_change, patience: 4}}",
        "{early_stopping: {trigger: absolute_change, patience: 3, min_delta: 0.015}}" };
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        const outcome whole = watch(texts[t], "val_loss", slow);
        for (interrupted_after = 0; interrupted_after < whole.stopped; interrupted_after++) {
            const outcome parts = watch(texts[t], "val_loss", slow);
            assert_int_equal(parts.stopped, whole.stopped);
            assert_int_equal(parts.best, whole.best);
        }
        interrupted_after = NEVER;
    }
}

/* Epochs from Keras's rules written once more in Python, with float32 comparisons. */
static void baseline_first_epoch_mode_and_least_change_work_together_as_in_keras(void **state)
{
    (void)state;
    static const struct { const char *text; const double *values; outcome want; } cases[] = {
        { "{early_stopping: {patience: 2, mode: min, min_delta: 0, start_from_epoch: 0, restore_best_weights: true}}", slow, { 3, 1, true } },
        { "{early_stopping: {patience: 2, mode: min, min_delta: 0.05, start_from_epoch: 0, restore_best_weights: true}}", slow, { 3, 1, true } },
        { "{early_stopping: {patience: 3, mode: min, min_delta: 0, start_from_epoch: 0, baseline: 0.88, restore_best_weights: true}}", slow, { 2, 1, true } },
        { "{early_stopping: {patience: 3, mode: min, min_delta: 0, start_from_epoch: 0, baseline: 0.84, restore_best_weights: true}}", slow, { 2, 1, true } },
        { "{early_stopping: {patience: 3, mode: max, min_delta: 0, start_from_epoch: 0, restore_best_weights: true}}", slow, { 3, 0, true } },
        { "{early_stopping: {patience: 1, mode: min, min_delta: 0, start_from_epoch: 3, restore_best_weights: true}}", slow, { 6, 5, true } },
        { "{early_stopping: {patience: 0, mode: min, min_delta: 0, start_from_epoch: 11, restore_best_weights: true}}", slow, { NEVER, 11, true } },
        { "{early_stopping: {patience: 2, mode: min, min_delta: 0, start_from_epoch: 30, restore_best_weights: true}}", slow, { NEVER, NEVER, false } },
        { "{early_stopping: {patience: 4, mode: max, min_delta: 0.02, start_from_epoch: 0, restore_best_weights: true}}", rising, { 8, 4, true } },
        { "{early_stopping: {patience: 3, mode: max, min_delta: 0, start_from_epoch: 2, baseline: 0.25, restore_best_weights: true}}", rising, { 7, 4, true } },
        { "{early_stopping: {patience: 5, mode: max, min_delta: -0.05, start_from_epoch: 1, restore_best_weights: true}}", rising, { 9, 4, true } },
        { "{early_stopping: {patience: 2, mode: min, min_delta: 0, start_from_epoch: 0, baseline: 0.05, restore_best_weights: true}}", rising, { 1, 0, true } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const outcome o = watch(cases[i].text, "val_loss", cases[i].values);
        if (o.stopped != cases[i].want.stopped || o.best != cases[i].want.best || o.restores != cases[i].want.restores)
            fail_msg("%s: stopped %d, best %d", cases[i].text, o.stopped, o.best);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(baseline_first_epoch_mode_and_least_change_work_together_as_in_keras),
        cmocka_unit_test(without_patience_the_first_worse_epoch_ends_it_as_in_keras),
        cmocka_unit_test(patience_counts_epochs_without_a_better_value_and_a_tie_is_not_better),
        cmocka_unit_test(the_best_weights_are_restored_even_if_it_never_fired),
        cmocka_unit_test(accuracy_is_better_when_larger_without_being_told),
        cmocka_unit_test(what_is_better_is_what_the_metric_says),
        cmocka_unit_test(a_change_below_min_delta_is_not_better),
        cmocka_unit_test(a_baseline_that_is_not_beaten_lets_the_wait_go_on),
        cmocka_unit_test(epochs_before_start_from_epoch_are_not_looked_at),
        cmocka_unit_test(an_unknown_value_to_watch_is_an_error_that_lists_what_there_is),
        cmocka_unit_test(absolute_change_fires_after_patience_changes_below_min_delta_in_a_row),
        cmocka_unit_test(decrease_fires_after_patience_epochs_each_worse_than_the_one_before),
        cmocka_unit_test(average_change_fires_when_the_mean_gain_of_the_last_epochs_is_too_small),
        cmocka_unit_test(a_baseline_with_a_trigger_that_knows_none_is_an_error),
        cmocka_unit_test(an_interruption_at_any_epoch_changes_no_decision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
