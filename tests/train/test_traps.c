/* What texts get wrong about networks in training. The others of their traps stand where the formula is: Adam with the sign of a climb, Adamax without
 * magnitudes and epsilon on the wrong side of the root in tests/optim/test_optimizers.c, U[0, 1) for an initializer in tests/nn/test_initializers.c,
 * scaling before splitting in tests/data/test_scale.c. */
#include "trial.h"

#include <math.h>

static const dnn_segment *segment_of(const trial *t, const char *name)
{
    for (size_t s = 0; s < t->graph->segments.count; s++)
        if (strcmp(t->graph->segments.at[s].name, name) == 0) return &t->graph->segments.at[s];
    fail_msg("no weight %s", name);
    return NULL;
}

static double largest(const float *values, size_t n)
{
    double most = 0.0;
    for (size_t i = 0; i < n; i++) most = fmax(most, fabs((double)values[i]));
    return most;
}

#define NETWORK(layers, optimizer)                                                                                                     \
    "seed: 2\noutput: unused\ndata: {source: {moons: {n_samples: 96, noise: 0.1, random_state: 1}}}\n"                                 \
    "model: {layers: [" layers ", {dense: {units: 1, activation: sigmoid}}]}\n"                                                        \
    "training: {loss: binary_crossentropy, batch_size: 32, shards: 1, optimizer: {" optimizer "}}\n"

/* The mean takes the bias away again: its gradient is rounding, which sgd does not see and adam blows up to whole steps. */
static void a_bias_in_front_of_batch_normalization_has_no_gradient_and_adam_amplifies_rounding(void **state)
{
    static const char *const texts[] = { NETWORK("{dense: {units: 8}}, batch_normalization, {activation: tanh}", "sgd: {learning_rate: 0.1}"),
                                         NETWORK("{dense: {units: 8}}, batch_normalization, {activation: tanh}", "adam: {learning_rate: 0.1, epsilon: 1.0e-12}") };
    double moved[2];
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        trial t;
        assert_int_equal(trial_open(NULL, texts[k], 1, &t), DNN_OK);
        const dnn_segment *kernel = segment_of(&t, "dense/kernel"), *bias = segment_of(&t, "dense/bias");
        for (uint64_t epoch = 1; epoch <= 3; epoch++) {
            assert_true(trial_steps(&t, epoch, 3));
            assert_true(largest(t.run.gradients + kernel->offset, kernel->length) > 1e-3);
            assert_true(largest(t.run.gradients + bias->offset, bias->length) < 2e-5);
        }
        moved[k] = largest(t.run.weights + bias->offset, bias->length);
        trial_close(&t);
    }
    assert_true(moved[0] < 1e-6);
    assert_true(moved[1] > 1e-3);
}

static void the_slopes_of_prelu_are_learned_and_no_hyperparameter(void **state)
{
    (void)state;
    trial t;
    float before[8];
    assert_int_equal(trial_open(NULL, NETWORK("{dense: {units: 8}}, prelu", "sgd: {learning_rate: 0.5}"), 1, &t), DNN_OK);
    const dnn_segment *alpha = segment_of(&t, "prelu/alpha");
    assert_true(alpha->weight && alpha->trainable && alpha->length == 8);
    memcpy(before, t.run.weights + alpha->offset, sizeof before);
    for (uint64_t epoch = 1; epoch <= 5; epoch++) assert_true(trial_steps(&t, epoch, 3));
    size_t moved = 0;
    for (size_t i = 0; i < 8; i++) moved += fabs((double)t.run.weights[alpha->offset + i] - (double)before[i]) > 1e-3;
    assert_true(moved >= 6);
    trial_close(&t);
}

/* The norm that global_clipnorm compares is the root of the sum of squares over all tensors. */
static void the_norm_of_a_gradient_is_the_root_of_the_sum_of_squares(void **state)
{
    (void)state;
    trial t;
    assert_int_equal(trial_open(NULL, NETWORK("{dense: {units: 8, activation: tanh}}", "sgd: {learning_rate: 0.1, global_clipnorm: 100.0}"), 1, &t), DNN_OK);
    assert_true(trial_steps(&t, 1, 1));
    double squares = 0.0, sum = 0.0;
    for (size_t i = 0; i < t.graph->segments.total; i++) {
        const double g = (double)t.run.gradients[i] / 32;
        squares += g * g;
        sum += fabs(g);
    }
    assert_float_equal(t.run.workers[0].gradient_norm, sqrt(squares), 1e-6);
    assert_true(fabs(sum - sqrt(squares)) > 1e-3 && fabs(squares - sqrt(squares)) > 1e-3);
    trial_close(&t);
}

/* Looking must change nothing: the gradient that callbacks want is the mean that moved the weights, and these move to the same bits. */
static void a_gradient_that_is_looked_at_is_that_of_the_epochs_last_step(void **state)
{
    (void)state;
    trial plain, seen;
    static const char *const text = NETWORK("{dense: {units: 8, activation: tanh}}", "sgd: {learning_rate: 0.5}");
    assert_int_equal(trial_open(NULL, text, 1, &plain), DNN_OK);
    assert_int_equal(trial_open(NULL, text, 1, &seen), DNN_OK);
    seen.run.keeps_gradient = true;
    for (uint64_t epoch = 1; epoch <= 2; epoch++) assert_true(trial_steps(&plain, epoch, 3) && trial_steps(&seen, epoch, 3));
    const size_t total = plain.graph->segments.total;
    assert_memory_equal(plain.run.weights, seen.run.weights, total * sizeof(float));
    for (size_t i = 0; i < total; i++) assert_float_equal((double)seen.run.reduced[i], (double)seen.run.gradients[i] / 32, 1e-7);
    assert_true(largest(seen.run.reduced, total) > 1e-3 && largest(plain.run.reduced, total) == 0);
    trial_close(&seen);
    trial_close(&plain);
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
        cmocka_unit_test(a_bias_in_front_of_batch_normalization_has_no_gradient_and_adam_amplifies_rounding),
        cmocka_unit_test(the_slopes_of_prelu_are_learned_and_no_hyperparameter),
        cmocka_unit_test(the_norm_of_a_gradient_is_the_root_of_the_sum_of_squares),
        cmocka_unit_test(a_gradient_that_is_looked_at_is_that_of_the_epochs_last_step),
    };
    return cmocka_run_group_tests(tests, NULL, memory_is_balanced);
}
