/* What is reported of a record: names, order, and what the loss is made of, with one output and with several. */
#include "trial.h"

#include <math.h>

#include "train/loop/values.h"

#define NETWORK(regularizer)                                                                                                             \
    "seed: 2\noutput: unused\ndata: {source: {moons: {n_samples: 64, noise: 0.1, random_state: 1}}}\n"                                   \
    "model:\n  layers:\n    - dense: {name: stem, units: 8, activation: tanh, kernel_regularizer: " regularizer "}\n"                    \
    "    - dense: {name: a, units: 1, inputs: stem}\n    - dense: {name: b, units: 1, inputs: stem}\n  outputs: [a, b]\n"                \
    "training: {loss: mse, loss_weights: {a: 0.25, b: 3.0}, metrics: {a: mae}, batch_size: 64, optimizer: {sgd: {learning_rate: 0.0}}}\n"

static void expect_names(const trial *t, const char *const *names)
{
    size_t n = 0;
    for (; names[n]; n++) assert_string_equal(values_name(t->objective, t->graph, n), names[n]);
    assert_int_equal(values_count(t->objective, t->graph), n);
}

static void penalties_stand_in_the_loss_alone_and_the_losses_of_outputs_are_unweighted(void **state)
{
    (void)state;
    trial t;
    double values[8], penalty = 0.0;
    assert_int_equal(trial_open(NULL, NETWORK("{l1_l2: {l1: 0.5, l2: 0.25}}"), 1, &t), DNN_OK);
    const char *const names[] = { "loss", "data_loss", "a_loss", "b_loss", "a_mae", NULL };
    expect_names(&t, names);
    const dnn_segment *kernel = &t.graph->segments.at[0];
    for (size_t i = 0; i < kernel->length; i++) {
        const double w = (double)t.run.weights[kernel->offset + i];
        penalty += 0.5 * fabs(w) + 0.25 * w * w;
    }
    assert_true(penalty > 0.5);
    assert_true(trial_steps(&t, 1, 1));
    assert_float_equal(penalties_of_step(&t.run), penalty, 1e-12);
    assert_float_equal(penalties_of_weights(t.graph, t.run.weights), penalty, 1e-12);
    values_of(t.objective, t.graph, t.run.workers[0].outcome, penalty, values);
    assert_float_equal(values[0] - values[1], penalty, 1e-12);
    assert_float_equal(values[1], 0.25 * values[2] + 3.0 * values[3], 1e-6);
    assert_true(fabs(values[2] - values[3]) > 1e-3);
    trial_close(&t);
}

static void without_penalties_the_loss_is_the_data_term(void **state)
{
    (void)state;
    trial t;
    double values[8];
    assert_int_equal(trial_open(NULL, NETWORK("null"), 1, &t), DNN_OK);
    const char *const names[] = { "loss", "a_loss", "b_loss", "a_mae", NULL };
    expect_names(&t, names);
    assert_true(trial_steps(&t, 1, 1));
    assert_true(penalties_of_step(&t.run) == 0.0 && penalties_of_weights(t.graph, t.run.weights) == 0.0);
    values_of(t.objective, t.graph, t.run.workers[0].outcome, 0.0, values);
    assert_float_equal(values[0], 0.25 * values[1] + 3.0 * values[2], 1e-6);
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
        cmocka_unit_test(penalties_stand_in_the_loss_alone_and_the_losses_of_outputs_are_unweighted),
        cmocka_unit_test(without_penalties_the_loss_is_the_data_term),
    };
    return cmocka_run_group_tests(tests, NULL, memory_is_balanced);
}
