/* Inputs that stay in files are what they would be in memory, on every rank, whichever form the file has. */
#include "support/mpi_test.h"

#include <dirent.h>
#include <string.h>
#include "data/support.h"
#include "dnn/io/hdf5.h"

enum { ROWS = 50, UNITS = 3, WIDE_ROWS = 9000 };

static dnn_comm *comm;
static char folder[64];

/* The writer keeps small data sets in one piece and puts large ones into chunks. */
static void write_file(const char *path)
{
    static float x[WIDE_ROWS * UNITS], validation[7 * UNITS];
    static int64_t y[WIDE_ROWS];
    for (int i = 0; i < WIDE_ROWS * UNITS; i++) x[i] = (float)i / 8;
    for (int i = 0; i < 7 * UNITS; i++) validation[i] = -(float)i;
    for (int i = 0; i < WIDE_ROWS; i++) y[i] = i % 4;
    dnn_hdf5 *file;
    dnn_status st = dnn_hdf5_create(path, 512, &file);
    if (st == DNN_OK) st = dnn_hdf5_write(file, "/x", DNN_HDF5_FLOAT, 2, (size_t[]){ROWS, UNITS}, x);
    if (st == DNN_OK) st = dnn_hdf5_write(file, "/y", DNN_HDF5_INT64, 1, (size_t[]){ROWS}, y);
    if (st == DNN_OK) st = dnn_hdf5_write(file, "/vx", DNN_HDF5_FLOAT, 2, (size_t[]){7, UNITS}, validation);
    if (st == DNN_OK) st = dnn_hdf5_write(file, "/vy", DNN_HDF5_INT64, 1, (size_t[]){7}, y);
    if (st == DNN_OK) st = dnn_hdf5_write(file, "/chunks/x", DNN_HDF5_FLOAT, 2, (size_t[]){WIDE_ROWS, UNITS}, x);
    if (st == DNN_OK) st = dnn_hdf5_write(file, "/chunks/y", DNN_HDF5_INT64, 1, (size_t[]){WIDE_ROWS}, y);
    if (st == DNN_OK) st = dnn_hdf5_close(file);
    DNN_ASSERT(st == DNN_OK);
}

/* One rank writes, in a folder of its own that TMPDIR names as well. */
static const char *file_for_all(void)
{
    static char path[128];
    if (dnn_comm_rank(comm) == 0 && !folder[0]) {
        snprintf(folder, sizeof folder, "/tmp/dnn-stream-XXXXXX");
        DNN_ASSERT(mkdtemp(folder) != NULL);
        snprintf(path, sizeof path, "%s/d.h5", folder);
        write_file(path);
    }
    dnn_comm_broadcast(comm, folder, sizeof folder, 0);
    snprintf(path, sizeof path, "%s/d.h5", folder);
    setenv("TMPDIR", folder, 1);
    return path;
}

typedef struct shared { dnn_team *team; dnn_dataset *ds; } shared;

static dnn_status open_shared(dnn_team_scope scope, const char *text, shared *out)
{
    *out = (shared){0};
    dnn_data_config config = {0};
    dnn_status st = read_section(&config, "%s", text);
    DNN_ASSERT(st == DNN_OK);
    st = dnn_team_create(comm, scope, 1, &out->team);
    if (st == DNN_OK) st = dnn_dataset_open(out->team, &config, 5, NULL, &out->ds);
    clear_section(&config);
    return st;
}

static void close_shared(shared *s)
{
    if (s->ds != NULL) dnn_dataset_close(s->ds);
    if (s->team != NULL) dnn_team_destroy(s->team);
}

/* Files in the folder beside the one of data. */
static int others_in_folder(void)
{
    int count = 0;
    DIR *d = opendir(folder);
    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) count += e->d_name[0] != '.' && strcmp(e->d_name, "d.h5") != 0;
    if (d != NULL) closedir(d);
    return count;
}

static bool look_alike(const dnn_dataset *a, const dnn_dataset *b)
{
    if (dnn_dataset_hash(a) != dnn_dataset_hash(b)) return false;
    for (int part = 0; part < DNN_PARTS; part++) {
        if (dnn_dataset_rows(a, (dnn_part)part) != dnn_dataset_rows(b, (dnn_part)part)) return false;
        for (uint64_t i = 0; i < dnn_dataset_rows(a, (dnn_part)part); i++) {
            float x[2][UNITS], y[2];
            dnn_dataset_expect(a, (dnn_part)part, &i, 1);
            dnn_dataset_gather_input(a, (dnn_part)part, &i, 1, 0, x[0]);
            dnn_dataset_gather_input(b, (dnn_part)part, &i, 1, 0, x[1]);
            dnn_dataset_gather_target(a, (dnn_part)part, &i, 1, 0, &y[0]);
            dnn_dataset_gather_target(b, (dnn_part)part, &i, 1, 0, &y[1]);
            if (memcmp(x[0], x[1], sizeof x[0]) != 0 || y[0] != y[1]) return false;
        }
    }
    return true;
}

static void compare(const char *names)
{
    const char *const path = file_for_all();
    static const dnn_team_scope scopes[] = {DNN_TEAM_NODE, DNN_TEAM_RANK};
    for (size_t s = 0; s < 2; s++) {
        char text[2][512];
        shared from_file, in_memory;
        for (int never = 0; never < 2; never++)
            snprintf(text[never], sizeof text[never],
                     "{source: {hdf5: {path: %s, %s}}, split: {test: 9, shuffle: true}, scale: {features: standardize}, stream: %s}", path, names,
                     never ? "never" : "always");
        assert_on_all_ranks(comm, open_shared(scopes[s], text[0], &from_file) == DNN_OK);
        assert_on_all_ranks(comm, open_shared(scopes[s], text[1], &in_memory) == DNN_OK);
        assert_on_all_ranks(comm, dnn_dataset_streams(from_file.ds) && !dnn_dataset_streams(in_memory.ds));
        assert_on_all_ranks(comm, look_alike(from_file.ds, in_memory.ds));
        dnn_comm_barrier(comm);
        assert_on_all_ranks(comm, others_in_folder() == 0);
        close_shared(&from_file);
        close_shared(&in_memory);
    }
}

static void rows_in_one_piece_are_used_where_they_are(void **state)
{
    (void)state;
    compare("x: /x, y: /y, validation_x: /vx, validation_y: /vy");
}

static void rows_in_chunks_are_unpacked_beside(void **state)
{
    (void)state;
    compare("x: /chunks/x, y: /chunks/y, validation_x: /vx, validation_y: /vy");
}

static void no_room_for_unpacking_stops_every_rank(void **state)
{
    (void)state;
    char text[512];
    shared s;
    snprintf(text, sizeof text, "{source: {hdf5: {path: %s, x: /chunks/x, y: /chunks/y}}, stream: always}", file_for_all());
    setenv("TMPDIR", "/nonexistent/folder", 1);
    const dnn_status st = open_shared(DNN_TEAM_NODE, text, &s);
    assert_on_all_ranks(comm, st == DNN_E_IO && strstr(dnn_fail_text(), "TMPDIR") != NULL);
    close_shared(&s);
}

static void other_sources_stream_from_a_scratch_file(void **state)
{
    (void)state;
    shared a, b;
    (void)file_for_all();
    assert_on_all_ranks(comm, open_shared(DNN_TEAM_NODE, "{source: {blobs: {n_samples: 64, n_features: 3}}, stream: always}", &a) == DNN_OK);
    assert_on_all_ranks(comm, open_shared(DNN_TEAM_NODE, "{source: {blobs: {n_samples: 64, n_features: 3}}}", &b) == DNN_OK);
    assert_on_all_ranks(comm, look_alike(a.ds, b.ds));
    close_shared(&a);
    close_shared(&b);
}

/* Where nothing can be unpacked a plain file of bytes is used as it is, and no other. */
static void bytes_of_a_plain_idx_file_are_used_where_they_are(void **state)
{
    (void)state;
    (void)file_for_all();
    unsigned char bytes[12 + 20 * UNITS] = {0, 0, 8, 2, 0, 0, 0, 20, 0, 0, 0, UNITS}, wide[12 + 80 * UNITS] = {0, 0, 13, 2, 0, 0, 0, 20, 0, 0, 0, UNITS};
    for (int i = 0; i < 20 * UNITS; i++) bytes[12 + i] = (unsigned char)(7 * i);
    const unsigned char labels[8 + 20] = {0, 0, 8, 1, 0, 0, 0, 20, 3, 2, 1};
    static const char *const names[] = {"bytes.idx", "wide.idx", "labels.idx"};
    const void *const contents[] = {bytes, wide, labels};
    const size_t sizes[] = {sizeof bytes, sizeof wide, sizeof labels};
    for (int i = 0; i < 3 && dnn_comm_rank(comm) == 0; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        FILE *f = fopen(path, "wb");
        DNN_ASSERT(f != NULL && fwrite(contents[i], 1, sizes[i], f) == sizes[i] && fclose(f) == 0);
    }
    dnn_comm_barrier(comm);
    char text[4][512];
    shared a, b;
    for (int i = 0; i < 4; i++)
        snprintf(text[i], sizeof text[i], "{source: {idx: {x: %s/%s.idx, y: %s/labels.idx}}, stream: %s}", folder, i < 2 ? "bytes" : "wide", folder, i % 2 ? "never" : "always");
    setenv("TMPDIR", "/nonexistent/folder", 1);
    assert_on_all_ranks(comm, open_shared(DNN_TEAM_NODE, text[0], &a) == DNN_OK);
    assert_on_all_ranks(comm, open_shared(DNN_TEAM_NODE, text[1], &b) == DNN_OK);
    assert_on_all_ranks(comm, dnn_dataset_streams(a.ds) && look_alike(a.ds, b.ds));
    close_shared(&a);
    close_shared(&b);
    assert_on_all_ranks(comm, open_shared(DNN_TEAM_NODE, text[2], &a) == DNN_E_IO);
    close_shared(&a);
}

static int tidy_up(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    dnn_comm_barrier(comm);
    return dnn_comm_rank(comm) != 0 ? 0 : system(command);
}

int main(int argc, char **argv)
{
    if (dnn_comm_start(&argc, &argv, &comm) != DNN_OK) return 1;
    const size_t before = dnn_memory_balance();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_in_one_piece_are_used_where_they_are),
        cmocka_unit_test(rows_in_chunks_are_unpacked_beside),
        cmocka_unit_test(other_sources_stream_from_a_scratch_file),
        cmocka_unit_test(bytes_of_a_plain_idx_file_are_used_where_they_are),
        cmocka_unit_test(no_room_for_unpacking_stops_every_rank),
    };
    int failed = cmocka_run_group_tests(tests, NULL, tidy_up);
    dnn_place_forget();
    if (dnn_memory_balance() != before) {
        fprintf(stderr, "%zu blocks left\n", dnn_memory_balance() - before);
        failed = 1;
    }
    dnn_comm_finish(comm);
    return failed;
}
