/* Each piece of advice with a configuration that deserves it and one that does not. */
#include "dnn/base/log.h"
#include "train/runs.h"

static const char *const run_file =
    "output: never-made\n"
    "data: {source: {blobs: {n_samples: 90, centers: 3, n_features: 4, random_state: 2}}, split: {validation: 18, test: 18}, scale: {features: standardize}}\n"
    "model: {defaults: {dense: {kernel_initializer: lecun_normal}}, layers: [{dense: {units: 4, activation: selu}}, {dense: {units: 3, activation: softmax}}]}\n"
    "training: {loss: sparse_categorical_crossentropy, batch_size: 12}\n";

static char said[8192];

static void listen(void *context, dnn_log_level level, const char *line)
{
    (void)context;
    const size_t used = strlen(said);
    if (level == DNN_LOG_ADVICE) snprintf(said + used, sizeof said - used, "%s\n", line);
}

/* The advice on the run file with these overrides (NULL: none). */
static const char *advice(int threads, const char *first, const char *second)
{
    const char *overrides[] = { first, second };
    said[0] = '\0';
    const dnn_check_request request = { .run_file = in_folder("run.yaml"), .overrides = overrides, .n_overrides = (first != NULL) + (second != NULL),
                                        .threads = threads, .ranks = 1 };
    dnn_log_set_sink(listen, NULL);
    const dnn_status st = dnn_check(&request);
    dnn_log_set_sink(NULL, NULL);
    if (st != DNN_OK) fail_msg("%s", dnn_fail_text());
    return said;
}

static void a_plain_selu_stack_on_standardized_inputs_gets_no_advice(void **state)
{
    (void)state;
    assert_string_equal(advice(1, NULL, NULL), "");
}

#define HIDDEN(more) "model.layers=[{dense: {units: 4, activation: selu" more "}}, {dense: {units: 3, activation: softmax}}]"
#define RELU(more) "model.layers=[{dense: {units: 4, activation: relu" more "}}, {dense: {units: 3, activation: softmax}}]"

/* `good` breaks no rule, though it has what `bad` is advised against. */
static const struct { const char *bad, *text, *good; } rules[] = {
    { HIDDEN(", kernel_initializer: he_normal"), "lecun_normal only", RELU(", kernel_initializer: he_normal") },
    { "data.scale.features=none", "selu wants standardized inputs", "data.scale.features=standardize" },
    { HIDDEN(", kernel_regularizer: l2"), "kernel_regularizer pulls", RELU(", kernel_regularizer: l2") },
    { HIDDEN(", kernel_regularizer: {l1: 0.1}"), "kernel_regularizer pulls", HIDDEN(", bias_regularizer: l1") },
    { HIDDEN(", kernel_constraint: max_norm"), "kernel_constraint moves", RELU(", kernel_constraint: max_norm") },
    { "model.layers=[{dense: {units: 4, activation: selu}}, dropout, {dense: {units: 3, activation: softmax}}]", "plain dropout breaks",
      "model.layers=[{dense: {units: 4, activation: selu}}, {alpha_dropout: {rate: 0.1}}, {dense: {units: 3, activation: softmax}}]" },
    { "model.layers=[{dense: {units: 4, activation: selu}}, batch_normalization, {dense: {units: 3, activation: softmax}}]", "batch_normalization beside it",
      "model.layers=[{dense: {units: 4, activation: relu}}, batch_normalization, {dense: {units: 3, activation: softmax}}]" },
    { "model.layers=[{dense: {units: 4, activation: selu, name: a}}, {dense: {units: 4, activation: selu}}, {add: {inputs: [a, dense]}}, {dense: {units: 3, "
      "activation: softmax}}]", "plain stacks",
      "model.layers=[{dense: {units: 4, activation: relu, name: a}}, {dense: {units: 4, activation: relu}}, {add: {inputs: [a, dense]}}, {dense: {units: 3, "
      "activation: softmax}}]" },
    { "model.layers=[{dense: {units: 4}}, batch_normalization, {dense: {units: 3, activation: softmax}}]", "its bias has no effect",
      "model.layers=[{dense: {units: 4, use_bias: false}}, batch_normalization, {dense: {units: 3, activation: softmax}}]" },
    { "model.layers=[{dense: {units: 4, name: a}}, {dense: {units: 4, activation: relu}}, {batch_normalization: {inputs: a}}, {add: {inputs: [dense, "
      "batch_normalization]}}, {dense: {units: 3, activation: softmax}}]", "layer 'a': its bias has no effect",
      "model.layers=[{dense: {units: 4, activation: relu}}, batch_normalization, {dense: {units: 3, activation: softmax}}]" },
};

#define RATE(schedule) "training.optimizer={sgd: {learning_rate: " schedule "}}"

/* 12 rows a step. */
static void a_rate_that_grows_with_the_batch_is_told_where_it_wants_a_warm_up_and_where_the_rule_ends(void **state)
{
    static const struct { const char *schedule, *text; } cases[] = {
        { RATE("0.1"), NULL },
        { RATE("{scale_with_batch: {of: 0.1, base: 4}}"), NULL },
        { RATE("{scale_with_batch: {of: 0.1, base: 3}}"), "4 times that of the base from the first step on" },
        { RATE("{warmup: {epochs: 1, of: {scale_with_batch: {of: 0.1, base: 3}}}}"), NULL },
        { RATE("{scale_with_batch: {of: {warmup: {epochs: 1, of: 0.1}}, base: 3}}"), NULL },
        { RATE("{scale_with_batch: {of: {one_cycle: {max_rate: 0.1}}, base: 3}}"), NULL },
        { RATE("{scale_with_batch: {of: 0.1, base: 1, power: 0.5}}"), NULL },
        { "training.optimizer={sgd: {learning_rate: {warmup: {epochs: 1, of: {scale_with_batch: {of: 0.1, base: 3}}}}, gradient_accumulation_steps: 10}}",
          "40 times that of the base is more" },
        { "training.optimizer={sgd: {learning_rate: {warmup: {epochs: 1, of: {scale_with_batch: {of: 0.1, base: 3, power: 0.5}}}}, "
          "gradient_accumulation_steps: 1000}}", NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *heard = advice(1, cases[i].schedule, NULL);
        if (cases[i].text ? !strstr(heard, cases[i].text) : *heard != 0) fail_msg("%s: \"%s\"", cases[i].schedule, heard);
    }
}

static void each_rule_of_networks_speaks_where_it_is_broken_and_nowhere_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const char *heard = advice(1, rules[i].bad, NULL);
        if (!strstr(heard, rules[i].text)) fail_msg("%s: \"%s\" does not say \"%s\"", rules[i].bad, heard, rules[i].text);
        heard = advice(1, rules[i].good, NULL);
        if (*heard) fail_msg("%s: \"%s\"", rules[i].good, heard);
    }
}

static void a_regression_on_unscaled_targets_is_told_and_one_on_scaled_ones_is_not(void **state)
{
    const char *regression = "output: o\ndata: {source: {regression: {n_samples: 60, n_features: 3, random_state: 1}}, scale: {targets: standardize}}\n"
                             "model: {layers: [{dense: {units: 1}}]}\ntraining: {loss: mse}\n";
    char *text = NULL;
    size_t length;
    (void)state;
    assert_int_equal(dnn_file_read(in_folder("run.yaml"), 1 << 20, DNN_E_IO, &text, &length), DNN_OK);
    assert_int_equal(dnn_file_write(in_folder("run.yaml"), regression, strlen(regression)), DNN_OK);
    assert_string_equal(advice(1, NULL, NULL), "");
    assert_non_null(strstr(advice(1, "data.scale.targets=none", NULL), "unscaled targets"));
    assert_non_null(strstr(advice(1, "data.scale.targets=none", "training.loss={huber: {delta: 2}}"), "unscaled targets"));
    assert_string_equal(advice(1, "model.layers=[{dense: 3}]", "data={source: {regression: {n_samples: 60, n_features: 3}}, targets: inputs}"), "");
    assert_int_equal(dnn_file_write(in_folder("run.yaml"), text, length), DNN_OK);
    dnn_free(text);
}

static void softmax_with_binary_crossentropy_is_told_of_the_output_that_has_both(void **state)
{
    char rows[4096] = "a,b,c\n", run[2048];
    (void)state;
    for (int i = 0; i < 40; i++) snprintf(rows + strlen(rows), sizeof rows - strlen(rows), "%d,%d,%d\n", i % 7, i % 5, i % 2);
    dnn_file_write(in_folder("bits.csv"), rows, strlen(rows));
    snprintf(run, sizeof run, "output: o\ndata: {source: {csv: {path: %s, target: c}}}\nmodel: {layers: [{dense: {units: 1, activation: sigmoid}}]}\n"
             "training: {loss: binary_crossentropy}\n", in_folder("bits.csv"));
    dnn_file_write(in_folder("bits.yaml"), run, strlen(run));
    const char *overrides[] = { "model.layers=[{dense: {units: 1, activation: softmax}}]" };
    for (size_t n = 0; n < 2; n++) {
        said[0] = '\0';
        dnn_log_set_sink(listen, NULL);
        assert_int_equal(dnn_check(&(dnn_check_request){ .run_file = in_folder("bits.yaml"), .overrides = overrides, .n_overrides = n, .threads = 1, .ranks = 1 }),
                         DNN_OK);
        dnn_log_set_sink(NULL, NULL);
        assert_int_equal(strstr(said, "softmax with binary_crossentropy") != NULL, n == 1);
    }
}

static void more_threads_than_cores_are_told(void **state)
{
    (void)state;
    assert_non_null(strstr(advice(100000, NULL, NULL), "100000 threads on this machine's"));
    assert_string_equal(advice(dnn_comm_cores(), NULL, NULL), "");
}

static void early_stopping_without_a_validation_part_is_told(void **state)
{
    (void)state;
    const char *callback = "training.callbacks=[{early_stopping: {monitor: loss}}]";
    assert_non_null(strstr(advice(1, callback, "~data.split.validation"), "early_stopping without a validation part"));
    assert_string_equal(advice(1, callback, NULL), "");
    assert_string_equal(advice(1, "~data.split.validation", NULL), "");
}

/* 60 training rows, then 40 of validation and 40 of test, whose values `of` says. */
static const char *parts(double (*of)(int row), const char *callbacks)
{
    static char rows[16384], split[8192], run[4096];
    int at = snprintf(rows, sizeof rows, "x,z,y\n"), to = snprintf(split, sizeof split, "subset,row\n");
    for (int i = 0; i < 140; i++) {
        at += snprintf(rows + at, sizeof rows - (size_t)at, "%.4f,%d,%d\n", of(i), i % 5, i % 2);
        to += snprintf(split + to, sizeof split - (size_t)to, "%s,%d\n", i < 60 ? "train" : i < 100 ? "validation" : "test", i);
    }
    dnn_file_write(in_folder("rows.csv"), rows, strlen(rows));
    dnn_file_write(in_folder("split.csv"), split, strlen(split));
    snprintf(run, sizeof run, "output: o\ndata: {source: {csv: {path: %s, target: y}}, split: {file: %s}}\nmodel: {layers: [{dense: {units: 1, activation: sigmoid}}]}\n"
             "training: {loss: binary_crossentropy, callbacks: [%s]}\n", in_folder("rows.csv"), in_folder("split.csv"), callbacks);
    dnn_file_write(in_folder("parts.yaml"), run, strlen(run));
    said[0] = '\0';
    dnn_log_set_sink(listen, NULL);
    const dnn_status st = dnn_check(&(dnn_check_request){ .run_file = in_folder("parts.yaml"), .threads = 1, .ranks = 1 });
    dnn_log_set_sink(NULL, NULL);
    if (st != DNN_OK) fail_msg("%s", dnn_fail_text());
    return said;
}

static double wave(int row) { return (row * 37 % 101) / 10.0; }
static double shifted(int row) { return wave(row) + (row >= 100 ? 4.0 : 0.0); }
static double twice(int row) { return row >= 100 ? wave(row - 40) : wave(row); }

static void a_validation_part_from_another_source_than_the_test_part_is_told_by_the_rows(void **state)
{
    (void)state;
    assert_non_null(strstr(parts(shifted, ""), "from another source than the test part"));
    assert_string_equal(parts(wave, ""), "");
}

static void early_stopping_on_the_test_part_is_told_by_the_rows(void **state)
{
    (void)state;
    assert_non_null(strstr(parts(twice, "early_stopping"), "early_stopping on test data"));
    assert_string_equal(parts(wave, "early_stopping"), "");
}

int main(void)
{
    if (runs_begin(NULL, run_file) != DNN_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_selu_stack_on_standardized_inputs_gets_no_advice),
        cmocka_unit_test(each_rule_of_networks_speaks_where_it_is_broken_and_nowhere_else),
        cmocka_unit_test(a_rate_that_grows_with_the_batch_is_told_where_it_wants_a_warm_up_and_where_the_rule_ends),
        cmocka_unit_test(a_regression_on_unscaled_targets_is_told_and_one_on_scaled_ones_is_not),
        cmocka_unit_test(softmax_with_binary_crossentropy_is_told_of_the_output_that_has_both),
        cmocka_unit_test(more_threads_than_cores_are_told),
        cmocka_unit_test(early_stopping_without_a_validation_part_is_told),
        cmocka_unit_test(a_validation_part_from_another_source_than_the_test_part_is_told_by_the_rows),
        cmocka_unit_test(early_stopping_on_the_test_part_is_told_by_the_rows),
    };
    return runs_end(NULL, cmocka_run_group_tests(tests, NULL, NULL));
}
