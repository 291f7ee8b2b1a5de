/* Nothing is allocated in the step loop, and what does not converge is noticed. */
#include "trial.h"

static const char *const network =
    "output: unused\ndata: {source: {moons: {n_samples: 200, noise: 0.1, random_state: 1}}}\n"
    "model: {layers: [{dense: {units: 32, activation: relu}}, batch_normalization, {dropout: {rate: 0.2}}, {dense: {units: 1, activation: sigmoid}}]}\n"
    "training: {loss: binary_crossentropy, metrics: [accuracy], batch_size: 16, optimizer: {sgd: {learning_rate: 0.1, momentum: 0.9, "
    "global_clipnorm: 1.0}}}\n";

static void a_step_allocates_nothing(void **state)
{
    (void)state;
    trial t;
    assert_int_equal(trial_open(NULL, network, 1, &t), DNN_OK);
    assert_true(trial_steps(&t, 1, 2));
    const size_t before = dnn_memory_allocations();
    assert_true(trial_steps(&t, 2, 13));
    assert_int_equal(dnn_memory_allocations(), before);
    trial_close(&t);
    dnn_place_forget();
    assert_int_equal(dnn_memory_balance(), 0);
}

static void training_lowers_the_loss(void **state)
{
    (void)state;
    trial t;
    double first[8], last[8];
    assert_int_equal(trial_open(NULL, network, 1, &t), DNN_OK);
    assert_true(trial_steps(&t, 1, 1));
    dnn_objective_results(t.objective, t.run.workers[0].outcome, first);
    for (uint64_t e = 2; e < 30; e++) assert_true(trial_steps(&t, e, 13));
    dnn_objective_results(t.objective, t.run.workers[0].outcome, last);
    assert_true(last[0] < 0.5 * first[0]);
    trial_close(&t);
}

static void a_loss_that_is_not_finite_ends_the_steps_and_updates_nothing(void **state)
{
    (void)state;
    static const char *const wild =
        "output: unused\ndata: {source: {regression: {n_samples: 64, n_features: 4, random_state: 1}}}\n"
        "model: {layers: [{dense: {units: 8}}, {dense: {units: 1}}]}\n"
        "training: {loss: mse, batch_size: 64, optimizer: {sgd: {learning_rate: 1.0e+6}}}\n";
    trial t;
    assert_int_equal(trial_open(NULL, wild, 1, &t), DNN_OK);
    uint64_t steps = 0;
    while (steps < 50 && trial_steps(&t, steps + 1, 1)) steps++;
    assert_in_range(steps, 1, 49);
    assert_int_equal(t.run.workers[0].step, steps);
    trial_close(&t);
}

static void a_batch_beyond_the_data_is_all_of_them_and_takes_no_more_memory(void **state)
{
    (void)state;
    trial t;
    char text[1024];
    const char *size = strstr(network, "batch_size: 16");
    snprintf(text, sizeof text, "%.*sbatch_size: 9223372036854775807%s", (int)(size - network), network, size + strlen("batch_size: 16"));
    assert_int_equal(trial_open(NULL, text, 1, &t), DNN_OK);
    assert_int_equal(t.run.steps_per_epoch, 1);
    assert_int_equal(t.run.cut.capacity, 200);
    assert_true(trial_steps(&t, 1, 1));
    assert_true(dnn_objective_samples(t.run.workers[0].outcome) == 200.0);
    trial_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_allocates_nothing),
        cmocka_unit_test(training_lowers_the_loss),
        cmocka_unit_test(a_batch_beyond_the_data_is_all_of_them_and_takes_no_more_memory),
        cmocka_unit_test(a_loss_that_is_not_finite_ends_the_steps_and_updates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
