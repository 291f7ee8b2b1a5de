/* Models of Keras that are layers of other models: their layers come in their place, and their weights from the one group that they have
 * in the file: first all that is trained, in the order of the layers, then all that is not. */
#include "exchange/support.h"

#include "dnn/base/log.h"
#include "exchange/keras.h"

#define TENSOR(name, node, number)                                                                                     \
    "{\"class_name\": \"__keras_tensor__\", \"config\": {\"shape\": [null, 3], \"dtype\": \"float32\", "              \
    "\"keras_history\": [\"" name "\", " node ", " number "]}}"
#define CALL(...) "\"inbound_nodes\": [{\"args\": [" __VA_ARGS__ "], \"kwargs\": {}}]"
#define INPUT(name, size)                                                                                              \
    "{\"class_name\": \"InputLayer\", \"name\": \"" name "\", \"config\": {\"name\": \"" name "\", "                  \
    "\"batch_shape\": [null, " size "]}, \"inbound_nodes\": []},"
#define DENSE(name, units, more) "{\"class_name\": \"Dense\", \"name\": \"" name "\", \"config\": {\"name\": \"" name "\", \"units\": " units more "}"

/* x [3] -> encoder: d1 (2), bn, d2 (2, frozen) -> head, a Sequential with a layer d1 as well. Both end in several models' ways. */
#define ENCODER                                                                                                        \
    "{\"name\": \"encoder\", \"trainable\": true, \"layers\": [" INPUT("x", "3") DENSE("d1", "2", "") ", "            \
    CALL(TENSOR("x", "0", "0")) "}, {\"class_name\": \"BatchNormalization\", \"name\": \"bn\", \"config\": "          \
    "{\"name\": \"bn\"}, " CALL(TENSOR("d1", "0", "0")) "}, "                                                         \
    DENSE("d2", "2", ", \"trainable\": false") ", " CALL(TENSOR("bn", "0", "0")) "}], "                                \
    "\"input_layers\": [\"x\", 0, 0], \"output_layers\": [\"d2\", 0, 0]}"
#define HEAD                                                                                                           \
    "{\"name\": \"head\", \"layers\": [" INPUT("i", "2") DENSE("d1", "4", "") "}, " DENSE("d2", "1", "") "}]}"

static const char functional[] =
    "{\"class_name\": \"Functional\", \"config\": {\"name\": \"outer\", \"layers\": [" INPUT("x", "3")
    "{\"class_name\": \"Functional\", \"name\": \"encoder\", \"config\": " ENCODER ", " CALL(TENSOR("x", "0", "0")) "}, "
    "{\"class_name\": \"Sequential\", \"name\": \"head\", \"config\": " HEAD ", " CALL(TENSOR("encoder", "1", "0")) "}, "
    DENSE("d1", "5", "") ", " CALL(TENSOR("head", "0", "0")) "}], "
    "\"input_layers\": [[\"x\", 0, 0]], \"output_layers\": [[\"d1\", 0, 0]]}}";

static const char sequential[] =
    "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"outer\", \"layers\": [" INPUT("x", "3")
    "{\"class_name\": \"Functional\", \"config\": " ENCODER "}, {\"class_name\": \"Sequential\", \"config\": " HEAD "}, "
    DENSE("d1", "5", "") "}]}}";

static const char *const names[] = { "encoder_d1", "encoder_bn", "encoder_d2", "head_d1", "head_d2", "d1" };

static dnn_graph *read_graph(const char *text)
{
    const keras_source keras_3 = { 3 };
    dnn_node *config = json(text), *model, *models;
    dnn_graph *graph;
    assert_ok(keras_model_read(&keras_3, config, &model, &models));
    assert_ok(dnn_graph_create(model, NULL, 0, &graph));
    dnn_node_destroy(config);
    dnn_node_destroy(model);
    dnn_node_destroy(models);
    return graph;
}

static void layers_of_a_model_come_in_its_place_under_its_name(void **state)
{
    static const char *const texts[] = { functional, sequential };
    (void)state;
    for (size_t t = 0; t < 2; t++) {
        dnn_graph *g = read_graph(texts[t]);
        assert_int_equal(g->n_layers, 6);
        for (size_t i = 0; i < 6; i++) assert_string_equal(g->layers[i].name, names[i]);
        assert_int_equal(g->n_inputs, 1);
        assert_int_equal(g->n_outputs, 1);
        assert_int_equal(dnn_shape_units(&g->outputs[0].shape), 5);
        dnn_graph_destroy(g);
    }
}

/* Two inputs, two outputs, read crosswise. */
static void inputs_and_outputs_of_a_model_are_matched_in_their_order(void **state)
{
    static const char text[] =
        "{\"class_name\": \"Functional\", \"config\": {\"name\": \"o\", \"layers\": [" INPUT("a", "2") INPUT("b", "3")
        "{\"class_name\": \"Functional\", \"name\": \"m\", \"config\": {\"name\": \"m\", \"trainable\": false, \"layers\": ["
        INPUT("p", "3") INPUT("q", "2") DENSE("dp", "4", "") ", " CALL(TENSOR("p", "0", "0")) "}, "
        DENSE("dq", "5", "") ", " CALL(TENSOR("q", "0", "0")) "}], \"input_layers\": [[\"p\", 0, 0], [\"q\", 0, 0]], "
        "\"output_layers\": [[\"dp\", 0, 0], [\"dq\", 0, 0]]}, " CALL("[" TENSOR("b", "0", "0") ", " TENSOR("a", "0", "0") "]") "}, "
        DENSE("first", "1", "") ", " CALL(TENSOR("m", "1", "1")) "}, " DENSE("second", "1", "") ", " CALL(TENSOR("m", "1", "0")) "}], "
        "\"input_layers\": [[\"a\", 0, 0], [\"b\", 0, 0]], \"output_layers\": [[\"first\", 0, 0], [\"second\", 0, 0]]}}";
    (void)state;
    dnn_graph *g = read_graph(text);
    assert_int_equal(g->n_layers, 4);
    for (size_t i = 0; i < g->segments.count; i++) {
        const dnn_segment *s = &g->segments.at[i];
        if (!strcmp(s->name, "m_dp/kernel")) assert_int_equal(s->shape.dim[0], 3);
        if (!strcmp(s->name, "m_dq/kernel")) assert_int_equal(s->shape.dim[0], 2);
        if (!strcmp(s->name, "first/kernel")) assert_int_equal(s->shape.dim[0], 5);
        if (!strcmp(s->name, "second/kernel")) assert_int_equal(s->shape.dim[0], 4);
        assert_int_equal(s->trainable, strncmp(s->name, "m_", 2) != 0);
    }
    dnn_graph_destroy(g);
}

static char warning[600];

static void keep_warning(void *context, dnn_log_level level, const char *line)
{
    (void)context;
    if (level == DNN_LOG_WARNING) snprintf(warning, sizeof warning, "%s", line);
}

#define CALLED_WITH(training)                                                                                          \
    "{\"class_name\": \"Functional\", \"config\": {\"name\": \"o\", \"layers\": [" INPUT("x", "2") DENSE("d", "3", "")     \
    ", \"inbound_nodes\": [{\"args\": [" TENSOR("x", "0", "0") "], \"kwargs\": {\"training\": " training "}}]}], "   \
    "\"input_layers\": [[\"x\", 0, 0]], \"output_layers\": [[\"d\", 0, 0]]}}"

/* Transfer learning calls the model that is taken over with training=False. */
static void a_call_without_training_is_read_with_a_warning_and_one_with_it_refused(void **state)
{
    const keras_source keras_3 = { 3 };
    (void)state;
    dnn_log_set_sink(keep_warning, NULL);
    dnn_graph *g = read_graph(CALLED_WITH("false"));
    dnn_log_set_sink(NULL, NULL);
    assert_non_null(strstr(warning, "layer 'd' is called with training = false"));
    dnn_graph_destroy(g);
    dnn_node *config = json(CALLED_WITH("true")), *model, *models;
    assert_fails(DNN_E_MODEL, keras_model_read(&keras_3, config, &model, &models), "layer 'd'", "training = true");
    dnn_node_destroy(config);
}

/* ---- files ---- */

static void write_text(hid_t at, const char *name, const char *text)
{
    const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    H5Tset_size(type, strlen(text) + 1);
    const hid_t attribute = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(attribute >= 0 && H5Awrite(attribute, type, text) >= 0);
    H5Aclose(attribute), H5Sclose(space), H5Tclose(type);
}

enum { WIDTH = 64 };

static void write_texts(hid_t at, const char *name, const char *const *texts, size_t count)
{
    char room[16][WIDTH] = { { 0 } };
    const hsize_t n = count;
    const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate_simple(1, &n, NULL);
    H5Tset_size(type, WIDTH);
    for (size_t i = 0; i < count; i++) snprintf(room[i], WIDTH, "%s", texts[i]);
    const hid_t attribute = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(attribute >= 0 && H5Awrite(attribute, type, room) >= 0);
    H5Aclose(attribute), H5Sclose(space), H5Tclose(type);
}

/* A group with `count` weights named w0 …, of the given shapes, the k-th of them full of value + k. */
static void write_group(hid_t root, const char *name, const hsize_t (*shapes)[2], size_t count, double value)
{
    const char *texts[16];
    char labels[16][8];
    const hid_t group = H5Gcreate2(root, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    for (size_t k = 0; k < count; k++) {
        float values[64];
        snprintf(labels[k], sizeof labels[k], "w%zu", k);
        texts[k] = labels[k];
        for (size_t i = 0; i < 64; i++) values[i] = (float)(value + (double)k);
        const hid_t space = H5Screate_simple(shapes[k][1] ? 2 : 1, shapes[k], NULL);
        const hid_t set = H5Dcreate2(group, labels[k], H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        assert_true(set >= 0 && H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
        H5Dclose(set), H5Sclose(space);
    }
    write_texts(group, "weight_names", texts, count);
    H5Gclose(group);
}

static void weights_of_a_model_are_those_trained_then_the_others(void **state)
{
    static const char *const groups[] = { "encoder", "head", "d1" };
    /* d1 kernel, d1 bias, gamma, beta; moving mean and variance, d2's kernel and bias. */
    static const hsize_t encoder[][2] = { { 3, 2 }, { 2 }, { 2 }, { 2 }, { 2 }, { 2 }, { 2, 2 }, { 2 } };
    static const hsize_t head[][2] = { { 2, 4 }, { 4 }, { 4, 1 }, { 1 } }, last[][2] = { { 1, 5 }, { 5 } };
    static const struct { const char *name; float value; } want[] = {
        { "encoder_d1/kernel", 10 }, { "encoder_d1/bias", 11 }, { "encoder_bn/gamma", 12 }, { "encoder_bn/beta", 13 },
        { "encoder_bn/moving_mean", 14 }, { "encoder_bn/moving_variance", 15 }, { "encoder_d2/kernel", 16 }, { "encoder_d2/bias", 17 },
        { "head_d1/kernel", 20 }, { "head_d1/bias", 21 }, { "head_d2/kernel", 22 }, { "head_d2/bias", 23 }, { "d1/kernel", 30 }, { "d1/bias", 31 },
    };
    static const char *const texts[] = { functional, sequential };
    (void)state;
    for (size_t t = 0; t < 2; t++) {
        const char *path = in_folder("nested.h5");
        const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        write_text(file, "keras_version", "3.15.1");
        write_text(file, "model_config", texts[t]);
        const hid_t weights = H5Gcreate2(file, "model_weights", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        write_texts(weights, "layer_names", groups, 3);
        write_group(weights, "encoder", encoder, 8, 10);
        write_group(weights, "head", head, 4, 20);
        write_group(weights, "d1", last, 2, 30);
        H5Gclose(weights), H5Fclose(file);
        loaded l = load(path);
        assert_int_equal(l.graph->segments.count, sizeof want / sizeof *want);
        for (size_t i = 0; i < l.graph->segments.count; i++) {
            const dnn_segment *s = &l.graph->segments.at[i];
            assert_string_equal(s->name, want[i].name);
            for (size_t k = 0; k < s->length; k++) assert_true(l.weights[s->offset + k] == want[i].value);
        }
        unload(&l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_of_a_model_come_in_its_place_under_its_name),
        cmocka_unit_test(inputs_and_outputs_of_a_model_are_matched_in_their_order),
        cmocka_unit_test(a_call_without_training_is_read_with_a_warning_and_one_with_it_refused),
        cmocka_unit_test(weights_of_a_model_are_those_trained_then_the_others),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
