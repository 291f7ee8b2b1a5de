/* Early stopping by Keras's rules. The case marked Keras was run there (3.15); the others follow the rules by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/io/tree.h"
#include "dnn/train/callback.h"

static const double slow[] = { 1.0, 0.9, 0.91, 0.92, 0.9, 0.85, 0.86, 0.87, 0.88, 0.89, 0.9, 0.91 };
static const double rising[] = { 0.1, 0.2, 0.15, 0.16, 0.3, 0.29, 0.28, 0.27, 0.31, 0.3, 0.3, 0.3 };
enum { EPOCHS = 12, NEVER = -1 };

typedef struct outcome { int stopped, best; bool restores; } outcome;

/* Epochs (from 0) at which it stopped and last kept the weights. `text`: the callback as in a run file. */
static outcome watch(const char *text, const char *monitor, const double *values)
{
    dnn_node *node = NULL;
    dnn_component component = { 0 };
    outcome out = { NEVER, NEVER, false };
    dnn_wish end = { 0 };
    assert_int_equal(dnn_yaml_value(text, &node), DNN_OK);
    assert_int_equal(dnn_component_read(&dnn_callbacks, node, &component), DNN_OK);
    const dnn_callback_kind *kind = (const dnn_callback_kind *)component.kind;
    void *state = dnn_alloc(1, kind->state_size);
    assert_int_equal(kind->begin(&component, &monitor, 1, state), DNN_OK);
    dnn_report report = { .names = &monitor, .count = 1 };
    for (int e = 0; e < EPOCHS && out.stopped == NEVER; e++) {
        dnn_wish wish = { 0 };
        report.epoch = (uint64_t)e + 1;
        report.values = &values[e];
        kind->epoch_end(component.params, state, &report, &wish);
        if (wish.keep) out.best = e;
        if (wish.stop) out.stopped = e;
    }
    kind->train_end(component.params, state, &report, &end);
    out.restores = end.restore;
    dnn_free(state);
    dnn_component_clear(&component);
    dnn_node_destroy(node);
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

static void a_change_below_min_delta_is_not_better(void **state)
{
    (void)state;
    /* 1.0, then .9 is better by .1; nothing is better than .9 - .06 but .85 is not, so three epochs after epoch 1 */
    const outcome o = watch("{early_stopping: {patience: 3, min_delta: 0.06, restore_best_weights: true}}", "val_loss", slow);
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
    dnn_node *node = NULL;
    dnn_component component = { 0 };
    const char *const names[] = { "loss", "accuracy" };
    assert_int_equal(dnn_yaml_value("{early_stopping: {monitor: val_los}}", &node), DNN_OK);
    assert_int_equal(dnn_component_read(&dnn_callbacks, node, &component), DNN_OK);
    char memory[256] = { 0 };
    const dnn_callback_kind *kind = (const dnn_callback_kind *)component.kind;
    assert_true(kind->state_size <= sizeof memory);
    assert_int_equal(kind->begin(&component, names, 2, memory), DNN_E_CONFIG);
    assert_non_null(strstr(dnn_fail_text(), "loss, accuracy"));
    dnn_component_clear(&component);
    dnn_node_destroy(node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_patience_the_first_worse_epoch_ends_it_as_in_keras),
        cmocka_unit_test(patience_counts_epochs_without_a_better_value_and_a_tie_is_not_better),
        cmocka_unit_test(the_best_weights_are_restored_even_if_it_never_fired),
        cmocka_unit_test(accuracy_is_better_when_larger_without_being_told),
        cmocka_unit_test(a_change_below_min_delta_is_not_better),
        cmocka_unit_test(a_baseline_that_is_not_beaten_lets_the_wait_go_on),
        cmocka_unit_test(epochs_before_start_from_epoch_are_not_looked_at),
        cmocka_unit_test(an_unknown_value_to_watch_is_an_error_that_lists_what_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
