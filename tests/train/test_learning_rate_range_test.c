/* The range test: its rates, when it ends, what it suggests. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "train/watching.h"
#include "dnn/base/log.h"
#include "dnn/io/file.h"

static char folder[] = "/tmp/dnn-range-XXXXXX";
static char told[1024];
static const char *const names[] = { "loss" };

static void note(void *context, dnn_log_level level, const char *line)
{
    (void)context;
    if (level == DNN_LOG_INFO) snprintf(told, sizeof told, "%s", line);
}

static void the_rate_grows_by_one_factor_from_min_to_max(void **state)
{
    (void)state;
    watching w;
    assert_int_equal(watching_open("{learning_rate_range_test: {min: 1e-4, max: 1}}", names, 1, &w), DNN_OK);
    for (uint64_t step = 0; step < 9; step++) {
        const dnn_schedule_time time = { .step = step, .steps_per_epoch = 3, .total_steps = 9 };
        const double rate = w.kind->learning_rate(w.component.params, 0.5, &time);
        assert_true(fabs(rate - pow(10.0, -4.0 + 0.5 * (double)step)) < 1e-12);
    }
    watching_close(&w);
}

static dnn_wish step(watching *w, uint64_t number, double rate, double loss)
{
    dnn_wish wish = { 0 };
    const dnn_report report = { .step = number, .learning_rate = rate, .names = names, .values = &loss, .count = 1, .writes = true, .output = folder };
    w->kind->step_end(w->component.params, w->state, &report, &wish);
    assert_int_equal(wish.status, DNN_OK);
    return wish;
}

static void it_ends_when_the_smoothed_loss_has_grown_by_the_factor_and_suggests_a_tenth_of_the_best(void **state)
{
    (void)state;
    watching w;
    dnn_wish end = { 0 };
    char path[300], *text = NULL;
    size_t length = 0;
    /* smoothing 0.5: m1 = 2; m2 = (0.5·1 + 0.5·1)/0.75 = 4/3, smallest; m3 = (0.5·1 + 0.5·5)/0.875 = 24/7 < 4 · 4/3; m4 = (1.5 + 4.5)/0.9375 = 6.4 above */
    assert_int_equal(watching_open("{learning_rate_range_test: {smoothing: 0.5}}", names, 1, &w), DNN_OK);
    assert_false(step(&w, 1, 0.25, 2.0).stop);
    assert_false(step(&w, 2, 0.5, 1.0).stop);
    watching_reopen(&w, names, 1);
    assert_false(step(&w, 3, 1.0, 5.0).stop);
    assert_true(step(&w, 4, 2.0, 9.0).stop);
    assert_true(step(&w, 5, 4.0, 9.0).stop);
    const dnn_report report = { .writes = true, .output = folder };
    w.kind->train_end(w.component.params, w.state, &report, &end);
    assert_non_null(strstr(told, "(1.333) at a rate of 0.5; a tenth of that, 0.05"));
    watching_close(&w);
    snprintf(path, sizeof path, "%s/learning_rate_range_test.csv", folder);
    assert_int_equal(dnn_file_read(path, 1 << 20, DNN_E_IO, &text, &length), DNN_OK);
    const char *const lines[] = { "step,learning_rate,loss,smoothed_loss\n1,0.25,2,2\n2,0.5,1,1.33333333333333", "\n3,1,5,3.428571428571", "\n4,2,9,6.4\n" };
    for (size_t i = 0; i < 3; i++) assert_non_null(strstr(text, lines[i]));
    assert_null(strstr(text, "\n5,"));
    dnn_free(text);
    unlink(path);
}

static void a_loss_below_zero_does_not_end_it(void **state)
{
    (void)state;
    watching w;
    char path[300];
    assert_int_equal(watching_open("learning_rate_range_test", names, 1, &w), DNN_OK);
    assert_false(step(&w, 1, 0.25, -1.0).stop);
    assert_false(step(&w, 2, 0.5, -0.5).stop);
    watching_close(&w);
    snprintf(path, sizeof path, "%s/learning_rate_range_test.csv", folder);
    unlink(path);
}

static void a_range_that_goes_down_is_refused(void **state)
{
    (void)state;
    watching w;
    assert_int_equal(watching_open("{learning_rate_range_test: {min: 1, max: 0.1}}", names, 1, &w), DNN_E_CONFIG);
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
        cmocka_unit_test(the_rate_grows_by_one_factor_from_min_to_max),
        cmocka_unit_test(it_ends_when_the_smoothed_loss_has_grown_by_the_factor_and_suggests_a_tenth_of_the_best),
        cmocka_unit_test(a_loss_below_zero_does_not_end_it),
        cmocka_unit_test(a_range_that_goes_down_is_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
