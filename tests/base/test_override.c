#include "family.h"

/* Overrides as on the command line: path, value (NULL: delete), what the tree then says. */
typedef struct example { const char *before, *path, *value, *after; } example;

static dnn_status override(dnn_node *root, const char *path, const char *value)
{
    dnn_node *node = NULL;
    if (value) assert_int_equal(dnn_preset_read(value, &node), DNN_OK);
    return dnn_params_override(run_rows, RUN_ROWS, root, path, node);
}

static void check(const example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        dnn_node *root = tree(examples[i].before);
        if (override(root, examples[i].path, examples[i].value) != DNN_OK) fail_msg("%s: %s", examples[i].path, dnn_fail_text());
        dnn_node *expected = tree(examples[i].after);
        if (!dnn_node_equal(root, expected)) fail_msg("%s", examples[i].path);
        dnn_node_destroy(expected);
        dnn_node_destroy(root);
    }
}
#define CHECK(examples) check(examples, sizeof(examples) / sizeof *(examples))

static void values_are_set_where_they_are_and_made_where_they_are_not(void **state)
{
    (void)state;
    const example examples[] = {
        { "{training: {epochs: 1}}", "training.epochs", "5", "{training: {epochs: 5}}" },
        { "{}", "training.epochs", "5", "{training: {epochs: 5}}" },
        { "{training: null}", "training.epochs", "5", "{training: {epochs: 5}}" },
        { "{output: a}", "output", "b", "{output: b}" },
        { "{}", "training", "{epochs: 2}", "{training: {epochs: 2}}" },
        { "{training: {axes: [1, 2]}}", "training.axes.1", "7", "{training: {axes: [1, 7]}}" },
        { "{training: {axes: [1, 2]}}", "training.axes.2", "7", "{training: {axes: [1, 2, 7]}}" },
    };
    CHECK(examples);
}

static void a_bare_name_becomes_a_map_where_a_key_goes_below(void **state)
{
    (void)state;
    const example examples[] = {
        { "{training: {optimizer: sgd}}", "training.optimizer.sgd.momentum", "0.9", "{training: {optimizer: {sgd: {momentum: 0.9}}}}" },
        { "{training: {optimizer: {sgd: null}}}", "training.optimizer.sgd.clipnorm", "1", "{training: {optimizer: {sgd: {clipnorm: 1}}}}" },
        { "{training: {optimizer: {sgd: {momentum: 0.5}}}}", "training.optimizer.sgd.momentum", "0.9", "{training: {optimizer: {sgd: {momentum: 0.9}}}}" },
        { "{training: {optimizer: sgd}}", "training.optimizer", "{adam: {beta_1: 0.8}}", "{training: {optimizer: {adam: {beta_1: 0.8}}}}" },
        { "{training: {optimizer: sgd}}", "training.optimizer.sgd", "{momentum: 0.9}", "{training: {optimizer: {sgd: {momentum: 0.9}}}}" },
        { "{}", "training.optimizer.sgd.momentum", "0.9", "{training: {optimizer: {sgd: {momentum: 0.9}}}}" },
    };
    CHECK(examples);
}

static void nested_components_are_reached(void **state)
{
    (void)state;
    const example examples[] = {
        { "{training: {optimizer: sgd}}", "training.optimizer.sgd.learning_rate.decay.rate", "0.5", "{training: {optimizer: {sgd: {learning_rate: {decay: {rate: 0.5}}}}}}" },
        { "{training: {optimizer: {sgd: {learning_rate: 0.1}}}}", "training.optimizer.sgd.learning_rate.constant.value", "0.2", "{training: {optimizer: {sgd: {learning_rate: {constant: {value: 0.2}}}}}}" },
        { "{training: {optimizer: adam}}", "training.optimizer.adam.learning_rate.decay.rate", "0.5", "{training: {optimizer: {adam: {learning_rate: {decay: {initial: 0.5, rate: 0.5}}}}}}" },
    };
    CHECK(examples);
}

static void positions_in_lists_count_from_zero(void **state)
{
    (void)state;
    const example examples[] = {
        { "{model: {layers: [flatten, {dropout: {rate: 0.2}}]}}", "model.layers.1.dropout.rate", "0.3", "{model: {layers: [flatten, {dropout: {rate: 0.3}}]}}" },
        { "{model: {layers: [flatten, dropout]}}", "model.layers.1.dropout.rate", "0.3", "{model: {layers: [flatten, {dropout: {rate: 0.3}}]}}" },
        { "{model: {layers: [flatten, {dropout: 0.2}]}}", "model.layers.1.dropout.rate", "0.3", "{model: {layers: [flatten, {dropout: {rate: 0.3}}]}}" },
        { "{model: {layers: [flatten]}}", "model.layers.0", "{dense: {units: 3}}", "{model: {layers: [{dense: {units: 3}}]}}" },
        { "{model: {layers: [flatten]}}", "model.layers.1", "dropout", "{model: {layers: [flatten, dropout]}}" },
        { "{model: {layers: [{dense: {units: 3, activation: leaky_relu}}]}}", "model.layers.0.dense.activation.leaky_relu.negative_slope", "0.1", "{model: {layers: [{dense: {units: 3, activation: {leaky_relu: {negative_slope: 0.1}}}}]}}" },
        { "{model: {layers: [{activation: {leaky_relu: {negative_slope: 0.2}}}]}}", "model.layers.0.activation.activation.leaky_relu.negative_slope", "0.1", "{model: {layers: [{activation: {activation: {leaky_relu: {negative_slope: 0.1}}}}]}}" },
        { "{training: {stack: [flatten, dropout]}}", "training.stack.1.dropout.rate", "0.1", "{training: {stack: [flatten, {dropout: {rate: 0.1}}]}}" },
        { "{training: {stack: dropout}}", "training.stack.0.dropout.rate", "0.1", "{training: {stack: [{dropout: {rate: 0.1}}]}}" },
        { "{training: {stack: dropout}}", "training.stack.dropout.rate", "0.1", "{training: {stack: {dropout: {rate: 0.1}}}}" },
        { "{}", "training.stack.0", "flatten", "{training: {stack: [flatten]}}" },
    };
    CHECK(examples);
}

static void a_repeat_is_addressed_as_written(void **state)
{
    (void)state;
    const example examples[] = {
        { "{model: {layers: [{repeat: {times: 3, layers: [{dense: {units: 1}}, dropout]}}]}}", "model.layers.0.repeat.layers.1.dropout.rate", "0.2",
          "{model: {layers: [{repeat: {times: 3, layers: [{dense: {units: 1}}, {dropout: {rate: 0.2}}]}}]}}" },
        { "{model: {layers: [{repeat: {times: 3, layers: [flatten]}}]}}", "model.layers.0.repeat.times", "5", "{model: {layers: [{repeat: {times: 5, layers: [flatten]}}]}}" },
        { "{model: {defaults: {dense: {units: 3}}}}", "model.defaults.dense.activation", "relu", "{model: {defaults: {dense: {units: 3, activation: relu}}}}" },
        { "{}", "model.reuse.file", "A.h5", "{model: {reuse: {file: A.h5}}}" },
    };
    CHECK(examples);
}

static void free_parts_are_made_as_the_path_says(void **state)
{
    (void)state;
    const example examples[] = {
        { "{training: {loss: huber}}", "training.loss.huber.delta", "2", "{training: {loss: {huber: {delta: 2}}}}" },
        { "{}", "training.loss", "mse", "{training: {loss: mse}}" },
        { "{training: {loss: {main: mse, aux: mae}}}", "training.loss.aux", "mse", "{training: {loss: {main: mse, aux: mse}}}" },
    };
    CHECK(examples);
}

static void deleting_brings_the_default_back(void **state)
{
    (void)state;
    const example examples[] = {
        { "{training: {epochs: 5, axes: [1]}}", "training.epochs", NULL, "{training: {axes: [1]}}" },
        { "{training: {axes: [1]}}", "training.epochs", NULL, "{training: {axes: [1]}}" },
        { "{training: {optimizer: {sgd: {momentum: 0.9}}}}", "training.optimizer.sgd.momentum", NULL, "{training: {optimizer: {sgd: {}}}}" },
        { "{training: {optimizer: {sgd: {momentum: 0.9}}}}", "training.optimizer.sgd", NULL, "{training: {optimizer: sgd}}" },
        { "{model: {layers: [flatten, dropout]}}", "model.layers.0", NULL, "{model: {layers: [dropout]}}" },
        { "{model: {layers: [flatten], inputs: {}}}", "model.inputs", NULL, "{model: {layers: [flatten]}}" },
    };
    CHECK(examples);
}

static void later_overrides_win(void **state)
{
    (void)state;
    dnn_node *root = tree("{training: {optimizer: sgd}}");
    assert_int_equal(override(root, "training.optimizer.sgd.momentum", "0.5"), DNN_OK);
    assert_int_equal(override(root, "training.optimizer", "adam"), DNN_OK);
    assert_int_equal(override(root, "training.optimizer.adam.beta_1", "0.5"), DNN_OK);
    assert_int_equal(override(root, "training.optimizer.adam.beta_1", "0.6"), DNN_OK);
    assert_tree(root, "{training: {optimizer: {adam: {beta_1: 0.6}}}}");
    dnn_node_destroy(root);
}

static void wrong_paths_are_named_with_a_remedy(void **state)
{
    (void)state;
    static const char *const cases[][4] = {
        { "{}", "training.epoch", "1", "command line: training.epoch: unknown key 'epoch'; did you mean 'epochs'?" },
        { "{}", "trainig.epochs", "1", "command line: trainig.epochs: unknown key 'trainig'; did you mean 'training'?" },
        { "{}", "epochs", "1", "command line: epochs: unknown key 'epochs'; did you mean 'training.epochs'?" },
        { "{}", "momentum", "1", "command line: momentum: unknown key 'momentum'; did you mean 'training.optimizer.NAME.momentum'?" },
        { "{}", "training.momentum", "1", "command line: training.momentum: unknown key 'momentum'; did you mean 'training.optimizer.NAME.momentum'?" },
        { "{}", "training.epochs.x", "1", "command line: training.epochs.x: training.epochs is a single value; nothing goes below it" },
        { "{}", "", "1", "command line: : the path is empty" },
        { "{}", "training..epochs", "1", "command line: training..epochs: a key is missing; keys are joined by single points, as in training.optimizer.sgd.momentum" },
        { "{}", "training.", "1", "command line: training.: a key is missing; keys are joined by single points, as in training.optimizer.sgd.momentum" },
        { "{training: {optimizer: sgd}}", "training.optimizer.adam.beta_1", "1",
          "command line: training.optimizer.adam.beta_1: 'sgd' is written there (run.yaml:12:30), not 'adam'; to replace it, give all of it: 'training.optimizer={adam: {…}}'" },
        { "{training: {optimizer: sgd}}", "training.optimizer.sdg.momentum", "1", "command line: training.optimizer.sdg.momentum: unknown optimizer 'sdg'; did you mean 'sgd'?" },
        { "{training: {optimizer: sgd}}", "training.optimizer.momentum", "1",
          "command line: training.optimizer.momentum: the name of the optimizer is missing; did you mean training.optimizer.sgd.momentum?" },
        { "{}", "training.optimizer.beta_1", "1",
          "command line: training.optimizer.beta_1: the name of the optimizer is missing; did you mean training.optimizer.adam.beta_1?" },
        { "{training: {optimizer: sgd}}", "training.optimizer.sgd.momentun", "1", "command line: training.optimizer.sgd.momentun: unknown key 'momentun'; did you mean 'momentum'?" },
        { "{model: {layers: [flatten]}}", "model.layers.2", "dropout", "command line: model.layers.2: there is no position 2; the list has 1 item, counted from 0" },
        { "{model: {layers: [flatten]}}", "model.layers[0].dropout.rate", "1",
          "command line: model.layers[0].dropout.rate: a position in a list follows a point, as in model.layers.2.dense.units" },
        { "{model: {layers: [flatten]}}", "model.layers.x", "dropout", "command line: model.layers.x: 'x' is no position in a list; they count from 0" },
        { "{model: {layers: [flatten]}}", "model.layers.-1", "dropout", "command line: model.layers.-1: '-1' is no position in a list; they count from 0" },
        { "{model: {layers: [flatten]}}", "model.layers.0.dropout.rate", "1",
          "command line: model.layers.0.dropout.rate: 'flatten' is written there (run.yaml:12:40), not 'dropout'; to replace it, give all of it: 'model.layers.0={dropout: {…}}'" },
        { "{training: {loss: mse}}", "training.loss.huber.delta", "1",
          "command line: training.loss.huber.delta: 'mse' is written there (run.yaml:12:30), not 'huber'; to replace it, give all of it: 'training.loss={huber: {…}}'" },
        { "{training: 7}", "training.epochs", "1", "command line: training.epochs: what is written there is no map" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dnn_node *root = tree(cases[i][0]);
        assert_fails(override(root, cases[i][1], cases[i][2]), DNN_E_CONFIG, cases[i][3]);
        dnn_node_destroy(root);
    }
}

static void a_wrong_value_is_placed_on_the_command_line(void **state)
{
    (void)state;
    dnn_node *root = tree("{training: {optimizer: sgd}}");
    run r = { 0 };
    assert_int_equal(override(root, "training.optimizer.sgd.momentum", "2"), DNN_OK);
    assert_fails(dnn_params_read(run_rows, RUN_ROWS, "", root, &r), DNN_E_CONFIG,
                 "command line: training.optimizer.sgd.momentum = 2: must lie in [0, 1)");
    assert_int_equal(override(root, "training.optimizer", "{sgd: {momentun: 1}}"), DNN_OK);
    assert_fails(dnn_params_read(run_rows, RUN_ROWS, "", root, &r), DNN_E_CONFIG,
                 "command line: training.optimizer.sgd.momentun: unknown key; did you mean 'momentum'?");
    /* Who reads a part alone, as layers are read, does not know the way to it; the value does. */
    dnn_component optimizer;
    assert_fails(dnn_component_read(&optimizers, dnn_node_at(root, "training.optimizer"), &optimizer), DNN_E_CONFIG,
                 "command line: training.optimizer.sgd.momentun: unknown key; did you mean 'momentum'?");
    dnn_node_destroy(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_set_where_they_are_and_made_where_they_are_not),
        cmocka_unit_test(a_bare_name_becomes_a_map_where_a_key_goes_below),
        cmocka_unit_test(nested_components_are_reached),
        cmocka_unit_test(positions_in_lists_count_from_zero),
        cmocka_unit_test(a_repeat_is_addressed_as_written),
        cmocka_unit_test(free_parts_are_made_as_the_path_says),
        cmocka_unit_test(deleting_brings_the_default_back),
        cmocka_unit_test(later_overrides_win),
        cmocka_unit_test(wrong_paths_are_named_with_a_remedy),
        cmocka_unit_test(a_wrong_value_is_placed_on_the_command_line),
    };
    return cmocka_run_group_tests(tests, NULL, nothing_is_left);
}
