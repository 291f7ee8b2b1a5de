/* Commands run by a training: what they are told, and what becomes of one that fails. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "train/watching.h"
#include "dnn/base/log.h"
#include "dnn/io/file.h"

static char folder[] = "/tmp/dnn-exec-XXXXXX";
static char warned[1024];
static const char *const names[] = { "loss", "val_top-5" };
static const double values[] = { 0.25, 0.5 };

static void note(void *context, dnn_log_level level, const char *line)
{
    (void)context;
    if (level == DNN_LOG_WARNING) snprintf(warned, sizeof warned, "%s", line);
}

static dnn_report report(uint64_t epoch, bool writes)
{
    return (dnn_report){ .epoch = epoch, .step = 70, .learning_rate = 0.01, .names = names, .values = values, .count = 2, .writes = writes,
                         .output = folder };
}

static void assert_said(const char *expected)
{
    char path[300], *text = NULL;
    size_t length = 0;
    snprintf(path, sizeof path, "%s/said", folder);
    assert_int_equal(dnn_file_read(path, 1 << 20, DNN_E_IO, &text, &length), DNN_OK);
    assert_string_equal(text, expected);
    dnn_free(text);
    unlink(path);
}

static void the_command_finds_the_values_in_its_environment(void **state)
{
    (void)state;
    watching w;
    const dnn_report r = report(7, true);
    assert_int_equal(watching_open("{exec: {command: 'echo \"$DNN_EPOCH $DNN_STEP $DNN_LEARNING_RATE $DNN_LOSS $DNN_VAL_TOP_5\" > $DNN_OUTPUT/said'}}",
                                   names, 2, &w), DNN_OK);
    assert_int_equal(watching_epoch(&w, &r).status, DNN_OK);
    assert_said("7 70 0.01 0.25 0.5\n");
    watching_close(&w);
}

static void a_place_in_a_job_is_not_handed_on(void **state)
{
    (void)state;
    watching w;
    const dnn_report r = report(1, true);
    setenv("OMPI_COMM_WORLD_RANK", "3", 1);
    setenv("PMIX_RANK", "3", 1);
    setenv("OTHER", "kept", 1);
    assert_int_equal(watching_open("{exec: {command: 'echo \"<$OMPI_COMM_WORLD_RANK$PMIX_RANK>$OTHER\" > $DNN_OUTPUT/said'}}", names, 2, &w), DNN_OK);
    assert_int_equal(watching_epoch(&w, &r).status, DNN_OK);
    unsetenv("OMPI_COMM_WORLD_RANK");
    unsetenv("PMIX_RANK");
    assert_said("<>kept\n");
    watching_close(&w);
}

static void at_the_end_of_the_training_it_runs_once(void **state)
{
    (void)state;
    watching w;
    const dnn_report r = report(2, true);
    dnn_wish wish = { 0 };
    assert_int_equal(watching_open("{exec: {on: train_end, command: 'echo end >> $DNN_OUTPUT/said'}}", names, 2, &w), DNN_OK);
    watching_epoch(&w, &r);
    w.kind->train_end(w.component.params, w.state, &r, &wish);
    assert_said("end\n");
    watching_close(&w);
}

static void a_command_that_fails_is_warned_of_and_the_training_goes_on(void **state)
{
    (void)state;
    watching w;
    const dnn_report r = report(1, true);
    assert_int_equal(watching_open("{exec: {command: 'exit 3'}}", names, 2, &w), DNN_OK);
    const dnn_wish wish = watching_epoch(&w, &r);
    assert_int_equal(wish.status, DNN_OK);
    assert_false(wish.stop);
    assert_string_equal(warned, "exec: exit 3: ended with status 3");
    watching_close(&w);
}

static void other_ranks_run_nothing_and_a_command_must_be_given(void **state)
{
    (void)state;
    watching w;
    const dnn_report r = report(1, false);
    char path[300];
    assert_int_equal(watching_open("{exec: {command: 'echo no > $DNN_OUTPUT/said'}}", names, 2, &w), DNN_OK);
    watching_epoch(&w, &r);
    watching_close(&w);
    snprintf(path, sizeof path, "%s/said", folder);
    assert_false(dnn_file_exists(path));
    assert_int_equal(watching_open("exec", names, 2, &w), DNN_E_CONFIG);
    watching_close(&w);
    dnn_place_forget();
    assert_int_equal((int)dnn_memory_balance(), 0);
}

static int make_folder(void **state)
{
    (void)state;
    dnn_log_set_sink(note, NULL);
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_command_finds_the_values_in_its_environment),
        cmocka_unit_test(a_place_in_a_job_is_not_handed_on),
        cmocka_unit_test(at_the_end_of_the_training_it_runs_once),
        cmocka_unit_test(a_command_that_fails_is_warned_of_and_the_training_goes_on),
        cmocka_unit_test(other_ranks_run_nothing_and_a_command_must_be_given),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
