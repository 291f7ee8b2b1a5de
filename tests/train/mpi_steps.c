/* A distributed step is the serial step: every rank also trains alone on the same batches and compares the weights. */
#include "trial.h"
#include "dnn/comm/agree.h"

/* 93 rows in batches of 32: a short last batch of 29, which 2, 3 and 4 ranks cannot share evenly. */
#define RUN(extra_training, extra_comm)                                                                                                      \
    "seed: 3\noutput: unused\n"                                                                                                              \
    "data: {source: {blobs: {n_samples: 93, centers: 4, n_features: 6, random_state: 5}}}\n"                                                 \
    "model:\n  layers:\n    - dense: {units: 16, use_bias: false}\n    - batch_normalization\n    - activation: relu\n"                      \
    "    - dropout: {rate: 0.3}\n    - dense: {units: 8, activation: tanh}\n    - dense: {units: 4, activation: softmax}\n"                   \
    "training: {loss: sparse_categorical_crossentropy, metrics: [accuracy], batch_size: 32" extra_training "}\n" extra_comm

static const char *const momentum = RUN(", optimizer: {sgd: {learning_rate: 0.05, momentum: 0.9}}", "");
static const char *const clipped = RUN(", optimizer: {adam: {learning_rate: 0.01, global_clipnorm: 0.5, clipnorm: 0.4, clipvalue: 0.05}}", "");
static const char *const fixed_shards = RUN(", shards: 8, optimizer: {adam: {learning_rate: 0.01, global_clipnorm: 0.5}}", "");
static const char *const teams_of_one = RUN(", optimizer: {rmsprop: {learning_rate: 0.005, clipnorm: 0.5}}", "comm: {team: rank}\n");

/* Distance between what the ranks get together and what each gets alone after `epochs` epochs of 3 steps. */
static double against_serial(dnn_comm *comm, const char *text, int threads, uint64_t epochs)
{
    trial serial, together;
    double distance = 1e9;
    dnn_status st = trial_open(NULL, text, 1, &serial);
    assert_on_all_ranks(comm, st == DNN_OK);
    st = trial_open(comm, text, threads, &together);
    assert_on_all_ranks(comm, st == DNN_OK);
    bool finite = true;
    for (uint64_t e = 1; e <= epochs; e++) finite = trial_steps(&serial, e, 3) && trial_steps(&together, e, 3) && finite;
    assert_on_all_ranks(comm, finite);
    distance = trial_distance(&serial, &together);
    trial_close(&together);
    trial_close(&serial);
    return distance;
}

static void ranks_with_momentum_reach_the_weights_of_one(void **state)
{
    assert_on_all_ranks(*state, against_serial(*state, momentum, 1, 3) < 2e-5);
}

static void ranks_that_clip_by_all_three_rules_reach_the_weights_of_one(void **state)
{
    assert_on_all_ranks(*state, against_serial(*state, clipped, 1, 3) < 2e-4);
}

static void threads_are_workers_like_ranks(void **state)
{
    assert_on_all_ranks(*state, against_serial(*state, momentum, 3, 3) < 2e-5);
}

static void teams_that_share_nothing_reach_the_weights_of_one(void **state)
{
    assert_on_all_ranks(*state, against_serial(*state, teams_of_one, 1, 3) < 2e-4);
}

static void fixed_shards_give_the_same_bits_at_any_number_of_ranks(void **state)
{
    assert_on_all_ranks(*state, against_serial(*state, fixed_shards, 1, 3) == 0.0);
}

static void fixed_shards_give_the_same_bits_at_any_number_of_threads(void **state)
{
    assert_on_all_ranks(*state, against_serial(*state, fixed_shards, 2, 3) == 0.0);
}

static void fixed_shards_give_the_same_bits_however_ranks_are_spread_over_hosts(void **state)
{
    static const char *const text = RUN(", shards: 7, optimizer: {adam: {learning_rate: 0.01, global_clipnorm: 0.5}}", "comm: {team: rank}\n");
    assert_on_all_ranks(*state, against_serial(*state, text, 1, 3) == 0.0);
    assert_on_all_ranks(*state, against_serial(*state, text, 2, 3) == 0.0);
}

static const char *const two_rows =
    "seed: 3\noutput: unused\ndata: {source: {blobs: {n_samples: 5, centers: 2, n_features: 3, random_state: 5}}}\n"
    "model: {layers: [{dense: {units: 4, activation: elu}}, batch_normalization, {dense: {units: 2, activation: softmax}}]}\n"
    "training: {loss: sparse_categorical_crossentropy, batch_size: 2, optimizer: {sgd: {learning_rate: 0.1}}}\n";

static void fewer_rows_than_ranks_leave_some_without_and_are_exact(void **state)
{
    assert_on_all_ranks(*state, against_serial(*state, two_rows, 1, 2) < 2e-5);
}

static void class_weights_count_alike_at_any_number_of_ranks(void **state)
{
    static const char *const text = RUN(", class_weights: {0: 3.0, 2: 0.5}, optimizer: {sgd: {learning_rate: 0.05}}", "");
    assert_on_all_ranks(*state, against_serial(*state, text, 1, 2) < 2e-5);
}

/* One value for all rows of the batch: each rank's gradient hangs on the sums of all. */
static void a_loss_of_the_whole_batch_is_that_of_one_rank(void **state)
{
    static const char *const head = "seed: 3\noutput: unused\ndata: {source: {blobs: {n_samples: 93, centers: 4, n_features: 6, random_state: 5}}}\n"
                                    "model: {layers: [{dense: {units: 8, activation: tanh}}, {dense: {units: 4, activation: softmax}}]}\n"
                                    "training: {loss: {tversky: {alpha: 0.3}}, batch_size: 32, metrics: [dice], class_weights: {0: 2.0}, "
                                    "optimizer: {sgd: {learning_rate: 0.5}}";
    char text[1024];
    snprintf(text, sizeof text, "%s}\n", head);
    assert_on_all_ranks(*state, against_serial(*state, text, 1, 3) < 2e-5);
    assert_on_all_ranks(*state, against_serial(*state, text, 2, 3) < 2e-5);
    snprintf(text, sizeof text, "%s}\ncomm: {team: rank}\n", head);
    assert_on_all_ranks(*state, against_serial(*state, text, 1, 3) < 2e-5);
    snprintf(text, sizeof text, "%s, shards: 7}\ncomm: {team: rank}\n", head);
    assert_on_all_ranks(*state, against_serial(*state, text, 1, 3) == 0.0);
}

int main(int argc, char **argv)
{
    dnn_comm *comm = NULL;
    if (dnn_comm_start(&argc, &argv, &comm) != DNN_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(ranks_with_momentum_reach_the_weights_of_one, comm),
        cmocka_unit_test_prestate(ranks_that_clip_by_all_three_rules_reach_the_weights_of_one, comm),
        cmocka_unit_test_prestate(threads_are_workers_like_ranks, comm),
        cmocka_unit_test_prestate(teams_that_share_nothing_reach_the_weights_of_one, comm),
        cmocka_unit_test_prestate(fixed_shards_give_the_same_bits_at_any_number_of_ranks, comm),
        cmocka_unit_test_prestate(fixed_shards_give_the_same_bits_at_any_number_of_threads, comm),
        cmocka_unit_test_prestate(fixed_shards_give_the_same_bits_however_ranks_are_spread_over_hosts, comm),
        cmocka_unit_test_prestate(fewer_rows_than_ranks_leave_some_without_and_are_exact, comm),
        cmocka_unit_test_prestate(class_weights_count_alike_at_any_number_of_ranks, comm),
        cmocka_unit_test_prestate(a_loss_of_the_whole_batch_is_that_of_one_rank, comm),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dnn_comm_finish(comm);
    dnn_place_forget();
    const size_t balance = dnn_memory_balance();
    return failed || (balance > 0 && fprintf(stderr, "%zu blocks were not freed\n", balance));
}
