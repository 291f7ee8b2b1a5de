/* What ranks say to each other, at any number of them. */
#include "mpi_main.h"
#include "comm/board.h"
#include "comm/internal.h"

static void ranks_are_numbered_from_zero_and_counted(void **state)
{
    dnn_comm *comm = *state;
    double sum[2] = {dnn_comm_rank(comm), 1.0};
    dnn_comm_sum(comm, sum, 2);
    const int size = dnn_comm_size(comm);
    assert_on_all_ranks(comm, sum[0] == size * (size - 1) / 2.0);
    assert_on_all_ranks(comm, sum[1] == size);
}

static void the_launcher_knows_rank_and_size_without_mpi(void **state)
{
    dnn_comm *comm = *state;
    assert_on_all_ranks(comm, dnn_launcher_rank() == dnn_comm_rank(comm));
    assert_on_all_ranks(comm, dnn_launcher_size() == dnn_comm_size(comm));
}

static void a_second_start_is_refused(void **state)
{
    dnn_comm *comm = *state, *second = comm;
    assert_on_all_ranks(comm, dnn_comm_start(NULL, NULL, &second) == DNN_E_INTERNAL);
    assert_on_all_ranks(comm, second == NULL);
}

static void a_broadcast_reaches_all_from_every_root(void **state)
{
    dnn_comm *comm = *state;
    for (int root = 0; root < dnn_comm_size(comm); root++) {
        char text[32] = "none";
        if (dnn_comm_rank(comm) == root) snprintf(text, sizeof text, "from %d", root);
        char expected[32];
        snprintf(expected, sizeof expected, "from %d", root);
        dnn_comm_broadcast(comm, text, sizeof text, root);
        assert_on_all_ranks(comm, strcmp(text, expected) == 0);
    }
}

static void a_block_is_received_with_its_size_and_a_nul_behind_it(void **state)
{
    dnn_comm *comm = *state;
    for (int root = 0; root < dnn_comm_size(comm); root++) {
        char own[] = {'a', 'b', 'c'};
        const bool mine = dnn_comm_rank(comm) == root;
        void *data = mine ? own : NULL;
        size_t bytes = mine ? sizeof own : 0;
        assert_on_all_ranks(comm, dnn_comm_broadcast_block(comm, &data, &bytes, root) == DNN_OK);
        assert_on_all_ranks(comm, bytes == 3 && memcmp(data, "abc", 3) == 0);
        assert_on_all_ranks(comm, mine ? data == own : ((char *)data)[3] == '\0');
        if (!mine) dnn_free(data);
    }
}

static void an_empty_block_is_a_block(void **state)
{
    dnn_comm *comm = *state;
    const bool mine = dnn_comm_rank(comm) == 0;
    char own[1];
    void *data = mine ? own : NULL;
    size_t bytes = mine ? 0 : 7;
    assert_on_all_ranks(comm, dnn_comm_broadcast_block(comm, &data, &bytes, 0) == DNN_OK);
    assert_on_all_ranks(comm, bytes == 0 && data != NULL);
    if (!mine) dnn_free(data);
}

static void sums_have_the_same_bits_on_all_ranks(void **state)
{
    dnn_comm *comm = *state;
    enum { N = 1000 };
    static double values[N];
    for (int i = 0; i < N; i++) values[i] = 1.0 / (1 + i + 7 * dnn_comm_rank(comm));
    dnn_comm_sum(comm, values, N);
    assert_on_all_ranks(comm, dnn_comm_same(comm, values, sizeof values));
    double exact = 0.0;
    for (int r = 0; r < dnn_comm_size(comm); r++) exact += 1.0 / (1 + 999 + 7 * r);
    assert_on_all_ranks(comm, values[999] > exact * (1 - 1e-15) && values[999] < exact * (1 + 1e-15));
}

static void the_maximum_is_found_on_whichever_rank_it_is(void **state)
{
    dnn_comm *comm = *state;
    for (int victim = 0; victim < dnn_comm_size(comm); victim++) {
        double value[2] = {dnn_comm_rank(comm) == victim ? 5.0 : -1.0, -10.0 - dnn_comm_rank(comm)};
        dnn_comm_max(comm, value, 2);
        assert_on_all_ranks(comm, value[0] == 5.0 && value[1] == -10.0);
    }
}

static void a_gather_is_in_rank_order(void **state)
{
    dnn_comm *comm = *state;
    int32_t mine[3], all[3 * 64];
    for (int i = 0; i < 3; i++) mine[i] = 10 * dnn_comm_rank(comm) + i;
    dnn_comm_gather(comm, mine, sizeof mine, all);
    bool right = true;
    for (int r = 0; r < dnn_comm_size(comm); r++)
        for (int i = 0; i < 3; i++) right = right && all[3 * r + i] == 10 * r + i;
    assert_on_all_ranks(comm, right);
}

static void one_byte_on_one_rank_is_a_difference(void **state)
{
    dnn_comm *comm = *state;
    static char data[20000]; /* more than one part, and not a whole number of them */
    for (int victim = 0; victim < dnn_comm_size(comm); victim++)
        for (size_t at = 0; at < sizeof data; at += 19999) {
            memset(data, 3, sizeof data);
            assert_on_all_ranks(comm, dnn_comm_same(comm, data, sizeof data));
            if (dnn_comm_rank(comm) == victim) data[at] = 4;
            assert_on_all_ranks(comm, dnn_comm_same(comm, data, sizeof data) == (dnn_comm_size(comm) == 1));
        }
}

static void another_size_on_one_rank_is_a_difference(void **state)
{
    dnn_comm *comm = *state;
    static char data[20000];
    memset(data, 0, sizeof data);
    const size_t bytes = dnn_comm_rank(comm) == dnn_comm_size(comm) - 1 ? 20000 : 10;
    assert_on_all_ranks(comm, dnn_comm_same(comm, data, bytes) == (dnn_comm_size(comm) == 1));
    assert_on_all_ranks(comm, dnn_comm_same(comm, data, 0));
}

static void a_split_keeps_the_order_of_ranks(void **state)
{
    dnn_comm *comm = *state, *half = NULL;
    const int rank = dnn_comm_rank(comm), size = dnn_comm_size(comm);
    assert_on_all_ranks(comm, dnn_comm_split(comm, rank % 2, &half) == DNN_OK);
    assert_on_all_ranks(comm, dnn_comm_rank(half) == rank / 2);
    assert_on_all_ranks(comm, dnn_comm_size(half) == (size + 1 - rank % 2) / 2);
    double sum = rank;
    dnn_comm_sum(half, &sum, 1);
    double expected = 0.0;
    for (int r = rank % 2; r < size; r += 2) expected += r;
    assert_on_all_ranks(comm, sum == expected);
    dnn_comm_destroy(half);
}

static void a_negative_color_joins_no_group(void **state)
{
    dnn_comm *comm = *state, *group = comm;
    const bool out = dnn_comm_rank(comm) == dnn_comm_size(comm) - 1;
    assert_on_all_ranks(comm, dnn_comm_split(comm, out ? -1 : 0, &group) == DNN_OK);
    assert_on_all_ranks(comm, out ? group == NULL : dnn_comm_size(group) == dnn_comm_size(comm) - 1);
    dnn_comm_destroy(group);
}

static void every_collective_is_recorded(void **state)
{
    dnn_comm *comm = *state;
    const bool many = dnn_comm_size(comm) > 1;
    const board_slot *slot = board_mine();
    assert_on_all_ranks(comm, dnn_collective_now() == NULL);
    const uint64_t before = slot->sequence;
    dnn_comm_barrier(comm);
    double two[2] = {1.0, 1.0};
    const int line = __LINE__ + 1;
    dnn_comm_sum(comm, two, 2);
    const board_slot after = *slot; /* asserting is a collective as well */
    assert_on_all_ranks(comm, after.sequence - before == (many ? 2u : 0u));
    char kind[BOARD_SITE], site[BOARD_SITE];
    board_text_get(&after.kind, kind);
    board_text_get(&after.site, site);
    assert_on_all_ranks(comm, !many || (strcmp(kind, "sum") == 0 && after.bytes == sizeof two));
    assert_on_all_ranks(comm, !many || (strcmp(site, "mpi_comm.c") == 0 && after.line == line));
}

/* Ranks of one machine find each other in the same memory, which has no name that could be left behind. */
static void the_ranks_of_a_machine_see_each_other(void **state)
{
    dnn_comm *comm = *state;
    const int size = dnn_comm_size(comm);
    const board *b = board_shared();
    assert_on_all_ranks(comm, size == 1 || (b && b->joined == size));
    bool found = size == 1;
    for (int i = 0; i < size && size > 1; i++) found |= b->slots[i].rank == (dnn_comm_rank(comm) + 1) % size && b->slots[i].pid > 0;
    assert_on_all_ranks(comm, found);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_are_numbered_from_zero_and_counted),
        cmocka_unit_test(the_launcher_knows_rank_and_size_without_mpi),
        cmocka_unit_test(a_second_start_is_refused),
        cmocka_unit_test(a_broadcast_reaches_all_from_every_root),
        cmocka_unit_test(a_block_is_received_with_its_size_and_a_nul_behind_it),
        cmocka_unit_test(an_empty_block_is_a_block),
        cmocka_unit_test(sums_have_the_same_bits_on_all_ranks),
        cmocka_unit_test(the_maximum_is_found_on_whichever_rank_it_is),
        cmocka_unit_test(a_gather_is_in_rank_order),
        cmocka_unit_test(one_byte_on_one_rank_is_a_difference),
        cmocka_unit_test(another_size_on_one_rank_is_a_difference),
        cmocka_unit_test(a_split_keeps_the_order_of_ranks),
        cmocka_unit_test(a_negative_color_joins_no_group),
        cmocka_unit_test(every_collective_is_recorded),
        cmocka_unit_test(the_ranks_of_a_machine_see_each_other),
    };
    return run_on_all_ranks(argc, argv, tests, sizeof tests / sizeof *tests);
}
