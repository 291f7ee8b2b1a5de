/* Regularizers and constraints in model files: every form that Keras has written for them, and the way there and back. */
#include "exchange/support.h"

#include "dnn/nn/constraint.h"
#include "dnn/nn/regularizer.h"
#include "exchange/keras.h"

static const keras_source keras_2 = { 2 }, keras_3 = { 3 };

static void assert_decodes(const keras_source *source, const dnn_family *family, const char *form, const char *want)
{
    dnn_node *node = json(form), *expected = json(want), *out = NULL;
    dnn_component got = { 0 }, wanted = { 0 };
    if (keras_decode_component(source, family, node, "kernel", &out) != DNN_OK) fail_msg("%s: %s", form, dnn_fail_text());
    if (dnn_component_read(family, out, &got) != DNN_OK) fail_msg("%s: %s", form, dnn_fail_text());
    assert_ok(dnn_component_read(family, expected, &wanted));
    dnn_node *a = dnn_component_write(&got), *b = dnn_component_write(&wanted);
    char *text;
    assert_ok(dnn_json_write(a, &text));
    if (!dnn_node_equal(a, b)) fail_msg("%s: %s instead of %s", form, text, want);
    dnn_free(text);
    dnn_node_destroy(a);
    dnn_node_destroy(b);
    dnn_component_clear(&got);
    dnn_component_clear(&wanted);
    dnn_node_destroy(out);
    dnn_node_destroy(expected);
    dnn_node_destroy(node);
}

typedef struct form { const char *keras, *ours; } form;

static const form regularizers[] = {
    { "{\"class_name\": \"L2\", \"config\": {\"l2\": 0.01}}", "{\"l2\": 0.01}" },
    { "{\"class_name\": \"L2\", \"config\": {\"l2\": 0.009999999776482582}}", "{\"l2\": 0.01}" },
    { "{\"class_name\": \"L1\", \"config\": {\"l1\": 0.25}}", "{\"l1\": 0.25}" },
    { "{\"class_name\": \"L1L2\", \"config\": {\"l1\": 0.0, \"l2\": 0.10000000149011612}}", "{\"l1_l2\": {\"l1\": 0, \"l2\": 0.1}}" },
    { "{\"module\": \"keras.regularizers\", \"class_name\": \"L2\", \"config\": {\"l2\": 0.5}, \"registered_name\": null}", "{\"l2\": 0.5}" },
    { "{\"module\": \"keras.regularizers\", \"class_name\": \"L1L2\", \"config\": {\"l1\": 0.5, \"l2\": 0.25}, \"registered_name\": null}",
      "{\"l1_l2\": {\"l1\": 0.5, \"l2\": 0.25}}" },
    { "\"l2\"", "{\"l2\": 0.01}" },
    { "\"L2\"", "{\"l2\": 0.01}" },
    { "\"l1\"", "{\"l1\": 0.01}" },
    { "\"l1l2\"", "\"l1_l2\"" },
    { "\"l1_l2\"", "\"l1_l2\"" },
    { "\"L1L2\"", "\"l1_l2\"" },
};

static const form constraints[] = {
    { "{\"class_name\": \"MaxNorm\", \"config\": {\"max_value\": 3, \"axis\": 0}}", "{\"max_norm\": {\"max_value\": 3}}" },
    { "{\"class_name\": \"MaxNorm\", \"config\": {\"max_value\": 2.0, \"axis\": [0, 1, 2]}}", "{\"max_norm\": {\"axis\": [0, 1, 2]}}" },
    { "{\"class_name\": \"UnitNorm\", \"config\": {\"axis\": 1}}", "{\"unit_norm\": {\"axis\": 1}}" },
    { "{\"module\": \"keras.constraints\", \"class_name\": \"MinMaxNorm\", \"config\": {\"min_value\": 0.5, \"max_value\": 1.5, \"rate\": "
      "0.25, \"axis\": 0}, \"registered_name\": null}",
      "{\"min_max_norm\": {\"min_value\": 0.5, \"max_value\": 1.5, \"rate\": 0.25}}" },
    { "{\"class_name\": \"NonNeg\", \"config\": {}}", "\"non_neg\"" },
    { "{\"module\": \"keras.constraints\", \"class_name\": \"NonNeg\", \"config\": {}, \"registered_name\": null}", "\"non_neg\"" },
    { "{\"class_name\": \"RadialConstraint\", \"config\": {}}", "\"radial_constraint\"" },
    { "\"max_norm\"", "\"max_norm\"" },
    { "\"MaxNorm\"", "\"max_norm\"" },
    { "\"maxnorm\"", "\"max_norm\"" },
    { "\"min_max_norm\"", "\"min_max_norm\"" },
    { "\"unit_norm\"", "\"unit_norm\"" },
    { "\"unitnorm\"", "\"unit_norm\"" },
    { "\"non_neg\"", "\"non_neg\"" },
    { "\"nonneg\"", "\"non_neg\"" },
    { "\"radial_constraint\"", "\"radial_constraint\"" },
};

static void every_form_of_either_version_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof regularizers / sizeof *regularizers; i++) {
        assert_decodes(&keras_2, &dnn_regularizers, regularizers[i].keras, regularizers[i].ours);
        assert_decodes(&keras_3, &dnn_regularizers, regularizers[i].keras, regularizers[i].ours);
    }
    for (size_t i = 0; i < sizeof constraints / sizeof *constraints; i++) {
        assert_decodes(&keras_2, &dnn_constraints, constraints[i].keras, constraints[i].ours);
        assert_decodes(&keras_3, &dnn_constraints, constraints[i].keras, constraints[i].ours);
    }
}

static void assert_encodes(const dnn_family *family, const char *ours, const char *want)
{
    dnn_node *node = json(ours), *expected = json(want), *out = NULL;
    dnn_component c = { 0 };
    char *text;
    assert_ok(dnn_component_read(family, node, &c));
    assert_ok(keras_encode_component(&c, &out));
    assert_ok(dnn_json_write(out, &text));
    dnn_node_remove(out, "module");
    dnn_node_remove(out, "registered_name");
    if (!dnn_node_equal(out, expected)) fail_msg("%s: %s instead of %s", ours, text, want);
    dnn_free(text);
    dnn_node_destroy(out);
    dnn_component_clear(&c);
    dnn_node_destroy(expected);
    dnn_node_destroy(node);
}

/* An axis alone is a number in Keras, whose backends do not all take a list for it. */
static void they_are_written_as_keras_writes_them(void **state)
{
    (void)state;
    assert_encodes(&dnn_regularizers, "{\"l2\": 0.01}", "{\"class_name\": \"L2\", \"config\": {\"l2\": 0.01}}");
    assert_encodes(&dnn_regularizers, "\"l1\"", "{\"class_name\": \"L1\", \"config\": {\"l1\": 0.01}}");
    assert_encodes(&dnn_regularizers, "{\"l1_l2\": {\"l1\": 0.5}}", "{\"class_name\": \"L1L2\", \"config\": {\"l1\": 0.5, \"l2\": 0.0}}");
    assert_encodes(&dnn_constraints, "{\"max_norm\": 3}", "{\"class_name\": \"MaxNorm\", \"config\": {\"max_value\": 3.0, \"axis\": 0}}");
    assert_encodes(&dnn_constraints, "{\"max_norm\": {\"axis\": [0, 1, 2]}}",
                   "{\"class_name\": \"MaxNorm\", \"config\": {\"max_value\": 2.0, \"axis\": [0, 1, 2]}}");
    assert_encodes(&dnn_constraints, "{\"unit_norm\": {\"axis\": 1}}", "{\"class_name\": \"UnitNorm\", \"config\": {\"axis\": 1}}");
    assert_encodes(&dnn_constraints, "{\"min_max_norm\": {\"rate\": 0.5}}",
                   "{\"class_name\": \"MinMaxNorm\", \"config\": {\"min_value\": 0.0, \"max_value\": 1.0, \"rate\": 0.5, \"axis\": 0}}");
    assert_encodes(&dnn_constraints, "\"non_neg\"", "{\"class_name\": \"NonNeg\", \"config\": {}}");
}

/* Through a whole model's description and back to the same network. */
static void networks_come_back_with_their_penalties_and_constraints(void **state)
{
    static const char model[] =
        "{\"inputs\": {\"x\": [4]}, \"layers\": [{\"dense\": {\"name\": \"d\", \"units\": 2, \"kernel_regularizer\": {\"l2\": 0.02}, "
        "\"bias_regularizer\": {\"l1_l2\": {\"l1\": 0.1, \"l2\": 0.2}}, \"kernel_constraint\": {\"min_max_norm\": {\"rate\": 0.5, \"axis\": 1}}, "
        "\"bias_constraint\": \"non_neg\"}}, {\"batch_normalization\": {\"name\": \"n\", \"gamma_regularizer\": {\"l1\": 0.3}, "
        "\"beta_regularizer\": {\"l1_proximal\": 0.4}, \"gamma_constraint\": {\"unit_norm\": {}}, \"beta_constraint\": {\"max_norm\": 1.5}}}]}";
    (void)state;
    dnn_graph *graph = graph_of(model), *again;
    dnn_node *config = NULL, *read = NULL, *models;
    assert_ok(keras_model_write(graph, &config));
    assert_ok(keras_model_read(&keras_3, config, &read, &models));
    dnn_node_destroy(models);
    assert_ok(dnn_graph_create(read, NULL, 0, &again));
    dnn_node *a = dnn_graph_write(graph), *b = dnn_graph_write(again);
    char *text;
    assert_ok(dnn_json_write(b, &text));
    if (!dnn_node_equal(a, b)) fail_msg("came back as %s", text);
    const char *const names[] = { "d/kernel", "d/bias", "n/gamma", "n/beta" }, *const r[] = { "l2", "l1_l2", "l1", "l1_proximal" };
    const char *const c[] = { "min_max_norm", "non_neg", "unit_norm", "max_norm" };
    for (size_t i = 0; i < 4; i++) {
        const dnn_segment *s = &again->segments.at[i];
        assert_string_equal(s->name, names[i]);
        assert_string_equal(s->regularizer->kind->name, r[i]);
        assert_string_equal(s->constraint->kind->name, c[i]);
    }
    dnn_free(text);
    dnn_node_destroy(a);
    dnn_node_destroy(b);
    dnn_node_destroy(read);
    dnn_node_destroy(config);
    dnn_graph_destroy(again);
    dnn_graph_destroy(graph);
}

#define SEQUENTIAL(layers)                                                                                                          \
    "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"s\", \"layers\": [{\"class_name\": \"InputLayer\", \"config\": "     \
    "{\"name\": \"x\", \"batch_shape\": [null, 4]}}, " layers "]}}"

static void assert_refused(const char *config, const char *key, const char *value)
{
    dnn_node *node = json(config), *model = NULL, *models;
    const dnn_status st = keras_model_read(&keras_2, node, &model, &models);
    dnn_node_destroy(models);
    if (st == DNN_OK) fail_msg("%s was read", config);
    if (!strstr(dnn_fail_text(), key) || !strstr(dnn_fail_text(), value)) fail_msg("%s: %s", config, dnn_fail_text());
    dnn_node_destroy(model);
    dnn_node_destroy(node);
}

static void what_cannot_be_honoured_is_refused_by_key_and_value(void **state)
{
    (void)state;
    assert_refused(SEQUENTIAL("{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 2, \"kernel_regularizer\": "
                              "{\"class_name\": \"OrthogonalRegularizer\", \"config\": {\"factor\": 0.1}}}}"), "kernel_regularizer", "OrthogonalRegularizer");
    assert_refused(SEQUENTIAL("{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 2, \"kernel_constraint\": "
                              "{\"class_name\": \"MaxNorm\", \"config\": {\"max_value\": 1, \"strength\": 5}}}}"), "strength", "5");
    assert_refused(SEQUENTIAL("{\"class_name\": \"BatchNormalization\", \"config\": {\"name\": \"b\", \"renorm\": true}}"), "renorm", "true");
    assert_refused(SEQUENTIAL("{\"class_name\": \"BatchNormalization\", \"config\": {\"name\": \"b\", \"renorm\": true, \"renorm_momentum\": 0.9}}"),
                   "renorm", "true");
    assert_refused(SEQUENTIAL("{\"class_name\": \"Flatten\", \"config\": {\"name\": \"f\", \"data_format\": \"channels_first\"}}"),
                   "data_format", "channels_first");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_either_version_is_read),
        cmocka_unit_test(they_are_written_as_keras_writes_them),
        cmocka_unit_test(networks_come_back_with_their_penalties_and_constraints),
        cmocka_unit_test(what_cannot_be_honoured_is_refused_by_key_and_value),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
