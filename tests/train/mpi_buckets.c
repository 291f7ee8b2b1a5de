/* Gradients that travel between teams in buckets, while backward runs, give the training of one team: every rank also trains alone on the same batches and
 * compares. */
#include "trial.h"

#include <math.h>
#include <string.h>

/* 2.1 million weights in four buckets and more; one layer frozen in between. */
#define RUN(extra_training, extra_comm)                                                                                                                  \
    "seed: 3\noutput: unused\n"                                                                                                                          \
    "data: {source: {blobs: {n_samples: 44, centers: 4, n_features: 60, random_state: 5}}, scale: {features: standardize}}\n"                            \
    "model:\n  defaults: {dense: {activation: tanh}}\n  layers:\n    - dense: {units: 900}\n    - dense: {units: 900}\n    - dense: {units: 300, trainable: false}\n" \
    "    - dense: {units: 900}\n    - dense: {units: 900}\n    - batch_normalization\n    - dense: {units: 4, activation: softmax}\n"                     \
    "training: {loss: sparse_categorical_crossentropy, batch_size: 16, optimizer: {sgd: {learning_rate: 0.02, momentum: 0.9}}" extra_training "}\n" extra_comm

static dnn_comm *comm;

enum { STEPS = 3 };

static double apart_from_alone(const char *text, int threads, size_t *count)
{
    trial together, alone;
    const dnn_status st = trial_open(comm, text, threads, &together);
    assert_on_all_ranks(comm, st == DNN_OK && trial_open(NULL, RUN("", ""), 1, &alone) == DNN_OK);
    const bool finite = trial_steps(&together, 1, STEPS) && trial_steps(&together, 2, STEPS);
    assert_on_all_ranks(comm, finite && trial_steps(&alone, 1, STEPS) && trial_steps(&alone, 2, STEPS));
    double distance = trial_distance(&together, &alone);
    dnn_comm_max(comm, &distance, 1);
    *count = together.run.buckets.count;
    trial_close(&together);
    trial_close(&alone);
    return distance;
}

static void teams_train_as_one_rank_does(void **state)
{
    (void)state;
    const bool several = dnn_comm_size(comm) > 1;
    for (int threads = 1; threads <= 2; threads++) {
        size_t count;
        const double distance = apart_from_alone(RUN("", "comm: {team: rank, overlap: always}\n"), threads, &count);
        assert_on_all_ranks(comm, (count >= 4) == several);
        assert_on_all_ranks(comm, distance < 2e-5);
    }
}

static void overlap_changes_no_bit(void **state)
{
    (void)state;
    static const char *const pairs[][2] = { { RUN("", "comm: {team: rank, overlap: always}\n"), RUN("", "comm: {team: rank, overlap: never}\n") },
                                            { RUN("", "comm: {team: rank, overlap: always, compression: bfloat16}\n"),
                                              RUN("", "comm: {team: rank, overlap: never, compression: bfloat16}\n") } };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        trial during, after;
        const dnn_status st = trial_open(comm, pairs[i][0], 1, &during);
        assert_on_all_ranks(comm, st == DNN_OK && trial_open(comm, pairs[i][1], 1, &after) == DNN_OK);
        assert_on_all_ranks(comm, dnn_comm_size(comm) == 1 || during.run.buckets.count > after.run.buckets.count);
        const bool finite = trial_steps(&during, 1, STEPS);
        assert_on_all_ranks(comm, finite && trial_steps(&after, 1, STEPS));
        assert_on_all_ranks(comm, memcmp(during.run.weights, after.run.weights, during.graph->segments.total * sizeof(float)) == 0);
        trial_close(&during);
        trial_close(&after);
    }
}

/* bfloat16 has 8 bits: gradients err by less than a hundredth, and so does the way that weights have come. */
static void compressed_gradients_train_nearly_as_one_rank_does(void **state)
{
    (void)state;
    size_t count;
    const double distance = apart_from_alone(RUN("", "comm: {team: rank, overlap: always, compression: bfloat16}\n"), 1, &count);
    assert_on_all_ranks(comm, distance < 1e-2);
    assert_on_all_ranks(comm, dnn_comm_size(comm) == 1 || distance > 1e-6); /* it was compressed */
}

static void a_step_that_is_not_finite_lets_what_travels_arrive(void **state)
{
    (void)state;
    trial t;
    assert_on_all_ranks(comm, trial_open(comm, RUN("", "comm: {team: rank, overlap: always}\n"), 1, &t) == DNN_OK);
    assert_on_all_ranks(comm, trial_steps(&t, 1, 1));
    if (dnn_team_leads(t.team)) t.run.weights[t.graph->segments.at[0].offset] = NAN;
    dnn_comm_barrier(comm);
    assert_on_all_ranks(comm, !trial_steps(&t, 1, STEPS));
    trial_close(&t);
}

int main(int argc, char **argv)
{
    if (dnn_comm_start(&argc, &argv, &comm) != DNN_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(teams_train_as_one_rank_does),
        cmocka_unit_test(overlap_changes_no_bit),
        cmocka_unit_test(compressed_gradients_train_nearly_as_one_rank_does),
        cmocka_unit_test(a_step_that_is_not_finite_lets_what_travels_arrive),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dnn_comm_finish(comm);
    return failed;
}
