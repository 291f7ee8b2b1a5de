#include "family.h"

#include <math.h>

static dnn_status read_text(const dnn_family *family, const char *text, dnn_component *out)
{
    dnn_node *node = tree(text);
    const dnn_status st = dnn_component_read(family, node, out);
    dnn_node_destroy(node);
    return st;
}

static void a_name_alone_has_default_parameters(void **state)
{
    (void)state;
    dnn_component c;
    static const char *const forms[] = { "sgd", "{sgd: null}", "{sgd: {}}" };
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(read_text(&optimizers, forms[i], &c), DNN_OK);
        const sgd *p = c.params;
        assert_ptr_equal(c.kind, &sgd_kind);
        assert_true(p->momentum == 0 && ((const constant *)p->learning_rate.params)->value == 0.01);
        assert_true(isnan(((const clipping *)c.common)->clipnorm));
        assert_int_equal(c.place.line, 12);
        dnn_component_clear(&c);
        assert_null(c.kind);
    }
}

static void parameters_stand_below_the_name(void **state)
{
    (void)state;
    dnn_component c;
    assert_int_equal(read_text(&optimizers, "{sgd: {momentum: 0.9, clipnorm: 2, learning_rate: {decay: {rate: 0.5}}}}", &c), DNN_OK);
    const sgd *p = c.params;
    assert_true(p->momentum == 0.9 && ((const clipping *)c.common)->clipnorm == 2);
    assert_ptr_equal(p->learning_rate.kind, &decay_kind);
    assert_true(((const decay *)p->learning_rate.params)->rate == 0.5 && ((const decay *)p->learning_rate.params)->initial == 0.1);
    dnn_component_clear(&c);
}

static void a_lone_value_is_the_first_parameter(void **state)
{
    (void)state;
    dnn_component c;
    assert_int_equal(read_text(&layers, "{dropout: 0.25}", &c), DNN_OK);
    assert_true(((const dropout *)c.params)->rate == 0.25);
    dnn_component_clear(&c);
    assert_int_equal(read_text(&layers, "{activation: relu}", &c), DNN_OK);
    assert_ptr_equal(((const activated *)c.params)->activation.kind, &relu_kind);
    dnn_component_clear(&c);
    assert_int_equal(read_text(&layers, "{activation: {leaky_relu: {negative_slope: 0.2}}}", &c), DNN_OK);
    const dnn_component *inner = &((const activated *)c.params)->activation;
    assert_true(inner->kind == &leaky_kind && ((const leaky *)inner->params)->negative_slope == 0.2);
    dnn_component_clear(&c);
}

static void a_number_is_the_kind_that_the_family_names(void **state)
{
    (void)state;
    dnn_component c;
    assert_int_equal(read_text(&schedules, "0.25", &c), DNN_OK);
    assert_true(c.kind == &constant_kind && ((const constant *)c.params)->value == 0.25);
    dnn_component_clear(&c);
}

static void wrong_components_are_named_with_place_and_remedy(void **state)
{
    (void)state;
    static const struct { const dnn_family *family; const char *text, *message; } cases[] = {
        { &layers, "{dropout: {rate: 1.5}}", "run.yaml:12:30: dropout.rate = 1.5: must lie in [0, 1)" },
        { &layers, "{dropout: 1.5}", "run.yaml:12:20: dropout.rate = 1.5: must lie in [0, 1)" },
        { &layers, "{dropout: {rat: 1}}", "run.yaml:12:28: dropout.rat: unknown key; did you mean 'rate'?" },
        { &layers, "dropot", "run.yaml:12:10: unknown layer 'dropot'; did you mean 'dropout'?" },
        { &layers, "{dropot: {}}", "run.yaml:12:18: unknown layer 'dropot'; did you mean 'dropout'?" },
        { &layers, "lstm", "run.yaml:12:10: unknown layer 'lstm'; known: dense, dropout, activation, flatten" },
        { &layers, "dense", "run.yaml:12:10: dense.units: missing: number of outputs" },
        { &layers, "{dense: {activation: reul, units: 1}}", "run.yaml:12:30: dense.activation: unknown activation 'reul'; did you mean 'relu'?" },
        { &layers, "{dense: null, units: 3}", "run.yaml:12:30: 'units' stands beside 'dense' instead of below it; write {dense: {units: …}}" },
        { &layers, "{}", "run.yaml:12:10: a map: must be a layer: its name, or a map of its name to its parameters" },
        { &layers, "7", "run.yaml:12:10: 7: must be a layer: its name, or a map of its name to its parameters" },
        { &activations, "[relu]", "run.yaml:12:10: a list: must be an activation: its name, or a map of its name to its parameters" },
        { &layers, "{flatten: 3}", "run.yaml:12:20: flatten = 3: flatten has no parameters; write its name alone" },
        { &layers, "{flatten: {order: c}}", "run.yaml:12:28: flatten.order: unknown key; there are no parameters here" },
        { &schedules, "abc", "run.yaml:12:10: unknown schedule 'abc'; known: constant, decay, or a number" },
        { &schedules, "{decya: {}}", "run.yaml:12:18: unknown schedule 'decya'; did you mean 'decay'?" },
        { &schedules, "-1", "run.yaml:12:10: constant.value = -1: must be > 0" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dnn_component c;
        assert_fails(read_text(cases[i].family, cases[i].text, &c), DNN_E_CONFIG, cases[i].message);
        assert_true(!c.kind && !c.params && !c.common);
    }
}

static void lists_of_components_take_one_or_many(void **state)
{
    (void)state;
    static const struct { const char *text; size_t count; } cases[] = {
        { "{}", 0 }, { "{stack: []}", 0 }, { "{stack: flatten}", 1 }, { "{stack: {dropout: 0.1}}", 1 }, { "{stack: [flatten, {dropout: 0.1}, dropout]}", 3 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dnn_node *node = tree(cases[i].text);
        training t = { 0 };
        assert_int_equal(dnn_params_read(training_rows, 5, "training", node, &t), DNN_OK);
        assert_int_equal(t.stack.count, cases[i].count);
        dnn_params_clear(training_rows, 5, &t);
        dnn_node_destroy(node);
    }
    dnn_node *node = tree("{stack: [flatten, {dropout: {rate: 2}}]}");
    training t = { 0 };
    assert_fails(dnn_params_read(training_rows, 5, "training", node, &t), DNN_E_CONFIG,
                 "run.yaml:12:60: training.stack.1.dropout.rate = 2: must lie in [0, 1)");
    dnn_node_destroy(node);
}

static void what_is_written_reads_back_to_the_same(void **state)
{
    (void)state;
    static const struct { const dnn_family *family; const char *text, *written; } cases[] = {
        { &layers, "flatten", "flatten" },
        { &layers, "dropout", "{dropout: {rate: 0.5}}" },
        { &layers, "{dense: {units: 3, activation: leaky_relu}}", "{dense: {units: 3, activation: {leaky_relu: {negative_slope: 0.3}}}}" },
        { &layers, "{dense: {units: 3}}", "{dense: {units: 3, activation: null}}" },
        { &optimizers, "sgd", "{sgd: {learning_rate: {constant: {value: 0.01}}, momentum: 0, clipnorm: null}}" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dnn_component c, back, copy;
        assert_int_equal(read_text(cases[i].family, cases[i].text, &c), DNN_OK);
        dnn_node *written = dnn_component_write(&c);
        assert_tree(written, cases[i].written);
        assert_int_equal(dnn_component_read(cases[i].family, written, &back), DNN_OK);
        assert_int_equal(dnn_component_copy(&c, &copy), DNN_OK);
        dnn_component_clear(&c);
        dnn_node *again = dnn_component_write(&back), *third = dnn_component_write(&copy);
        assert_true(dnn_node_equal(written, again) && dnn_node_equal(written, third));
        dnn_component_clear(&back);
        dnn_component_clear(&copy);
        dnn_node_destroy(written);
        dnn_node_destroy(again);
        dnn_node_destroy(third);
    }
}

static void kinds_are_found_by_both_their_names(void **state)
{
    (void)state;
    dnn_component c, none = { 0 };
    assert_ptr_equal(dnn_family_find(&optimizers, "adam"), &adam_kind);
    assert_null(dnn_family_find(&optimizers, "Adam"));
    assert_ptr_equal(dnn_family_find_keras(&optimizers, "Adam"), &adam_kind);
    assert_null(dnn_family_find_keras(&layers, "Dense"));
    assert_int_equal(dnn_component_make(&optimizers, "adam", &c), DNN_OK);
    assert_true(((const adam *)c.params)->learning_rate.kind == &decay_kind);
    dnn_component_clear(&c);
    dnn_component_clear(&none);
    assert_fails(dnn_component_make(&optimizers, "adan", &c), DNN_E_CONFIG, "unknown optimizer 'adan'; did you mean 'adam'?");
    dnn_node *null = dnn_component_write(&none);
    assert_int_equal(null->type, DNN_NODE_NULL);
    dnn_node_destroy(null);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_alone_has_default_parameters),
        cmocka_unit_test(parameters_stand_below_the_name),
        cmocka_unit_test(a_lone_value_is_the_first_parameter),
        cmocka_unit_test(a_number_is_the_kind_that_the_family_names),
        cmocka_unit_test(wrong_components_are_named_with_place_and_remedy),
        cmocka_unit_test(lists_of_components_take_one_or_many),
        cmocka_unit_test(what_is_written_reads_back_to_the_same),
        cmocka_unit_test(kinds_are_found_by_both_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, nothing_is_left);
}
