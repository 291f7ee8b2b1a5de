/* Every layer of the registry in a training: ranks that share its batches get the bits that one process alone gets; and a convolutional network
 * learns drawn digits. */
#include <math.h>

#include "trial.h"
#include "dnn/comm/agree.h"

/* 22 rows of 16 values as images of 4 by 4, in batches of 9: a short last one, which no number of ranks shares evenly. */
#define RUN(layers)                                                                                                                          \
    "seed: 3\noutput: unused\n"                                                                                                              \
    "data: {source: {blobs: {n_samples: 22, centers: 3, n_features: 16, random_state: 5}}, scale: {features: standardize}}\n"                \
    "model:\n  layers: [" layers ", flatten, {dense: {units: 3, activation: softmax}}]\n"                                                    \
    "training: {loss: sparse_categorical_crossentropy, batch_size: 9, shards: 5, optimizer: {sgd: {learning_rate: 0.1, momentum: 0.9}}}\n"
#define IMAGE "{reshape: {target_shape: [4, 4, 1], name: image}}, "
#define BELOW IMAGE "{conv2d: {filters: 2, kernel_size: 2, padding: same, name: below}}, "
#define BESIDE "{conv2d: {filters: 2, kernel_size: 1, inputs: image, name: beside}}, "
#define ON(layer) RUN(BELOW layer)
#define LINE(layer) ON("{reshape: {target_shape: [8, 4]}}, " layer)
#define VOLUME(layer) ON("{reshape: {target_shape: [2, 2, 4, 2]}}, " layer)
#define MERGE(layer) RUN(BELOW BESIDE "{" layer ": {inputs: [below, beside]}}")

static const struct { const char *kind, *run; } models[] = {
    { "input", RUN("{input: {shape: [16], name: x}}") },
    { "flatten", ON("flatten") },
    { "reshape", ON("{reshape: {target_shape: [8, 4]}}") },
    { "dense", ON("{dense: {units: 5, activation: gelu}}") },
    { "dense", ON("{dense: {units: 5, activation: relu, activity_regularizer: {l1_l2: {l1: 0.01, l2: 0.02}}}}") },
    { "conv2d", ON("{conv2d: {filters: 3, kernel_size: 2, activation: tanh, activity_regularizer: l1}}") },
    { "activation", ON("{activation: tanh}") },
    { "leaky_relu", ON("leaky_relu") },
    { "relu", ON("{relu: {negative_slope: 0.1}}") },
    { "elu", ON("elu") },
    { "softmax", ON("softmax") },
    { "batch_normalization", ON("batch_normalization") },
    { "dropout", ON("{dropout: 0.3}") },
    { "alpha_dropout", ON("{alpha_dropout: 0.1}") },
    { "gaussian_noise", ON("{gaussian_noise: 0.1}") },
    { "concatenate", MERGE("concatenate") },
    { "add", MERGE("add") },
    { "subtract", MERGE("subtract") },
    { "multiply", MERGE("multiply") },
    { "average", MERGE("average") },
    { "maximum", MERGE("maximum") },
    { "minimum", MERGE("minimum") },
    { "layer_normalization", ON("layer_normalization") },
    { "normalization", ON("{normalization: {mean: 0.5, variance: 2}}") },
    { "rescaling", ON("{rescaling: {scale: 0.5, offset: 1}}") },
    { "prelu", ON("{prelu: {shared_axes: [1, 2]}}") },
    { "rrelu", ON("rrelu") },
    { "thresholded_relu", ON("{thresholded_relu: 0.1}") },
    { "step", ON("step") },
    { "activity_regularization", ON("{activity_regularization: {l1: 0.01, l2: 0.02}}") },
    { "gaussian_dropout", ON("{gaussian_dropout: 0.3}") },
    { "zero_padding2d", ON("zero_padding2d") },
    { "conv2d", ON("{conv2d: {filters: 3, kernel_size: 2, strides: 2, activation: elu}}") },
    { "max_pooling2d", ON("max_pooling2d") },
    { "average_pooling2d", ON("{average_pooling2d: {padding: same, strides: 1}}") },
    { "global_average_pooling2d", ON("global_average_pooling2d") },
    { "global_max_pooling2d", ON("global_max_pooling2d") },
    { "random_flip", ON("random_flip") },
    { "random_translation", ON("{random_translation: {height_factor: 0.2, width_factor: 0.2}}") },
    { "random_rotation", ON("{random_rotation: 0.1}") },
    { "random_zoom", ON("{random_zoom: 0.2}") },
    { "identity", ON("identity") },
    { "permute", ON("{permute: {dims: [3, 1, 2]}}") },
    { "repeat_vector", ON("flatten, {repeat_vector: 2}") },
    { "zero_padding1d", LINE("zero_padding1d") },
    { "zero_padding3d", VOLUME("zero_padding3d") },
    { "cropping1d", LINE("cropping1d") },
    { "cropping2d", ON("{cropping2d: {cropping: [[0, 1], [1, 0]]}}") },
    { "cropping3d", VOLUME("{cropping3d: {cropping: [[0, 1], 0, 1]}}") },
    { "up_sampling1d", LINE("up_sampling1d") },
    { "up_sampling2d", ON("{up_sampling2d: {interpolation: bilinear}}") },
    { "up_sampling3d", VOLUME("{up_sampling3d: {size: [1, 2, 1]}}") },
    { "conv1d", LINE("{conv1d: {filters: 3, kernel_size: 3, padding: causal, activation: tanh}}") },
    { "conv1d_transpose", LINE("{conv1d_transpose: {filters: 3, kernel_size: 3, strides: 2, activation: gelu}}") },
    { "conv2d_transpose", ON("{conv2d_transpose: {filters: 3, kernel_size: 3, strides: 2, padding: same, activation: tanh}}") },
    { "depthwise_conv1d", LINE("{depthwise_conv1d: {kernel_size: 3, padding: same, activation: tanh}}") },
    { "depthwise_conv2d", ON("{depthwise_conv2d: {kernel_size: 2, depth_multiplier: 2}}") },
    { "separable_conv1d", LINE("{separable_conv1d: {filters: 3, kernel_size: 2, activation: tanh}}") },
    { "separable_conv2d", ON("{separable_conv2d: {filters: 3, kernel_size: 2, padding: same}}") },
    { "max_pooling1d", LINE("max_pooling1d") },
    { "average_pooling1d", LINE("{average_pooling1d: {padding: same, pool_size: 3}}") },
    { "global_average_pooling1d", LINE("global_average_pooling1d") },
    { "global_average_pooling3d", VOLUME("global_average_pooling3d") },
    { "global_max_pooling1d", LINE("global_max_pooling1d") },
    { "global_max_pooling3d", VOLUME("{global_max_pooling3d: {keepdims: true}}") },
    { "group_normalization", ON("{group_normalization: {groups: 2}}") },
    { "rms_normalization", ON("{rms_normalization: {axis: [1, 3]}}") },
    { "unit_normalization", ON("unit_normalization") },
    { "spatial_dropout1d", LINE("{spatial_dropout1d: 0.3}") },
    { "spatial_dropout2d", ON("{spatial_dropout2d: 0.3}") },
    { "spatial_dropout3d", VOLUME("{spatial_dropout3d: 0.3}") },
    { "embedding", RUN("{activation: sigmoid}, {rescaling: {scale: 4.5}}, {embedding: {input_dim: 5, output_dim: 3}}") },
};
enum { MODELS = sizeof models / sizeof *models };

/* Distance between the weights that the ranks get together and those that each gets alone in three steps; how far these moved in `moved`. */
static double against_one(dnn_comm *comm, const char *text, double *moved)
{
    trial serial, together;
    assert_on_all_ranks(comm, trial_open(NULL, text, 1, &serial) == DNN_OK);
    assert_on_all_ranks(comm, trial_open(comm, text, 1, &together) == DNN_OK);
    const size_t total = serial.graph->segments.total;
    float *start = dnn_alloc(total, sizeof *start);
    for (size_t i = 0; i < total; i++) start[i] = serial.run.weights[i];
    const bool alone = trial_steps(&serial, 1, 3), all = trial_steps(&together, 1, 3);
    assert_on_all_ranks(comm, alone && all);
    *moved = 0;
    for (size_t i = 0; i < total; i++) *moved = fmax(*moved, fabs((double)serial.run.weights[i] - (double)start[i]));
    const double distance = trial_distance(&serial, &together);
    dnn_free(start);
    trial_close(&together);
    trial_close(&serial);
    return distance;
}

static void every_layer_trains_to_the_same_bits_at_any_number_of_ranks(void **state)
{
    dnn_comm *comm = *state;
    for (size_t k = 0; k < dnn_layers.count; k++) {
        const char *kind = dnn_layers.kinds[k]->name;
        size_t tried = 0;
        for (size_t i = 0; i < MODELS; i++) {
            double moved = 0;
            if (strcmp(models[i].kind, kind) != 0) continue;
            const double distance = against_one(comm, models[i].run, &moved);
            if (!(distance == 0) || !(moved > 0)) fprintf(stderr, "%s: distance %g, moved by %g\n", kind, distance, moved);
            assert_on_all_ranks(comm, distance == 0 && moved > 0);
            tried++;
        }
        if (tried == 0) fprintf(stderr, "layer %s has no model in this test; add one\n", kind);
        assert_on_all_ranks(comm, tried > 0);
    }
}

static const char *const digits =
    "seed: 3\noutput: unused\n"
    "data: {source: {glyphs: {train: 1280, test: 32}}, scale: {features: {divide: 255}}}\n"
    "model:\n  layers: [{reshape: {target_shape: [28, 28, 1]}}, {conv2d: {filters: 8, kernel_size: 5, strides: 2, activation: relu}}, max_pooling2d,\n"
    "           {conv2d: {filters: 16, kernel_size: 3, padding: same, use_bias: false}}, batch_normalization, {activation: relu}, flatten,\n"
    "           {dense: {units: 10, activation: softmax}}]\n"
    "training: {loss: sparse_categorical_crossentropy, metrics: [accuracy], batch_size: 32, optimizer: {adam: {learning_rate: 0.005}}}\n";

/* After two epochs of 40 steps, on ten batches more; a network that learns nothing has one in ten right. */
static void a_convolutional_network_learns_drawn_digits(void **state)
{
    trial t;
    double right = 0, samples = 0, values[4];
    assert_on_all_ranks(*state, trial_open(*state, digits, 1, &t) == DNN_OK);
    const worker *k = &t.run.workers[0];
    assert_on_all_ranks(*state, dnn_objective_values(t.objective) == 2);
    assert_on_all_ranks(*state, trial_steps(&t, 1, 40) && trial_steps(&t, 2, 40));
    for (uint64_t epoch = 3; epoch < 13; epoch++) {
        assert_on_all_ranks(*state, trial_steps(&t, epoch, 1));
        dnn_objective_results(t.objective, k->outcome, values);
        right += values[1] * dnn_objective_samples(k->outcome);
        samples += dnn_objective_samples(k->outcome);
    }
    if (!(right / samples > 0.8)) fprintf(stderr, "accuracy %g\n", right / samples);
    assert_on_all_ranks(*state, right / samples > 0.8);
    trial_close(&t);
}

int main(int argc, char **argv)
{
    dnn_comm *comm = NULL;
    if (dnn_comm_start(&argc, &argv, &comm) != DNN_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(every_layer_trains_to_the_same_bits_at_any_number_of_ranks, comm),
        cmocka_unit_test_prestate(a_convolutional_network_learns_drawn_digits, comm),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dnn_comm_finish(comm);
    dnn_place_forget();
    const size_t balance = dnn_memory_balance();
    if (balance) fprintf(stderr, "%zu blocks were not freed\n", balance);
    return failed || balance;
}
