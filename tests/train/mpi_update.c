/* What an update does beside the optimizer's rule gives the weights of one rank at any number of ranks, threads and teams: every rank also
 * trains alone on the same batches and compares. Tensors of more than one block, so that workers share them. */
#include "trial.h"

#include <math.h>
#include "dnn/comm/agree.h"

/* 70 rows in batches of 32: the last has 6. The kernel of 90 × 64 is two blocks. */
#define RUN(layer, optimizer, extra_training, extra_comm)                                                                                    \
    "seed: 3\noutput: unused\n"                                                                                                              \
    "data: {source: {blobs: {n_samples: 70, centers: 4, n_features: 90, cluster_std: 6.0, random_state: 5}}}\n"                              \
    "model:\n  layers:\n    - dense: {units: 64, activation: tanh, " layer "}\n    - batch_normalization: {gamma_regularizer: {l2: 0.01}}\n"  \
    "    - dense: {units: 4, activation: softmax, bias_constraint: non_neg}\n"                                                               \
    "training: {loss: sparse_categorical_crossentropy, batch_size: 32, log_every: 1, optimizer: {" optimizer "}" extra_training "}\n" extra_comm

enum { PENALIZED, PROXIMAL, ACCUMULATED, AVERAGED, LAMB, LARS, ADAFACTOR, NOISY, NOISY_WHOLE, KINDS };
#define TEXTS(extra_training, extra_comm)                                                                                                    \
    {                                                                                                                                        \
        RUN("kernel_regularizer: {l1_l2: {l1: 0.001, l2: 0.01}}, kernel_constraint: {max_norm: 1.1}",                                        \
            "sgd: {learning_rate: 0.05, momentum: 0.9, clipnorm: 0.4, weight_decay: 0.1}", extra_training, extra_comm),                      \
        RUN("kernel_regularizer: {l1_proximal: 0.02}, kernel_constraint: {min_max_norm: {min_value: 0.9, max_value: 1.0, rate: 0.5, axis: 1}}", \
            "sgd: {learning_rate: 0.05}", extra_training, extra_comm),                                                                       \
        RUN("kernel_regularizer: {l2: 0.01}, bias_regularizer: {l1: 0.01}",                                                                  \
            "sgd: {learning_rate: 0.05, momentum: 0.5, global_clipnorm: 0.5, gradient_accumulation_steps: 4}", extra_training, extra_comm),  \
        RUN("kernel_constraint: {unit_norm: {axis: [0, 1]}}",                                                                                \
            "sgd: {learning_rate: 0.05, use_ema: true, ema_momentum: 0.8, ema_overwrite_frequency: 3, gradient_accumulation_steps: 2}",      \
            extra_training, extra_comm),                                                                                                     \
        RUN("kernel_regularizer: {l2: 0.01}", "lamb: {learning_rate: 0.01, weight_decay: 0.1, clipvalue: 0.05, epsilon: 0.001}",             \
            extra_training, extra_comm),                                                                                                     \
        RUN("kernel_constraint: {max_norm: 1.0}", "lars: {learning_rate: 0.5, trust_coefficient: 0.02, beta: 0.01, use_ema: true}",          \
            extra_training, extra_comm),                                                                                                     \
        RUN("kernel_regularizer: {l2: 0.01}", "adafactor: {learning_rate: 0.05, weight_decay: 0.1, clipnorm: 0.4, epsilon_1: 0.001, "        \
            "gradient_accumulation_steps: 2}", extra_training, extra_comm),                                                                  \
        RUN("kernel_regularizer: {l2: 0.01}, kernel_constraint: {max_norm: 1.1}",                                                            \
            "sgd: {learning_rate: {one_cycle: {max_rate: 0.02, total_steps: 12, cycle_momentum: true}}}}, class_weights: balanced, "         \
            "label_noise: 0.2, weight_noise: {stddev: 0.05}, gradient_noise: {stddev: 0.1", extra_training, extra_comm),                     \
        RUN("kernel_regularizer: {l2: 0.01}",                                                                                                \
            "rmsprop: {learning_rate: {one_cycle: {max_rate: 0.01, total_steps: 12, cycle_momentum: true}}, clipnorm: 0.4, epsilon: 0.001, " \
            "gradient_accumulation_steps: 2}}, weight_noise: {stddev: 0.05}, gradient_noise: {stddev: 0.02, decay: 1", extra_training,       \
            extra_comm),                                                                                                                     \
    }
static const char *const plain[KINDS] = TEXTS("", "");
static const char *const fixed[KINDS] = TEXTS(", shards: 8", "");
static const char *const teams[KINDS] = TEXTS("", "comm: {team: rank}\n");
static const char *const fixed_teams[KINDS] = TEXTS(", shards: 8", "comm: {team: rank}\n");

enum { EPOCHS = 4, STEPS = 3 };

static double apart(const float *a, const float *b, size_t n)
{
    double distance = 0.0, largest = 1e-30;
    for (size_t i = 0; i < n; i++) {
        const double d = fabs((double)a[i] - (double)b[i]), m = fabs((double)a[i]);
        if (!(d <= distance)) distance = d;
        if (m > largest) largest = m;
    }
    return distance / largest;
}

/* Weights and the optimizer's vectors, the penalty and the norm of the last step: the largest of their relative distances. */
static double between(const trial *a, const trial *b)
{
    double most = trial_distance(a, b);
    for (size_t s = 0; s < a->run.n_slots; s++) {
        const double d = apart(a->run.slots[s], b->run.slots[s], a->graph->segments.total);
        if (!(d <= most)) most = d;
    }
    const double p = penalties_of_step(&a->run), q = penalties_of_step(&b->run);
    const double n = a->run.workers[0].gradient_norm, m = b->run.workers[0].gradient_norm;
    if (!(fabs(p - q) <= most * (1 + p))) most = fabs(p - q) / (1 + p);
    if (!(fabs(n - m) <= most * n)) most = fabs(n - m) / n;
    return most;
}

static double against_serial(dnn_comm *comm, const char *text, int threads)
{
    trial serial, together;
    dnn_status st = trial_open(NULL, text, 1, &serial);
    assert_on_all_ranks(comm, st == DNN_OK);
    st = trial_open(comm, text, threads, &together);
    assert_on_all_ranks(comm, st == DNN_OK);
    bool finite = true;
    for (uint64_t e = 1; e <= EPOCHS; e++) finite = trial_steps(&serial, e, STEPS) && trial_steps(&together, e, STEPS) && finite;
    assert_on_all_ranks(comm, finite);
    const double distance = between(&serial, &together);
    dnn_comm_barrier(comm);
    trial_close(&together);
    trial_close(&serial);
    return distance;
}

static void expect_all(dnn_comm *comm, const char *const *texts, int threads, double tolerance)
{
    for (int i = 0; i < KINDS; i++) {
        const double distance = against_serial(comm, texts[i], threads);
        if (!(distance <= tolerance)) fprintf(stderr, "# kind %d, %d threads: %g\n", i, threads, distance);
        assert_on_all_ranks(comm, distance <= tolerance);
    }
}

static void ranks_reach_the_weights_of_one(void **state) { expect_all(*state, plain, 1, 5e-5); }
static void threads_reach_the_weights_of_one(void **state) { expect_all(*state, plain, 3, 5e-5); }
static void teams_that_share_nothing_reach_the_weights_of_one(void **state) { expect_all(*state, teams, 1, 5e-5); }
static void fixed_shards_give_the_same_bits_at_any_number_of_ranks(void **state) { expect_all(*state, fixed, 1, 0.0); }
static void fixed_shards_give_the_same_bits_at_any_number_of_threads(void **state) { expect_all(*state, fixed, 2, 0.0); }
static void fixed_shards_give_the_same_bits_over_teams(void **state) { expect_all(*state, fixed_teams, 1, 0.0); }

int main(int argc, char **argv)
{
    dnn_comm *comm = NULL;
    if (dnn_comm_start(&argc, &argv, &comm) != DNN_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(ranks_reach_the_weights_of_one, comm),
        cmocka_unit_test_prestate(threads_reach_the_weights_of_one, comm),
        cmocka_unit_test_prestate(teams_that_share_nothing_reach_the_weights_of_one, comm),
        cmocka_unit_test_prestate(fixed_shards_give_the_same_bits_at_any_number_of_ranks, comm),
        cmocka_unit_test_prestate(fixed_shards_give_the_same_bits_at_any_number_of_threads, comm),
        cmocka_unit_test_prestate(fixed_shards_give_the_same_bits_over_teams, comm),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dnn_comm_finish(comm);
    dnn_place_forget();
    const size_t balance = dnn_memory_balance();
    return failed || (balance > 0 && fprintf(stderr, "%zu blocks were not freed\n", balance));
}
