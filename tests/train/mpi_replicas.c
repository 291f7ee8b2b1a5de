/* Teams whose weights are no longer the same are found out on all ranks. */
#include "trial.h"
#include "train/replicas.h"

static const char *const network =
    "seed: 3\noutput: unused\ndata: {source: {blobs: {n_samples: 90, centers: 4, n_features: 6, random_state: 5}}}\n"
    "model: {layers: [{dense: {units: 16, activation: relu}}, batch_normalization, {dense: {units: 4, activation: softmax}}]}\n"
    "training: {loss: sparse_categorical_crossentropy, batch_size: 32, optimizer: adam}\ncomm: {team: rank}\n";

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

int main(int argc, char **argv)
{
    dnn_comm *comm = NULL;
    if (dnn_comm_start(&argc, &argv, &comm) != DNN_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(teams_stay_the_same_to_the_bit, comm),
        cmocka_unit_test_prestate(one_bit_in_one_team_is_noticed_by_all, comm),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dnn_comm_finish(comm);
    dnn_place_forget();
    const size_t balance = dnn_memory_balance();
    return failed || (balance > 0 && fprintf(stderr, "%zu blocks were not freed\n", balance));
}
