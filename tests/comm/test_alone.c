/* Without MPI: a NULL comm is one rank, its team has threads only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "dnn/comm/exchange.h"
#include "dnn/comm/team.h"

static void no_comm_is_rank_zero_of_one(void **state)
{
    (void)state;
    assert_int_equal(dnn_comm_rank(NULL), 0);
    assert_int_equal(dnn_comm_size(NULL), 1);
    assert_true(strlen(dnn_comm_host(NULL)) > 0);
    assert_true(dnn_comm_cores() >= 1);
    assert_true(strlen(dnn_comm_version()) > 0 && !strpbrk(dnn_comm_version(), "\n\t"));
}

static void no_comm_leaves_values_as_they_are(void **state)
{
    (void)state;
    double values[2] = {1.5, -2.0}, all[2] = {0};
    dnn_comm_barrier(NULL);
    dnn_comm_sum(NULL, values, 2);
    dnn_comm_max(NULL, values, 2);
    dnn_comm_broadcast(NULL, values, sizeof values, 0);
    dnn_comm_gather(NULL, values, sizeof values, all);
    assert_true(values[0] == 1.5 && values[1] == -2.0 && all[0] == 1.5 && all[1] == -2.0);
    assert_true(dnn_comm_same(NULL, values, sizeof values));
    void *data = values;
    size_t bytes = sizeof values;
    assert_int_equal(dnn_comm_broadcast_block(NULL, &data, &bytes, 0), DNN_OK);
    assert_true(data == values && bytes == sizeof values);
    dnn_comm *half = (dnn_comm *)&data;
    assert_int_equal(dnn_comm_split(NULL, 3, &half), DNN_OK);
    assert_null(half);
    dnn_comm_destroy(NULL);
    dnn_comm_finish(NULL);
}

static void no_comm_agrees_with_itself(void **state)
{
    (void)state;
    assert_int_equal(dnn_agree(NULL, DNN_OK), DNN_OK);
    assert_int_equal(dnn_agree(NULL, dnn_fail(DNN_E_DATA, "iris.csv: cannot open")), DNN_E_DATA);
    assert_string_equal(dnn_fail_text(), "iris.csv: cannot open");
}

typedef struct job {
    dnn_team *team;
    atomic_int seen[16];
    atomic_int sum;
    int wrong, rounds;
    int *slots;
} job;

static void note_worker(void *context, int worker)
{
    job *j = context;
    atomic_fetch_add(&j->seen[worker], 1);
}

static void work_is_done_once_by_every_thread(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 9; threads++) {
        dnn_team *team;
        assert_int_equal(dnn_team_create(NULL, DNN_TEAM_NODE, threads, &team), DNN_OK);
        assert_int_equal(dnn_team_workers(team), threads);
        assert_int_equal(dnn_team_all_workers(team), threads);
        assert_int_equal(dnn_team_count(team), 1);
        assert_true(dnn_team_leads(team) && dnn_team_comm(team) == NULL);
        job j = {.team = team};
        for (int i = 0; i < 1000; i++) dnn_team_run(team, note_worker, &j);
        for (int w = 0; w < 16; w++) assert_int_equal(j.seen[w], w < threads ? 1000 : 0);
        dnn_team_destroy(team);
    }
}

static void count_rounds(void *context, int worker)
{
    job *j = context;
    const int workers = dnn_team_workers(j->team);
    for (int round = 1; round <= j->rounds; round++) {
        int *slots = j->slots + round % 2 * workers; /* the other set may still be read */
        slots[worker] = round;
        dnn_team_barrier(j->team);
        if (slots[(worker + round) % workers] != round) j->wrong = round;
    }
}

static void threads_meet_at_ten_thousand_barriers(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 9; threads += 2) {
        dnn_team *team;
        dnn_window window;
        assert_int_equal(dnn_team_create(NULL, DNN_TEAM_RANK, threads, &team), DNN_OK);
        assert_int_equal(dnn_window_create(team, 2 * 16 * sizeof(int), &window), DNN_OK);
        job j = {.team = team, .slots = window.base, .rounds = 10000};
        dnn_team_run(team, count_rounds, &j);
        assert_int_equal(j.wrong, 0);
        dnn_window_destroy(team, &window);
        dnn_team_destroy(team);
    }
}

static void a_window_of_one_rank_is_plain_zeroed_memory(void **state)
{
    (void)state;
    dnn_team *team;
    dnn_window window;
    assert_int_equal(dnn_team_create(NULL, DNN_TEAM_NODE, 2, &team), DNN_OK);
    for (size_t bytes = 0; bytes < 1000; bytes += 333) {
        assert_int_equal(dnn_window_create(team, bytes, &window), DNN_OK);
        assert_true(window.base && (uintptr_t)window.base % 64 == 0 && window.bytes == bytes && !window.handle);
        for (size_t i = 0; i < bytes; i++) assert_int_equal(((char *)window.base)[i], 0);
        dnn_window_destroy(team, &window);
        assert_null(window.base);
    }
    assert_int_equal(dnn_window_create(team, SIZE_MAX / 2, &window), DNN_E_MEMORY);
    assert_null(window.base);
    dnn_window_destroy(team, &window);
    dnn_team_destroy(team);
}

static void a_lone_team_has_nothing_to_exchange(void **state)
{
    (void)state;
    dnn_team *team;
    assert_int_equal(dnn_team_create(NULL, DNN_TEAM_NODE, 1, &team), DNN_OK);
    float values[3] = {1.0f, 2.0f, 3.0f};
    const size_t offsets[2] = {0, sizeof values};
    dnn_exchange *x;
    size_t first, end;
    assert_int_equal(dnn_exchange_create(team, 1, 3, DNN_COMPRESSION_BFLOAT16, true, &x), DNN_OK);
    dnn_exchange_slice(x, 3, &first, &end);
    assert_true(first == end);
    dnn_exchange_begin(x, values + first, end - first);
    dnn_exchange_end(x);
    dnn_exchange_destroy(x);
    dnn_team_exchange_blocks(team, values, offsets);
    assert_true(values[0] == 1.0f && values[1] == 2.0f && values[2] == 3.0f);
    dnn_team_destroy(team);
}

static void a_team_without_threads_is_refused(void **state)
{
    (void)state;
    dnn_team *team;
    assert_int_equal(dnn_team_create(NULL, DNN_TEAM_NODE, 0, &team), DNN_E_CONFIG);
    assert_null(team);
}

static int remember_balance(void **state)
{
    static size_t balance;
    balance = dnn_memory_balance();
    *state = &balance;
    return 0;
}

static int balance_is_kept(void **state) { return dnn_memory_balance() == *(size_t *)*state ? 0 : -1; }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_comm_is_rank_zero_of_one),
        cmocka_unit_test(no_comm_leaves_values_as_they_are),
        cmocka_unit_test(no_comm_agrees_with_itself),
        cmocka_unit_test(work_is_done_once_by_every_thread),
        cmocka_unit_test(threads_meet_at_ten_thousand_barriers),
        cmocka_unit_test(a_window_of_one_rank_is_plain_zeroed_memory),
        cmocka_unit_test(a_lone_team_has_nothing_to_exchange),
        cmocka_unit_test(a_team_without_threads_is_refused),
    };
    return cmocka_run_group_tests(tests, remember_balance, balance_is_kept);
}
