/* What is written reads back to the same bits, through our own part of the file and through Keras's. */
#include "exchange/support.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "dnn/io/hdf5.h"

#define PATH                                                                                                           \
    "{\"inputs\": {\"x\": [2, 3]}, \"layers\": [\"flatten\", {\"dense\": {\"units\": 5, \"activation\": "              \
    "{\"leaky_relu\": {\"negative_slope\": 0.3}}, "                                                                    \
    "\"kernel_initializer\": \"he_normal\", \"use_bias\": false, \"name\": \"h1\"}}, {\"batch_normalization\": "       \
    "{\"scale\": false}}, {\"dropout\": {\"rate\": 0.2}}, "                                                            \
    "{\"dense\": {\"units\": 4, \"activation\": \"softmax\"}}]}"
#define GRAPH                                                                                                          \
    "{\"inputs\": {\"wide\": [2], \"deep\": [3]}, \"layers\": [{\"dense\": {\"units\": 4, \"inputs\": \"deep\", "      \
    "\"activation\": \"elu\"}}, "                                                                                      \
    "{\"concatenate\": {\"inputs\": [\"wide\", \"dense\"], \"name\": \"cat\"}}, {\"dense\": {\"units\": 1, \"name\": " \
    "\"main\"}}, "                                                                                                     \
    "{\"dense\": {\"units\": 3, \"inputs\": \"dense\", \"activation\": \"softmax\", \"name\": \"aux\", "               \
    "\"trainable\": false}}], \"outputs\": {\"first\": \"main\", \"second\": \"aux\"}}"

static void assert_same_architecture(const char *path, const dnn_graph *graph)
{
    loaded l = load(path);
    dnn_node *a = dnn_graph_write(l.graph), *b = dnn_graph_write(graph);
    char *text;
    assert_ok(dnn_json_write(a, &text));
    if (!dnn_node_equal(a, b)) fail_msg("%s", text);
    dnn_free(text);
    dnn_node_destroy(a);
    dnn_node_destroy(b);
    unload(&l);
}

/* What remains when another program keeps Keras's part of the file and drops ours. */
static void strip(const char *from, const char *to)
{
    const char zeros[512] = {0};
    copy_file(from, to);
    FILE *raw = fopen(to, "r+b");
    assert_int_equal(fwrite(zeros, 1, sizeof zeros, raw), sizeof zeros);
    fclose(raw);
    const hid_t f = H5Fopen(to, H5F_ACC_RDWR, H5P_DEFAULT);
    assert_true(f >= 0 && H5Ldelete(f, "/dnn_mpi", H5P_DEFAULT) >= 0 && H5Fclose(f) >= 0);
}

typedef struct saved {
    dnn_graph *graph;
    dnn_component optimizer;
    float *weights, *slots[DNN_MAX_SLOTS];
    size_t n_slots;
} saved;

static saved save(const char *path, const char *model, const char *training, const char *optimizer)
{
    saved s = {.graph = graph_of(model), .optimizer = optimizer_of(optimizer)};
    dnn_node *goals = json(training);
    s.n_slots = ((const dnn_optimizer_kind *)s.optimizer.kind)->slots(s.optimizer.params);
    s.weights = distinct(s.graph->segments.total, 1);
    clear_gaps(s.graph, s.weights, false);
    for (size_t i = 0; i < s.n_slots; i++) {
        s.slots[i] = distinct(s.graph->segments.total, 2 + (int)i);
        clear_gaps(s.graph, s.slots[i], true);
    }
    const dnn_model_content content = {.graph = s.graph,
                                       .weights = s.weights,
                                       .training = goals,
                                       .optimizer = &s.optimizer,
                                       .slots = (const float *const *)s.slots,
                                       .iterations = 1234,
                                       .learning_rate = 0.05};
    assert_ok(dnn_model_write(path, &content));
    dnn_node_destroy(goals);
    return s;
}

static void forget(saved *s)
{
    for (size_t i = 0; i < s->n_slots; i++) dnn_free(s->slots[i]);
    dnn_free(s->weights);
    dnn_component_clear(&s->optimizer);
    dnn_graph_destroy(s->graph);
}

static void assert_same_state(const char *path, const saved *s)
{
    loaded l = load(path);
    float *slots[DNN_MAX_SLOTS] = {0};
    double scalars[DNN_MAX_SCALARS];
    uint64_t iterations = 0;
    bool found;
    assert_memory_equal(l.weights, s->weights, s->graph->segments.total * sizeof(float));
    for (size_t i = 0; i < s->n_slots; i++) slots[i] = dnn_alloc(s->graph->segments.total, sizeof(float));
    assert_ok(dnn_model_optimizer(l.file, l.graph, &s->optimizer, slots, scalars, &iterations, &found));
    assert_true(found);
    assert_int_equal(iterations, 1234);
    for (size_t i = 0; i < s->n_slots; i++) {
        assert_memory_equal(slots[i], s->slots[i], s->graph->segments.total * sizeof(float));
        dnn_free(slots[i]);
    }
    unload(&l);
}

static void a_path_and_a_graph_read_back_to_the_same_bits_with_and_without_our_part(void **state)
{
    static const char *const optimizers[] = {
        "\"sgd\"",
        "{\"sgd\": {\"momentum\": 0.9, \"nesterov\": true, \"global_clipnorm\": 1.0, \"clipvalue\": 0.5}}",
        "{\"adam\": {\"amsgrad\": true}}",
        "{\"rmsprop\": {\"momentum\": 0.5, \"centered\": true, \"learning_rate\": {\"exponential_decay\": "
        "{\"initial_learning_rate\": 0.1, \"decay_steps\": 10, \"decay_rate\": 0.5}}}}",
    };
    (void)state;
    for (size_t i = 0; i < 2 * sizeof optimizers / sizeof *optimizers; i++) {
        const bool path_like = i % 2 == 0;
        char name[64], stripped[64];
        snprintf(name, sizeof name, "round%zu.h5", i);
        snprintf(stripped, sizeof stripped, "stripped%zu.h5", i);
        saved s = save(in_folder(name), path_like ? PATH : GRAPH,
                       path_like ? "{\"loss\": \"categorical_crossentropy\"}"
                                 : "{\"loss\": {\"first\": \"mse\", \"second\": \"categorical_crossentropy\"}}",
                       optimizers[i / 2]);
        assert_same_architecture(in_folder(name), s.graph);
        assert_same_state(in_folder(name), &s);
        strip(in_folder(name), in_folder(stripped));
        assert_same_state(in_folder(stripped), &s);
        if (path_like) assert_same_architecture(in_folder(stripped), s.graph);
        forget(&s);
    }
}

static void the_keras_part_alone_says_loss_metrics_and_optimizer(void **state)
{
    (void)state;
    saved s = save(in_folder("training.h5"), GRAPH,
                   "{\"loss\": {\"first\": {\"huber\": {\"delta\": 2.5, \"reduction\": \"sum\"}}, \"second\": \"categorical_crossentropy\"}, "
                   "\"loss_weights\": {\"second\": 0.3},"
                   " \"metrics\": {\"second\": [\"accuracy\"]}}",
                   "{\"sgd\": {\"learning_rate\": {\"inverse_time_decay\": {\"initial_learning_rate\": 0.1, "
                   "\"decay_steps\": 7, \"decay_rate\": 0.5}}, \"clipnorm\": 0.7}}");
    strip(in_folder("training.h5"), in_folder("training_keras.h5"));
    dnn_model_file *f;
    assert_ok(dnn_model_open(in_folder("training_keras.h5"), &f));
    assert_false(dnn_model_is_ours(f));
    const dnn_node *t = dnn_model_training(f);
    dnn_node *want = json("{\"main\": {\"huber\": {\"delta\": 2.5, \"reduction\": \"sum\"}}, \"aux\": \"categorical_crossentropy\"}");
    assert_true(dnn_node_equal(dnn_node_find(t, "loss"), want));
    assert_float_equal(dnn_node_at(t, "loss_weights.aux")->real, 0.3, 0);
    assert_string_equal(dnn_node_at(t, "metrics.aux.0")->text, "accuracy");
    assert_float_equal(dnn_node_at(t, "optimizer.sgd.learning_rate.inverse_time_decay.decay_rate")->real, 0.5, 0);
    assert_float_equal(dnn_node_at(t, "optimizer.sgd.clipnorm")->real, 0.7, 0);
    dnn_node_destroy(want);
    dnn_model_close(f);
    forget(&s);
}

static void our_own_part_keeps_what_keras_has_no_place_for(void **state)
{
    (void)state;
    saved s = save(in_folder("own.h5"), GRAPH,
                   "{\"loss\": {\"first\": \"mse\", \"second\": \"categorical_crossentropy\"}, \"batch_note\": [1, 2]}",
                   "{\"sgd\": {\"momentum\": 0.9, \"learning_rate\": {\"power\": {\"initial_learning_rate\": 0.1, "
                   "\"decay_steps\": 7}}, \"global_clipnorm\": 1.0, \"clipvalue\": 0.5}}");
    dnn_model_file *f;
    assert_ok(dnn_model_open(in_folder("own.h5"), &f));
    assert_true(dnn_model_is_ours(f));
    assert_null(dnn_model_section(f));
    const dnn_node *t = dnn_model_training(f);
    assert_float_equal(dnn_node_at(t, "optimizer.sgd.learning_rate.power.decay_steps")->real, 7, 0);
    assert_float_equal(dnn_node_at(t, "optimizer.sgd.clipvalue")->real, 0.5, 0);
    assert_int_equal(dnn_node_at(t, "batch_note.1")->integer, 2);
    const dnn_port *ports;
    size_t n;
    const dnn_node *model = dnn_model_architecture(f, &ports, &n);
    assert_string_equal(dnn_node_at(model, "outputs.first")->text, "main");
    assert_int_equal(n, 2);
    assert_string_equal(ports[1].name, "deep");
    assert_int_equal(ports[1].shape.dim[0], 3);
    dnn_model_close(f);
    /* To Keras the schedule that it does not have is the rate of the moment, and one kind of clipping is all it takes.
     */
    strip(in_folder("own.h5"), in_folder("own_keras.h5"));
    assert_ok(dnn_model_open(in_folder("own_keras.h5"), &f));
    t = dnn_model_training(f);
    assert_float_equal(dnn_node_at(t, "optimizer.sgd.learning_rate")->real, 0.05, 0);
    assert_float_equal(dnn_node_at(t, "optimizer.sgd.global_clipnorm")->real, 1.0, 0);
    assert_null(dnn_node_at(t, "optimizer.sgd.clipvalue"));
    dnn_model_close(f);
    forget(&s);
}

static void sections_and_arrays_of_any_size_pass_through(void **state)
{
    (void)state;
    enum { LONG = 300000, COUNT = 70000 };
    char *longest = malloc(LONG + 1), *text;
    memset(longest, 'y', LONG);
    longest[LONG] = '\0';
    dnn_graph *g = graph_of(PATH);
    float *weights = distinct(g->segments.total, 1), *kept = distinct(COUNT, 9),
          *again = dnn_alloc(COUNT, sizeof *again);
    dnn_node *section =
        json("{\"epoch\": 3, \"loss\": 0.1, \"name\": \"größer\", \"run\": {\"layers\": [1, [2.5, null]]}}");
    assert_ok(dnn_node_set(section, "long", dnn_node_string(longest)));
    const dnn_model_array arrays[] = {{"kept_0", kept, COUNT}, {"kept_1", kept, 3}};
    const dnn_model_content content = {
        .graph = g, .weights = weights, .section = section, .arrays = arrays, .n_arrays = 2};
    assert_ok(dnn_model_write(in_folder("sections.h5"), &content));
    dnn_model_file *f;
    bool found;
    assert_ok(dnn_model_open(in_folder("sections.h5"), &f));
    assert_ok(dnn_json_write(dnn_model_section(f), &text));
    assert_true(dnn_node_equal(dnn_model_section(f), section));
    assert_null(dnn_model_training(f));
    assert_ok(dnn_model_array_read(f, "kept_0", again, COUNT, &found));
    assert_true(found);
    assert_memory_equal(again, kept, COUNT * sizeof *kept);
    assert_ok(dnn_model_array_read(f, "kept_2", again, COUNT, &found));
    assert_false(found);
    assert_fails(DNN_E_MODEL, dnn_model_array_read(f, "kept_1", again, COUNT, &found), "/dnn_mpi/arrays/kept_1", "[3]",
                 "[70000]");
    uint64_t iterations;
    dnn_component sgd = optimizer_of("\"sgd\"");
    assert_ok(dnn_model_optimizer(f, g, &sgd, NULL, NULL, &iterations, &found));
    assert_false(found);
    dnn_component_clear(&sgd);
    dnn_model_close(f);
    dnn_free(text);
    dnn_free(again);
    dnn_free(kept);
    dnn_free(weights);
    dnn_node_destroy(section);
    dnn_graph_destroy(g);
    free(longest);
}

static void the_same_content_makes_the_same_bytes(void **state)
{
    (void)state;
    saved a = save(in_folder("same_a.h5"), PATH, "{\"loss\": \"mse\"}", "\"adam\"");
    forget(&a);
    sleep(1); /* a time stamp anywhere would show */
    saved b = save(in_folder("same_b.h5"), PATH, "{\"loss\": \"mse\"}", "\"adam\"");
    forget(&b);
    char command[300];
    snprintf(command, sizeof command, "cmp -s %s %s", in_folder("same_a.h5"), in_folder("same_b.h5"));
    assert_int_equal(system(command), 0);
}

static size_t files_in_folder(void)
{
    char command[128];
    size_t n = 0;
    snprintf(command, sizeof command, "ls -A %s | wc -l", test_folder);
    FILE *pipe = popen(command, "r");
    assert_int_equal(fscanf(pipe, "%zu", &n), 1);
    pclose(pipe);
    return n;
}

/* A limit on file sizes stands for the full disk, at every place where it may strike. */
static void a_full_disk_leaves_the_old_file_and_nothing_else(void **state)
{
    (void)state;
    struct rlimit old, small;
    struct stat info;
    saved s = save(in_folder("full.h5"), PATH, "{\"loss\": \"mse\"}", "\"adam\"");
    const size_t files = files_in_folder();
    assert_int_equal(stat(in_folder("full.h5"), &info), 0);
    const dnn_model_content content = {
        .graph = s.graph, .weights = s.weights, .optimizer = &s.optimizer, .slots = (const float *const *)s.slots};
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    signal(SIGXFSZ, SIG_IGN);
    size_t failures = 0;
    for (rlim_t limit = 0; limit < (rlim_t)info.st_size / 2; limit += 700) {
        small.rlim_cur = limit;
        setrlimit(RLIMIT_FSIZE, &small);
        const dnn_status st = dnn_model_write(in_folder("full.h5"), &content);
        setrlimit(RLIMIT_FSIZE, &old);
        assert_fails(DNN_E_IO, st, "full.h5");
        failures++;
        assert_int_equal(files_in_folder(), files);
    }
    assert_true(failures > 5);
    assert_same_state(in_folder("full.h5"), &s);
    forget(&s);
}

/* Two contents are written in turn by a process that is killed at some moment: one of the two is always there, whole.
 */
static void a_writer_killed_at_any_moment_leaves_the_old_file_or_the_new_one(void **state)
{
    (void)state;
    saved s = save(in_folder("killed.h5"), PATH, "{\"loss\": \"mse\"}", "\"adam\"");
    const size_t files = files_in_folder();
    size_t leftovers = 0;
    for (int round = 0; round < 25; round++) {
        const pid_t child = fork();
        if (child == 0) {
            for (uint64_t i = 0;; i++) {
                s.weights[0] = (float)(i % 2);
                const dnn_model_content content = {.graph = s.graph, .weights = s.weights};
                if (dnn_model_write(in_folder("killed.h5"), &content) != DNN_OK) _exit(1);
            }
        }
        usleep(3000 + 1700 * (useconds_t)round);
        kill(child, SIGKILL);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        leftovers += files_in_folder() - files;
        loaded l = load(in_folder("killed.h5"));
        assert_memory_equal(l.weights + 1, s.weights + 1, (s.graph->segments.total - 1) * sizeof(float));
        unload(&l);
        assert_ok(dnn_model_sweep(test_folder));
        assert_int_equal(files_in_folder(), files);
    }
    assert_true(leftovers > 0); /* some were hit while they wrote */
    assert_fails(DNN_E_IO, dnn_model_sweep("/nowhere"), "/nowhere");
    forget(&s);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
    (void)state;
    dnn_graph *g = graph_of(PATH);
    float *weights = distinct(g->segments.total, 1);
    const dnn_model_content content = {.graph = g, .weights = weights};
    assert_fails(DNN_E_IO, dnn_model_write("/nowhere/m.h5", &content), "/nowhere/m.h5", "No such file");
    dnn_free(weights);
    dnn_graph_destroy(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_and_a_graph_read_back_to_the_same_bits_with_and_without_our_part),
        cmocka_unit_test(the_keras_part_alone_says_loss_metrics_and_optimizer),
        cmocka_unit_test(our_own_part_keeps_what_keras_has_no_place_for),
        cmocka_unit_test(sections_and_arrays_of_any_size_pass_through),
        cmocka_unit_test(the_same_content_makes_the_same_bytes),
        cmocka_unit_test(a_full_disk_leaves_the_old_file_and_nothing_else),
        cmocka_unit_test(a_writer_killed_at_any_moment_leaves_the_old_file_or_the_new_one),
        cmocka_unit_test(a_folder_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
