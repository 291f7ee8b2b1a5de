/* Teams: numbering, windows, barrier, threads, exchange; at any number of ranks and with unlike numbers of threads. */
#include <math.h>
#include <stdatomic.h>
#include "mpi_main.h"
#include "comm/team_internal.h"
#include "dnn/base/log.h"
#include "dnn/comm/exchange.h"

#define comm world

static dnn_team *make(dnn_team_scope scope, int threads)
{
    dnn_team *team = NULL;
    assert_on_all_ranks(comm, dnn_team_create(comm, scope, threads, &team) == DNN_OK);
    return team;
}

static int rank(void) { return dnn_comm_rank(comm); }
static int size(void) { return dnn_comm_size(comm); }
/* An arrangement in which no two neighbours are alike: 1, 3, 2, 1, 3, 2 … */
static int threads_of(int r) { return (int[]){1, 3, 2}[r % 3]; }
static int threads_below(int r)
{
    int sum = 0;
    for (int i = 0; i < r; i++) sum += threads_of(i);
    return sum;
}

static void ranks_of_a_machine_are_one_team(void **state)
{
    (void)state;
    dnn_team *team = make(DNN_TEAM_NODE, threads_of(rank()));
    assert_on_all_ranks(comm, dnn_team_count(team) == 1 && dnn_team_index(team) == 0);
    assert_on_all_ranks(comm, dnn_team_threads(team) == threads_of(rank()));
    assert_on_all_ranks(comm, dnn_team_first_worker(team) == threads_below(rank()));
    assert_on_all_ranks(comm, dnn_team_workers(team) == threads_below(size()));
    assert_on_all_ranks(comm, dnn_team_all_workers(team) == threads_below(size()));
    assert_on_all_ranks(comm, dnn_team_first_of_all(team) == 0);
    assert_on_all_ranks(comm, dnn_team_leads(team) == (rank() == 0));
    assert_on_all_ranks(comm, dnn_team_comm(team) == comm);
    assert_on_all_ranks(comm, dnn_team_machine_workers(team) == threads_below(size()));
    assert_on_all_ranks(comm, dnn_team_cores(team) >= dnn_comm_cores());
    dnn_team_destroy(team);
}

static void with_scope_rank_each_rank_is_a_team(void **state)
{
    (void)state;
    dnn_team *team = make(DNN_TEAM_RANK, threads_of(rank()));
    assert_on_all_ranks(comm, dnn_team_count(team) == size() && dnn_team_index(team) == rank());
    assert_on_all_ranks(comm, dnn_team_first_worker(team) == 0);
    assert_on_all_ranks(comm, dnn_team_workers(team) == threads_of(rank()));
    assert_on_all_ranks(comm, dnn_team_all_workers(team) == threads_below(size()));
    assert_on_all_ranks(comm, dnn_team_first_of_all(team) == threads_below(rank()));
    assert_on_all_ranks(comm, dnn_team_leads(team));
    for (int t = 0; t <= size(); t++) assert_on_all_ranks(comm, dnn_team_first_worker_of(team, t) == threads_below(t));
    assert_on_all_ranks(comm, dnn_team_machine_workers(team) == threads_below(size()));
    dnn_team_destroy(team);
}

static void numa_teams_cover_all_workers_once(void **state)
{
    (void)state;
    dnn_team *team = make(DNN_TEAM_NUMA, 2);
    double sum = dnn_team_leads(team) ? dnn_team_workers(team) : 0.0;
    dnn_comm_sum(comm, &sum, 1);
    assert_on_all_ranks(comm, sum == 2.0 * size() && dnn_team_all_workers(team) == 2 * size());
    dnn_team_destroy(team);
}

static void no_thread_at_all_is_refused_on_all_ranks(void **state)
{
    (void)state;
    dnn_team *team = NULL;
    const int threads = rank() == size() - 1 ? 0 : 1;
    assert_on_all_ranks(comm, dnn_team_create(comm, DNN_TEAM_NODE, threads, &team) == DNN_E_CONFIG);
    assert_on_all_ranks(comm, team == NULL && strstr(dnn_fail_text(), "threads = 0") != NULL);
}

static void a_window_is_zero_and_aligned_whatever_its_size(void **state)
{
    (void)state;
    dnn_team *team = make(DNN_TEAM_NODE, 1);
    const size_t sizes[] = {0, 1, 63, 64, 4096, 4097, 1000003, 33 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        dnn_window window;
        assert_on_all_ranks(comm, dnn_window_create(team, sizes[i], &window) == DNN_OK);
        assert_on_all_ranks(comm, window.bytes == sizes[i] && (uintptr_t)window.base % 64 == 0 && window.base != NULL);
        const unsigned char *bytes = window.base;
        size_t set = 0;
        for (size_t k = 0; k < sizes[i]; k++) set += bytes[k] != 0;
        assert_on_all_ranks(comm, set == 0);
        if (sizes[i]) memset((unsigned char *)window.base + sizes[i] * (size_t)rank() / (size_t)size(), 0xff, 1);
        dnn_team_barrier(team);
        dnn_window_destroy(team, &window);
        assert_on_all_ranks(comm, window.base == NULL);
    }
    dnn_team_destroy(team);
}

typedef struct board {
    dnn_team *team;
    int *slots;
    int wrong;
    atomic_int runs;
} board;

static void write_then_read_all(void *context, int worker)
{
    board *b = context;
    atomic_fetch_add(&b->runs, 1);
    b->slots[worker] = 1000 + worker;
    dnn_team_barrier(b->team);
    for (int w = 0; w < dnn_team_workers(b->team); w++)
        if (b->slots[w] != 1000 + w) b->wrong = 1;
    dnn_team_barrier(b->team);
}

static void every_worker_sees_what_the_others_wrote_before_the_barrier(void **state)
{
    (void)state;
    const dnn_team_scope scopes[] = {DNN_TEAM_NODE, DNN_TEAM_NUMA, DNN_TEAM_RANK};
    for (int i = 0; i < 3; i++) {
        dnn_team *team = make(scopes[i], threads_of(rank()));
        dnn_window window;
        assert_on_all_ranks(comm,
                            dnn_window_create(team, sizeof(int) * (size_t)dnn_team_workers(team), &window) == DNN_OK);
        board b = {.team = team, .slots = window.base};
        dnn_team_run(team, write_then_read_all, &b);
        assert_on_all_ranks(comm, !b.wrong && b.runs == threads_of(rank()));
        dnn_window_destroy(team, &window);
        dnn_team_destroy(team);
    }
}

enum { ROUNDS = 10000 };

/* Each round all write the round's number and read another's: a worker let through early, or lapped, reads a number of
 * another round. Two sets of slots in turn, since with one barrier a round the next may be written while this one is
 * read. */
static void count_rounds(void *context, int worker)
{
    board *b = context;
    const int workers = dnn_team_workers(b->team);
    for (int round = 1; round <= ROUNDS; round++) {
        int *slots = b->slots + round % 2 * workers;
        slots[worker] = round;
        dnn_team_barrier(b->team);
        if (slots[(worker + round) % workers] != round) b->wrong = round;
    }
}

static bool barriers_hold(dnn_team *team)
{
    dnn_window window;
    board b = {.team = team};
    if (dnn_window_create(team, 2 * sizeof(int) * (size_t)dnn_team_workers(team), &window) != DNN_OK) return false;
    b.slots = window.base;
    dnn_team_run(team, count_rounds, &b);
    dnn_window_destroy(team, &window);
    dnn_team_destroy(team);
    return b.wrong == 0;
}

static void nobody_passes_ten_thousand_barriers_early_or_late(void **state)
{
    (void)state;
    assert_on_all_ranks(comm, barriers_hold(make(DNN_TEAM_NODE, 1)));
}

static void nor_with_more_workers_than_cores_and_unlike_threads(void **state)
{
    (void)state;
    assert_on_all_ranks(comm, barriers_hold(make(DNN_TEAM_NODE, threads_of(rank() + 1)))); /* 3, 2, 1, 3 */
}

static void a_window_too_large_for_the_machine_is_refused_with_a_way_out(void **state)
{
    (void)state;
    dnn_team *team = make(DNN_TEAM_NODE, 1);
    dnn_window window;
    if (size() > 1) { /* one rank uses plain memory, which has its own limits */
        const dnn_status st = dnn_window_create(team, (size_t)1 << 50, &window);
        assert_on_all_ranks(comm, st == DNN_E_MEMORY && window.base == NULL);
        assert_on_all_ranks(comm,
                            strstr(dnn_fail_text(), "comm.team: rank") && strstr(dnn_fail_text(), " MB needed, "));
    }
    assert_on_all_ranks(comm, dnn_window_create(team, 100, &window) == DNN_OK); /* and the team is none the worse */
    dnn_window_destroy(team, &window);
    dnn_team_destroy(team);
}

/* The last rank apart, all others together: at 4 ranks a team of three and a team of one, as on two machines of unlike
 * size. */
static dnn_team *make_unlike(int threads)
{
    dnn_team *team = NULL;
    const int color = rank() == size() - 1 ? 7 : 3;
    assert_on_all_ranks(comm, dnn_team_create_by_color(comm, color, threads, &team) == DNN_OK);
    return team;
}

static void teams_of_unlike_size_are_numbered_through(void **state)
{
    (void)state;
    dnn_team *team = make_unlike(threads_of(rank()));
    const bool apart = rank() == size() - 1;
    const int before = threads_below(size() - 1), all = threads_below(size());
    if (size() > 1) {
        assert_on_all_ranks(comm, dnn_team_count(team) == 2 && dnn_team_index(team) == (apart ? 1 : 0));
        assert_on_all_ranks(comm, dnn_team_workers(team) == (apart ? all - before : before));
        assert_on_all_ranks(comm, dnn_team_first_worker(team) == (apart ? 0 : threads_below(rank())));
        assert_on_all_ranks(comm, dnn_team_first_of_all(team) == (apart ? before : 0));
        assert_on_all_ranks(comm, dnn_team_leads(team) == (apart || rank() == 0));
        assert_on_all_ranks(comm,
                            dnn_team_first_worker_of(team, 0) == 0 && dnn_team_first_worker_of(team, 1) == before);
    }
    assert_on_all_ranks(comm, dnn_team_all_workers(team) == all);
    assert_on_all_ranks(comm, dnn_team_first_worker_of(team, dnn_team_count(team)) == all);
    dnn_team_destroy(team);
}

static dnn_team *make_any(int which) { return which == 3 ? make_unlike(1) : make((dnn_team_scope)which, 1); }

static void sum_over_teams(dnn_team *team, float *values, size_t count, dnn_compression compression)
{
    dnn_exchange *x;
    size_t first, end;
    assert_on_all_ranks(comm, dnn_exchange_create(team, 3, count, compression, true, &x) == DNN_OK);
    dnn_exchange_slice(x, count, &first, &end);
    const size_t middle = first + (end - first) / 3; /* two sums under way at once */
    dnn_exchange_begin(x, values + first, middle - first);
    dnn_exchange_advance(x);
    dnn_exchange_begin(x, values + middle, end - middle);
    dnn_exchange_advance(x);
    dnn_exchange_end(x);
    dnn_exchange_destroy(x);
}

/* Whole numbers below 2^24 add without rounding in any order, so the sum is known exactly. */
static void check_exchange(dnn_team *team, size_t count)
{
    dnn_window window;
    assert_on_all_ranks(comm, dnn_window_create(team, count * sizeof(float), &window) == DNN_OK);
    float *values = window.base;
    if (dnn_team_leads(team))
        for (size_t i = 0; i < count; i++) values[i] = (float)((i % 1000) * (size_t)(dnn_team_index(team) + 1));
    dnn_team_barrier(team);
    sum_over_teams(team, values, count, DNN_COMPRESSION_NONE);
    dnn_team_barrier(team);
    size_t wrong = 0;
    const size_t teams = (size_t)dnn_team_count(team);
    for (size_t i = 0; i < count; i++) wrong += values[i] != (float)((i % 1000) * (teams * (teams + 1) / 2));
    assert_on_all_ranks(comm, wrong == 0);
    dnn_window_destroy(team, &window);
}

static void teams_add_their_values_up(void **state)
{
    (void)state;
    const size_t counts[] = {0, 1, 15, 16, 17, 100003, 1 << 20};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        for (int which = 0; which < 4; which++) {
            dnn_team *team = make_any(which);
            check_exchange(team, counts[i]);
            dnn_team_destroy(team);
        }
}

/* Hosts of their own are told from those of one machine in this alone. */
static void as_between_hosts(void (*test)(void **state), void **state)
{
    const bool several = dnn_comm_several_hosts(comm);
    dnn_comm_pretend_hosts(comm, true);
    test(state);
    dnn_comm_pretend_hosts(comm, several);
}

static void teams_on_several_hosts_add_their_values_up_in_pieces(void **state) { as_between_hosts(teams_add_their_values_up, state); }

static void the_bits_of_a_sum_do_not_depend_on_how_it_is_cut(void **state)
{
    (void)state;
    enum { N = 50000, PART = 7000 };
    static float values[N], cut[N];
    dnn_team *team = make(DNN_TEAM_RANK, 1);
    for (int i = 0; i < N; i++) cut[i] = values[i] = 1.0f / (float)(1 + i % 777 + 31 * rank());
    sum_over_teams(team, values, N, DNN_COMPRESSION_NONE);
    for (size_t i = 0; i < N; i += PART) sum_over_teams(team, cut + i, N - i < PART ? N - i : PART, DNN_COMPRESSION_NONE);
    assert_on_all_ranks(comm, memcmp(values, cut, sizeof values) == 0);
    dnn_team_destroy(team);
}

static void all_teams_get_the_same_bits_of_a_rounded_sum(void **state)
{
    (void)state;
    dnn_team *team = make(DNN_TEAM_RANK, 1);
    enum { N = 50000 };
    static float values[N];
    for (int i = 0; i < N; i++) values[i] = 1.0f / (float)(1 + i + 31 * rank());
    sum_over_teams(team, values, N, DNN_COMPRESSION_NONE);
    assert_on_all_ranks(comm, dnn_comm_same(comm, values, sizeof values));
    dnn_team_destroy(team);
}

/* bfloat16 keeps 8 bits: each rounding errs by at most 2^-9 of the value; a value is rounded once on its way out and a sum once a hop. */
static void compressed_sums_err_by_roundings_alone_and_alike(void **state)
{
    (void)state;
    dnn_team *team = make(DNN_TEAM_RANK, 1);
    enum { N = 5000 };
    static float values[N];
    const int teams = dnn_team_count(team);
    for (int i = 0; i < N; i++) values[i] = 1.0f / (float)(1 + i % 97 + 31 * rank());
    sum_over_teams(team, values, N, DNN_COMPRESSION_BFLOAT16);
    assert_on_all_ranks(comm, dnn_comm_same(comm, values, sizeof values));
    size_t wrong = 0;
    for (int i = 0; i < N; i++) {
        double sum = 0.0;
        for (int t = 0; t < teams; t++) sum += 1.0 / (double)(1 + i % 97 + 31 * t);
        const double off = fabs((double)values[i] / sum - 1.0);
        wrong += off > teams * 0x1p-8 || (teams == 1 && off > 1e-7);
    }
    assert_on_all_ranks(comm, wrong == 0);
    dnn_team_destroy(team);
}

static void compressed_values_keep_infinity_and_nan(void **state)
{
    (void)state;
    dnn_team *team = make(DNN_TEAM_RANK, 1);
    float values[64] = { INFINITY, NAN, 3.0f, -0.0f };
    sum_over_teams(team, values, 64, DNN_COMPRESSION_BFLOAT16);
    assert_on_all_ranks(comm, isinf(values[0]) && isnan(values[1]) && values[2] == 3.0f * (float)dnn_team_count(team) && values[3] == 0.0f);
    dnn_team_destroy(team);
}

static void check_blocks(size_t unit)
{
    for (int which = 0; which < 4; which++) {
        dnn_team *team = make_any(which);
        const int teams = dnn_team_count(team), mine = dnn_team_index(team);
        size_t offsets[65] = {0};
        for (int t = 0; t < teams; t++) offsets[t + 1] = offsets[t] + unit * (size_t)(t * 37 % 50); /* the first is empty */
        dnn_window window;
        assert_on_all_ranks(comm, dnn_window_create(team, offsets[teams], &window) == DNN_OK);
        unsigned char *all = window.base;
        if (dnn_team_leads(team)) {
            memset(all + offsets[mine], mine + 1, offsets[mine + 1] - offsets[mine]);
            dnn_team_exchange_blocks(team, all, offsets);
        }
        dnn_team_barrier(team);
        size_t wrong = 0;
        if (teams > 1)
            for (int t = 0; t < teams; t++)
                for (size_t i = offsets[t]; i < offsets[t + 1]; i++) wrong += all[i] != t + 1;
        assert_on_all_ranks(comm, wrong == 0);
        dnn_window_destroy(team, &window);
        dnn_team_destroy(team);
    }
}

static void blocks_of_unlike_size_end_side_by_side_in_every_team(void **state)
{
    (void)state;
    check_blocks(1);
}

static void long_blocks(void **state)
{
    (void)state;
    check_blocks(99991);
}

static void long_blocks_do_so_in_pieces_between_hosts(void **state) { as_between_hosts(long_blocks, state); }

static void neither_barrier_nor_run_nor_exchange_allocates(void **state)
{
    (void)state;
    for (int scope = 0; scope < 3; scope++) {
        dnn_team *team = make((dnn_team_scope)scope, 2);
        dnn_window window;
        assert_on_all_ranks(comm, dnn_window_create(team, 4096, &window) == DNN_OK);
        board b = {.team = team, .slots = window.base};
        size_t offsets[65];
        for (int t = 0; t <= dnn_team_count(team); t++) offsets[t] = 16 * (size_t)t;
        dnn_exchange *x;
        size_t first, end;
        assert_on_all_ranks(comm, dnn_exchange_create(team, 1, 512, DNN_COMPRESSION_BFLOAT16, true, &x) == DNN_OK);
        const size_t before = dnn_memory_allocations();
        for (int i = 0; i < 10; i++) {
            dnn_team_run(team, write_then_read_all, &b);
            dnn_exchange_slice(x, 512, &first, &end);
            dnn_exchange_begin(x, (float *)window.base + 512 + first, end - first);
            dnn_exchange_end(x);
            if (dnn_team_leads(team)) dnn_team_exchange_blocks(team, (char *)window.base + 1024, offsets);
        }
        assert_on_all_ranks(comm, dnn_memory_allocations() == before);
        dnn_exchange_destroy(x);
        dnn_window_destroy(team, &window);
        dnn_team_destroy(team);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_of_a_machine_are_one_team),
        cmocka_unit_test(with_scope_rank_each_rank_is_a_team),
        cmocka_unit_test(numa_teams_cover_all_workers_once),
        cmocka_unit_test(no_thread_at_all_is_refused_on_all_ranks),
        cmocka_unit_test(a_window_is_zero_and_aligned_whatever_its_size),
        cmocka_unit_test(every_worker_sees_what_the_others_wrote_before_the_barrier),
        cmocka_unit_test(nobody_passes_ten_thousand_barriers_early_or_late),
        cmocka_unit_test(nor_with_more_workers_than_cores_and_unlike_threads),
        cmocka_unit_test(a_window_too_large_for_the_machine_is_refused_with_a_way_out),
        cmocka_unit_test(teams_of_unlike_size_are_numbered_through),
        cmocka_unit_test(teams_add_their_values_up),
        cmocka_unit_test(all_teams_get_the_same_bits_of_a_rounded_sum),
        cmocka_unit_test(compressed_sums_err_by_roundings_alone_and_alike),
        cmocka_unit_test(compressed_values_keep_infinity_and_nan),
        cmocka_unit_test(blocks_of_unlike_size_end_side_by_side_in_every_team),
        cmocka_unit_test(teams_on_several_hosts_add_their_values_up_in_pieces),
        cmocka_unit_test(the_bits_of_a_sum_do_not_depend_on_how_it_is_cut),
        cmocka_unit_test(long_blocks_do_so_in_pieces_between_hosts),
        cmocka_unit_test(neither_barrier_nor_run_nor_exchange_allocates),
    };
    return run_on_all_ranks(argc, argv, tests, sizeof tests / sizeof *tests);
}
