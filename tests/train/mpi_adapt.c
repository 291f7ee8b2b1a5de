/* A normalization layer learns the statistics of the training part before the first step: what it then gives the layers above is what a
 * standardizing scaler gives them, at any number of ranks. */
#include <math.h>

#include "dnn/exchange/model_file.h"
#include "train/runs.h"

/* 90 of 120 rows train, in batches of 32: the last one is short. Weights that are drawn would depend on how many tensors stand before them. */
#define RUN(data, layers, shards)                                                                                                            \
    "seed: 11\noutput: unset\n"                                                                                                              \
    "data: {source: {blobs: {n_samples: 120, centers: 3, n_features: 4, random_state: 2}}, split: {validation: 30}" data "}\n"               \
    "model: {layers: [" layers "{dense: {units: 6, activation: tanh, kernel_initializer: identity, name: below}}, "\
    "{dense: {units: 3, activation: softmax, kernel_initializer: identity, name: above}}]}\n" \
    "training: {loss: sparse_categorical_crossentropy, optimizer: {sgd: {learning_rate: 0.1}}, batch_size: 32, epochs: 3, shuffle: false" shards "}\n"

typedef struct trained { dnn_graph *graph; float *weights; } trained;

/* Trains what `text` says and reads the model back, on every rank. */
static trained train(dnn_comm *comm, const char *name, const char *text)
{
    char out[600], file[64];
    trained t = { 0 };
    snprintf(out, sizeof out, "output=%s", in_folder(name));
    snprintf(file, sizeof file, "%s.yaml", name);
    if (dnn_comm_rank(comm) == 0 && dnn_file_write(in_folder(file), text, strlen(text)) != DNN_OK) return t;
    dnn_comm_barrier(comm);
    const char *overrides[] = { out };
    const dnn_train_request request = { .run_file = in_folder(file), .overrides = overrides, .n_overrides = 1, .threads = 1 };
    const dnn_status st = dnn_train(comm, &request);
    if (st != DNN_OK) {
        fprintf(stderr, "# %s\n", dnn_fail_text());
        return t;
    }
    dnn_comm_barrier(comm);
    dnn_model_file *model = NULL;
    const dnn_port *ports = NULL;
    size_t n = 0;
    snprintf(file, sizeof file, "%s/model.h5", name);
    if (dnn_model_open(in_folder(file), &model) != DNN_OK) return t;
    const dnn_node *architecture = dnn_model_architecture(model, &ports, &n);
    if (dnn_graph_create(architecture, ports, n, &t.graph) == DNN_OK) {
        t.weights = dnn_alloc(t.graph->segments.total, sizeof *t.weights);
        if (dnn_model_weights(model, t.graph, t.weights) != DNN_OK) fprintf(stderr, "# %s\n", dnn_fail_text());
    }
    dnn_model_close(model);
    return t;
}

static void forget(trained *t)
{
    dnn_free(t->weights);
    dnn_graph_destroy(t->graph);
}

static const dnn_segment *segment(const trained *t, const char *name)
{
    for (size_t i = 0; i < t->graph->segments.count; i++)
        if (strcmp(t->graph->segments.at[i].name, name) == 0) return &t->graph->segments.at[i];
    return NULL;
}

/* Largest difference of a tensor of both. */
static double distance(const trained *a, const trained *b, const char *name)
{
    const dnn_segment *x = segment(a, name), *y = segment(b, name);
    double most = x && y && x->length == y->length ? 0 : INFINITY;
    for (size_t i = 0; most < INFINITY && i < x->length; i++)
        most = fmax(most, fabs((double)a->weights[x->offset + i] - (double)b->weights[y->offset + i]));
    return most;
}

static void a_normalization_layer_does_what_a_standardizing_scaler_does(void **state)
{
    dnn_comm *comm = *state;
    trained scaled = train(comm, "scaled", RUN(", scale: {features: standardize}", "", ""));
    trained adapted = train(comm, "adapted", RUN("", "{normalization: {name: n}}, ", ""));
    assert_on_all_ranks(comm, scaled.weights && adapted.weights);
    assert_on_all_ranks(comm, distance(&scaled, &adapted, "below/kernel") < 1e-4 && distance(&scaled, &adapted, "above/bias") < 1e-4);
    const float *count = adapted.weights + segment(&adapted, "n/count")->offset;
    assert_on_all_ranks(comm, *count == 90);
    forget(&scaled);
    forget(&adapted);
}

/* The second one sees what the first has made mean 0 and variance 1. */
static void layers_above_one_another_learn_one_after_the_other(void **state)
{
    dnn_comm *comm = *state;
    trained t = train(comm, "two", RUN("", "{normalization: {name: n}}, {rescaling: {scale: 2, offset: 3}}, {normalization: {name: m}}, ", ""));
    assert_on_all_ranks(comm, t.weights != NULL);
    const float *mean = t.weights + segment(&t, "m/mean")->offset, *variance = t.weights + segment(&t, "m/variance")->offset;
    for (size_t i = 0; i < 4; i++) assert_on_all_ranks(comm, fabs(mean[i] - 3.0) < 1e-5 && fabs(variance[i] - 4.0) < 1e-5);
    forget(&t);
}

/* One for all features. */
static void without_axes_there_is_one_statistic(void **state)
{
    dnn_comm *comm = *state;
    trained each = train(comm, "each", RUN("", "{normalization: {name: n}}, ", "")), all = train(comm, "all", RUN("", "{normalization: {name: n, axis: []}}, ", ""));
    assert_on_all_ranks(comm, each.weights && all.weights);
    const float *means = each.weights + segment(&each, "n/mean")->offset, *variances = each.weights + segment(&each, "n/variance")->offset;
    double mean = 0, variance = 0;
    for (size_t i = 0; i < 4; i++) mean += (double)means[i] / 4;
    for (size_t i = 0; i < 4; i++) variance += ((double)variances[i] + ((double)means[i] - mean) * ((double)means[i] - mean)) / 4;
    assert_on_all_ranks(comm, fabs((double)all.weights[segment(&all, "n/mean")->offset] - mean) < 1e-5 * fmax(1, fabs(mean)));
    assert_on_all_ranks(comm, fabs((double)all.weights[segment(&all, "n/variance")->offset] - variance) < 1e-5 * variance);
    forget(&each);
    forget(&all);
}

static void fixed_shards_learn_the_same_bits_at_any_number_of_ranks(void **state)
{
    dnn_comm *comm = *state;
    const char *text = RUN("", "{normalization: {name: n}}, ", ", shards: 6");
    trained together = train(comm, "together", text);
    char alone_name[32];
    snprintf(alone_name, sizeof alone_name, "alone%d", dnn_comm_rank(comm));
    trained alone = train(NULL, alone_name, text);
    assert_on_all_ranks(comm, together.weights && alone.weights);
    assert_on_all_ranks(comm, distance(&together, &alone, "n/mean") == 0 && distance(&together, &alone, "n/variance") == 0);
    assert_on_all_ranks(comm, distance(&together, &alone, "below/kernel") == 0);
    forget(&together);
    forget(&alone);
}

int main(int argc, char **argv)
{
    dnn_comm *comm = NULL;
    if (dnn_comm_start(&argc, &argv, &comm) != DNN_OK || runs_begin(comm, "") != DNN_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(a_normalization_layer_does_what_a_standardizing_scaler_does, comm),
        cmocka_unit_test_prestate(layers_above_one_another_learn_one_after_the_other, comm),
        cmocka_unit_test_prestate(without_axes_there_is_one_statistic, comm),
        cmocka_unit_test_prestate(fixed_shards_learn_the_same_bits_at_any_number_of_ranks, comm),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return runs_end(comm, failed);
}
