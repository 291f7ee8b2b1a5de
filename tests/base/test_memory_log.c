#include "support.h"

#include <pthread.h>

#include "dnn/base/log.h"

enum { THREADS = 4, ROUNDS = 20000 };

static void *allocate_and_free(void *unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        void *a = dnn_alloc(3, 7), *b = dnn_alloc_aligned(100);
        a = dnn_realloc(a, 10, 10);
        dnn_free(b);
        dnn_free(a);
    }
    return NULL;
}

static void counts_are_right_when_threads_allocate_side_by_side(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    const size_t before = dnn_memory_allocations();
    for (int t = 0; t < THREADS; t++) assert_int_equal(pthread_create(&threads[t], NULL, allocate_and_free, NULL), 0);
    for (int t = 0; t < THREADS; t++) pthread_join(threads[t], NULL);
    assert_int_equal(dnn_memory_balance(), 0);
    assert_int_equal(dnn_memory_allocations() - before, 3 * THREADS * ROUNDS);
}

static void memory_is_zeroed_and_aligned(void **state)
{
    (void)state;
    for (size_t bytes = 0; bytes < 300; bytes += 37) {
        unsigned char *aligned = dnn_alloc_aligned(bytes);
        assert_int_equal((uintptr_t)aligned % 64, 0);
        for (size_t i = 0; i < bytes; i++) assert_int_equal(aligned[i], 0);
        dnn_free(aligned);
    }
}

static void nothing_at_all_is_still_a_pointer(void **state)
{
    (void)state;
    void *none = dnn_alloc(0, 8);
    assert_non_null(none);
    none = dnn_realloc(none, 0, 8);
    assert_non_null(none);
    dnn_free(none);
    dnn_free(NULL);
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    assert_null(dnn_alloc(SIZE_MAX / 2, 3));
    assert_null(dnn_alloc_aligned(SIZE_MAX - 3));
    char *small = dnn_alloc(4, 1);
    assert_null(dnn_realloc(small, SIZE_MAX / 2, 3));
    assert_non_null(strstr(dnn_fail_text(), "out of memory"));
    small[3] = 'x'; /* the old block stays */
    dnn_free(small);
}

static void texts_are_formatted_into_memory_of_their_own(void **state)
{
    (void)state;
    char *text = dnn_format("%s-%d", "step", 7);
    assert_string_equal(text, "step-7");
    dnn_free(text);
}

typedef struct seen { int count; dnn_log_level level; char line[128]; } seen;

static void remember(void *context, dnn_log_level level, const char *line)
{
    seen *s = context;
    s->count++;
    s->level = level;
    snprintf(s->line, sizeof s->line, "%s", line);
}

static void lines_reach_the_sink_with_their_level(void **state)
{
    (void)state;
    seen s = { 0 };
    dnn_log_set_sink(remember, &s);
    dnn_info("a %d", 1);
    assert_int_equal(s.level, DNN_LOG_INFO);
    assert_string_equal(s.line, "a 1");
    dnn_advise("b");
    assert_int_equal(s.level, DNN_LOG_ADVICE);
    dnn_warn("c");
    assert_int_equal(s.level, DNN_LOG_WARNING);
    dnn_log_set_sink(NULL, NULL);
    dnn_warn("dropped");
    assert_int_equal(s.count, 3);
}

static void *warn_often(void *unused)
{
    for (int i = 0; i < 1000; i++) dnn_warn("line");
    return unused;
}

static void lines_of_several_threads_come_one_at_a_time(void **state)
{
    (void)state;
    seen s = { 0 };
    pthread_t threads[THREADS];
    dnn_log_set_sink(remember, &s); /* its counter is not atomic */
    for (int t = 0; t < THREADS; t++) assert_int_equal(pthread_create(&threads[t], NULL, warn_often, NULL), 0);
    for (int t = 0; t < THREADS; t++) pthread_join(threads[t], NULL);
    dnn_log_set_sink(NULL, NULL);
    assert_int_equal(s.count, 1000 * THREADS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_right_when_threads_allocate_side_by_side),
        cmocka_unit_test(memory_is_zeroed_and_aligned),
        cmocka_unit_test(nothing_at_all_is_still_a_pointer),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(texts_are_formatted_into_memory_of_their_own),
        cmocka_unit_test(lines_reach_the_sink_with_their_level),
        cmocka_unit_test(lines_of_several_threads_come_one_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, nothing_is_left);
}
