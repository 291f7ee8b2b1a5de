/* A file read in a process of its own gives what it gives when read here; whatever happens to that process becomes one
 * message; and it has nothing of ours that it does not need. */
#include "io/support.h"

#include <fcntl.h>
#include <hdf5.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "dnn/io/hdf5.h"
#include "io/hdf5_apart.h"

enum { ROWS = 3000, UNITS = 700, WIDE = 1500000 };

static float *values;

static int make_files(void **state)
{
    if (make_test_folder(state)) return -1;
    values = malloc(sizeof *values * ROWS * UNITS);
    for (size_t i = 0; i < ROWS * UNITS; i++) values[i] = (float)i;
    dnn_hdf5 *f;
    const char *const names[] = {"first", "", "third"};
    if (dnn_hdf5_create(in_folder("a.h5"), 0, &f) != DNN_OK) return -1;
    dnn_hdf5_write(f, "/g/x", DNN_HDF5_FLOAT, 2, (size_t[]){ROWS, UNITS}, values); /* more than the window */
    dnn_hdf5_write(f, "/wide", DNN_HDF5_FLOAT, 2, (size_t[]){1, WIDE}, values);    /* so is each row */
    dnn_hdf5_write(f, "/one", DNN_HDF5_INT32, 0, NULL, &(int32_t){-7});
    dnn_hdf5_write(f, "/none", DNN_HDF5_FLOAT, 2, (size_t[]){0, 5}, NULL);
    dnn_hdf5_write_text(f, "/text", "a text");
    dnn_hdf5_attribute_write_text(f, "/g", "word", "naïve");
    dnn_hdf5_attribute_write_texts(f, "/g", "words", names, 3);
    dnn_hdf5_attribute_write_integer(f, "/g", "number", -5);
    return dnn_hdf5_close(f) == DNN_OK ? 0 : -1;
}

static int remove_files(void **state)
{
    free(values);
    return remove_test_folder(state);
}

static dnn_hdf5 *opened(void)
{
    dnn_hdf5 *f = NULL;
    if (dnn_hdf5_open_apart(in_folder("a.h5"), DNN_E_DATA, &f) != DNN_OK) fail_msg("%s", dnn_fail_text());
    return f;
}

static void values_come_through_whole_and_in_rows(void **state)
{
    (void)state;
    dnn_hdf5 *f = opened();
    float *x = malloc(sizeof *x * ROWS * UNITS);
    int32_t one = 0;
    assert_int_equal(dnn_hdf5_read(f, "/g/x", DNN_HDF5_FLOAT, ROWS * UNITS, x), DNN_OK);
    assert_memory_equal(x, values, sizeof *x * ROWS * UNITS);
    assert_int_equal(dnn_hdf5_read(f, "/wide", DNN_HDF5_FLOAT, WIDE, x), DNN_OK);
    assert_memory_equal(x, values, sizeof *x * WIDE);
    assert_int_equal(dnn_hdf5_read(f, "/one", DNN_HDF5_INT32, 1, &one), DNN_OK);
    assert_int_equal(one, -7);
    assert_int_equal(dnn_hdf5_read(f, "/none", DNN_HDF5_FLOAT, 0, x), DNN_OK);
    dnn_hdf5_dataset *d;
    assert_int_equal(dnn_hdf5_dataset_open(f, "/g/x", &d), DNN_OK);
    assert_int_equal(dnn_hdf5_dataset_info(d)->rank, 2);
    assert_int_equal(dnn_hdf5_dataset_info(d)->dim[1], UNITS);
    assert_int_equal(dnn_hdf5_dataset_rows(d, 1000, 1900, DNN_HDF5_FLOAT, x), DNN_OK);
    assert_memory_equal(x, values + 1000 * UNITS, sizeof *x * 1900 * UNITS);
    assert_int_equal(dnn_hdf5_dataset_rows(d, ROWS, 1, DNN_HDF5_FLOAT, x), DNN_E_DATA);
    dnn_hdf5_dataset_close(d);
    free(x);
    dnn_hdf5_close(f);
}

/* Chunks of single columns, which all rows lie in: each is unpacked once and not once for each window. */
static void columns_packed_one_by_one_are_unpacked_once(void **state)
{
    (void)state;
    enum { LONG = 300000, COLUMNS = 7 };
    const hid_t file = H5Fcreate(in_folder("columns.h5"), H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT), list = H5Pcreate(H5P_DATASET_CREATE);
    const hid_t space = H5Screate_simple(2, (hsize_t[]){LONG, COLUMNS}, NULL);
    H5Pset_chunk(list, 2, (hsize_t[]){LONG, 1});
    H5Pset_deflate(list, 1);
    const hid_t data = H5Dcreate2(file, "x", H5T_NATIVE_FLOAT, space, H5P_DEFAULT, list, H5P_DEFAULT);
    assert_true(H5Dwrite(data, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(data);
    H5Sclose(space);
    H5Pclose(list);
    assert_true(H5Fclose(file) >= 0);
    dnn_hdf5 *f = NULL;
    dnn_hdf5_dataset *d;
    float *x = malloc(sizeof *x * LONG * COLUMNS);
    assert_int_equal(dnn_hdf5_open_apart(in_folder("columns.h5"), DNN_E_DATA, &f), DNN_OK);
    assert_int_equal(dnn_hdf5_dataset_open(f, "/x", &d), DNN_OK);
    assert_int_equal(dnn_hdf5_dataset_info(d)->chunk_rows, LONG);
    assert_int_equal(dnn_hdf5_dataset_rows(d, 1, 10, DNN_HDF5_FLOAT, x), DNN_OK);
    assert_memory_equal(x, values + COLUMNS, sizeof *x * 10 * COLUMNS);
    assert_true(f->apart->window_bytes == READER_WINDOW_BYTES); /* so few rows need no more */
    assert_int_equal(dnn_hdf5_dataset_rows(d, 0, LONG, DNN_HDF5_FLOAT, x), DNN_OK);
    assert_memory_equal(x, values, sizeof *x * LONG * COLUMNS);
    assert_true(f->apart->window_bytes == sizeof *x * LONG * COLUMNS);
    dnn_hdf5_dataset_close(d);
    free(x);
    dnn_hdf5_close(f);
}

static void names_texts_and_numbers_come_through(void **state)
{
    (void)state;
    dnn_hdf5 *f = opened();
    dnn_strings names;
    dnn_hdf5_object object;
    char *text;
    size_t length;
    bool found;
    int64_t number = 0;
    assert_int_equal(dnn_hdf5_list(f, "/", &names), DNN_OK);
    assert_int_equal(names.count, 5);
    assert_string_equal(names.at[0], "g");
    dnn_hdf5_names_clear(&names);
    assert_int_equal(dnn_hdf5_find(f, "/g", &object), DNN_OK);
    assert_int_equal(object, DNN_HDF5_GROUP);
    assert_int_equal(dnn_hdf5_find(f, "/h", &object), DNN_OK);
    assert_int_equal(object, DNN_HDF5_NOTHING);
    assert_int_equal(dnn_hdf5_read_text(f, "/text", 100, &text, &length), DNN_OK);
    assert_string_equal(text, "a text");
    dnn_free(text);
    assert_int_equal(dnn_hdf5_attribute_text(f, "/g", "word", &text), DNN_OK);
    assert_string_equal(text, "naïve");
    dnn_free(text);
    assert_int_equal(dnn_hdf5_attribute_text(f, "/g", "absent", &text), DNN_OK);
    assert_null(text);
    assert_int_equal(dnn_hdf5_attribute_texts(f, "/g", "words", &names, &found), DNN_OK);
    assert_true(found);
    assert_int_equal(names.count, 3);
    assert_string_equal(names.at[1], "");
    assert_string_equal(names.at[2], "third");
    dnn_hdf5_names_clear(&names);
    assert_int_equal(dnn_hdf5_attribute_texts(f, "/g", "absent", &names, &found), DNN_OK);
    assert_false(found);
    assert_int_equal(dnn_hdf5_attribute_integer(f, "/g", "number", &number, &found), DNN_OK);
    assert_int_equal(number, -5);
    dnn_hdf5_close(f);
}

static void failures_have_the_text_they_have_when_read_here(void **state)
{
    (void)state;
    const char *const absent = in_folder("absent.h5");
    dnn_hdf5 *f;
    char text[1100];
    assert_int_equal(dnn_hdf5_open(absent, DNN_E_MODEL, &f), DNN_E_MODEL);
    snprintf(text, sizeof text, "%s", dnn_fail_text());
    assert_int_equal(dnn_hdf5_open_apart(absent, DNN_E_MODEL, &f), DNN_E_MODEL);
    assert_string_equal(dnn_fail_text(), text);
    f = opened();
    dnn_hdf5_dataset *d;
    assert_int_equal(dnn_hdf5_dataset_open(f, "/g", &d), DNN_E_DATA);
    assert_non_null(strstr(dnn_fail_text(), "is a group"));
    assert_int_equal(dnn_hdf5_read(f, "/g/x", DNN_HDF5_FLOAT, 3, values), DNN_E_DATA);
    assert_non_null(strstr(dnn_fail_text(), "where 3 are wanted"));
    dnn_hdf5_close(f);
}

/* All calls from then on fail, none waits. */
static void assert_ends_as(int signal, const char *text)
{
    dnn_hdf5 *f = opened();
    dnn_hdf5_dataset *d;
    dnn_hdf5_object object;
    float x[UNITS];
    assert_int_equal(dnn_hdf5_dataset_open(f, "/g/x", &d), DNN_OK);
    kill(f->apart->process, signal);
    siginfo_t how;
    assert_int_equal(waitid(P_PID, (id_t)f->apart->process, &how, WEXITED | WNOWAIT), 0);
    assert_int_equal(dnn_hdf5_dataset_rows(d, 0, 1, DNN_HDF5_FLOAT, x), DNN_E_DATA);
    if (!strstr(dnn_fail_text(), text)) fail_msg("%s", dnn_fail_text());
    assert_non_null(strstr(dnn_fail_text(), "a.h5: cannot be read"));
    assert_int_equal(dnn_hdf5_find(f, "/g", &object), DNN_E_DATA);
    assert_int_equal(dnn_hdf5_dataset_rows(d, 0, 1, DNN_HDF5_FLOAT, x), DNN_E_DATA);
    dnn_hdf5_dataset_close(d);
    dnn_hdf5_close(f);
}

static void the_end_of_the_reader_is_a_failure_that_says_how(void **state)
{
    (void)state;
#ifndef __SANITIZE_ADDRESS__ /* which makes an exit of it */
    assert_ends_as(SIGSEGV, "crashed (Segmentation fault): the file is damaged, or made to do harm");
#endif
    assert_ends_as(SIGABRT, "crashed (Aborted)");
    assert_ends_as(SIGXCPU, "over 5 seconds of computing");
    assert_ends_as(SIGALRM, "nothing came for");
    assert_ends_as(SIGKILL, "killed: is memory short?");
}

/* Launchers send these to every process of the job; the ranks decide what they mean. */
static void signals_of_the_job_do_not_end_the_reader(void **state)
{
    static const int all[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE, SIGCONT};
    (void)state;
    dnn_hdf5 *f = opened();
    int32_t one = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) kill(f->apart->process, all[i]);
    assert_int_equal(dnn_hdf5_read(f, "/one", DNN_HDF5_INT32, 1, &one), DNN_OK);
    dnn_hdf5_close(f);
}

/* `name` of /proc/<reader>/limits, the soft one. */
static long long limit_of(pid_t process, const char *name)
{
    char path[64], line[200];
    long long limit = -1;
    snprintf(path, sizeof path, "/proc/%ld/limits", (long)process);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0) sscanf(line + strlen(name), "%lld", &limit);
    fclose(file);
    return limit;
}

static void the_reader_is_limited(void **state)
{
    (void)state;
    dnn_hdf5 *f = opened();
    const pid_t it = f->apart->process;
    const long long cpu = limit_of(it, "Max cpu time");
    assert_true(cpu >= READER_CPU_SECONDS && cpu <= READER_CPU_SECONDS + 5);
    assert_int_equal(limit_of(it, "Max core file size"), 0);
    assert_int_equal(limit_of(it, "Max file size"), 0);
    assert_int_equal(limit_of(it, "Max open files"), 32);
#ifndef __SANITIZE_ADDRESS__
    const long long memory = limit_of(it, "Max address space");
    assert_true(memory > 0 && memory < (long long)(READER_MEMORY_MIB + 2048) << 20);
#endif
    dnn_hdf5_close(f);
}

/* In place of the reader: a script that writes down what it was given. */
static void the_reader_gets_nothing_of_the_launcher_and_no_files_of_ours(void **state)
{
    (void)state;
    char script[700], seen[100000];
    dnn_hdf5 *f;
    const int ours = open(in_folder("a.h5"), O_RDONLY); /* not closed on exec, as libraries leave theirs */
    snprintf(script, sizeof script, "#!/bin/sh\nexec >%s\necho \"$1\"\nenv\nls /proc/self/fd | wc -l\nexit 7\n",
             in_folder("seen"));
    chmod(make_text("reader.sh", script), 0755);
    setenv("OMPI_COMM_WORLD_RANK", "1", 1);
    setenv("PMIX_RANK", "1", 1);
    setenv("SLURM_PROCID", "1", 1);
    setenv("HDF5_PLUGIN_PATH", "/tmp", 1);
    setenv("DNN_READER", in_folder("reader.sh"), 1);
    const dnn_status st = dnn_hdf5_open_apart(in_folder("a.h5"), DNN_E_MODEL, &f);
    unsetenv("DNN_READER");
    unsetenv("OMPI_COMM_WORLD_RANK");
    unsetenv("PMIX_RANK");
    unsetenv("SLURM_PROCID");
    unsetenv("HDF5_PLUGIN_PATH");
    close(ours);
    assert_int_equal(st, DNN_E_MODEL);
    assert_non_null(strstr(dnn_fail_text(), "ended with status 7"));
    size_t length;
    unsigned char *text = slurp(in_folder("seen"), &length);
    assert_true(length < sizeof seen);
    memcpy(seen, text, length);
    seen[length] = '\0';
    free(text);
    assert_non_null(strstr(seen, "--dnn-hdf5-reader\n"));
    assert_non_null(strstr(seen, "\nPATH="));
    assert_null(strstr(seen, "OMPI_"));
    assert_null(strstr(seen, "PMIX_"));
    assert_null(strstr(seen, "SLURM_"));
    assert_null(strstr(seen, "HDF5_PLUGIN_PATH"));
    assert_non_null(strstr(seen, "\n6\n")); /* the standard three, socket, window, and the folder that ls looks at */
}

static void a_reader_that_cannot_be_started_is_named(void **state)
{
    (void)state;
    dnn_hdf5 *f;
    setenv("DNN_READER", in_folder("none"), 1);
    const dnn_status st = dnn_hdf5_open_apart(in_folder("a.h5"), DNN_E_MODEL, &f);
    unsetenv("DNN_READER");
    assert_int_equal(st, DNN_E_IO);
    assert_non_null(strstr(dnn_fail_text(), "cannot be started: No such file or directory"));
}

static void no_process_and_no_file_is_left(void **state)
{
    (void)state;
    const int before = dup(0);
    close(before);
    for (int i = 0; i < 5; i++) dnn_hdf5_close(opened());
    const int after = dup(0);
    close(after);
    assert_int_equal(before, after);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void *read_many(void *file)
{
    float *x = malloc(sizeof *x * UNITS);
    dnn_hdf5_dataset *d;
    bool good = dnn_hdf5_dataset_open(file, "/g/x", &d) == DNN_OK;
    for (size_t i = 0; i < 500 && good; i++)
        good = dnn_hdf5_dataset_rows(d, i, 1, DNN_HDF5_FLOAT, x) == DNN_OK &&
               memcmp(x, values + i * UNITS, sizeof *x * UNITS) == 0;
    dnn_hdf5_dataset_close(d);
    free(x);
    return good ? file : NULL;
}

static void threads_may_share_a_file(void **state)
{
    (void)state;
    dnn_hdf5 *f = opened();
    pthread_t threads[3];
    void *good;
    for (int i = 0; i < 3; i++) assert_int_equal(pthread_create(&threads[i], NULL, read_many, f), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], &good), 0);
        assert_non_null(good);
    }
    dnn_hdf5_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_through_whole_and_in_rows),
        cmocka_unit_test(columns_packed_one_by_one_are_unpacked_once),
        cmocka_unit_test(names_texts_and_numbers_come_through),
        cmocka_unit_test(failures_have_the_text_they_have_when_read_here),
        cmocka_unit_test(the_end_of_the_reader_is_a_failure_that_says_how),
        cmocka_unit_test(signals_of_the_job_do_not_end_the_reader),
        cmocka_unit_test(the_reader_is_limited),
        cmocka_unit_test(the_reader_gets_nothing_of_the_launcher_and_no_files_of_ours),
        cmocka_unit_test(a_reader_that_cannot_be_started_is_named),
        cmocka_unit_test(no_process_and_no_file_is_left),
        cmocka_unit_test(threads_may_share_a_file),
        cmocka_unit_test(nothing_stays_allocated),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
