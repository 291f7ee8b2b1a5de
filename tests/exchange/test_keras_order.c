/* Keras puts the layers of a model into an order of its own, by their distance from the outputs, and finds weights and moments by their place in it
 * (keras.Function; what is expected here was worked out by hand from its rule). */
#include "exchange/support.h"

#include "dnn/io/hdf5.h"
#include "exchange/keras.h"

/* Two ways of different length from x to out, the short one written first; Keras has `long_1`, which is farther from the end, before it. */
#define BRANCHES(short_, long_1, long_2, cat, out)                                                                     \
    "{\"inputs\": {\"x\": [3]}, \"layers\": ["                                                                        \
    "{\"dense\": {\"name\": \"" short_ "\", \"units\": 4, \"inputs\": \"x\"}},"                                        \
    "{\"dense\": {\"name\": \"" long_1 "\", \"units\": 4, \"activation\": \"softmax\", \"inputs\": \"x\"}},"           \
    "{\"dense\": {\"name\": \"" long_2 "\", \"units\": 4}},"                                                           \
    "{\"concatenate\": {\"name\": \"" cat "\", \"inputs\": [\"" short_ "\", \"" long_2 "\"]}},"                        \
    "{\"dense\": {\"name\": \"" out "\", \"units\": 2, \"activation\": \"softmax\"}}]}"
static const char branches[] = BRANCHES("short", "long_1", "long_2", "cat", "out");

/* The same network, its layers in another order and under other names. */
static const char renamed[] = "{\"inputs\": {\"x\": [3]}, \"layers\": ["
                              "{\"dense\": {\"name\": \"b\", \"units\": 4, \"activation\": \"softmax\", \"inputs\": \"x\"}},"
                              "{\"dense\": {\"name\": \"c\", \"units\": 4}},"
                              "{\"dense\": {\"name\": \"a\", \"units\": 4, \"inputs\": \"x\"}},"
                              "{\"concatenate\": {\"name\": \"d\", \"inputs\": [\"a\", \"c\"]}},"
                              "{\"dense\": {\"name\": \"e\", \"units\": 2, \"activation\": \"softmax\"}}]}";

static const char *entry_name(const dnn_graph *g, size_t entry)
{
    return entry < g->n_inputs ? g->inputs[entry].name : g->layers[entry - g->n_inputs].name;
}

static void assert_order(const char *model, const char *const *want, size_t n)
{
    dnn_graph *g = graph_of(model);
    size_t *order, count;
    assert_ok(keras_order_make(g, &order, &count));
    assert_int_equal(count, n);
    for (size_t i = 0; i < n; i++) assert_string_equal(entry_name(g, order[i]), want[i]);
    dnn_free(order);
    dnn_graph_destroy(g);
}

static void layers_stand_by_their_distance_from_the_end(void **state)
{
    (void)state;
    assert_order(branches, (const char *const[]){"x", "long_1", "short", "long_2", "cat", "out"}, 6);
    assert_order(renamed, (const char *const[]){"x", "b", "a", "c", "d", "e"}, 6);
}

/* wide is read by the last layer but one, deep three layers before. */
static void inputs_stand_where_they_are_read(void **state)
{
    (void)state;
    assert_order("{\"inputs\": {\"wide\": [2], \"deep\": [3]}, \"layers\": [{\"dense\": {\"name\": \"d1\", \"units\": 3, \"inputs\": \"deep\"}},"
                 "{\"dense\": {\"name\": \"d2\", \"units\": 3}}, {\"concatenate\": {\"name\": \"cat\", \"inputs\": [\"wide\", \"d2\"]}},"
                 "{\"dense\": {\"name\": \"out\", \"units\": 1}}]}",
                 (const char *const[]){"deep", "d1", "wide", "d2", "cat", "out"}, 6);
}

/* A shared layer stands at its farthest use. */
static void a_layer_used_twice_stands_once(void **state)
{
    (void)state;
    assert_order("{\"inputs\": {\"x\": [3]}, \"layers\": [{\"dense\": {\"name\": \"first\", \"units\": 3}},"
                 "{\"dense\": {\"name\": \"shared\", \"units\": 3}}, {\"call\": {\"name\": \"again\", \"layer\": \"shared\"}},"
                 "{\"dense\": {\"name\": \"side\", \"units\": 3, \"inputs\": \"x\"}},"
                 "{\"add\": {\"name\": \"sum\", \"inputs\": [\"side\", \"again\"]}}]}",
                 (const char *const[]){"x", "first", "shared", "side", "sum"}, 5);
}

typedef struct written { dnn_graph *graph; float *weights, *moments; dnn_component optimizer; } written;

static written write_model(const char *model, const char *path)
{
    written w = { .graph = graph_of(model), .optimizer = optimizer_of("{\"sgd\": {\"momentum\": 0.5}}") };
    w.weights = distinct(w.graph->segments.total, 1);
    w.moments = distinct(w.graph->segments.total, 2);
    clear_gaps(w.graph, w.weights, false);
    clear_gaps(w.graph, w.moments, true);
    dnn_node *training = json("{\"loss\": \"sparse_categorical_crossentropy\"}");
    const dnn_model_content content = { .graph = w.graph, .weights = w.weights, .training = training, .optimizer = &w.optimizer,
                                        .slots = (const float *const[]){w.moments}, .iterations = 7, .learning_rate = 0.1 };
    assert_ok(dnn_model_write(path, &content));
    dnn_node_destroy(training);
    return w;
}

static void discard(written *w)
{
    dnn_graph_destroy(w->graph);
    dnn_free(w->weights);
    dnn_free(w->moments);
    dnn_component_clear(&w->optimizer);
}

static void files_name_layers_and_moments_in_that_order(void **state)
{
    (void)state;
    static const char *const groups[] = {"x", "long_1", "short", "long_2", "cat", "out"};
    static const char *const moments[] = {"long_1", "short", "long_2", "out"};
    written w = write_model(branches, in_folder("branches.h5"));
    dnn_hdf5 *file;
    dnn_strings names;
    bool found;
    assert_ok(dnn_hdf5_open(in_folder("branches.h5"), DNN_E_MODEL, &file));
    assert_ok(dnn_hdf5_attribute_texts(file, "/model_weights", "layer_names", &names, &found));
    assert_int_equal(names.count, 6);
    for (size_t i = 0; i < 6; i++) assert_string_equal(names.at[i], groups[i]);
    dnn_hdf5_names_clear(&names);
    assert_ok(dnn_hdf5_attribute_texts(file, "/optimizer_weights", "weight_names", &names, &found));
    assert_int_equal(names.count, 10);
    for (size_t i = 0; i < 8; i++) {
        char want[64];
        snprintf(want, sizeof want, "sgd/%s_%s_momentum", moments[i / 2], i % 2 ? "bias" : "kernel");
        assert_string_equal(names.at[2 + i], want);
    }
    dnn_hdf5_names_clear(&names);
    assert_ok(dnn_hdf5_close(file));
    discard(&w);
}

static size_t offset_of(const dnn_graph *g, const char *name)
{
    for (size_t i = 0; i < g->segments.count; i++)
        if (strcmp(g->segments.at[i].name, name) == 0) return g->segments.at[i].offset;
    fail_msg("no %s", name);
    return 0;
}

/* All kernels but the last have shapes that would fit in each other's place. */
static void assert_same(const written *w, const char *model, const char *const pairs[][2], size_t n)
{
    dnn_graph *g = graph_of(model);
    float *weights = dnn_alloc(g->segments.total, sizeof *weights), *moments = dnn_alloc(g->segments.total, sizeof *moments);
    dnn_model_file *file;
    uint64_t iterations;
    bool found;
    assert_ok(dnn_model_open(in_folder("pairs.h5"), &file));
    assert_ok(dnn_model_weights(file, g, weights));
    assert_ok(dnn_model_optimizer(file, g, &w->optimizer, (float *const[]){moments}, NULL, &iterations, &found));
    assert_true(found);
    for (size_t i = 0; i < n; i++) {
        const size_t from = offset_of(w->graph, pairs[i][0]), to = offset_of(g, pairs[i][1]);
        assert_memory_equal(weights + to, w->weights + from, 4 * sizeof *weights);
        assert_memory_equal(moments + to, w->moments + from, 4 * sizeof *moments);
    }
    dnn_model_close(file);
    dnn_free(weights);
    dnn_free(moments);
    dnn_graph_destroy(g);
}

static void they_are_read_back_whatever_names_and_order_the_run_file_has(void **state)
{
    (void)state;
    static const char *const same[][2] = {{"short/bias", "short/bias"}, {"long_1/bias", "long_1/bias"}, {"long_2/bias", "long_2/bias"}};
    static const char *const other[][2] = {{"short/bias", "a/bias"}, {"long_1/bias", "b/bias"}, {"long_2/bias", "c/bias"}};
    written w = write_model(branches, in_folder("pairs.h5"));
    assert_same(&w, branches, same, 3);
    assert_same(&w, renamed, other, 3);
    /* The names of one network on the layers of another place do not mean those layers. */
    static const char *const moved[][2] = {{"short/bias", "long_1/bias"}, {"long_1/bias", "short/bias"}, {"long_2/bias", "long_2/bias"}};
    assert_same(&w, BRANCHES("long_1", "short", "long_2", "cat", "out"), moved, 3);
    discard(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_stand_by_their_distance_from_the_end),
        cmocka_unit_test(inputs_stand_where_they_are_read),
        cmocka_unit_test(a_layer_used_twice_stands_once),
        cmocka_unit_test(files_name_layers_and_moments_in_that_order),
        cmocka_unit_test(they_are_read_back_whatever_names_and_order_the_run_file_has),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
