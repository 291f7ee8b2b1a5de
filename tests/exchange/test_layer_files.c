/* Every layer of the registry with other parameters than its defaults, written to a model file: the same network with the same bits comes back,
 * from our part of the file and from what Keras reads. */
#include "exchange/support.h"

#define ONE(shape, layer) "{\"inputs\": {\"x\": " shape "}, \"layers\": [" layer "]}"
#define MERGE(kind)                                                                                                                          \
    "{\"inputs\": {\"a\": [3], \"b\": [3]}, \"layers\": [{\"" kind "\": {\"inputs\": [\"a\", \"b\"]}}]}"
#define IMAGE "[6, 6, 4]"
#define LINE "[6, 4]"
#define VOLUME "[3, 3, 3, 4]"

static const struct { const char *kind, *model; } models[] = {
    { "flatten", ONE(IMAGE, "\"flatten\"") },
    { "reshape", ONE(IMAGE, "{\"reshape\": [-1, 8]}") },
    { "dense", ONE("[4]", "{\"dense\": {\"units\": 3, \"activation\": \"gelu\", \"kernel_regularizer\": {\"l2\": 0.5}}}") },
    { "activation", ONE("[4]", "{\"activation\": \"mish\"}") },
    { "leaky_relu", ONE("[4]", "{\"leaky_relu\": 0.25}") },
    { "relu", ONE("[4]", "{\"relu\": {\"negative_slope\": 0.125, \"max_value\": 6, \"threshold\": 0.5}}") },
    { "elu", ONE("[4]", "{\"elu\": 0.5}") },
    { "softmax", ONE("[4]", "\"softmax\"") },
    { "batch_normalization", ONE("[4]", "{\"batch_normalization\": {\"momentum\": 0.5, \"scale\": false}}") },
    { "dropout", ONE("[4]", "{\"dropout\": 0.25}") },
    { "alpha_dropout", ONE("[4]", "{\"alpha_dropout\": 0.25}") },
    { "gaussian_noise", ONE("[4]", "{\"gaussian_noise\": 0.25}") },
    { "concatenate", MERGE("concatenate") },
    { "add", MERGE("add") },
    { "subtract", MERGE("subtract") },
    { "multiply", MERGE("multiply") },
    { "average", MERGE("average") },
    { "maximum", MERGE("maximum") },
    { "minimum", MERGE("minimum") },
    { "layer_normalization",
      ONE("[3, 4]", "{\"layer_normalization\": {\"axis\": [1, 2], \"epsilon\": 0.5, \"center\": false, \"gamma_constraint\": \"non_neg\"}}") },
    { "normalization", ONE("[3, 4]", "{\"normalization\": {\"axis\": [1, 2]}}") },
    { "normalization", ONE("[3]", "{\"normalization\": {\"mean\": [1, 2.5, 3], \"variance\": [1, 2, 3], \"invert\": true}}") },
    { "normalization", ONE("[3]", "{\"normalization\": {\"axis\": [], \"mean\": 0.5, \"variance\": 2}}") },
    { "rescaling", ONE("[4]", "{\"rescaling\": {\"scale\": 0.5, \"offset\": -1}}") },
    { "rescaling", ONE("[2]", "{\"rescaling\": {\"scale\": [0.5, 2], \"offset\": -1}}") },
    { "softmax", ONE("[2, 3]", "{\"softmax\": {\"axis\": 1}}") },
    { "prelu", ONE(IMAGE, "{\"prelu\": {\"shared_axes\": [1, 2], \"alpha_initializer\": {\"constant\": 0.25}}}") },
    { "prelu", ONE("[4]", "\"prelu\"") },
    { "rrelu", ONE("[4]", "{\"rrelu\": {\"lower\": 0.25, \"upper\": 0.5}}") },
    { "thresholded_relu", ONE("[4]", "{\"thresholded_relu\": 0.5}") },
    { "activity_regularization", ONE("[4]", "{\"activity_regularization\": {\"l1\": 0.25, \"l2\": 0.5}}") },
    { "step", ONE("[4]", "\"step\"") },
    { "gaussian_dropout", ONE("[4]", "{\"gaussian_dropout\": 0.25}") },
    { "zero_padding2d", ONE(IMAGE, "{\"zero_padding2d\": {\"padding\": [[0, 1], [2, 3]]}}") },
    { "conv2d",
      ONE(IMAGE, "{\"conv2d\": {\"filters\": 6, \"kernel_size\": [3, 2], \"strides\": 2, \"padding\": \"same\", \"groups\": 2, \"activation\": "
                 "\"elu\", \"kernel_initializer\": \"he_normal\", \"bias_regularizer\": {\"l1\": 0.5}, \"kernel_constraint\": "
                 "{\"max_norm\": {\"axis\": [0, 1, 2]}}}}") },
    { "conv2d", ONE(IMAGE, "{\"conv2d\": {\"filters\": 2, \"kernel_size\": 3, \"dilation_rate\": 2, \"use_bias\": false}}") },
    { "max_pooling2d", ONE(IMAGE, "{\"max_pooling2d\": {\"pool_size\": [3, 2], \"padding\": \"same\"}}") },
    { "average_pooling2d", ONE(IMAGE, "{\"average_pooling2d\": {\"pool_size\": 3, \"strides\": 1}}") },
    { "global_average_pooling2d", ONE(IMAGE, "{\"global_average_pooling2d\": {\"keepdims\": true}}") },
    { "global_max_pooling2d", ONE(IMAGE, "\"global_max_pooling2d\"") },
    { "random_flip", ONE(IMAGE, "{\"random_flip\": \"vertical\"}") },
    { "random_translation", ONE(IMAGE, "{\"random_translation\": {\"height_factor\": 0.25, \"width_factor\": [-0.5, 0.25], \"fill_mode\": \"wrap\"}}") },
    { "random_rotation", ONE(IMAGE, "{\"random_rotation\": {\"factor\": 0.125, \"interpolation\": \"nearest\"}}") },
    { "random_zoom", ONE(IMAGE, "{\"random_zoom\": {\"height_factor\": [-0.25, 0.5], \"fill_mode\": \"constant\", \"fill_value\": 1}}") },
    { "identity", ONE("[4]", "\"identity\"") },
    { "permute", ONE("[3, 4]", "{\"permute\": {\"dims\": [2, 1]}}") },
    { "repeat_vector", ONE("[4]", "{\"repeat_vector\": 3}") },
    { "zero_padding1d", ONE(LINE, "{\"zero_padding1d\": {\"padding\": [1, 2]}}") },
    { "zero_padding3d", ONE(VOLUME, "{\"zero_padding3d\": {\"padding\": [[0, 1], 2, [3, 0]]}}") },
    { "cropping1d", ONE(LINE, "{\"cropping1d\": 2}") },
    { "cropping2d", ONE(IMAGE, "{\"cropping2d\": {\"cropping\": [[0, 1], [2, 3]]}}") },
    { "cropping3d", ONE(VOLUME, "{\"cropping3d\": {\"cropping\": [[0, 1], 1, 0]}}") },
    { "up_sampling1d", ONE(LINE, "{\"up_sampling1d\": 3}") },
    { "up_sampling2d", ONE(IMAGE, "{\"up_sampling2d\": {\"size\": [2, 3], \"interpolation\": \"bilinear\"}}") },
    { "up_sampling3d", ONE(VOLUME, "{\"up_sampling3d\": {\"size\": [1, 2, 3]}}") },
    { "conv1d",
      ONE(LINE, "{\"conv1d\": {\"filters\": 6, \"kernel_size\": 3, \"dilation_rate\": 2, \"padding\": \"causal\", \"groups\": 2, \"activation\": \"elu\"}}") },
    { "max_pooling1d", ONE(LINE, "{\"max_pooling1d\": {\"pool_size\": 3, \"padding\": \"same\"}}") },
    { "average_pooling1d", ONE(LINE, "{\"average_pooling1d\": {\"pool_size\": 3, \"strides\": 1}}") },
    { "global_average_pooling1d", ONE(LINE, "{\"global_average_pooling1d\": {\"keepdims\": true}}") },
    { "global_average_pooling3d", ONE(VOLUME, "\"global_average_pooling3d\"") },
    { "global_max_pooling1d", ONE(LINE, "\"global_max_pooling1d\"") },
    { "global_max_pooling3d", ONE(VOLUME, "{\"global_max_pooling3d\": {\"keepdims\": true}}") },
    { "group_normalization",
      ONE("[3, 4]", "{\"group_normalization\": {\"groups\": -1, \"axis\": 1, \"epsilon\": 0.5, \"scale\": false, \"beta_regularizer\": {\"l2\": 0.5}}}") },
    { "rms_normalization", ONE("[3, 4]", "{\"rms_normalization\": {\"axis\": [1, 2], \"epsilon\": 0.5}}") },
    { "conv1d_transpose", ONE(LINE, "{\"conv1d_transpose\": {\"filters\": 3, \"kernel_size\": 2, \"strides\": 3, \"activation\": \"tanh\"}}") },
    { "conv2d_transpose",
      ONE(IMAGE, "{\"conv2d_transpose\": {\"filters\": 3, \"kernel_size\": [3, 2], \"strides\": 2, \"padding\": \"same\", \"use_bias\": false}}") },
    { "depthwise_conv1d", ONE(LINE, "{\"depthwise_conv1d\": {\"kernel_size\": 3, \"dilation_rate\": 2, \"depth_multiplier\": 2}}") },
    { "depthwise_conv2d", ONE(IMAGE, "{\"depthwise_conv2d\": {\"kernel_size\": 3, \"strides\": 2, \"depthwise_constraint\": \"non_neg\"}}") },
    { "separable_conv1d", ONE(LINE, "{\"separable_conv1d\": {\"filters\": 3, \"kernel_size\": 3, \"padding\": \"same\"}}") },
    { "separable_conv2d",
      ONE(IMAGE, "{\"separable_conv2d\": {\"filters\": 3, \"kernel_size\": [3, 2], \"depth_multiplier\": 2, \"pointwise_initializer\": \"he_normal\"}}") },
    { "spatial_dropout1d", ONE(LINE, "{\"spatial_dropout1d\": 0.25}") },
    { "spatial_dropout2d", ONE(IMAGE, "{\"spatial_dropout2d\": 0.25}") },
    { "spatial_dropout3d", ONE(VOLUME, "{\"spatial_dropout3d\": 0.25}") },
    { "embedding", ONE("[4]", "{\"embedding\": {\"input_dim\": 7, \"output_dim\": 3, \"embeddings_initializer\": \"he_normal\"}}") },
    { "unit_normalization", ONE("[3, 4]", "{\"unit_normalization\": {\"axis\": [1, 2]}}") },
};

/* Keeps Keras's part of the file and drops ours. */
static void strip(const char *from, const char *to)
{
    const char zeros[512] = { 0 };
    copy_file(from, to);
    FILE *raw = fopen(to, "r+b");
    assert_int_equal(fwrite(zeros, 1, sizeof zeros, raw), sizeof zeros);
    fclose(raw);
    const hid_t f = H5Fopen(to, H5F_ACC_RDWR, H5P_DEFAULT);
    assert_true(f >= 0 && H5Ldelete(f, "/dnn_mpi", H5P_DEFAULT) >= 0 && H5Fclose(f) >= 0);
}

/* A size written as one number stands for a pair, which is what Keras wants and what comes back. */
static void write_pairs(dnn_node *model)
{
    static const char *const keys[] = { "kernel_size", "strides", "dilation_rate", "pool_size", "size" };
    const dnn_node *layers = dnn_node_find(model, "layers");
    for (size_t i = 0; i < layers->count; i++)
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            dnn_node *list = dnn_node_find(layers->items[i]->items[0], keys[k]);
            if (list && list->count == 1) assert_ok(dnn_node_append(list, dnn_node_copy(list->items[0])));
        }
}

static void expect_same(const char *path, const dnn_graph *graph, const float *weights)
{
    loaded l = load(path);
    dnn_node *read = dnn_graph_write(l.graph), *written = dnn_graph_write(graph);
    char *a, *b;
    write_pairs(read);
    write_pairs(written);
    assert_ok(dnn_json_write(read, &a));
    assert_ok(dnn_json_write(written, &b));
    if (!dnn_node_equal(read, written)) fail_msg("%s comes back as %s", b, a);
    assert_int_equal(l.graph->segments.total, graph->segments.total);
    assert_memory_equal(l.weights, weights, graph->segments.total * sizeof *weights);
    dnn_free(a);
    dnn_free(b);
    dnn_node_destroy(read);
    dnn_node_destroy(written);
    unload(&l);
}

static void every_layer_comes_back_from_a_model_file(void **state)
{
    (void)state;
    for (size_t k = 0; k < dnn_layers.count; k++) {
        size_t tried = 0;
        if (((const dnn_layer_kind *)dnn_layers.kinds[k])->input_shape) continue;  /* comes back among the network's inputs */
        for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
            if (strcmp(models[i].kind, dnn_layers.kinds[k]->name) != 0) continue;
            dnn_graph *graph = graph_of(models[i].model);
            float *weights = distinct(graph->segments.total, 1);
            clear_gaps(graph, weights, false);
            const dnn_model_content content = { .graph = graph, .weights = weights };
            assert_ok(dnn_model_write(in_folder("layer.h5"), &content));
            expect_same(in_folder("layer.h5"), graph, weights);
            strip(in_folder("layer.h5"), in_folder("keras.h5"));
            expect_same(in_folder("keras.h5"), graph, weights);
            dnn_free(weights);
            dnn_graph_destroy(graph);
            tried++;
        }
        if (tried == 0) fail_msg("layer %s has no model in this test; add one", dnn_layers.kinds[k]->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_layer_comes_back_from_a_model_file) };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
