/* Files and folders: whole or not at all, links not followed, one owner at a time. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <sys/wait.h>

#include "dnn/io/file.h"
#include "io/support.h"

static void assert_holds(const char *path, const char *expected)
{
    size_t length;
    unsigned char *text = slurp(path, &length);
    assert_string_equal((const char *)text, expected);
    free(text);
}

static void assert_no_leftovers(const char *pattern)
{
    glob_t found;
    const int outcome = glob(in_folder(pattern), 0, NULL, &found);
    assert_int_equal(outcome, GLOB_NOMATCH);
}

static void what_is_written_is_read(void **state)
{
    char *text;
    size_t length;
    (void)state;
    const char *path = in_folder("a.bin");
    assert_int_equal(dnn_file_write(path, "a\0b", 3), DNN_OK);
    assert_int_equal(dnn_file_read(path, 100, DNN_E_DATA, &text, &length), DNN_OK);
    assert_int_equal(length, 3);
    assert_memory_equal(text, "a\0b", 4); /* with the zero put behind */
    dnn_free(text);
    assert_int_equal(dnn_file_write(path, "shorter", 7), DNN_OK);
    assert_holds(path, "shorter");
    assert_int_equal(dnn_file_write(path, "", 0), DNN_OK);
    assert_int_equal(dnn_file_read(path, 0, DNN_E_DATA, &text, &length), DNN_OK);
    assert_int_equal(length, 0);
    dnn_free(text);
    assert_no_leftovers("a.bin.*");
}

static void a_file_above_the_limit_is_refused_under_the_callers_status(void **state)
{
    char *text = (char *)"not touched";
    size_t length;
    (void)state;
    const char *path = make_text("five", "12345");
    assert_int_equal(dnn_file_read(path, 5, DNN_E_CONFIG, &text, &length), DNN_OK);
    assert_string_equal(text, "12345");
    dnn_free(text);
    assert_int_equal(dnn_file_read(path, 4, DNN_E_CONFIG, &text, &length), DNN_E_CONFIG);
    assert_null(text);
    assert_says("larger than the 4 bytes");
    assert_int_equal(dnn_file_read("/dev/zero", 1 << 20, DNN_E_MODEL, &text, &length), DNN_E_MODEL);
    assert_int_equal(dnn_file_read(in_folder("none"), 10, DNN_E_DATA, &text, &length), DNN_E_DATA);
    assert_says("No such file");
    assert_int_equal(dnn_file_read(test_folder, 10, DNN_E_DATA, &text, &length), DNN_E_DATA);
    assert_says("directory");
}

static void files_without_a_size_are_read_whole(void **state)
{
    char *text;
    size_t length;
    (void)state;
    assert_int_equal(dnn_file_read("/proc/self/status", 1 << 20, DNN_E_DATA, &text, &length), DNN_OK);
    assert_true(length > 100 && strstr(text, "VmPeak"));
    dnn_free(text);
}

static void a_link_is_replaced_and_its_target_left_alone(void **state)
{
    (void)state;
    const char *target = make_text("target", "precious"), *link_path = in_folder("link");
    assert_int_equal(symlink(target, link_path), 0);
    assert_int_equal(dnn_file_write(link_path, "new", 3), DNN_OK);
    assert_holds(target, "precious");
    assert_holds(link_path, "new");
}

static void appending_does_not_follow_a_link(void **state)
{
    (void)state;
    const char *target = make_text("target2", "precious"), *link_path = in_folder("link2");
    assert_int_equal(symlink(target, link_path), 0);
    assert_int_equal(dnn_file_append(link_path, "more"), DNN_E_IO);
    assert_holds(target, "precious");
}

static void a_failed_write_leaves_the_old_file_and_nothing_else(void **state)
{
    (void)state;
    assert_int_equal(dnn_file_write(in_folder("no-such-folder/a"), "x", 1), DNN_E_IO);
    assert_says("no-such-folder/a");
    assert_int_equal(mkdir(in_folder("taken"), 0777), 0);
    assert_int_equal(mkdir(in_folder("taken/by"), 0777), 0);
    assert_int_equal(dnn_file_write(in_folder("taken"), "x", 1), DNN_E_IO); /* a folder cannot be replaced */
    assert_no_leftovers("taken.*");
}

/* A limit on the size of files stands in for a full disk: write fails half way. */
static void run_out_of_room(void)
{
    const char *path = in_folder("history.csv");
    char *large = malloc(100000);
    memset(large, 'x', 99999);
    large[99999] = '\0';
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small = {.rlim_cur = 5000, .rlim_max = 5000};
    if (setrlimit(RLIMIT_FSIZE, &small) != 0) _exit(1);
    if (dnn_file_write(path, large, 99999) != DNN_E_IO) _exit(2);
    if (dnn_file_append(path, large) != DNN_E_IO) _exit(3);
    if (!strstr(dnn_fail_text(), "File too large")) _exit(4);
    free(large);
    _exit(0);
}

static void a_full_disk_leaves_the_old_content_to_the_byte(void **state)
{
    int outcome;
    (void)state;
    make_text("history.csv", "epoch,loss\n1,0.5\n");
    const pid_t child = fork();
    if (child == 0) run_out_of_room();
    assert_int_equal(waitpid(child, &outcome, 0), child);
    assert_true(WIFEXITED(outcome));
    assert_int_equal(WEXITSTATUS(outcome), 0);
    assert_holds(in_folder("history.csv"), "epoch,loss\n1,0.5\n");
    assert_no_leftovers("history.csv.*");
}

/* A reader that opens the file at any moment sees one of the two contents, whole. */
static void a_reader_sees_the_old_or_the_new_file_and_nothing_between(void **state)
{
    enum { SIZE = 200000 };
    char *content = malloc(SIZE), *seen;
    size_t length;
    (void)state;
    const char *path = in_folder("atomic");
    memset(content, 'a', SIZE);
    assert_int_equal(dnn_file_write(path, content, SIZE), DNN_OK);
    const pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < 100; i++) {
            memset(content, 'a' + i % 26, SIZE);
            if (dnn_file_write(path, content, SIZE) != DNN_OK) _exit(1);
        }
        _exit(0);
    }
    int outcome = 0, looks = 0;
    for (; waitpid(child, &outcome, WNOHANG) == 0; looks++) {
        assert_int_equal(dnn_file_read(path, SIZE, DNN_E_DATA, &seen, &length), DNN_OK);
        assert_int_equal(length, SIZE);
        for (size_t i = 1; i < length; i++)
            if (seen[i] != seen[0]) fail_msg("byte %zu differs", i);
        dnn_free(seen);
    }
    assert_true(looks > 0);
    assert_int_equal(outcome, 0);
    free(content);
}

static void lines_are_appended_and_the_file_is_made(void **state)
{
    (void)state;
    const char *path = in_folder("lines");
    assert_false(dnn_file_exists(path));
    assert_int_equal(dnn_file_append(path, "one\n"), DNN_OK);
    assert_int_equal(dnn_file_append(path, "two\n"), DNN_OK);
    assert_true(dnn_file_exists(path));
    assert_holds(path, "one\ntwo\n");
}

static void folders_are_made_with_their_parents(void **state)
{
    (void)state;
    assert_int_equal(dnn_folder_make(in_folder("x/y//z/")), DNN_OK);
    assert_true(dnn_file_exists(in_folder("x/y/z")));
    assert_int_equal(dnn_folder_make(in_folder("x/y/z")), DNN_OK);
    assert_int_equal(dnn_folder_make("/"), DNN_OK);
    make_text("x/file", "");
    assert_int_equal(dnn_folder_make(in_folder("x/file")), DNN_E_IO);
    assert_says("is a file");
    assert_int_equal(dnn_folder_make(in_folder("x/file/below")), DNN_E_IO);
    assert_int_equal(dnn_folder_make(""), DNN_E_IO);
    assert_int_equal(dnn_folder_sync(in_folder("x/file")), DNN_OK);
    assert_int_equal(dnn_folder_sync(in_folder("not/there")), DNN_E_IO);
}

/* Takes the lock in a child that keeps it for so long; returns when it is held. */
static pid_t hold_elsewhere(const char *folder, unsigned milliseconds)
{
    int ready[2], handle;
    char token;
    assert_int_equal(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        if (dnn_folder_lock(folder, &handle) != DNN_OK || write(ready[1], "x", 1) != 1) _exit(1);
        usleep(milliseconds * 1000);
        _exit(0); /* without giving it back: a killed run does not either */
    }
    assert_int_equal(read(ready[0], &token, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

static void a_folder_in_use_is_refused_naming_the_holder(void **state)
{
    int handle = 0, outcome;
    char pid[40];
    (void)state;
    const char *folder = in_folder("locked");
    assert_int_equal(dnn_folder_make(folder), DNN_OK);
    setenv("SLURM_JOB_ID", "4711", 1);
    const pid_t child = hold_elsewhere(folder, 60000);
    unsetenv("SLURM_JOB_ID");
    const double start = seconds();
    assert_int_equal(dnn_folder_lock(folder, &handle), DNN_E_IO);
    assert_true(seconds() - start > 3.0 && seconds() - start < 10.0);
    assert_int_equal(handle, -1);
    snprintf(pid, sizeof pid, "pid %ld, job 4711", (long)child);
    assert_says("in use by host ");
    assert_says(pid);
    kill(child, SIGKILL);
    waitpid(child, &outcome, 0);
    assert_int_equal(dnn_folder_lock(folder, &handle), DNN_OK); /* the lock ends with its holder */
    dnn_folder_unlock(handle);
}

static void the_ghost_of_a_killed_run_is_waited_for(void **state)
{
    int handle, outcome;
    (void)state;
    const char *folder = in_folder("ghost");
    assert_int_equal(dnn_folder_make(folder), DNN_OK);
    const pid_t child = hold_elsewhere(folder, 1000);
    const double start = seconds();
    assert_int_equal(dnn_folder_lock(folder, &handle), DNN_OK);
    assert_true(seconds() - start > 0.3);
    dnn_folder_unlock(handle);
    waitpid(child, &outcome, 0);
    assert_int_equal(outcome, 0);
}

static void a_lock_given_back_is_free_and_empty(void **state)
{
    int handle, again;
    (void)state;
    const char *folder = in_folder("free");
    assert_int_equal(dnn_folder_make(folder), DNN_OK);
    assert_int_equal(dnn_folder_lock(folder, &handle), DNN_OK);
    dnn_folder_unlock(handle);
    assert_holds(in_folder("free/lock"), "");
    assert_int_equal(dnn_folder_lock(folder, &again), DNN_OK);
    dnn_folder_unlock(again);
    dnn_folder_unlock(-1);
    assert_int_equal(dnn_folder_lock(in_folder("nowhere"), &handle), DNN_E_IO);
    assert_int_equal(handle, -1);
}

static void a_lock_file_that_is_a_link_is_refused(void **state)
{
    int handle;
    (void)state;
    const char *folder = in_folder("planted"), *target = make_text("target3", "precious");
    assert_int_equal(dnn_folder_make(folder), DNN_OK);
    assert_int_equal(symlink(target, in_folder("planted/lock")), 0);
    assert_int_equal(dnn_folder_lock(folder, &handle), DNN_E_IO);
    assert_holds(target, "precious");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_file_above_the_limit_is_refused_under_the_callers_status),
        cmocka_unit_test(files_without_a_size_are_read_whole),
        cmocka_unit_test(a_link_is_replaced_and_its_target_left_alone),
        cmocka_unit_test(appending_does_not_follow_a_link),
        cmocka_unit_test(a_failed_write_leaves_the_old_file_and_nothing_else),
        cmocka_unit_test(a_full_disk_leaves_the_old_content_to_the_byte),
        cmocka_unit_test(a_reader_sees_the_old_or_the_new_file_and_nothing_between),
        cmocka_unit_test(lines_are_appended_and_the_file_is_made),
        cmocka_unit_test(folders_are_made_with_their_parents),
        cmocka_unit_test(a_folder_in_use_is_refused_naming_the_holder),
        cmocka_unit_test(the_ghost_of_a_killed_run_is_waited_for),
        cmocka_unit_test(a_lock_given_back_is_free_and_empty),
        cmocka_unit_test(a_lock_file_that_is_a_link_is_refused),
        cmocka_unit_test(nothing_stays_allocated),
    };
    return cmocka_run_group_tests(tests, make_test_folder, remove_test_folder);
}
