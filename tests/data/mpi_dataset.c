/* One data set for all ranks, whichever ranks share it; one failing rank stops every rank. */
#include "support/mpi_test.h"

#include <string.h>
#include "data/support.h"

static dnn_comm *comm;

static dnn_status open_shared(dnn_team_scope scope, const char *text, dnn_team **team, dnn_dataset **ds)
{
    *team = NULL;
    *ds = NULL;
    dnn_data_config config = {0};
    dnn_status st = read_section(&config, "%s", text);
    DNN_ASSERT(st == DNN_OK);
    st = dnn_team_create(comm, scope, 1, team);
    if (st == DNN_OK) st = dnn_dataset_open(*team, &config, 5, NULL, ds);
    clear_section(&config);
    return st;
}

static void close_shared(dnn_team *team, dnn_dataset *ds)
{
    dnn_dataset_close(ds);
    if (team != NULL) dnn_team_destroy(team);
}

static const char *const blobs =
    "{source: {blobs: {n_samples: 300, n_features: 5, centers: 4, random_state: 3}}, "
    "split: {validation: 40, test: 0.1, shuffle: true, stratify: true}, classes: {exclude: [2]}, "
    "scale: {features: standardize}, limit: {train: 120}, inputs: {a: {columns: [0, 3]}, b: {columns: [1, 2, 4]}}}";

/* Everything a rank can see, as bytes. */
static size_t look(const dnn_dataset *ds, float *out)
{
    size_t n = 0;
    for (int part = 0; part < DNN_PARTS; part++)
        for (uint64_t i = 0; i < dnn_dataset_rows(ds, (dnn_part)part); i++) {
            dnn_dataset_gather_input(ds, (dnn_part)part, &i, 1, 0, out + n);
            dnn_dataset_gather_input(ds, (dnn_part)part, &i, 1, 1, out + n + 2);
            dnn_dataset_gather_target(ds, (dnn_part)part, &i, 1, 0, out + n + 5);
            dnn_dataset_gather_weight(ds, (dnn_part)part, &i, 1, out + n + 6);
            n += 7;
        }
    for (size_t c = 0; c < 3; c++) out[n++] = (float)dnn_dataset_class_count(ds, DNN_TRAIN, c);
    return n;
}

static void all_ranks_see_what_one_rank_alone_sees(void **state)
{
    (void)state;
    opened alone;
    assert_on_all_ranks(comm, open_text(&alone, 5, blobs) == DNN_OK);
    static float mine[300 * 7 + 3], theirs[300 * 7 + 3];
    const size_t n = look(alone.ds, mine);
    static const dnn_team_scope scopes[] = {DNN_TEAM_NODE, DNN_TEAM_NUMA, DNN_TEAM_RANK};
    for (size_t s = 0; s < 3; s++) {
        dnn_team *team;
        dnn_dataset *ds;
        assert_on_all_ranks(comm, open_shared(scopes[s], blobs, &team, &ds) == DNN_OK);
        assert_on_all_ranks(comm, look(ds, theirs) == n && memcmp(mine, theirs, n * sizeof *mine) == 0);
        assert_on_all_ranks(comm, dnn_dataset_hash(ds) == dnn_dataset_hash(alone.ds));
        assert_on_all_ranks(comm, strcmp(dnn_dataset_describe(ds), dnn_dataset_describe(alone.ds)) == 0);
        dnn_node *const fitted = dnn_dataset_fitted(ds), *const expected = dnn_dataset_fitted(alone.ds);
        assert_on_all_ranks(comm, fitted != NULL && dnn_node_equal(fitted, expected));
        dnn_node_destroy(fitted);
        dnn_node_destroy(expected);
        close_shared(team, ds);
    }
    close_opened(&alone);
}

/* The last rank looks for another file. Where it leads no team, nobody notices, and rightly so. */
static void a_file_missing_on_one_leader_stops_every_rank(void **state)
{
    (void)state;
    const int rank = dnn_comm_rank(comm), size = dnn_comm_size(comm);
    char text[512];
    snprintf(text, sizeof text, "source: {csv: {path: %s, target: y}}",
             rank == size - 1 ? "/nowhere/t.csv" : scratch_path("t.csv"));
    write_text("t.csv", "x,y\n1,0\n2,1\n3,0\n");
    for (int shared = 0; shared < 2; shared++) {
        dnn_team *team;
        dnn_dataset *ds;
        const dnn_status st = open_shared(shared ? DNN_TEAM_NODE : DNN_TEAM_RANK, text, &team, &ds);
        const bool leads = !shared || size == 1;
        assert_on_all_ranks(comm, st == (leads ? DNN_E_DATA : DNN_OK));
        assert_on_all_ranks(comm, !leads || strstr(dnn_fail_text(), "/nowhere/t.csv") != NULL);
        close_shared(team, ds);
    }
}

static void a_damaged_row_is_named_on_every_rank(void **state)
{
    (void)state;
    char text[512];
    snprintf(text, sizeof text, "source: {csv: {path: %s, target: y}}", write_text("bad.csv", "x,y\n1,0\ntwo,1\n"));
    for (int shared = 0; shared < 2; shared++) {
        dnn_team *team;
        dnn_dataset *ds;
        assert_on_all_ranks(comm, open_shared(shared ? DNN_TEAM_NODE : DNN_TEAM_RANK, text, &team, &ds) == DNN_E_DATA);
        assert_on_all_ranks(comm, strstr(dnn_fail_text(), "bad.csv:3") != NULL);
        close_shared(team, ds);
    }
}

static void teams_that_see_other_rows_are_told_so(void **state)
{
    (void)state;
    const int rank = dnn_comm_rank(comm), size = dnn_comm_size(comm);
    static const char *const contents[] = {"x,y\n1,0\n2,1\n3,0\n", "x,y\n1,0\n2,1\n4,0\n", "x,y\n1,0\n2,1\n"};
    for (int other = 1; other < 3; other++) { /* another value; fewer rows */
        char text[512];
        snprintf(text, sizeof text, "source: {csv: {path: %s, target: y}}",
                 write_text("t.csv", contents[rank == size - 1 ? other : 0]));
        dnn_team *team;
        dnn_dataset *ds;
        const dnn_status st = open_shared(DNN_TEAM_RANK, text, &team, &ds);
        assert_on_all_ranks(comm, st == (size > 1 ? DNN_E_RANKS : DNN_OK));
        close_shared(team, ds);
    }
}

static void a_split_that_cannot_be_stops_every_rank(void **state)
{
    (void)state;
    dnn_team *team;
    dnn_dataset *ds;
    assert_on_all_ranks(comm, open_shared(DNN_TEAM_NODE, "{source: {moons: {n_samples: 10}}, split: {validation: 10}}",
                                          &team, &ds) == DNN_E_CONFIG);
    close_shared(team, ds);
}

static int tidy_up(void **state)
{
    (void)state;
    remove_scratch();
    dnn_place_forget();
    return 0;
}

int main(int argc, char **argv)
{
    if (dnn_comm_start(&argc, &argv, &comm) != DNN_OK) return 1;
    const size_t before = dnn_memory_balance();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_ranks_see_what_one_rank_alone_sees),
        cmocka_unit_test(a_file_missing_on_one_leader_stops_every_rank),
        cmocka_unit_test(a_damaged_row_is_named_on_every_rank),
        cmocka_unit_test(teams_that_see_other_rows_are_told_so),
        cmocka_unit_test(a_split_that_cannot_be_stops_every_rank),
    };
    int failed = cmocka_run_group_tests(tests, NULL, tidy_up);
    if (dnn_memory_balance() != before) {
        fprintf(stderr, "%zu blocks left\n", dnn_memory_balance() - before);
        failed = 1;
    }
    dnn_comm_finish(comm);
    return failed;
}
