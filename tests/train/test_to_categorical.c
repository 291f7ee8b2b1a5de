/* Labels as one-hot rows: where a loss wants them, where it must not get them, and what is said. */
#include "trial.h"

#define RUN(how, units, activation, loss)                                                                                                  \
    "seed: 1\noutput: unused\n"                                                                                                            \
    "data: {source: {blobs: {n_samples: 20, centers: 3, n_features: 2, random_state: 1}}, to_categorical: " how "}\n"                      \
    "model: {layers: [{dense: {units: " units ", activation: " activation "}}]}\ntraining: {loss: " loss ", batch_size: 20, shuffle: false}\n"

static void expect_rows(const char *text)
{
    trial t;
    float label[20];
    uint64_t at[20];
    assert_int_equal(trial_open(NULL, text, 1, &t), DNN_OK);
    assert_true(t.run.one_hot[0] && trial_steps(&t, 1, 1));
    for (size_t i = 0; i < 20; i++) at[i] = i;
    dnn_dataset_gather_target(t.dataset, DNN_TRAIN, at, 20, 0, label);
    for (size_t i = 0; i < 20; i++)
        for (size_t c = 0; c < 3; c++) assert_true(t.run.workers[0].bays[0].target[0][3 * i + c] == (c == (size_t)label[i] ? 1.0f : 0.0f));
    trial_close(&t);
}

static void losses_of_a_value_for_each_unit_get_one_hot_rows(void **state)
{
    (void)state;
    expect_rows(RUN("auto", "3", "softmax", "categorical_crossentropy"));
    expect_rows(RUN("auto", "3", "linear", "mse"));
    expect_rows(RUN("always", "3", "softmax", "categorical_crossentropy"));
}

static void other_losses_get_the_numbers_of_classes(void **state)
{
    (void)state;
    trial t;
    assert_int_equal(trial_open(NULL, RUN("never", "3", "softmax", "sparse_categorical_crossentropy"), 1, &t), DNN_OK);
    assert_false(t.run.one_hot[0]);
    trial_close(&t);
}

static void expect_refused(const char *text, const char *word)
{
    trial t;
    assert_int_equal(trial_open(NULL, text, 1, &t), DNN_E_CONFIG);
    assert_non_null(strstr(dnn_fail_text(), "data.to_categorical"));
    assert_non_null(strstr(dnn_fail_text(), word));
    trial_close(&t);
}

static void what_contradicts_the_loss_is_refused(void **state)
{
    (void)state;
    expect_refused(RUN("always", "3", "softmax", "sparse_categorical_crossentropy"), "takes class numbers");
    expect_refused(RUN("always", "1", "linear", "mse"), "takes one value");
    expect_refused(RUN("never", "3", "softmax", "categorical_crossentropy"), "wants 3 values");
}

static int memory_is_balanced(void **state)
{
    (void)state;
    dnn_place_forget();
    return dnn_memory_balance() == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_of_a_value_for_each_unit_get_one_hot_rows),
        cmocka_unit_test(other_losses_get_the_numbers_of_classes),
        cmocka_unit_test(what_contradicts_the_loss_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, memory_is_balanced);
}
