/* A model that Keras saved is read and written again; h5py then finds the very layout of Keras in our file. */
#include "exchange/support.h"

static bool have_h5py(void) { return system("/usr/bin/python3 -c 'import h5py, numpy' > /dev/null 2>&1") == 0; }

static const char *script(void)
{
    static char path[512];
    const char *data = test_data("");
    snprintf(path, sizeof path, "%.*s/check_layout.py", (int)(strlen(data) - strlen("/data/")), data);
    return path;
}

static void write_again(const char *from, const char *to)
{
    loaded l = load(from);
    dnn_component optimizer;
    float *slots[DNN_MAX_SLOTS] = {0};
    double scalars[DNN_MAX_SCALARS] = {0};
    uint64_t iterations = 0;
    bool found;
    const dnn_node *training = dnn_model_training(l.file), *chosen = dnn_node_find(training, "optimizer");
    assert_ok(dnn_component_read(&dnn_optimizers, chosen, &optimizer));
    const size_t n = ((const dnn_optimizer_kind *)optimizer.kind)->slots(optimizer.params);
    for (size_t s = 0; s < n; s++) slots[s] = dnn_alloc(l.graph->segments.total, sizeof **slots);
    assert_ok(dnn_model_optimizer(l.file, l.graph, &optimizer, slots, scalars, &iterations, &found));
    assert_true(found);
    const dnn_schedule_time time = {.step = iterations, .steps_per_epoch = 1, .total_steps = 1};
    const dnn_model_content content = {.graph = l.graph,
                                       .weights = l.weights,
                                       .training = training,
                                       .optimizer = &optimizer,
                                       .slots = (const float *const *)slots,
                                       .scalars = scalars,
                                       .iterations = iterations,
                                       .learning_rate = dnn_optimizer_learning_rate(&optimizer, &time)};
    assert_ok(dnn_model_write(to, &content));
    for (size_t s = 0; s < n; s++) dnn_free(slots[s]);
    dnn_component_clear(&optimizer);
    unload(&l);
}

/* What the script has to say; "" where it finds no difference. */
static const char *differences(const char *keras, const char *ours)
{
    static char text[8000];
    char command[1400];
    snprintf(command, sizeof command, "/usr/bin/python3 %s %s %s 2>&1", script(), keras, ours);
    FILE *pipe = popen(command, "r");
    const size_t got = fread(text, 1, sizeof text - 1, pipe);
    text[got] = '\0';
    assert_true((pclose(pipe) == 0) == (got == 1)); /* one line end where there is nothing to say */
    return got == 1 ? "" : text;
}

static void need_h5py(void)
{
    if (have_h5py()) return;
    print_message("skipped: python3-h5py is not installed\n");
    skip();
}

static void assert_layout(const char *name)
{
    need_h5py();
    write_again(test_data(name), in_folder(name));
    const char *text = differences(test_data(name), in_folder(name));
    if (*text) fail_msg("%s", text);
}

static void a_sequential_is_laid_out_as_keras_lays_it_out(void **state)
{
    (void)state;
    assert_layout("mlp_relu.h5");
}

static void a_functional_model_is_laid_out_as_keras_lays_it_out(void **state)
{
    (void)state;
    assert_layout("wide_deep.h5");
}

/* A check that finds nothing must be one that finds something. */
static void the_check_sees_differences(void **state)
{
    (void)state;
    need_h5py();
    write_again(test_data("mlp_relu.h5"), in_folder("other.h5"));
    const char *text = differences(test_data("wide_deep.h5"), in_folder("other.h5"));
    assert_non_null(strstr(text, "objects"));
    assert_non_null(strstr(text, "class_name"));
    assert_non_null(strstr(text, "layers"));
    text = differences(test_data("mlp_relu.h5"), test_data("mlp_relu.h5"));
    assert_non_null(strstr(text, "user block"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sequential_is_laid_out_as_keras_lays_it_out),
        cmocka_unit_test(a_functional_model_is_laid_out_as_keras_lays_it_out),
        cmocka_unit_test(the_check_sees_differences),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
