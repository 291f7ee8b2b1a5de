/* Teams whose weights are no longer the same are found out on all ranks. */
#include "trial.h"
#include "train/step/replicas.h"

static const char *const network =
    "seed: 3\noutput: unused\ndata: {source: {blobs: {n_samples: 90, centers: 4, n_features: 6, random_state: 5}}}\n"
    "model: {layers: [{dense: {units: 16, activation: relu}}, batch_normalization, {dense: {units: 4, activation: softmax}}]}\n"
    "training: {loss: sparse_categorical_crossentropy, batch_size: 32, optimizer: adam}\ncomm: {team: rank, sentinel: 5}\n";

static void teams_stay_the_same_to_the_bit(void **state)
{
    trial t;
    assert_on_all_ranks(*state, trial_open(*state, network, 1, &t) == DNN_OK);
    assert_on_all_ranks(*state, replicas_check(&t.run, 0) == DNN_OK);
    assert_on_all_ranks(*state, trial_steps(&t, 1, 3));
    assert_on_all_ranks(*state, replicas_check(&t.run, 3) == DNN_OK);
    trial_close(&t);
}

static void one_bit_in_one_team_is_noticed_by_all(void **state)
{
    dnn_comm *comm = *state;
    trial t;
    assert_on_all_ranks(comm, trial_open(comm, network, 1, &t) == DNN_OK);
    assert_on_all_ranks(comm, trial_steps(&t, 1, 3));
    const dnn_segment *last = &t.graph->segments.at[t.graph->segments.count - 1];
    uint32_t word;
    memcpy(&word, &t.run.weights[last->offset], sizeof word);
    word ^= 1;
    if (dnn_comm_rank(comm) == dnn_comm_size(comm) - 1) memcpy(&t.run.weights[last->offset], &word, sizeof word);
    const dnn_status expected = dnn_comm_size(comm) > 1 ? DNN_E_REPLICAS : DNN_OK;
    assert_on_all_ranks(comm, replicas_check(&t.run, 3) == expected);
    trial_close(&t);
}

/* One bit of the last tensor that learns, in one of the vectors, on the last rank. */
static void flip(const trial *t, dnn_comm *comm, float *vector)
{
    const slice_block *last = &t->run.blocks[t->run.n_blocks - 1];
    uint32_t word;
    if (dnn_comm_rank(comm) != dnn_comm_size(comm) - 1) return;
    memcpy(&word, &vector[last->offset], sizeof word);
    word ^= 1u << 3;
    memcpy(&vector[last->offset], &word, sizeof word);
}

/* Epochs of three steps until one stops; updates done by then. */
static uint64_t steps_until_noticed(trial *t)
{
    for (uint64_t epoch = 1; epoch <= 6 && trial_steps(t, epoch, 3); epoch++) continue;
    return t->run.workers[0].step;
}

static void flips_and_expects(dnn_comm *comm, bool of_moment, const char *named)
{
    trial t;
    const int ranks = dnn_comm_size(comm);
    assert_on_all_ranks(comm, trial_open(comm, network, 1, &t) == DNN_OK);
    assert_on_all_ranks(comm, trial_steps(&t, 1, 3) && trial_steps(&t, 2, 3));
    if (of_moment) assert_on_all_ranks(comm, trial_steps(&t, 3, 3) && trial_steps(&t, 4, 1));
    flip(&t, comm, of_moment ? t.run.slots[1] : t.run.weights);
    assert_on_all_ranks(comm, steps_until_noticed(&t) == (ranks > 1 ? 10 : of_moment ? 28 : 24));
    const dnn_status st = replicas_check(&t.run, 10);
    assert_on_all_ranks(comm, st == (ranks > 1 ? DNN_E_REPLICAS : DNN_OK));
    char team[64];
    snprintf(team, sizeof team, "team %d (rank %d", ranks - 1, ranks - 1);
    assert_on_all_ranks(comm, ranks == 1 || (strstr(dnn_fail_text(), named) && strstr(dnn_fail_text(), team)));
    assert_on_all_ranks(comm, ranks <= 2 || !strstr(dnn_fail_text(), "team 0"));
    assert_on_all_ranks(comm, ranks == 1 || strstr(dnn_fail_text(), "last seen the same after step 5"));
    trial_close(&t);
}

/* 6 updates are done when it flips; step 11, after 10 updates, compares and does nothing else. Of a moment after 10, since the weights would
 * differ next. */
static void a_bit_of_a_weight_is_noticed_at_the_next_comparison(void **state) { flips_and_expects(*state, false, "differ, first in "); }
static void a_bit_of_a_moment_is_noticed_at_the_next_comparison(void **state) { flips_and_expects(*state, true, "velocity of "); }

static void copies_meet_for_a_save_at_any_step(void **state)
{
    dnn_comm *comm = *state;
    trial t;
    assert_on_all_ranks(comm, trial_open(comm, network, 1, &t) == DNN_OK);
    assert_on_all_ranks(comm, trial_steps(&t, 1, 2));
    assert_on_all_ranks(comm, replicas_meet(&t.run.workers[0]));
    flip(&t, comm, t.run.slots[0]);
    assert_on_all_ranks(comm, replicas_meet(&t.run.workers[0]) == (dnn_comm_size(comm) == 1));
    trial_close(&t);
}

int main(int argc, char **argv)
{
    dnn_comm *comm = NULL;
    if (dnn_comm_start(&argc, &argv, &comm) != DNN_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(teams_stay_the_same_to_the_bit, comm),
        cmocka_unit_test_prestate(one_bit_in_one_team_is_noticed_by_all, comm),
        cmocka_unit_test_prestate(a_bit_of_a_weight_is_noticed_at_the_next_comparison, comm),
        cmocka_unit_test_prestate(a_bit_of_a_moment_is_noticed_at_the_next_comparison, comm),
        cmocka_unit_test_prestate(copies_meet_for_a_save_at_any_step, comm),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dnn_comm_finish(comm);
    dnn_place_forget();
    const size_t balance = dnn_memory_balance();
    return failed || (balance > 0 && fprintf(stderr, "%zu blocks were not freed\n", balance));
}
