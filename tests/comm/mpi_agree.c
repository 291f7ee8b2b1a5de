/* The failure of any rank is the failure of all, with its words. */
#include "mpi_main.h"
#include "dnn/comm/agree.h"

static void when_all_succeed_so_does_the_agreement(void **state)
{
    dnn_comm *comm = *state;
    for (int i = 0; i < 100; i++) assert_on_all_ranks(comm, dnn_agree(comm, DNN_OK) == DNN_OK);
}

static void a_failure_on_any_single_rank_is_told_by_all(void **state)
{
    dnn_comm *comm = *state;
    for (int victim = 0; victim < dnn_comm_size(comm); victim++) {
        dnn_fail_clear();
        dnn_status st = DNN_OK;
        if (dnn_comm_rank(comm) == victim) st = dnn_fail(DNN_E_DATA, "shard.%d: cannot open", victim);
        st = dnn_agree(comm, st);
        assert_on_all_ranks(comm, st == DNN_E_DATA);
        char expected[64];
        snprintf(expected, sizeof expected, "rank %d: shard.%d: cannot open", victim, victim);
        assert_on_all_ranks(comm,
                            strcmp(dnn_fail_text(), dnn_comm_size(comm) > 1 ? expected : "shard.0: cannot open") == 0);
    }
}

static void the_highest_code_wins_with_its_own_text(void **state)
{
    dnn_comm *comm = *state;
    const int size = dnn_comm_size(comm);
    for (int victim = 0; victim < size; victim++) {
        const bool mine = dnn_comm_rank(comm) == victim;
        dnn_status st = mine ? dnn_fail(DNN_E_INTERNAL, "ours") : dnn_fail(DNN_E_CONFIG, "theirs");
        st = dnn_agree(comm, st);
        assert_on_all_ranks(comm, st == DNN_E_INTERNAL);
        assert_on_all_ranks(comm, strstr(dnn_fail_text(), "ours") != NULL);
    }
}

static void among_equal_codes_the_lowest_rank_speaks(void **state)
{
    dnn_comm *comm = *state;
    const int rank = dnn_comm_rank(comm), size = dnn_comm_size(comm);
    dnn_status st = DNN_OK;
    if (rank > 0) st = dnn_fail(DNN_E_IO, "file %d", rank);
    st = dnn_agree(comm, st);
    assert_on_all_ranks(comm, st == (size > 1 ? DNN_E_IO : DNN_OK));
    assert_on_all_ranks(comm, size == 1 || strcmp(dnn_fail_text(), "rank 1: file 1") == 0);
}

static void a_failure_alike_on_all_ranks_names_none(void **state)
{
    dnn_comm *comm = *state;
    const dnn_status st = dnn_agree(comm, dnn_fail(DNN_E_CONFIG, "run.yaml:3:7: epochs = -1: must be at least 1"));
    assert_on_all_ranks(comm, st == DNN_E_CONFIG);
    assert_on_all_ranks(comm, strcmp(dnn_fail_text(), "run.yaml:3:7: epochs = -1: must be at least 1") == 0);
}

static void the_same_code_with_different_texts_names_the_rank(void **state)
{
    dnn_comm *comm = *state;
    const dnn_status st = dnn_agree(comm, dnn_fail(DNN_E_DATA, "rows of %d", dnn_comm_rank(comm)));
    assert_on_all_ranks(comm, st == DNN_E_DATA);
    assert_on_all_ranks(comm,
                        strcmp(dnn_fail_text(), dnn_comm_size(comm) > 1 ? "rank 0: rows of 0" : "rows of 0") == 0);
}

static void a_text_from_before_is_not_taken_for_this_failure(void **state)
{
    dnn_comm *comm = *state;
    const int size = dnn_comm_size(comm);
    (void)dnn_fail(DNN_E_IO, "an old story");
    dnn_status st = DNN_OK;
    if (dnn_comm_rank(comm) == size - 1) st = dnn_fail(DNN_E_IO, "an old story");
    st = dnn_agree(comm, st);
    assert_on_all_ranks(comm, st == DNN_E_IO);
    char expected[64];
    snprintf(expected, sizeof expected, "rank %d: an old story", size - 1);
    assert_on_all_ranks(comm, strcmp(dnn_fail_text(), size > 1 ? expected : "an old story") == 0);
}

static void a_text_of_full_length_arrives_cut_not_broken(void **state)
{
    dnn_comm *comm = *state;
    char text[1024];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    dnn_status st = DNN_OK;
    if (dnn_comm_rank(comm) == 0) st = dnn_fail(DNN_E_DATA, "%s", text);
    st = dnn_agree(comm, st);
    assert_on_all_ranks(comm, st == DNN_E_DATA);
    assert_on_all_ranks(comm, strlen(dnn_fail_text()) <= 1023 && strstr(dnn_fail_text(), "xxxx") != NULL);
    assert_on_all_ranks(comm, dnn_comm_same(comm, dnn_fail_text(), strlen(dnn_fail_text())));
}

static void within_a_group_the_rank_of_the_job_is_named(void **state)
{
    dnn_comm *comm = *state, *group;
    const int rank = dnn_comm_rank(comm), size = dnn_comm_size(comm);
    if (size < 3) return; /* needs a group of two that does not begin at rank 0 */
    assert_on_all_ranks(comm, dnn_comm_split(comm, rank == 0 ? 0 : 1, &group) == DNN_OK);
    dnn_status st = DNN_OK;
    if (rank == size - 1) st = dnn_fail(DNN_E_DATA, "here");
    st = dnn_agree(group, st);
    assert_on_all_ranks(comm, st == (rank == 0 ? DNN_OK : DNN_E_DATA));
    char expected[64];
    snprintf(expected, sizeof expected, "rank %d: here", size - 1);
    assert_on_all_ranks(comm, rank == 0 || strcmp(dnn_fail_text(), expected) == 0);
    dnn_comm_destroy(group);
}

static void the_outcome_of_rank_zero_becomes_everybody_s(void **state)
{
    dnn_comm *comm = *state;
    const bool root = dnn_comm_rank(comm) == 0;
    dnn_status st = root ? DNN_OK : dnn_fail(DNN_E_DATA, "not asked");
    assert_on_all_ranks(comm, dnn_agree_root(comm, st) == DNN_OK);
    st = root ? dnn_fail(DNN_E_IO, "out: disk full") : DNN_OK;
    assert_on_all_ranks(comm, dnn_agree_root(comm, st) == DNN_E_IO);
    assert_on_all_ranks(comm, strcmp(dnn_fail_text(), "out: disk full") == 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(when_all_succeed_so_does_the_agreement),
        cmocka_unit_test(a_failure_on_any_single_rank_is_told_by_all),
        cmocka_unit_test(the_highest_code_wins_with_its_own_text),
        cmocka_unit_test(among_equal_codes_the_lowest_rank_speaks),
        cmocka_unit_test(a_failure_alike_on_all_ranks_names_none),
        cmocka_unit_test(the_same_code_with_different_texts_names_the_rank),
        cmocka_unit_test(a_text_from_before_is_not_taken_for_this_failure),
        cmocka_unit_test(a_text_of_full_length_arrives_cut_not_broken),
        cmocka_unit_test(the_outcome_of_rank_zero_becomes_everybody_s),
        cmocka_unit_test(within_a_group_the_rank_of_the_job_is_named),
    };
    return run_on_all_ranks(argc, argv, tests, sizeof tests / sizeof *tests);
}
