/* What `training.diagnose` says of layers whose values are known: biases alone make the activations. */
#include <math.h>
#include <stdlib.h>

#include "trial.h"
#include "dnn/io/file.h"
#include "train/observe/diagnosis.h"

static const char *const network =
    "output: unused\ndata: {source: {blobs: {n_samples: 64, centers: 2, n_features: 3, random_state: 1}}}\n"
    "model:\n  layers:\n"
    "    - dense: {name: dead, units: 4, activation: relu, bias_initializer: {constant: {value: -100.0}}}\n"
    "    - dense: {name: flat, units: 5, kernel_initializer: zeros, bias_initializer: {constant: {value: 0.5}}}\n"
    "    - dense: {name: out, units: 2, activation: softmax}\n"
    "training: {loss: sparse_categorical_crossentropy, batch_size: 16, diagnose: true, optimizer: {sgd: {learning_rate: 0.25}}}\n";

typedef struct line { char layer[32]; double mean, sd, gradient, weights, ratio, dead; } line;

static void read_line(const char *text, const char *layer, line *out)
{
    char start[40];
    snprintf(start, sizeof start, "\n1,%s,", layer);
    const char *at = strstr(text, start);
    assert_non_null(at);
    assert_int_equal(sscanf(at + strlen(start), "%lf,%lf,%lf,%lf,%lf,%lf", &out->mean, &out->sd, &out->gradient, &out->weights, &out->ratio,
                            &out->dead), 6);
}

static void diagnose(int threads, char *text, size_t size)
{
    char folder[] = "/tmp/dnn-diagnosis-XXXXXX", path[64], *read = NULL;
    size_t length = 0;
    trial t;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/diagnosis.csv", folder);
    assert_int_equal(dnn_file_append(path, DIAGNOSIS_HEADER), DNN_OK);
    assert_int_equal(trial_open(NULL, network, threads, &t), DNN_OK);
    assert_true(trial_steps(&t, 1, 4));
    assert_int_equal(diagnosis_write(&t.run, &(history_file){ .path = path }, 1), DNN_OK);
    assert_int_equal(dnn_file_read(path, 1 << 16, DNN_E_IO, &read, &length), DNN_OK);
    snprintf(text, size, "%s", read);
    dnn_free(read);
    trial_close(&t);
    remove(path);
    remove(folder);
}

static void a_relu_behind_a_large_negative_bias_is_dead_and_moves_no_more(void **state)
{
    (void)state;
    char text[4096];
    line dead;
    diagnose(1, text, sizeof text);
    read_line(text, "dead", &dead);
    assert_true(dead.mean == 0.0 && dead.sd == 0.0 && dead.dead == 1.0);
    assert_true(dead.gradient == 0.0 && dead.ratio == 0.0);
    assert_true(dead.weights >= 200.0); /* four biases of -100 */
}

static void a_layer_of_biases_alone_has_one_value_and_steps_by_rate_times_gradient(void **state)
{
    (void)state;
    char text[4096];
    line flat;
    diagnose(1, text, sizeof text);
    read_line(text, "flat", &flat);
    /* the input is dead, so all rows are the bias; it has moved by four steps at most, each alike for every row */
    assert_true(flat.dead == 0.0);
    assert_true(flat.sd < 0.2);
    assert_true(fabs(flat.ratio * flat.weights - 0.25 * flat.gradient) <= 1e-5 * flat.weights);
}

static void workers_see_what_one_sees(void **state)
{
    (void)state;
    char one[4096], three[4096];
    line a, b;
    static const char *const layers[] = { "dead", "flat", "out" };
    diagnose(1, one, sizeof one);
    diagnose(3, three, sizeof three);
    for (size_t i = 0; i < 3; i++) {
        read_line(one, layers[i], &a);
        read_line(three, layers[i], &b);
        assert_true(fabs(a.mean - b.mean) < 1e-5 && fabs(a.sd - b.sd) < 1e-4 && fabs(a.gradient - b.gradient) < 1e-5 && a.dead == b.dead);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_relu_behind_a_large_negative_bias_is_dead_and_moves_no_more),
        cmocka_unit_test(a_layer_of_biases_alone_has_one_value_and_steps_by_rate_times_gradient),
        cmocka_unit_test(workers_see_what_one_sees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
