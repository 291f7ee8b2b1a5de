/* Noise on weights, gradients and labels in training steps: how much there is, and that nothing of it stays where it must not. */
#include <math.h>

#include "trial.h"

enum { ROWS = 600, CLASSES = 5, FEATURES = 40, UNITS = 64 };

#define RUN(rate, extra)                                                                                                               \
    "seed: 4\noutput: unused\n"                                                                                                        \
    "data: {source: {blobs: {n_samples: 600, centers: 5, n_features: 40, random_state: 3}}, scale: {features: standardize}}\n"         \
    "model: {layers: [{dense: {units: 64, activation: tanh}}, {dense: {units: 5, activation: softmax}}]}\n"                            \
    "training: {loss: sparse_categorical_crossentropy, batch_size: 600, shuffle: false, optimizer: {sgd: {learning_rate: " rate "}}" extra "}\n"

static double loss_of(const trial *t)
{
    double value = 0;
    dnn_objective_results(t->objective, t->run.workers[0].outcome, &value);
    return value;
}

static float *weights_of(const trial *t)
{
    float *copy = dnn_alloc(t->graph->segments.total, sizeof *copy);
    assert_non_null(copy);
    memcpy(copy, t->run.weights, t->graph->segments.total * sizeof *copy);
    return copy;
}

static void weights_are_the_same_to_the_last_bit_after_a_step_that_saw_them_with_noise(void **state)
{
    (void)state;
    trial plain, noisy;
    assert_int_equal(trial_open(NULL, RUN("0.0", ""), 1, &plain), DNN_OK);
    assert_int_equal(trial_open(NULL, RUN("0.0", ", weight_noise: {stddev: 0.3}"), 1, &noisy), DNN_OK);
    float *before = weights_of(&noisy);
    double losses[2];
    assert_true(trial_steps(&plain, 1, 1));
    for (uint64_t epoch = 1; epoch <= 2; epoch++) {
        assert_true(trial_steps(&noisy, epoch, 1));
        losses[epoch - 1] = loss_of(&noisy);
        assert_memory_equal(before, noisy.run.weights, noisy.graph->segments.total * sizeof *before);
    }
    assert_true(fabs(losses[0] - loss_of(&plain)) > 1e-3 && fabs(losses[0] - losses[1]) > 1e-4); /* it was there, and another in each step */
    dnn_free(before);
    trial_close(&noisy);
    trial_close(&plain);
}

static void the_update_moves_the_weights_without_their_noise(void **state)
{
    (void)state;
    trial t;
    assert_int_equal(trial_open(NULL, RUN("0.5", ", weight_noise: {stddev: 0.1}"), 1, &t), DNN_OK);
    float *before = weights_of(&t);
    assert_true(trial_steps(&t, 1, 1));
    for (size_t i = 0; i < t.graph->segments.total; i++)
        assert_float_equal((double)t.run.weights[i], (double)before[i] - 0.5 * (double)t.run.gradients[i] / ROWS, 1e-6);
    dnn_free(before);
    trial_close(&t);
}

/* Standard deviation over all weights of what the noise moved, per unit of the rate. 2,949 draws: its own deviation is 1.3 %. */
static double moved_by_noise(const trial *plain, const trial *noisy)
{
    double squares = 0;
    size_t n = 0;
    for (size_t s = 0; s < plain->graph->segments.count; s++) {
        const dnn_segment *g = &plain->graph->segments.at[s];
        for (size_t i = g->offset; i < g->offset + g->length; i++, n++) {
            const double d = ((double)noisy->run.weights[i] - (double)plain->run.weights[i]) * 1000;
            squares += d * d;
        }
    }
    assert_int_equal(n, FEATURES * UNITS + UNITS + UNITS * CLASSES + CLASSES);
    return sqrt(squares / (double)n);
}

static void noise_on_gradients_has_its_deviation_and_fades_by_its_exponent(void **state)
{
    (void)state;
    trial plain, noisy;
    assert_int_equal(trial_open(NULL, RUN("0.001", ""), 1, &plain), DNN_OK);
    assert_int_equal(trial_open(NULL, RUN("0.001", ", gradient_noise: {stddev: 0.8, decay: 2}"), 1, &noisy), DNN_OK);
    assert_true(trial_steps(&plain, 1, 1) && trial_steps(&noisy, 1, 1));
    assert_float_equal(moved_by_noise(&plain, &noisy), 0.8, 0.8 * 0.05);
    memcpy(noisy.run.weights, plain.run.weights, plain.graph->segments.total * sizeof(float));
    assert_true(trial_steps(&plain, 2, 1) && trial_steps(&noisy, 2, 1)); /* variance 0.64 / (1 + 1)² */
    assert_float_equal(moved_by_noise(&plain, &noisy), 0.4, 0.4 * 0.05);
    trial_close(&noisy);
    trial_close(&plain);
}

static void labels_become_others_as_often_as_the_rate_says_and_anew_in_each_step(void **state)
{
    (void)state;
    trial t;
    float label[ROWS], first[ROWS];
    uint64_t at[ROWS];
    size_t seen[CLASSES] = { 0 }, wrong = 0, again = 0;
    assert_int_equal(trial_open(NULL, RUN("0.1", ", label_noise: 0.25"), 1, &t), DNN_OK);
    for (size_t i = 0; i < ROWS; i++) at[i] = i;
    dnn_dataset_gather_target(t.dataset, DNN_TRAIN, at, ROWS, 0, label);
    const float *noisy = t.run.workers[0].bays[0].target[0];
    assert_true(trial_steps(&t, 1, 1));
    memcpy(first, noisy, sizeof first);
    for (size_t i = 0; i < ROWS; i++) {
        assert_true(first[i] >= 0 && first[i] < CLASSES && first[i] == floorf(first[i]));
        if (first[i] == label[i]) continue;
        wrong++;
        seen[((size_t)first[i] + CLASSES - (size_t)label[i]) % CLASSES]++;
    }
    assert_true(wrong > 110 && wrong < 190);  /* 150, deviation 10.6 */
    for (size_t other = 1; other < CLASSES; other++) assert_true(seen[other] > 15 && seen[other] < 65);  /* 37.5, deviation 5.9 */
    assert_true(trial_steps(&t, 2, 1));
    for (size_t i = 0; i < ROWS; i++) again += noisy[i] != label[i] && first[i] != label[i];
    assert_true(again > 15 && again < 65); /* 37.5 again by chance */
    trial_close(&t);
}

static void noise_on_targets_that_are_no_labels_is_refused(void **state)
{
    (void)state;
    trial t;
    assert_int_equal(trial_open(NULL, "output: unused\ndata: {source: {regression: {n_samples: 20, n_features: 3, noise: 1.0, random_state: 1}}}\n"
                                      "model: {layers: [{dense: 1}]}\ntraining: {loss: mse, label_noise: 0.1}\n", 1, &t), DNN_E_CONFIG);
    assert_non_null(strstr(dnn_fail_text(), "training.label_noise = 0.1"));
    assert_non_null(strstr(dnn_fail_text(), "no class labels"));
    trial_close(&t);
}

static int memory_is_balanced(void **state)
{
    (void)state;
    dnn_place_forget();
    return dnn_memory_balance() == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_the_same_to_the_last_bit_after_a_step_that_saw_them_with_noise),
        cmocka_unit_test(the_update_moves_the_weights_without_their_noise),
        cmocka_unit_test(noise_on_gradients_has_its_deviation_and_fades_by_its_exponent),
        cmocka_unit_test(labels_become_others_as_often_as_the_rate_says_and_anew_in_each_step),
        cmocka_unit_test(noise_on_targets_that_are_no_labels_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, memory_is_balanced);
}
