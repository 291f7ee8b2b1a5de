/* Files of every format version that was ever written stay readable. data/format-N.h5 is a checkpoint of the run file format-N.yaml as a program of that version
 * wrote it, after its sixth step; the values here were read from it by h5py. When the format changes, add a file; never replace one. */
#include "exchange/support.h"

#include "dnn/io/file.h"
#include "exchange/header.h"

static const float kernel[] = { -0x1.01e69ep-1f, -0x1.0fce7ep-1f, 0x1.a73ac8p-1f, -0x1.7de638p-1f };
static const float bias[] = { -0x1.603eaap-3f, 0x1.603eaap-3f };
static const float kernel_momentum[] = { -0x1.c1eec4p-3f, 0x1.c1eec4p-3f, -0x1.b223d6p-3f, 0x1.b223d6p-3f };
static const float bias_velocity[] = { 0x1.6bd808p-14f, 0x1.6bd808p-14f };
static const float kept_kernel[] = { -0x1.753026p-1f, -0x1.3909ecp-2f, 0x1.32830cp-1f, -0x1.092e7cp-1f };

static int64_t number(const dnn_node *section, const char *path)
{
    const dnn_node *n = dnn_node_at(section, path);
    assert_non_null(n);
    assert_int_equal(n->type, DNN_NODE_INT);
    return n->integer;
}

static void a_checkpoint_of_format_1_says_where_its_training_stands(void **state)
{
    (void)state;
    dnn_model_file *f;
    assert_ok(dnn_model_open(test_data("format-1.h5"), &f));
    assert_true(dnn_model_is_ours(f));
    const dnn_node *section = dnn_model_section(f);
    assert_int_equal(number(section, "seed"), 3);
    assert_int_equal(number(section, "epoch"), 1);
    assert_int_equal(number(section, "epoch_step"), 2);
    assert_int_equal(number(section, "step"), 6);
    assert_int_equal(number(section, "phase"), 0);
    assert_int_equal(number(section, "run.training.batch_size"), 4);
    assert_non_null(dnn_node_at(section, "callbacks"));
    assert_non_null(dnn_node_at(section, "epoch_record"));
    assert_non_null(dnn_node_at(section, "scalers"));
    assert_non_null(dnn_node_at(dnn_model_training(f), "optimizer.adam"));
    dnn_model_close(f);
}

static void the_arrays_of_format_1_are_read_to_the_bit(void **state)
{
    (void)state;
    dnn_model_file *f;
    dnn_graph *g = NULL;
    const dnn_port *ports = NULL;
    size_t n = 0;
    dnn_component adam = { 0 };
    assert_ok(dnn_model_open(test_data("format-1.h5"), &f));
    const dnn_node *architecture = dnn_model_architecture(f, &ports, &n);
    assert_ok(dnn_graph_create(architecture, ports, n, &g));
    assert_ok(dnn_component_read(&dnn_optimizers, dnn_node_find(dnn_model_training(f), "optimizer"), &adam));
    assert_int_equal(g->segments.count, 2);
    const size_t at_kernel = g->segments.at[0].offset, at_bias = g->segments.at[1].offset;
    float *weights = dnn_alloc(g->segments.total, sizeof *weights), *kept = dnn_alloc(g->segments.total, sizeof *kept);
    float *slots[DNN_MAX_VECTORS] = { NULL };
    for (size_t i = 0; i < dnn_optimizer_vectors(&adam); i++) slots[i] = dnn_alloc(g->segments.total, sizeof *slots[i]);
    double scalars[DNN_MAX_SCALARS];
    uint64_t iterations = 0;
    bool found = false;
    assert_ok(dnn_model_weights(f, g, weights));
    assert_memory_equal(weights + at_kernel, kernel, sizeof kernel);
    assert_memory_equal(weights + at_bias, bias, sizeof bias);
    assert_ok(dnn_model_optimizer(f, g, &adam, slots, scalars, &iterations, &found));
    assert_true(found);
    assert_int_equal(iterations, 6);
    assert_memory_equal(slots[0] + at_kernel, kernel_momentum, sizeof kernel_momentum);
    assert_memory_equal(slots[1] + at_bias, bias_velocity, sizeof bias_velocity);
    assert_ok(dnn_model_array_read(f, "kept_0", kept, g->segments.total, &found));
    assert_true(found);
    assert_memory_equal(kept + at_kernel, kept_kernel, sizeof kept_kernel);
    for (size_t i = 0; i < DNN_MAX_VECTORS; i++) dnn_free(slots[i]);
    dnn_free(weights);
    dnn_free(kept);
    dnn_component_clear(&adam);
    dnn_graph_destroy(g);
    dnn_model_close(f);
}

/* Whole in itself, as the program that comes next would write it. */
static void the_format_after_this_one_is_refused_naming_both(void **state)
{
    (void)state;
    char next[32], known[32], *text = NULL;
    size_t length = 0;
    dnn_model_file *f = NULL;
    assert_ok(dnn_file_read(test_data("format-1.h5"), 1 << 20, DNN_E_IO, &text, &length));
    header_fill((unsigned char *)text, length, DNN_FORMAT_VERSION + 1);
    assert_ok(dnn_file_write(in_folder("next.h5"), text, length));
    dnn_free(text);
    snprintf(next, sizeof next, "format %d", DNN_FORMAT_VERSION + 1);
    snprintf(known, sizeof known, "reads up to %d", DNN_FORMAT_VERSION);
    assert_fails(DNN_E_MODEL, dnn_model_open(in_folder("next.h5"), &f), next, known);
    assert_fails(DNN_E_MODEL, dnn_model_verify(in_folder("next.h5")), next, known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_checkpoint_of_format_1_says_where_its_training_stands),
        cmocka_unit_test(the_arrays_of_format_1_are_read_to_the_bit),
        cmocka_unit_test(the_format_after_this_one_is_refused_naming_both),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
