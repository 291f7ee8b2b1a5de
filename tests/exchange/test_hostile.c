/* Strangers' files: what they may not do is refused with file and object, before anything is allocated for it. Made
 * from a file that Keras wrote, by changing one thing. */
#include "exchange/support.h"

#include <sys/resource.h>
#include <sys/wait.h>

static hid_t changed(const char *name)
{
    copy_file(test_data("mlp_relu.h5"), in_folder(name));
    const hid_t f = H5Fopen(in_folder(name), H5F_ACC_RDWR, H5P_DEFAULT);
    assert_true(f >= 0);
    return f;
}

#define KERNEL "/model_weights/dense/sequential/dense/kernel"

/* Closes `f` and demands that the file is refused. */
#define assert_refused(f, name, ...)                                                                                   \
    do {                                                                                                               \
        dnn_model_file *m_ = NULL;                                                                                     \
        assert_true(H5Fclose(f) >= 0);                                                                                 \
        assert_fails(DNN_E_MODEL, dnn_model_open(in_folder(name), &m_), name, __VA_ARGS__);                            \
        assert_null(m_);                                                                                               \
    } while (0)

static void put(hid_t f, hid_t type, int rank, const hsize_t *dim, hid_t list)
{
    H5Ldelete(f, KERNEL, H5P_DEFAULT);
    const hid_t space = H5Screate_simple(rank, dim, NULL),
                d = H5Dcreate2(f, KERNEL, type, space, H5P_DEFAULT, list, H5P_DEFAULT);
    assert_true(d >= 0);
    H5Dclose(d);
    H5Sclose(space);
}

static void a_missing_array_is_named(void **state)
{
    (void)state;
    const hid_t f = changed("missing.h5");
    H5Ldelete(f, KERNEL, H5P_DEFAULT);
    assert_refused(f, "missing.h5", KERNEL, "missing");
}

static void a_missing_layer_is_named(void **state)
{
    (void)state;
    const hid_t f = changed("layer.h5");
    H5Ldelete(f, "/model_weights/dense_1", H5P_DEFAULT);
    assert_refused(f, "layer.h5", "/model_weights/dense_1", "missing");
}

static void a_group_in_place_of_an_array_is_refused(void **state)
{
    (void)state;
    const hid_t f = changed("group.h5");
    H5Ldelete(f, KERNEL, H5P_DEFAULT);
    H5Gclose(H5Gcreate2(f, KERNEL, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    assert_refused(f, "group.h5", KERNEL, "group");
}

static void wrong_shapes_name_both_sides(void **state)
{
    (void)state;
    hid_t f = changed("shape.h5");
    put(f, H5T_IEEE_F32LE, 2, (hsize_t[]){16, 8}, H5P_DEFAULT);
    assert_refused(f, "shape.h5", KERNEL, "[16, 8]", "[8, 16]", "'dense'");
    f = changed("rank.h5");
    put(f, H5T_IEEE_F32LE, 1, (hsize_t[]){128}, H5P_DEFAULT);
    assert_refused(f, "rank.h5", KERNEL, "[128]", "[8, 16]");
}

static void wrong_types_are_refused(void **state)
{
    (void)state;
    const hid_t text = H5Tcopy(H5T_C_S1), pair = H5Tcreate(H5T_COMPOUND, 8);
    H5Tset_size(text, H5T_VARIABLE);
    H5Tinsert(pair, "re", 0, H5T_NATIVE_FLOAT);
    H5Tinsert(pair, "im", 4, H5T_NATIVE_FLOAT);
    hid_t f = changed("text.h5");
    put(f, text, 2, (hsize_t[]){8, 16}, H5P_DEFAULT);
    assert_refused(f, "text.h5", KERNEL, "no numbers");
    f = changed("pair.h5");
    put(f, pair, 2, (hsize_t[]){8, 16}, H5P_DEFAULT);
    assert_refused(f, "pair.h5", KERNEL, "no numbers");
}

static void links_out_of_the_file_are_not_followed(void **state)
{
    (void)state;
    hid_t f = changed("soft.h5");
    H5Ldelete(f, KERNEL, H5P_DEFAULT);
    H5Lcreate_soft("/model_weights/dense_1/sequential/dense_1/kernel", f, KERNEL, H5P_DEFAULT, H5P_DEFAULT);
    assert_refused(f, "soft.h5", KERNEL, "soft link");
    f = changed("external_link.h5");
    H5Ldelete(f, "/model_weights", H5P_DEFAULT);
    H5Lcreate_external(test_data("mlp_relu.h5"), "/model_weights", f, "/model_weights", H5P_DEFAULT, H5P_DEFAULT);
    assert_refused(f, "external_link.h5", "/model_weights", "external link");
}

static void values_kept_in_other_files_are_not_read(void **state)
{
    (void)state;
    hid_t f = changed("storage.h5"), list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(list, "/etc/passwd", 0, 512);
    put(f, H5T_IEEE_F32LE, 2, (hsize_t[]){8, 16}, list);
    assert_refused(f, "storage.h5", KERNEL, "another file");
    f = changed("virtual.h5");
    list = H5Pcreate(H5P_DATASET_CREATE);
    const hid_t space = H5Screate_simple(2, (hsize_t[]){8, 16}, NULL);
    H5Pset_virtual(list, space, "other.h5", "/x", space);
    put(f, H5T_IEEE_F32LE, 2, (hsize_t[]){8, 16}, list);
    assert_refused(f, "virtual.h5", KERNEL, "virtual");
}

static void set_config(hid_t f, const char *text)
{
    const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    H5Adelete(f, "model_config");
    H5Tset_size(type, H5T_VARIABLE);
    const hid_t a = H5Acreate2(f, "model_config", type, space, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(a >= 0 && H5Awrite(a, type, &text) >= 0);
    H5Aclose(a);
    H5Sclose(space);
    H5Tclose(type);
}

/* Run in a process with little room: an allocation by declared size would fail there. */
static int opens_in_small_room(const char *path)
{
    const pid_t child = fork();
    if (child == 0) {
        dnn_model_file *f = NULL;
        const struct rlimit room = {1u << 30, 1u << 30};
#ifndef __SANITIZE_ADDRESS__
        setrlimit(RLIMIT_AS, &room);
#else
        (void)room;
#endif
        alarm(20);
        _exit(dnn_model_open(path, &f));
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* A layer of 2^31 units whose kernel the file says it has: 64 GiB in 30 KB. */
static void declared_sizes_are_held_against_what_is_stored(void **state)
{
    (void)state;
    hid_t f = changed("huge.h5");
    set_config(f, "{\"class_name\": \"Sequential\", \"config\": {\"layers\": [{\"class_name\": \"InputLayer\", "
                  "\"config\": {\"name\": \"x\", \"batch_shape\": [null, 8]}},"
                  "{\"class_name\": \"Dense\", \"config\": {\"name\": \"dense\", \"units\": 2147483648}},"
                  "{\"class_name\": \"Dense\", \"config\": {\"name\": \"dense_1\", \"units\": 1}},"
                  "{\"class_name\": \"Dense\", \"config\": {\"name\": \"dense_2\", \"units\": 1}}]}}");
    put(f, H5T_IEEE_F32LE, 2, (hsize_t[]){8, 1ull << 31}, H5P_DEFAULT);
    H5Fflush(f, H5F_SCOPE_GLOBAL);
    assert_refused(f, "huge.h5", KERNEL, "declares");
    assert_int_equal(opens_in_small_room(in_folder("huge.h5")), DNN_E_MODEL);
    f = changed("vast.h5");
    put(f, H5T_IEEE_F32LE, 2, (hsize_t[]){1ull << 40, 1ull << 40}, H5P_DEFAULT);
    assert_refused(f, "vast.h5", KERNEL);
}

static void descriptions_that_make_no_network_are_refused(void **state)
{
    static const struct {
        const char *config, *why;
    } cases[] = {
        {"", "model_config"},
        {"nonsense", "model_config"},
        {"[1, 2]", "class_name"},
        {"{\"class_name\": \"Sequential\"}", "config"},
        {"{\"class_name\": \"Sequential\", \"config\": {\"layers\": []}}", "no layers"},
        {"{\"class_name\": \"Sequential\", \"config\": {\"layers\": [{\"class_name\": \"Dense\"}]}}", "entry 0"},
        {"{\"class_name\": \"Sequential\", \"config\": {\"layers\": [{\"class_name\": \"Dense\", \"config\": "
         "{\"name\": \"d\", \"units\": 3}}]}}",
         "batch_input_shape"},
        {"{\"class_name\": \"MyModel\", \"config\": {}}", "MyModel"},
        {"{\"class_name\": \"Sequential\", \"config\": {\"layers\": [{\"class_name\": \"InputLayer\", \"config\": "
         "{\"name\": \"x\", \"batch_shape\": [null, 8]}},"
         "{\"class_name\": \"Lambda\", \"config\": {\"name\": \"evil\", \"function\": \"...\"}}]}}",
         "layer 'evil' (Lambda)"},
        {"{\"class_name\": \"Sequential\", \"config\": {\"layers\": [{\"class_name\": \"InputLayer\", \"config\": "
         "{\"name\": \"x\", \"batch_shape\": [null, 8]}},"
         "{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": -3}}]}}",
         "units"},
        {"{\"class_name\": \"Sequential\", \"config\": {\"layers\": [{\"class_name\": \"InputLayer\", \"config\": "
         "{\"name\": \"x\", \"batch_shape\": [null, null]}},"
         "{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 3}}]}}",
         "input 'x'"},
        {"{\"class_name\": \"Sequential\", \"config\": {\"layers\": [{\"class_name\": \"InputLayer\", \"config\": "
         "{\"name\": \"x\", \"batch_shape\": [null, 8]}},"
         "{\"class_name\": \"Dense\", \"config\": {\"name\": \"../../d\", \"units\": 3}}]}}",
         "name"},
        {"{\"class_name\": \"Sequential\", \"config\": {\"layers\": [{\"class_name\": \"InputLayer\", \"config\": "
         "{\"name\": \"x\", \"batch_shape\": [null, 8]}},"
         "{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 3, \"quantum\": {\"bits\": 7}}}]}}",
         "quantum"},
        {"{\"class_name\": \"Functional\", \"config\": {\"layers\": [{\"class_name\": \"Dense\", \"name\": \"a\", "
         "\"config\": {\"units\": 3}, \"inbound_nodes\": [[[\"b\", 0, 0, {}]]]},"
         "{\"class_name\": \"Dense\", \"name\": \"b\", \"config\": {\"units\": 3}, \"inbound_nodes\": [[[\"a\", 0, 0, "
         "{}]]]}], \"input_layers\": [], \"output_layers\": [[\"b\", 0, 0]]}}",
         "model_config"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[32];
        snprintf(name, sizeof name, "config%zu.h5", i);
        const hid_t f = changed(name);
        set_config(f, cases[i].config);
        assert_refused(f, name, cases[i].why);
    }
}

static void deep_nesting_and_long_lists_end_quickly(void **state)
{
    (void)state;
    char *deep = malloc(200001);
    memset(deep, '[', 200000);
    deep[200000] = '\0';
    const hid_t f = changed("deep.h5");
    set_config(f, deep);
    assert_refused(f, "deep.h5", "nested");
    free(deep);
}

static void a_model_without_description_or_weights_is_named(void **state)
{
    (void)state;
    dnn_model_file *file = NULL;
    const hid_t empty = H5Fcreate(in_folder("empty.h5"), H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Fclose(empty) >= 0);
    assert_fails(DNN_E_MODEL, dnn_model_open(in_folder("empty.h5"), &file), "empty.h5", "layer_names");
}

static void weights_alone_are_of_use_to_whom_brings_the_network(void **state)
{
    (void)state;
    const hid_t f = changed("weights.h5");
    H5Adelete(f, "model_config");
    H5Adelete(f, "training_config");
    H5Fclose(f);
    dnn_model_file *m;
    const dnn_port *ports;
    size_t n;
    assert_ok(dnn_model_open(in_folder("weights.h5"), &m));
    assert_null(dnn_model_architecture(m, &ports, &n));
    assert_int_equal(n, 0);
    assert_null(dnn_model_training(m));
    loaded whole = load(test_data("mlp_relu.h5"));
    float *weights = dnn_alloc(whole.graph->segments.total, sizeof *weights);
    assert_ok(dnn_model_weights(m, whole.graph, weights));
    assert_memory_equal(weights, whole.weights, whole.graph->segments.total * sizeof *weights);
    dnn_free(weights);
    unload(&whole);
    dnn_model_close(m);
}

/* TensorFlow's random layers kept the state of their generator among the weights. */
static void states_of_random_generators_are_no_weights(void **state)
{
    (void)state;
    const hid_t f = changed("generator.h5");
    H5Adelete(f, "training_config");
    set_config(f, "{\"class_name\": \"Sequential\", \"config\": {\"layers\": [{\"class_name\": \"InputLayer\", "
                  "\"config\": {\"name\": \"x\", \"batch_shape\": [null, 4, 4, 1]}},"
                  "{\"class_name\": \"RandomFlip\", \"config\": {\"name\": \"dense\"}}]}}");
    const hid_t group = H5Gopen2(f, "/model_weights/dense", H5P_DEFAULT), text = H5Tcopy(H5T_C_S1);
    H5Tset_size(text, 10);
    H5Adelete(group, "weight_names");
    const hid_t one = H5Screate_simple(1, (hsize_t[]){1}, NULL), names = H5Acreate2(group, "weight_names", text, one, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Awrite(names, text, "StateVar:0") >= 0);
    H5Aclose(names);
    H5Gclose(group);
    const hid_t weights = H5Gopen2(f, "/model_weights", H5P_DEFAULT);
    H5Adelete(weights, "layer_names");
    H5Tset_size(text, 5);
    const hid_t layers = H5Acreate2(weights, "layer_names", text, one, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Awrite(layers, text, "dense") >= 0);
    H5Aclose(layers);
    H5Gclose(weights);
    H5Sclose(one);
    H5Tclose(text);
    H5Fclose(f);
    dnn_model_file *m;
    assert_ok(dnn_model_open(in_folder("generator.h5"), &m));
    dnn_model_close(m);
}

static void an_archive_of_keras_is_told_apart(void **state)
{
    (void)state;
    dnn_model_file *m;
    FILE *f = fopen(in_folder("m.keras"), "wb");
    assert_true(f && fwrite("PK\3\4 and more of it", 1, 20, f) == 20 && fclose(f) == 0);
    assert_fails(DNN_E_MODEL, dnn_model_open(in_folder("m.keras"), &m), "m.keras", "archive", "x.h5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_array_is_named),
        cmocka_unit_test(a_missing_layer_is_named),
        cmocka_unit_test(a_group_in_place_of_an_array_is_refused),
        cmocka_unit_test(wrong_shapes_name_both_sides),
        cmocka_unit_test(wrong_types_are_refused),
        cmocka_unit_test(links_out_of_the_file_are_not_followed),
        cmocka_unit_test(values_kept_in_other_files_are_not_read),
        cmocka_unit_test(declared_sizes_are_held_against_what_is_stored),
        cmocka_unit_test(descriptions_that_make_no_network_are_refused),
        cmocka_unit_test(deep_nesting_and_long_lists_end_quickly),
        cmocka_unit_test(a_model_without_description_or_weights_is_named),
        cmocka_unit_test(weights_alone_are_of_use_to_whom_brings_the_network),
        cmocka_unit_test(states_of_random_generators_are_no_weights),
        cmocka_unit_test(an_archive_of_keras_is_told_apart),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
