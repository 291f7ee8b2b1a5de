/* Planted faults, each in a process of its own since the environment is read once. The source is built in here: the room has it in
 * builds with -DDNN_FAILPOINTS=ON alone. */
#ifndef DNN_FAILPOINTS
#define DNN_FAILPOINTS 1
#endif
#include "base/failpoint.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <cmocka.h>

/* What `body` returns is the child's exit status; a signal gives 128 + its number, a stop 64. */
static int in_child(const char *wanted, int rank, int (*body)(void))
{
    const pid_t child = fork();
    if (child == 0) {
        setenv("DNN_FAILPOINT", wanted, 1);
        dnn_failpoint_rank(rank);
        close(STDERR_FILENO);
        _exit(body());
    }
    int status;
    waitpid(child, &status, WUNTRACED);
    if (WIFSTOPPED(status)) {
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        return 64;
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* At which of five visits the place was to fail, as bits. */
static int five_visits(void)
{
    int bits = 0;
    for (int i = 0; i < 5; i++) bits |= (dnn_failpoint("here") == DNN_FAULT_ERROR) << i;
    return bits;
}

static int one_visit(void)
{
    errno = 0;
    const dnn_fault fault = dnn_failpoint("here");
    return fault == DNN_FAULT_ERROR ? 32 + errno : (int)fault;
}

static int status_and_text(void)
{
    if (dnn_failpoint_status("there", DNN_E_DATA) != DNN_OK) return 1;
    return dnn_failpoint_status("here", DNN_E_DATA) == DNN_E_DATA && strstr(dnn_fail_text(), "here") ? 0 : 2;
}

static int seconds_slept(void)
{
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    dnn_failpoint("here");
    clock_gettime(CLOCK_MONOTONIC, &b);
    return (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec) >= 0.05;
}

static void the_nth_visit_fails_or_each(void **state)
{
    (void)state;
    assert_int_equal(in_child("here:1:error", 0, five_visits), 1);
    assert_int_equal(in_child("here:4:error", 0, five_visits), 8);
    assert_int_equal(in_child("here:*:error", 0, five_visits), 31);
    assert_int_equal(in_child("here:1:error;there:2:error;here:3:error", 0, five_visits), 5);
    assert_int_equal(in_child("there:*:error", 0, five_visits), 0);
    assert_int_equal(in_child("", 0, five_visits), 0);
}

static void a_fault_may_be_one_ranks_alone(void **state)
{
    (void)state;
    assert_int_equal(in_child("here:1:error@rank=2", 2, five_visits), 1);
    assert_int_equal(in_child("here:1:error@rank=2", 1, five_visits), 0);
}

static void every_action_does_what_it_is_called(void **state)
{
    (void)state;
    assert_int_equal(in_child("here:1:error", 0, one_visit), 32 + EIO);
    assert_int_equal(in_child("here:1:ENOSPC", 0, one_visit), 32 + ENOSPC);
    assert_int_equal(in_child("here:1:nan", 0, one_visit), DNN_FAULT_NAN);
    assert_int_equal(in_child("here:1:exit=7", 0, one_visit), 7);
    assert_int_equal(in_child("here:1:exit", 0, one_visit), 1);
    assert_int_equal(in_child("here:1:kill", 0, one_visit), 128 + SIGKILL);
    assert_int_equal(in_child("here:1:stop", 0, one_visit), 64);
    assert_int_equal(in_child("here:1:sleep=0.06", 0, seconds_slept), 1);
    assert_int_equal(in_child("here:1:error", 0, status_and_text), 0);
}

static void a_misspelt_fault_ends_the_program(void **state)
{
    (void)state;
    static const char *const wrong[] = { "here", "here:1", "here:0:error", "here:x:error", "here:1:eror", "here:1:error@rang=1" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) assert_int_equal(in_child(wrong[i], 0, five_visits), DNN_E_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nth_visit_fails_or_each),
        cmocka_unit_test(a_fault_may_be_one_ranks_alone),
        cmocka_unit_test(every_action_does_what_it_is_called),
        cmocka_unit_test(a_misspelt_fault_ends_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
