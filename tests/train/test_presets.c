/* What `preset` makes of a run file: tables 11-3 and 11-4 of Géron's book wherever the file does not say otherwise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dnn/base/memory.h"
#include "dnn/train/config.h"

static dnn_node *root;

/* The tree of a moons run with these layers and whatever else is given, expanded. */
static dnn_status load(const char *preset, const char *layers, const char *more, const char *further)
{
    const char *overrides[] = { "output=o", "data.source=moons", "data.split.validation=20", layers, "training={loss: binary_crossentropy}", preset, more, further };
    const size_t count = 6 + (more != NULL) + (further != NULL);
    return dnn_config_load(NULL, NULL, overrides, count, &root);
}

static const char *text(const char *path)
{
    const dnn_node *node = dnn_node_at(root, path);
    return node && node->text ? node->text : "(nothing)";
}

static const dnn_node *at(const char *path) { return dnn_node_at(root, path); }

static int teardown(void **state)
{
    (void)state;
    dnn_node_destroy(root);
    root = NULL;
    dnn_place_forget();
    assert_int_equal(dnn_memory_balance(), 0);
    return 0;
}

static const char two[] = "model.layers=[{dense: 8}, {dense: {units: 8}}, {dense: {units: 1, activation: sigmoid}}]";
static const char six[] = "model.layers=[{dense: 8}, {repeat: {times: 4, layers: [{dense: 8}]}}, {dense: {units: 1}}]";

static void the_default_gives_hidden_layers_he_normal_and_elu_and_leaves_the_output_alone(void **state)
{
    (void)state;
    assert_int_equal(load("preset=default", two, NULL, NULL), DNN_OK);
    assert_null(at("preset"));
    assert_int_equal(at("model.layers")->count, 3);
    assert_string_equal(text("model.layers.0.dense.kernel_initializer"), "he_normal");
    assert_string_equal(text("model.layers.1.dense.activation"), "elu");
    assert_null(at("model.layers.2.dense.kernel_initializer"));
    assert_string_equal(text("model.layers.2.dense.activation"), "sigmoid");
}

static void it_trains_with_momentum_one_cycle_and_early_stopping(void **state)
{
    (void)state;
    assert_int_equal(load("preset=default", two, NULL, NULL), DNN_OK);
    assert_true(at("training.optimizer.sgd.momentum")->real == 0.9);
    assert_true(at("training.optimizer.sgd.learning_rate.one_cycle.max_rate")->real == 0.02);
    assert_int_equal(at("training.callbacks")->count, 1);
    assert_true(at("training.callbacks.0.early_stopping.restore_best_weights")->boolean);
}

static void five_hidden_layers_are_deep_and_get_batch_normalization_between_them(void **state)
{
    (void)state;
    assert_int_equal(load("preset=default", six, NULL, NULL), DNN_OK);
    assert_non_null(at("model.layers.0.dense"));
    assert_non_null(at("model.layers.1.repeat.layers.0.batch_normalization"));
    assert_non_null(at("model.layers.1.repeat.layers.1.dense"));
    assert_non_null(at("model.layers.2.batch_normalization"));
    assert_int_equal(at("model.layers")->count, 4);
}

static void four_are_not_nor_are_any_where_the_file_normalizes_itself_or_says_never(void **state)
{
    (void)state;
    assert_int_equal(load("preset=default", six, "model.layers.1.repeat.times=3", NULL), DNN_OK);
    assert_int_equal(at("model.layers")->count, 3);
    teardown(state);
    assert_int_equal(load("preset={default: {deep: 0}}", six, NULL, NULL), DNN_OK);
    assert_int_equal(at("model.layers")->count, 3);
    teardown(state);
    assert_int_equal(load("preset=default", "model.layers=[{dense: 8}, batch_normalization, {repeat: {times: 9, layers: [{dense: 8}]}}, {dense: 1}]", NULL, NULL), DNN_OK);
    assert_int_equal(at("model.layers")->count, 4);
}

static void what_the_file_says_itself_stays(void **state)
{
    (void)state;
    assert_int_equal(load("preset=default", two, "training.optimizer=adam", "model.defaults={dense: {activation: tanh}}"), DNN_OK);
    assert_string_equal(text("training.optimizer"), "adam");
    assert_null(at("model.layers.0.dense.activation"));
    assert_string_equal(text("model.layers.0.dense.kernel_initializer"), "he_normal");
    teardown(state);
    assert_int_equal(load("preset=default", two, "training.optimizer={sgd: {learning_rate: 0.5}}", "training.callbacks=[{early_stopping: {patience: 3}}]"), DNN_OK);
    assert_true(at("training.optimizer.sgd.learning_rate")->real == 0.5);
    assert_true(at("training.optimizer.sgd.momentum")->real == 0.9);
    assert_int_equal(at("training.callbacks")->count, 1);
    assert_int_equal(at("training.callbacks.0.early_stopping.patience")->integer, 3);
}

static void a_callback_that_moves_the_rate_takes_the_place_of_the_schedule(void **state)
{
    (void)state;
    assert_int_equal(load("preset=default", two, "training.callbacks=reduce_lr_on_plateau", NULL), DNN_OK);
    assert_null(at("training.optimizer.sgd.learning_rate"));
    assert_int_equal(at("training.callbacks")->count, 2);
}

static void an_activation_written_as_a_layer_is_not_doubled(void **state)
{
    (void)state;
    assert_int_equal(load("preset=default", "model.layers=[{dense: 8}, leaky_relu, {dense: 1}]", NULL, NULL), DNN_OK);
    assert_null(at("model.layers.0.dense.activation"));
    assert_string_equal(text("model.layers.0.dense.kernel_initializer"), "he_normal");
}

static void named_outputs_keep_their_activation_wherever_they_stand(void **state)
{
    (void)state;
    assert_int_equal(load("preset=default", "model.layers=[{dense: {units: 1, name: aux}}, {dense: 8}, {dense: {units: 1, name: main}}]", "model.outputs=[main, aux]", NULL), DNN_OK);
    assert_null(at("model.layers.0.dense.activation"));
    assert_string_equal(text("model.layers.1.dense.activation"), "elu");
    assert_null(at("model.layers.2.dense.activation"));
}

static void self_normalizing_is_selu_with_lecun_normal_and_never_normalizes(void **state)
{
    (void)state;
    assert_int_equal(load("preset=self_normalizing", six, NULL, NULL), DNN_OK);
    assert_string_equal(text("model.layers.0.dense.activation"), "selu");
    assert_string_equal(text("model.layers.1.repeat.layers.0.dense.kernel_initializer"), "lecun_normal");
    assert_int_equal(at("model.layers")->count, 3);
    assert_true(at("training.optimizer.sgd.learning_rate.one_cycle.max_rate")->real == 0.01);
}

static void alpha_dropout_comes_where_it_is_asked_for(void **state)
{
    (void)state;
    assert_int_equal(load("preset={self_normalizing: {alpha_dropout: 0.1}}", two, NULL, NULL), DNN_OK);
    assert_int_equal(at("model.layers")->count, 5);
    assert_true(at("model.layers.1.alpha_dropout.rate")->real == 0.1);
    assert_true(at("model.layers.3.alpha_dropout.rate")->real == 0.1);
}

static void layers_that_read_others_by_name_still_read_them(void **state)
{
    (void)state;
    assert_int_equal(load("preset={default: {deep: 1}}", "model.layers=[{dense: {units: 8, name: a}}, {dense: {units: 8, inputs: a}}, {add: {inputs: [a, dense]}}, {dense: 1}]",
                          NULL, NULL), DNN_OK);
    assert_string_equal(text("model.layers.1.batch_normalization.inputs"), "a");
    assert_null(at("model.layers.2.dense.inputs"));
    assert_string_equal(text("model.layers.3.add.inputs.1"), "dense");
}

static void an_unknown_preset_is_refused_with_the_nearest_name(void **state)
{
    (void)state;
    assert_int_equal(load("preset=defaults", two, NULL, NULL), DNN_E_CONFIG);
    assert_non_null(strstr(dnn_fail_text(), "did you mean 'default'?"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_default_gives_hidden_layers_he_normal_and_elu_and_leaves_the_output_alone, teardown),
        cmocka_unit_test_teardown(it_trains_with_momentum_one_cycle_and_early_stopping, teardown),
        cmocka_unit_test_teardown(five_hidden_layers_are_deep_and_get_batch_normalization_between_them, teardown),
        cmocka_unit_test_teardown(four_are_not_nor_are_any_where_the_file_normalizes_itself_or_says_never, teardown),
        cmocka_unit_test_teardown(what_the_file_says_itself_stays, teardown),
        cmocka_unit_test_teardown(a_callback_that_moves_the_rate_takes_the_place_of_the_schedule, teardown),
        cmocka_unit_test_teardown(an_activation_written_as_a_layer_is_not_doubled, teardown),
        cmocka_unit_test_teardown(named_outputs_keep_their_activation_wherever_they_stand, teardown),
        cmocka_unit_test_teardown(self_normalizing_is_selu_with_lecun_normal_and_never_normalizes, teardown),
        cmocka_unit_test_teardown(alpha_dropout_comes_where_it_is_asked_for, teardown),
        cmocka_unit_test_teardown(layers_that_read_others_by_name_still_read_them, teardown),
        cmocka_unit_test_teardown(an_unknown_preset_is_refused_with_the_nearest_name, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
