/* `check` finds what `train` would fail on before its first step, and leaves nothing behind. */
#include "train/runs.h"

static const char *const run_file =
    "seed: 5\noutput: never-made\n"
    "data: {source: {blobs: {n_samples: 60, centers: 3, n_features: 4, random_state: 2}}, split: {validation: 12}}\n"
    "model: {layers: [{dense: {units: 3, activation: softmax}}]}\n"
    "training: {loss: sparse_categorical_crossentropy, optimizer: {sgd: {learning_rate: 0.1}}, batch_size: 12}\n";

static dnn_status check(const char *override)
{
    const dnn_check_request request = { .run_file = in_folder("run.yaml"), .overrides = &override, .n_overrides = override ? 1 : 0 };
    return dnn_check(&request);
}

static void a_run_file_that_is_right_passes(void **state)
{
    (void)state;
    assert_int_equal(check(NULL), DNN_OK);
    assert_int_equal(check("training.callbacks=[{early_stopping: {monitor: val_loss}}]"), DNN_OK);
    assert_false(dnn_file_exists("never-made"));
}

static void a_callback_that_watches_what_is_not_reported_is_found(void **state)
{
    (void)state;
    assert_int_equal(check("training.callbacks=[{early_stopping: {monitor: val_accuracy}}]"), DNN_E_CONFIG);
    assert_non_null(strstr(dnn_fail_text(), "this run has loss, val_loss"));
}

static void a_phase_that_freezes_what_is_not_there_is_found(void **state)
{
    (void)state;
    assert_int_equal(check("training.phases=[{epochs: 1, freeze: conv*}]"), DNN_E_CONFIG);
}

static void weights_of_another_network_to_start_from_are_found(void **state)
{
    (void)state;
    assert_int_equal(runs_train(NULL, "run", NULL, DNN_RESUME_NONE, NULL, false), DNN_OK);
    char start[700];
    snprintf(start, sizeof start, "model.weights=%s", in_folder("run/model.h5"));
    assert_int_equal(check(start), DNN_OK);
    snprintf(start, sizeof start, "model={layers: [{dense: {units: 5}}, {dense: {units: 3, activation: softmax}}], weights: %s}", in_folder("run/model.h5"));
    assert_int_equal(check(start), DNN_E_MODEL);
}

int main(void)
{
    if (runs_begin(NULL, run_file) != DNN_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_file_that_is_right_passes),
        cmocka_unit_test(a_callback_that_watches_what_is_not_reported_is_found),
        cmocka_unit_test(a_phase_that_freezes_what_is_not_there_is_found),
        cmocka_unit_test(weights_of_another_network_to_start_from_are_found),
    };
    return runs_end(NULL, cmocka_run_group_tests(tests, NULL, NULL));
}
