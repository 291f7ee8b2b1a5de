#include "support.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void a_failure_keeps_its_text_and_returns_its_status(void **state)
{
    (void)state;
    assert_int_equal(dnn_fail(DNN_E_DATA, "%s: cannot open", "a.csv"), DNN_E_DATA);
    assert_string_equal(dnn_fail_text(), "a.csv: cannot open");
}

static void context_goes_in_front(void **state)
{
    (void)state;
    dnn_fail(DNN_E_DATA, "cannot open");
    assert_int_equal(dnn_fail_in(DNN_E_IO, "rank %d", 2), DNN_E_IO);
    assert_string_equal(dnn_fail_text(), "rank 2: cannot open");
}

static void context_without_a_text_stands_alone(void **state)
{
    (void)state;
    dnn_fail_clear();
    dnn_fail_in(DNN_E_IO, "rank %d", 2);
    assert_string_equal(dnn_fail_text(), "rank 2");
}

static void a_text_may_be_made_from_the_one_before(void **state)
{
    (void)state;
    dnn_fail(DNN_E_DATA, "inner");
    dnn_fail(DNN_E_DATA, "outer(%s)", dnn_fail_text());
    assert_string_equal(dnn_fail_text(), "outer(inner)");
}

static void a_long_text_is_cut_with_a_mark_and_stays_valid_utf8(void **state)
{
    (void)state;
    for (int shift = 0; shift < 3; shift++) {
        char text[3000] = "xyz";
        size_t used = (size_t)shift;
        while (used + 3 < sizeof text) used += (size_t)sprintf(text + used, "€");
        dnn_fail(DNN_E_DATA, "%s", text);
        const char *kept = dnn_fail_text();
        const size_t length = strlen(kept);
        assert_true(length >= 1019 && length <= 1023);
        assert_string_equal(kept + length - 3, "…");
        assert_memory_equal(kept + length - 6, "€", 3);
    }
}

/* A layer's name in a stranger's file may try to speak to the terminal. */
static void control_characters_do_not_reach_the_terminal(void **state)
{
    (void)state;
    dnn_fail(DNN_E_MODEL, "layer '%s': größe", "a\033[2Jb\nc\r\t\177\302\233d");
    assert_string_equal(dnn_fail_text(), "layer 'a?[2Jb?c?????d': größe");
}

static void *fail_elsewhere(void *text)
{
    dnn_fail(DNN_E_IO, "%s", (const char *)text);
    return NULL;
}

static void each_thread_has_its_own_text(void **state)
{
    (void)state;
    pthread_t thread;
    dnn_fail(DNN_E_DATA, "mine");
    assert_int_equal(pthread_create(&thread, NULL, fail_elsewhere, (void *)"theirs"), 0);
    pthread_join(thread, NULL);
    assert_string_equal(dnn_fail_text(), "mine");
}

static void every_status_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(dnn_status_name(DNN_OK), "ok");
    assert_string_equal(dnn_status_name(DNN_E_CONFIG), "config");
    assert_string_equal(dnn_status_name(DNN_E_STALLED), "stalled");
    assert_string_equal(dnn_status_name((dnn_status)1), "unknown");
}

static void leave_with_33(const char *file, int line, const char *text)
{
    (void)file;
    _exit(line > 0 && strcmp(text, "1 == 2") == 0 ? 33 : 34);
}

static void a_broken_invariant_calls_the_hook(void **state)
{
    (void)state;
    const pid_t child = fork();
    if (child == 0) {
        dnn_set_panic_hook(leave_with_33);
        DNN_ASSERT(1 == 2);
        _exit(0);
    }
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 33);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_keeps_its_text_and_returns_its_status),
        cmocka_unit_test(context_goes_in_front),
        cmocka_unit_test(context_without_a_text_stands_alone),
        cmocka_unit_test(a_text_may_be_made_from_the_one_before),
        cmocka_unit_test(a_long_text_is_cut_with_a_mark_and_stays_valid_utf8),
        cmocka_unit_test(control_characters_do_not_reach_the_terminal),
        cmocka_unit_test(each_thread_has_its_own_text),
        cmocka_unit_test(every_status_has_a_name),
        cmocka_unit_test(a_broken_invariant_calls_the_hook),
    };
    return cmocka_run_group_tests(tests, NULL, nothing_is_left);
}
