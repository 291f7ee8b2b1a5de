/* Descriptions in the forms that versions of Keras write, to the same network; and what cannot be honoured is named. */
#include "exchange/support.h"

#include "dnn/base/log.h"
#include "dnn/nn/initializer.h"
#include "dnn/nn/metric.h"
#include "dnn/optim/schedule.h"
#include "exchange/keras.h"

static const keras_source keras_2 = {2}, keras_3 = {3};

static dnn_status read_text(const keras_source *source, const char *config, dnn_node **model)
{
    dnn_node *node = json(config), *models;
    *model = NULL;
    const dnn_status st = keras_model_read(source, node, model, &models);
    dnn_node_destroy(models);
    dnn_node_destroy(node);
    return st;
}

static void assert_reads(const keras_source *source, const char *config, const char *want)
{
    dnn_node *model, *expected = json(want);
    dnn_graph *graph;
    char *text;
    assert_ok(read_text(source, config, &model));
    assert_ok(dnn_json_write(model, &text));
    if (!dnn_node_equal(model, expected)) fail_msg("%s\ninstead of\n%s", text, want);
    assert_ok(dnn_graph_create(model, NULL, 0, &graph));
    dnn_graph_destroy(graph);
    dnn_free(text);
    dnn_node_destroy(model);
    dnn_node_destroy(expected);
}

#define SEQUENTIAL(layers) "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"s\", \"layers\": [" layers "]}}"
#define INPUT                                                                                                          \
    "{\"class_name\": \"InputLayer\", \"config\": {\"name\": \"x\", \"batch_shape\": [null, 4], \"dtype\": "           \
    "\"float32\", \"sparse\": false}},"

static void input_shapes_are_found_wherever_a_version_puts_them(void **state)
{
    static const char dense[] =
        "{\"inputs\": {\"d_input\": [4]}, \"layers\": [{\"dense\": {\"name\": \"d\", \"units\": 2}}]}";
    (void)state;
    assert_reads(&keras_3, SEQUENTIAL(INPUT "{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 2}}"),
                 "{\"inputs\": {\"x\": [4]}, \"layers\": [{\"dense\": {\"name\": \"d\", \"units\": 2}}]}");
    assert_reads(
        &keras_2,
        SEQUENTIAL("{\"class_name\": \"InputLayer\", \"config\": {\"name\": \"x\", \"batch_input_shape\": [32, 2, 2], "
                   "\"ragged\": false}},"
                   "{\"class_name\": \"Flatten\", \"config\": {\"name\": \"f\", \"data_format\": \"channels_last\"}}"),
        "{\"inputs\": {\"x\": [2, 2]}, \"layers\": [{\"flatten\": {\"name\": \"f\"}}]}");
    assert_reads(&keras_2,
                 SEQUENTIAL("{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 2, "
                            "\"batch_input_shape\": [null, 4]}}"),
                 dense);
    assert_reads(
        &keras_2,
        SEQUENTIAL("{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 2, \"input_dim\": 4}}"),
        dense);
    assert_reads(&keras_2,
                 "{\"class_name\": \"Sequential\", \"config\": {\"build_input_shape\": [null, 4], \"layers\": "
                 "[{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 2}}]}}",
                 dense);
    assert_reads(&keras_3,
                 SEQUENTIAL("{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 2}, "
                            "\"build_config\": {\"input_shape\": [null, 4]}}"),
                 dense);
    assert_reads(&keras_2,
                 "{\"class_name\": \"Sequential\", \"config\": [{\"class_name\": \"Dense\", \"config\": {\"name\": "
                 "\"d\", \"units\": 2, \"batch_input_shape\": [null, 4]}}]}",
                 dense);
}

static void inputs_are_numbers_of_any_type(void **state)
{
    static const char *const types[] = {"float32", "float64", "float16", "bfloat16", "uint8", "int32", "int64", "bool", "string"};
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char config[600];
        dnn_node *model;
        snprintf(config, sizeof config,
                 SEQUENTIAL("{\"class_name\": \"InputLayer\", \"config\": {\"name\": \"x\", \"batch_shape\": [null, 4], \"dtype\": \"%s\"}},"
                            "{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 2}}"),
                 types[i]);
        if (strcmp(types[i], "string") == 0) assert_fails(DNN_E_MODEL, read_text(&keras_3, config, &model), "input 'x'", "string");
        else assert_ok(read_text(&keras_3, config, &model));
        dnn_node_destroy(model);
    }
}

static void initializers_are_read_with_and_without_module_and_by_either_name(void **state)
{
    static const char *const forms[] = {
        "{\"class_name\": \"HeNormal\", \"config\": {\"seed\": 7}}",
        "{\"module\": \"keras.initializers\", \"class_name\": \"HeNormal\", \"config\": {\"seed\": null, "
        "\"input_axes\": null, \"output_axes\": null}, \"registered_name\": null}",
        "\"he_normal\"",
        "\"HeNormal\"",
    };
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char config[1000];
        snprintf(
            config, sizeof config,
            SEQUENTIAL(
                INPUT
                "{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 2, \"kernel_initializer\": %s}}"),
            forms[i]);
        assert_reads(&keras_3, config,
                     "{\"inputs\": {\"x\": [4]}, \"layers\": [{\"dense\": {\"name\": \"d\", \"units\": 2, "
                     "\"kernel_initializer\": \"he_normal\"}}]}");
    }
    assert_reads(
        &keras_3,
        SEQUENTIAL(INPUT
                   "{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 2, \"kernel_initializer\": "
                   "{\"class_name\": \"Orthogonal\", \"config\": {\"gain\": 2.0, \"seed\": null}},"
                   "\"bias_initializer\": {\"class_name\": \"Constant\", \"config\": {\"value\": 0.5}}}}"),
        "{\"inputs\": {\"x\": [4]}, \"layers\": [{\"dense\": {\"name\": \"d\", \"units\": 2, \"kernel_initializer\": "
        "{\"orthogonal\": {\"gain\": 2}}, \"bias_initializer\": {\"constant\": {\"value\": 0.5}}}}]}");
}

static void activations_are_names_functions_or_layers_with_their_own_defaults(void **state)
{
    static const struct {
        const char *form, *want;
    } cases[] = {
        {"\"elu\"", "\"elu\""},
        {"{\"module\": \"builtins\", \"class_name\": \"function\", \"config\": \"relu\", \"registered_name\": "
         "\"function\"}",
         "\"relu\""},
        {"{\"module\": \"keras.layers\", \"class_name\": \"LeakyReLU\", \"config\": {\"name\": \"l\", \"trainable\": "
         "true, \"negative_slope\": 0.1}}",
         "{\"leaky_relu\": {\"negative_slope\": 0.1}}"},
        {"{\"class_name\": \"LeakyReLU\", \"config\": {\"alpha\": 0.10000000149011612}}",
         "{\"leaky_relu\": {\"negative_slope\": 0.1}}"},
        {"{\"class_name\": \"LeakyReLU\", \"config\": {}}", "{\"leaky_relu\": {\"negative_slope\": 0.3}}"},
        {"{\"class_name\": \"Activation\", \"config\": {\"name\": \"a\", \"activation\": \"tanh\"}}", "\"tanh\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char config[1000], want[400];
        snprintf(
            config, sizeof config,
            SEQUENTIAL(INPUT
                       "{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 2, \"activation\": %s}}"),
            cases[i].form);
        snprintf(want, sizeof want,
                 "{\"inputs\": {\"x\": [4]}, \"layers\": [{\"dense\": {\"name\": \"d\", \"units\": 2, \"activation\": "
                 "%s}}]}",
                 cases[i].want);
        assert_reads(&keras_3, config, want);
    }
}

static void hard_sigmoid_has_the_slope_of_the_version_that_wrote_it(void **state)
{
    (void)state;
    const char *config = SEQUENTIAL(
        INPUT "{\"class_name\": \"Activation\", \"config\": {\"name\": \"a\", \"activation\": \"hard_sigmoid\"}}");
    assert_reads(&keras_3, config,
                 "{\"inputs\": {\"x\": [4]}, \"layers\": [{\"activation\": {\"name\": \"a\", \"activation\": "
                 "\"hard_sigmoid\"}}]}");
    assert_reads(&keras_2, config,
                 "{\"inputs\": {\"x\": [4]}, \"layers\": [{\"activation\": {\"name\": \"a\", \"activation\": "
                 "{\"hard_sigmoid\": {\"slope\": 0.2}}}}]}");
}

static void keys_that_change_nothing_are_ignored(void **state)
{
    (void)state;
    assert_reads(
        &keras_3,
        SEQUENTIAL(INPUT
                   "{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 2, \"dtype\": {\"module\": "
                   "\"keras\", \"class_name\": \"DTypePolicy\", \"config\": {\"name\": \"float32\"}, "
                   "\"registered_name\": null},"
                   " \"quantization_config\": null, \"activity_regularizer\": null, \"lora_rank\": null}, "
                   "\"build_config\": {\"input_shape\": [null, 4]}},"
                   "{\"class_name\": \"BatchNormalization\", \"config\": {\"name\": \"b\", \"axis\": [1], "
                   "\"synchronized\": false, \"renorm\": false, \"renorm_clipping\": null, \"renorm_momentum\": 0.99}},"
                   "{\"class_name\": \"Dropout\", \"config\": {\"name\": \"o\", \"rate\": 0.25, \"seed\": 3, "
                   "\"noise_shape\": null, \"trainable\": false}}"),
        "{\"inputs\": {\"x\": [4]}, \"layers\": [{\"dense\": {\"name\": \"d\", \"units\": 2, \"activity_regularizer\": null}}, "
        "{\"batch_normalization\": {\"name\": \"b\", \"axis\": 1}},"
        "{\"dropout\": {\"name\": \"o\", \"rate\": 0.25, \"trainable\": false}}]}");
}

static void an_activity_regularizer_is_a_row_of_the_layer(void **state)
{
    (void)state;
    assert_reads(&keras_3,
                 SEQUENTIAL(INPUT "{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 2, \"activity_regularizer\": {\"module\": "
                                  "\"keras.regularizers\", \"class_name\": \"L2\", \"config\": {\"l2\": 0.125}, \"registered_name\": null}}}"),
                 "{\"inputs\": {\"x\": [4]}, \"layers\": [{\"dense\": {\"name\": \"d\", \"units\": 2, \"activity_regularizer\": {\"l2\": {\"l2\": "
                 "0.125}}}}]}");
}

static void what_cannot_be_honoured_is_named_with_layer_key_and_value(void **state)
{
    static const struct {
        const char *layer, *words[4];
    } cases[] = {
        {"{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 2, \"future\": {\"strength\": 0.5}}}",
         {"layer 'd' (Dense)", "future", "0.5"}},
        {"{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 2, \"activation\": \"quux\"}}",
         {"layer 'd' (Dense)", "activation", "quux"}},
        {"{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 2, \"kernel_initializer\": "
         "{\"class_name\": \"Mine\", \"config\": {}}}}",
         {"layer 'd' (Dense)", "kernel_initializer", "Mine"}},
        {"{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 2, \"dtype\": \"int8\"}}",
         {"layer 'd' (Dense)", "dtype", "int8"}},
        {"{\"class_name\": \"Dropout\", \"config\": {\"name\": \"o\", \"rate\": 0.5, \"noise_shape\": [1, 4]}}",
         {"layer 'o' (Dropout)", "noise_shape", "[1, 4]"}},
        {"{\"class_name\": \"MyModel\", \"config\": {\"name\": \"inner\", \"layers\": []}}",
         {"MyModel", "Sequential and Functional models"}},
        {"{\"class_name\": \"Quantum\", \"config\": {\"name\": \"q\"}}", {"layer 'q' (Quantum)", "no such layer"}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char config[1000];
        dnn_node *model;
        snprintf(config, sizeof config, SEQUENTIAL(INPUT "%s"), cases[i].layer);
        const dnn_status st = read_text(&keras_3, config, &model);
        assert_fails_(DNN_E_MODEL, st, cases[i].layer, cases[i].words);
        assert_null(model);
    }
}

#define K2_NODES(name, nodes)                                                                                          \
    "{\"class_name\": \"Dense\", \"name\": \"" name "\", \"config\": {\"name\": \"" name                               \
    "\", \"units\": 3}, \"inbound_nodes\": " nodes "}"
#define PORT(name)                                                                                                     \
    "{\"class_name\": \"InputLayer\", \"name\": \"" name "\", \"config\": {\"name\": \"" name                          \
    "\", \"batch_input_shape\": [null, 3]}, \"inbound_nodes\": []}"
#define ADD(nodes)                                                                                                     \
    "{\"class_name\": \"Add\", \"name\": \"sum\", \"config\": {\"name\": \"sum\"}, \"inbound_nodes\": " nodes "}"
#define TENSOR(name)                                                                                                   \
    "{\"class_name\": \"__keras_tensor__\", \"config\": {\"shape\": [null, 3], \"dtype\": \"float32\", "               \
    "\"keras_history\": [\"" name "\", 0, 0]}}"
#define BOTH                                                                                                           \
    "{\"inputs\": {\"b\": [3], \"a\": [3]}, \"layers\": [{\"dense\": {\"name\": \"d\", \"units\": 3, \"inputs\": "     \
    "[\"a\"]}}, {\"add\": {\"name\": \"sum\", \"inputs\": [\"d\", \"b\"]}}], \"outputs\": [\"sum\", \"d\"]}"

static void nodes_of_both_versions_say_the_same(void **state)
{
    (void)state;
    assert_reads(&keras_2,
                 "{\"class_name\": \"Functional\", \"config\": {\"name\": \"f\", \"layers\": [" PORT("a") "," PORT(
                     "b") "," K2_NODES("d", "[[[\"a\", 0, 0, {}]]]") "," ADD("[[[\"d\", 0, 0, {}], [\"b\", 0, 0, "
                                                                             "{}]]]") "], \"input_layers\": "
                                                                                      "[[\"b\", 0, 0], [\"a\", 0, "
                                                                                      "0]], \"output_layers\": "
                                                                                      "[[\"sum\", 0, 0], [\"d\", "
                                                                                      "0, 0]]}}",
                 BOTH);
    assert_reads(
        &keras_3,
        "{\"class_name\": \"Functional\", \"config\": {\"name\": \"f\", \"layers\": [" PORT("a") "," PORT("b") "," K2_NODES(
            "d",
            "[{\"args\": [" TENSOR(
                "a") "], \"kwargs\": {\"training\": null}}]") "," ADD("[{\"args\": [[" TENSOR("d") "," TENSOR("b") "]],"
                                                                                                                   " \""
                                                                                                                   "kwa"
                                                                                                                   "rgs"
                                                                                                                   "\":"
                                                                                                                   " {}"
                                                                                                                   "}]") "], \"input_layers\": {\"b\": [\"b\", 0, 0], \"a\": [\"a\", 0, 0]}, \"output_layers\": [[\"sum\", 0, 0], [\"d\", 0, 0]]}}",
        BOTH);
    assert_reads(&keras_3,
                 "{\"class_name\": \"Model\", \"config\": {\"name\": \"f\", \"layers\": [" PORT("a") "," K2_NODES(
                     "d", "[[[\"a\", 0, 0, {\"mask\": null}]]]") "],"
                                                                 " \"input_layers\": [\"a\", 0, 0], \"output_layers\": "
                                                                 "[\"d\", 0, 0]}}",
                 "{\"inputs\": {\"a\": [3]}, \"layers\": [{\"dense\": {\"name\": \"d\", \"units\": 3, \"inputs\": "
                 "[\"a\"]}}], \"outputs\": [\"d\"]}");
}

static void nodes_that_mean_more_than_our_graphs_are_named(void **state)
{
    static const struct {
        const char *nodes, *words[3];
    } cases[] = {
        {"[[[\"a\", 1, 0, {}]]]", {"layer 'd'", "'a' is not called 2 times"}},
        {"[[[\"a\", 0, 1, {}]]]", {"layer 'd'", "several outputs"}},
        {"[[[\"a\", 0, 0, {}]], [[\"d\", 2, 0, {}]]]", {"layer 'd'", "'d' is not called 3 times"}},
        {"[[[\"a\", 0, 0, {\"training\": true}]]]", {"layer 'd'", "training = true"}},
        {"[]", {"layer 'd'", "nothing leads"}},
        {"[[7]]", {"layer 'd'", "no tensor"}},
        {"[{\"args\": [3], \"kwargs\": {}}]", {"layer 'd'", "no tensor"}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char config[1000];
        dnn_node *model;
        snprintf(config, sizeof config,
                 "{\"class_name\": \"Functional\", \"config\": {\"layers\": [" PORT("a") "," K2_NODES(
                     "d", "%s") "], \"input_layers\": [\"a\", 0, 0], \"output_layers\": [\"d\", 0, 0]}}",
                 cases[i].nodes);
        assert_fails_(DNN_E_MODEL, read_text(&keras_3, config, &model), cases[i].nodes, cases[i].words);
    }
}

/* ---- what is written ---- */

static void assert_writes(const char *model, const char *path, const char *want)
{
    dnn_graph *graph = graph_of(model);
    dnn_node *config, *expected = json(want);
    char *text;
    assert_ok(keras_model_write(graph, &config));
    assert_ok(dnn_json_write(config, &text));
    if (!dnn_node_equal(dnn_node_at(config, path), expected)) fail_msg("%s: %s", path, text);
    dnn_free(text);
    dnn_node_destroy(config);
    dnn_node_destroy(expected);
    dnn_graph_destroy(graph);
}

static void components_are_written_as_keras_3_takes_them(void **state)
{
    (void)state;
    const char *model =
        "{\"inputs\": {\"x\": [4, 6]}, \"layers\": [{\"reshape\": {\"target_shape\": [24]}}, {\"dense\": {\"units\": "
        "2, \"activation\": {\"leaky_relu\": {\"negative_slope\": 0.3}},"
        " \"kernel_initializer\": {\"variance_scaling\": {\"scale\": 2.0, \"mode\": \"fan_in\"}}}}, {\"dense\": "
        "{\"units\": 2, \"activation\": \"leaky_relu\"}}, {\"activation\": \"selu\"}, \"leaky_relu\","
        " {\"dense\": {\"units\": 1, \"activation\": {\"hard_sigmoid\": {\"slope\": 0.2}}}}]}";
    assert_writes(model, "class_name", "\"Sequential\"");
    assert_writes(model, "config.layers.0",
                  "{\"class_name\": \"InputLayer\", \"config\": {\"batch_input_shape\": [null, 4, 6], \"dtype\": "
                  "\"float32\", \"name\": \"x\"}}");
    assert_writes(model, "config.layers.1.config",
                  "{\"target_shape\": [24], \"name\": \"reshape\", \"trainable\": true, \"dtype\": \"float32\"}");
    assert_writes(model, "config.layers.2.config.activation",
                  "{\"module\": \"keras.layers\", \"class_name\": \"LeakyReLU\", \"config\": {\"negative_slope\": "
                  "0.3}, \"registered_name\": null}");
    assert_writes(model, "config.layers.2.config.kernel_initializer.config.scale", "2.0");
    assert_writes(model, "config.layers.2.config.kernel_initializer.config.mode", "\"fan_in\"");
    assert_writes(model, "config.layers.3.config.activation", "\"leaky_relu\"");
    assert_writes(model, "config.layers.4.config.activation", "\"selu\"");
    assert_writes(model, "config.layers.5.class_name", "\"LeakyReLU\"");
    assert_writes("{\"inputs\": {\"x\": [4]}, \"layers\": [{\"dense\": {\"units\": 2, \"activity_regularizer\": {\"l1_l2\": {\"l1\": 0.5, \"l2\": "
                  "0.25}}}}]}",
                  "config.layers.1.config.activity_regularizer",
                  "{\"class_name\": \"L1L2\", \"config\": {\"l1\": 0.5, \"l2\": 0.25}}");
    /* Keras has no such thing: it must not take it for another. */
    assert_writes(model, "config.layers.6.config.activation",
                  "{\"module\": \"dnn_mpi\", \"class_name\": \"hard_sigmoid\", \"config\": {\"slope\": 0.2}, "
                  "\"registered_name\": null}");
}

/* Every layer, initializer, activation … that has defaults for all its parameters, to Keras and back. */
static void everything_in_the_families_survives_the_way_through_keras(void **state)
{
    static const dnn_family *const families[] = {&dnn_activations, &dnn_initializers, &dnn_losses,
                                                 &dnn_metrics,     &dnn_schedules,    &dnn_optimizers};
    (void)state;
    size_t tried = 0;
    for (size_t f = 0; f < sizeof families / sizeof *families; f++)
        for (size_t k = 0; k < families[f]->count; k++) {
            dnn_component component, again;
            dnn_node *keras, *node;
            if (dnn_component_make(families[f], families[f]->kinds[k]->name, &component) != DNN_OK) continue;
            assert_ok(keras_encode_component(&component, &keras));
            const dnn_node *class_name = dnn_node_find(keras, "class_name");
            if (class_name || keras->type == DNN_NODE_STRING) {
                assert_ok(keras_decode_component(&keras_3, families[f], keras, families[f]->kinds[k]->name, &node));
                assert_ok(dnn_component_read(families[f], node, &again));
                /* An alias comes back under the first name of its class. */
                const bool same = again.kind == component.kind ||
                                  (again.kind->keras && strcmp(again.kind->keras, component.kind->keras) == 0);
                if (!same) fail_msg("%s came back as %s", component.kind->name, again.kind->name);
                if (again.kind == component.kind) {
                    dnn_node *a = dnn_component_write(&component), *b = dnn_component_write(&again);
                    if (!dnn_node_equal(a, b)) fail_msg("%s came back with other parameters", component.kind->name);
                    dnn_node_destroy(a);
                    dnn_node_destroy(b);
                }
                dnn_component_clear(&again);
                dnn_node_destroy(node);
                tried++;
            }
            dnn_node_destroy(keras);
            dnn_component_clear(&component);
        }
    assert_true(tried > 40);
}

/* ---- training ---- */

static char warning[600];

static void keep_warning(void *context, dnn_log_level level, const char *line)
{
    (void)context;
    if (level == DNN_LOG_WARNING) snprintf(warning, sizeof warning, "%s", line);
}

static void assert_training(const char *config, const char *want, const char *warned)
{
    dnn_graph *graph =
        graph_of("{\"inputs\": {\"x\": [4]}, \"layers\": [{\"dense\": {\"units\": 3, \"name\": \"p\"}}, {\"dense\": "
                 "{\"units\": 1, \"name\": \"q\", \"inputs\": \"x\"}}], \"outputs\": [\"p\", \"q\"]}");
    dnn_node *node = json(config), *expected = json(want), *training;
    char *text;
    warning[0] = '\0';
    dnn_log_set_sink(keep_warning, NULL);
    assert_ok(keras_training_read(&keras_3, node, "m.h5", graph, &training));
    dnn_log_set_sink(NULL, NULL);
    assert_ok(dnn_json_write(training, &text));
    if (!same_training(training, expected)) fail_msg("%s\ninstead of\n%s", text, want);
    if (warned ? !strstr(warning, warned) : *warning) fail_msg("warned: %s", warning);
    dnn_free(text);
    dnn_node_destroy(training);
    dnn_node_destroy(node);
    dnn_node_destroy(expected);
    dnn_graph_destroy(graph);
}

static void losses_and_metrics_are_read_by_name_by_output_and_in_order(void **state)
{
    (void)state;
    assert_training("{\"loss\": {\"q\": \"mean_squared_error\", \"p\": {\"module\": \"keras.losses\", \"class_name\": "
                    "\"CategoricalCrossentropy\", \"config\": {\"name\": \"c\", \"reduction\": \"sum_over_batch_size\","
                    " \"from_logits\": true, \"label_smoothing\": 0.0, \"axis\": -1}, \"registered_name\": null}}, "
                    "\"loss_weights\": [0.5, 2], \"metrics\": [[\"accuracy\"], []]}",
                    "{\"loss\": {\"q\": \"mean_squared_error\", \"p\": {\"categorical_crossentropy\": "
                    "{\"from_logits\": true, \"label_smoothing\": 0}}}, \"loss_weights\": {\"p\": 0.5, \"q\": 2.0},"
                    " \"metrics\": {\"p\": [\"accuracy\"], \"q\": []}}",
                    NULL);
    assert_training("{\"loss\": {\"class_name\": \"MeanSquaredError\", \"config\": {\"reduction\": \"mean_with_sample_weight\"}}}",
                    "{\"loss\": {\"mean_squared_error\": {\"reduction\": \"mean_with_sample_weight\"}}}", NULL);
    assert_training("{\"metrics\": [\"acc\"]}", "{\"metrics\": [\"acc\"]}", NULL);
    assert_training("{\"loss\": {\"class_name\": \"MeanSquaredError\", \"config\": {\"reduction\": \"mean\", \"name\": \"m\"}}, "
                    "\"optimizer_config\": {\"class_name\": \"SGD\", \"config\": {\"learning_rate\": 0.1, \"loss_scale_factor\": 8.0}}}",
                    "{\"loss\": \"mean_squared_error\", \"optimizer\": {\"sgd\": {\"learning_rate\": 0.1}}}", NULL);
    /* Compiled by name, written as what Keras made of it. */
    assert_training("{\"metrics\": [{\"class_name\": \"MeanMetricWrapper\", \"config\": {\"name\": \"accuracy\", \"dtype\": \"float32\", "
                    "\"fn\": \"categorical_accuracy\"}}, {\"class_name\": \"MeanMetricWrapper\", \"config\": {\"name\": \"mae\", \"fn\": "
                    "{\"module\": \"builtins\", \"class_name\": \"function\", \"config\": \"mean_absolute_error\"}}}]}",
                    "{\"metrics\": [\"categorical_accuracy\", \"mean_absolute_error\"]}", NULL);
    /* Short forms of either version. */
    assert_training("{\"loss\": \"MSLE\", \"metrics\": [\"KLD\", \"mape\", \"BCE\", \"logcosh\", \"cosine_proximity\"]}",
                    "{\"loss\": \"msle\", \"metrics\": [\"kld\", \"mape\", \"bce\", \"log_cosh\", \"cosine_similarity\"]}", NULL);
    assert_training("{\"loss\": [\"categorical_crossentropy\", \"mse\"], \"loss_weights\": null, \"metrics\": null}",
                    "{\"loss\": {\"p\": \"categorical_crossentropy\", \"q\": \"mse\"}}", NULL);
}

static void optimizers_of_old_and_new_versions_are_read(void **state)
{
    (void)state;
    assert_training("{\"optimizer_config\": {\"class_name\": \"SGD\", \"config\": {\"name\": \"SGD\", \"lr\": "
                    "0.009999999776482582, \"decay\": 0.0, \"momentum\": 0.9, \"nesterov\": false}}}",
                    "{\"optimizer\": {\"sgd\": {\"learning_rate\": 0.01, \"momentum\": 0.9, \"nesterov\": false}}}",
                    NULL);
    assert_training(
        "{\"optimizer_config\": {\"module\": \"keras.optimizers\", \"class_name\": \"Adam\", \"config\": {\"name\": "
        "\"adam\", \"learning_rate\": {\"module\": \"keras.optimizers.schedules\","
        " \"class_name\": \"ExponentialDecay\", \"config\": {\"initial_learning_rate\": 0.1, \"decay_steps\": 5, "
        "\"decay_rate\": 0.5, \"staircase\": true, \"name\": \"ExponentialDecay\"}, \"registered_name\": null},"
        " \"weight_decay\": null, \"use_ema\": false, \"ema_momentum\": 0.99, \"jit_compile\": true}, "
        "\"registered_name\": null}}",
        "{\"optimizer\": {\"adam\": {\"learning_rate\": {\"exponential_decay\": {\"initial_learning_rate\": 0.1, "
        "\"decay_steps\": 5, \"decay_rate\": 0.5, \"staircase\": true}}, \"weight_decay\": null, \"use_ema\": false, "
        "\"ema_momentum\": 0.99}}}",
        NULL);
}

static void what_is_not_ours_is_left_out_with_a_warning(void **state)
{
    (void)state;
    assert_training("{\"loss\": \"my_loss\", \"metrics\": [\"accuracy\", \"my_metric\"]}",
                    "{\"metrics\": [\"accuracy\"]}", "my_metric");
    assert_training("{\"loss\": \"my_loss\"}", "{}",
                    "m.h5: training_config: loss is not taken over: loss: \"my_loss\"");
    assert_training("{\"optimizer_config\": {\"class_name\": \"SGD\", \"config\": {\"learning_rate\": 0.1, "
                    "\"decay\": 0.5}}}",
                    "{}", "decay = 0.5");
    assert_training(
        "{\"loss\": {\"p\": {\"class_name\": \"CategoricalCrossentropy\", \"config\": {\"reduction\": \"none\"}}}}",
        "{}", "reduction = \"none\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(input_shapes_are_found_wherever_a_version_puts_them),
        cmocka_unit_test(inputs_are_numbers_of_any_type),
        cmocka_unit_test(initializers_are_read_with_and_without_module_and_by_either_name),
        cmocka_unit_test(activations_are_names_functions_or_layers_with_their_own_defaults),
        cmocka_unit_test(hard_sigmoid_has_the_slope_of_the_version_that_wrote_it),
        cmocka_unit_test(keys_that_change_nothing_are_ignored),
        cmocka_unit_test(an_activity_regularizer_is_a_row_of_the_layer),
        cmocka_unit_test(what_cannot_be_honoured_is_named_with_layer_key_and_value),
        cmocka_unit_test(nodes_of_both_versions_say_the_same),
        cmocka_unit_test(nodes_that_mean_more_than_our_graphs_are_named),
        cmocka_unit_test(components_are_written_as_keras_3_takes_them),
        cmocka_unit_test(everything_in_the_families_survives_the_way_through_keras),
        cmocka_unit_test(losses_and_metrics_are_read_by_name_by_output_and_in_order),
        cmocka_unit_test(optimizers_of_old_and_new_versions_are_read),
        cmocka_unit_test(what_is_not_ours_is_left_out_with_a_warning),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
