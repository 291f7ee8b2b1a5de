/* Models saved by Keras give Keras's predictions, and what they were compiled with comes over. */
#include "exchange/support.h"

#include "dnn/io/hdf5.h"
#include "exchange/keras_predictions.h"

enum { ROWS = 9 };

static void assert_near(const float *y, const double *want, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)y[i] - want[i]) <= 1e-5))
            fail_msg("value %zu: %.9g instead of %.9g", i, (double)y[i], want[i]);
}

static void a_sequential_of_keras_predicts_as_keras_does(void **state)
{
    (void)state;
    loaded l = load(test_data("mlp_relu.h5"));
    assert_false(dnn_model_is_ours(l.file));
    assert_int_equal(l.graph->n_inputs, 1);
    assert_string_equal(l.graph->inputs[0].name, "input_layer");
    float *y = predict(&l, ROWS, (const float *const[]){mlp_relu_x0});
    assert_near(y, mlp_relu_y, ROWS * 3);
    dnn_free(y);
    unload(&l);
}

static void batch_norm_with_and_without_center_and_scale_predicts_as_keras_does(void **state)
{
    (void)state;
    loaded l = load(test_data("mlp_bn.h5"));
    float *y = predict(&l, ROWS, (const float *const[]){mlp_bn_x0});
    assert_near(y, mlp_bn_y, ROWS);
    dnn_free(y);
    unload(&l);
}

/* Its file names the input deep before wide; the model's arguments are wide, deep. */
static void a_functional_model_with_two_inputs_predicts_as_keras_does(void **state)
{
    (void)state;
    loaded l = load(test_data("wide_deep.h5"));
    assert_int_equal(l.graph->n_inputs, 2);
    assert_string_equal(l.graph->inputs[0].name, "wide");
    assert_string_equal(l.graph->inputs[1].name, "deep");
    assert_string_equal(l.graph->outputs[0].name, "out");
    float *y = predict(&l, ROWS, (const float *const[]){wide_deep_x0, wide_deep_x1});
    assert_near(y, wide_deep_y, ROWS);
    dnn_free(y);
    unload(&l);
}

static void assert_training(const char *file, const char *want)
{
    dnn_model_file *f;
    char *text;
    assert_ok(dnn_model_open(test_data(file), &f));
    dnn_node *expected = json(want);
    assert_ok(dnn_json_write(dnn_model_training(f), &text));
    /* Metrics of Keras that are not ours are left out with a warning; what is expected does not speak of them. */
    dnn_node *read = dnn_node_copy(dnn_model_training(f));
    if (!dnn_node_find(expected, "metrics")) dnn_node_remove(read, "metrics");
    if (!same_training(read, expected)) fail_msg("%s", text);
    dnn_node_destroy(read);
    dnn_free(text);
    dnn_node_destroy(expected);
    dnn_model_close(f);
}

#define UNUSED ", \"weight_decay\": null, \"use_ema\": false, \"ema_momentum\": 0.99, \"ema_overwrite_frequency\": null, \"gradient_accumulation_steps\": null"

static void what_keras_compiled_with_comes_over_and_rates_lose_their_float_tail(void **state)
{
    (void)state;
    assert_training("mlp_relu.h5",
                    "{\"loss\": \"categorical_crossentropy\", \"metrics\": [\"accuracy\"],"
                    " \"optimizer\": {\"sgd\": {\"learning_rate\": 0.1, \"momentum\": 0.9, \"nesterov\": true,"
                    " \"clipnorm\": null, \"global_clipnorm\": null, \"clipvalue\": null" UNUSED "}}}");
    assert_training(
        "mlp_bn.h5",
        "{\"loss\": \"binary_crossentropy\","
        " \"optimizer\": {\"adam\": {\"learning_rate\": 0.01, \"beta_1\": 0.9, \"beta_2\": 0.999, \"epsilon\": 1e-7,"
        " \"amsgrad\": false, \"clipnorm\": null, \"global_clipnorm\": null, \"clipvalue\": null" UNUSED "}}}");
    assert_training(
        "wide_deep.h5",
        "{\"loss\": \"mean_squared_error\","
        " \"optimizer\": {\"rmsprop\": {\"learning_rate\": 0.01, \"rho\": 0.9, \"momentum\": 0.9, \"epsilon\": 1e-7,"
        " \"centered\": true, \"clipnorm\": null, \"global_clipnorm\": null, \"clipvalue\": null" UNUSED "}}}");
}

/* The slots are found by order; that they are the right ones is told by the names that Keras gave them. */
static void assert_slots(const char *file, const char *prefix, const char *model)
{
    loaded l = load(test_data(file));
    dnn_component optimizer;
    float *slots[DNN_MAX_SLOTS];
    double scalars[DNN_MAX_SCALARS];
    uint64_t iterations = 0;
    bool found;
    assert_ok(dnn_component_read(&dnn_optimizers, dnn_node_find(dnn_model_training(l.file), "optimizer"), &optimizer));
    const dnn_optimizer_kind *kind = (const dnn_optimizer_kind *)optimizer.kind;
    const size_t n = kind->slots(optimizer.params);
    for (size_t s = 0; s < n; s++) slots[s] = dnn_alloc(l.graph->segments.total, sizeof **slots);
    assert_ok(dnn_model_optimizer(l.file, l.graph, &optimizer, slots, scalars, &iterations, &found));
    assert_true(found && iterations > 0);
    dnn_hdf5 *h;
    assert_ok(dnn_hdf5_open(test_data(file), DNN_E_MODEL, &h));
    size_t compared = 0;
    for (size_t i = 0; i < l.graph->segments.count; i++) {
        const dnn_segment *s = &l.graph->segments.at[i];
        for (size_t k = 0; s->weight && k < n; k++) {
            char path[256];
            float want[512];
            snprintf(path, sizeof path, "/optimizer_weights/%s/%s%s_%s", prefix, model, s->name,
                     kind->slot_name(optimizer.params, k));
            for (char *c = path + strlen("/optimizer_weights/") + strlen(prefix) + 1; *c; c++)
                if (*c == '/') *c = '_';
            assert_ok(dnn_hdf5_read(h, path, DNN_HDF5_FLOAT, s->length, want));
            assert_memory_equal(want, slots[k] + s->offset, s->length * sizeof *want);
            compared += s->length;
        }
    }
    assert_true(compared > 0);
    dnn_hdf5_close(h);
    for (size_t s = 0; s < n; s++) dnn_free(slots[s]);
    dnn_component_clear(&optimizer);
    unload(&l);
}

static void optimizer_state_of_keras_lands_in_the_right_slots(void **state)
{
    (void)state;
    assert_slots("mlp_relu.h5", "sgd", "sequential_");
    assert_slots("mlp_bn.h5", "adam", "mlp_bn_");
    assert_slots("wide_deep.h5", "rm_sprop", "");
}

static void state_of_another_optimizer_does_not_fit(void **state)
{
    (void)state;
    loaded l = load(test_data("mlp_relu.h5"));
    dnn_component adam = optimizer_of("\"adam\"");
    float *slots[2] = {dnn_alloc(l.graph->segments.total, sizeof(float)),
                       dnn_alloc(l.graph->segments.total, sizeof(float))};
    double scalars[DNN_MAX_SCALARS];
    uint64_t iterations;
    bool found;
    assert_fails(DNN_E_MODEL, dnn_model_optimizer(l.file, l.graph, &adam, slots, scalars, &iterations, &found),
                 "mlp_relu.h5", "/optimizer_weights", "6", "12");
    dnn_free(slots[0]);
    dnn_free(slots[1]);
    dnn_component_clear(&adam);
    unload(&l);
}

static void weights_do_not_fit_another_network_and_both_sides_are_named(void **state)
{
    (void)state;
    dnn_model_file *f;
    float weights[4096];
    assert_ok(dnn_model_open(test_data("mlp_relu.h5"), &f));
    dnn_graph *wider =
        graph_of("{\"inputs\": {\"x\": [8]}, \"layers\": [{\"dense\": {\"units\": 17, \"name\": \"first\"}},"
                 "{\"dense\": {\"units\": 8}}, {\"dense\": {\"units\": 3}}]}");
    dnn_graph *shorter =
        graph_of("{\"inputs\": {\"x\": [8]}, \"layers\": [{\"dense\": {\"units\": 16}}, {\"dense\": {\"units\": 8}}]}");
    dnn_graph *longer =
        graph_of("{\"inputs\": {\"x\": [8]}, \"layers\": [{\"dense\": {\"units\": 16}}, {\"dense\": {\"units\": 8}},"
                 "{\"dense\": {\"units\": 3}}, {\"dense\": {\"units\": 1, \"name\": \"extra\"}}]}");
    dnn_graph *without_bias =
        graph_of("{\"inputs\": {\"x\": [8]}, \"layers\": [{\"dense\": {\"units\": 16, \"use_bias\": false}},"
                 "{\"dense\": {\"units\": 8}}, {\"dense\": {\"units\": 3}}]}");
    assert_fails(DNN_E_MODEL, dnn_model_weights(f, wider, weights), "dense/kernel", "[8, 16]", "[8, 17]", "'first'");
    assert_fails(DNN_E_MODEL, dnn_model_weights(f, shorter, weights), "/model_weights/dense_2", "no further layer");
    assert_fails(DNN_E_MODEL, dnn_model_weights(f, longer, weights), "no weights for layer 'extra'");
    assert_fails(DNN_E_MODEL, dnn_model_weights(f, without_bias, weights), "has 2 weights", "has 1");
    dnn_graph_destroy(wider);
    dnn_graph_destroy(shorter);
    dnn_graph_destroy(longer);
    dnn_graph_destroy(without_bias);
    dnn_model_close(f);
}

static void files_of_keras_have_no_header_to_verify(void **state)
{
    (void)state;
    assert_fails(DNN_E_MODEL, dnn_model_verify(test_data("mlp_relu.h5")), "header");
    assert_fails(DNN_E_MODEL, dnn_model_verify("/nowhere/model.h5"), "No such file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sequential_of_keras_predicts_as_keras_does),
        cmocka_unit_test(batch_norm_with_and_without_center_and_scale_predicts_as_keras_does),
        cmocka_unit_test(a_functional_model_with_two_inputs_predicts_as_keras_does),
        cmocka_unit_test(what_keras_compiled_with_comes_over_and_rates_lose_their_float_tail),
        cmocka_unit_test(optimizer_state_of_keras_lands_in_the_right_slots),
        cmocka_unit_test(state_of_another_optimizer_does_not_fit),
        cmocka_unit_test(weights_do_not_fit_another_network_and_both_sides_are_named),
        cmocka_unit_test(files_of_keras_have_no_header_to_verify),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
