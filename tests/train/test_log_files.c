/* Callbacks that write tables: what stands in them, and after an interruption. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "train/watching.h"
#include "dnn/io/file.h"

static char folder[] = "/tmp/dnn-log-files-XXXXXX";
static const char *const names[] = { "loss", "accuracy", "val_loss", "val_accuracy" };

static void assert_file(const char *name, const char *expected)
{
    char path[300], *text = NULL;
    size_t length = 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(dnn_file_read(path, 1 << 20, DNN_E_IO, &text, &length), DNN_OK);
    assert_string_equal(text, expected);
    dnn_free(text);
}

static void epoch(watching *w, uint64_t e, double loss)
{
    const double values[] = { loss, 0.5, 2.0 * loss, 0.25 };
    const dnn_report report = { .epoch = e, .names = names, .values = values, .count = 4, .writes = true, .output = folder };
    assert_int_equal(watching_epoch(w, &report).status, DNN_OK);
}

static void csv_logger_writes_epochs_from_0_and_values_by_name_as_keras_does(void **state)
{
    (void)state;
    watching w;
    assert_int_equal(watching_open("csv_logger", names, 4, &w), DNN_OK);
    epoch(&w, 1, 0.1);
    epoch(&w, 2, 0.75);
    watching_close(&w);
    assert_file("log.csv", "epoch,accuracy,loss,val_accuracy,val_loss\n0,0.5,0.1,0.25,0.2\n1,0.5,0.75,0.25,1.5\n");
}

static void csv_logger_begins_anew_or_appends_without_a_second_header(void **state)
{
    (void)state;
    watching w;
    assert_int_equal(watching_open("{csv_logger: {filename: log.csv, separator: ';'}}", names, 4, &w), DNN_OK);
    epoch(&w, 1, 0.25);
    watching_close(&w);
    assert_file("log.csv", "epoch;accuracy;loss;val_accuracy;val_loss\n0;0.5;0.25;0.25;0.5\n");
    assert_int_equal(watching_open("{csv_logger: {separator: ';', append: true}}", names, 4, &w), DNN_OK);
    epoch(&w, 1, 1.0);
    watching_close(&w);
    assert_file("log.csv", "epoch;accuracy;loss;val_accuracy;val_loss\n0;0.5;0.25;0.25;0.5\n0;0.5;1;0.25;2\n");
}

static void going_on_from_a_checkpoint_drops_the_lines_behind_it(void **state)
{
    (void)state;
    watching w;
    assert_int_equal(watching_open("{csv_logger: {filename: again.csv}}", names, 4, &w), DNN_OK);
    epoch(&w, 1, 1.0);
    dnn_node *saved = w.kind->save(w.state);
    epoch(&w, 2, 2.0); /* lost: no checkpoint after it */
    watching_close(&w);
    assert_int_equal(watching_open("{csv_logger: {filename: again.csv}}", names, 4, &w), DNN_OK);
    assert_int_equal(w.kind->load(saved, w.state), DNN_OK);
    epoch(&w, 2, 3.0);
    watching_close(&w);
    dnn_node_destroy(saved);
    assert_file("again.csv", "epoch,accuracy,loss,val_accuracy,val_loss\n0,0.5,1,0.25,2\n1,0.5,3,0.25,6\n");
}

static void a_file_that_cannot_be_written_is_reported(void **state)
{
    (void)state;
    watching w;
    const double values[] = { 1, 1, 1, 1 };
    const dnn_report report = { .epoch = 1, .names = names, .values = values, .count = 4, .writes = true, .output = folder };
    assert_int_equal(watching_open("{csv_logger: {filename: no-such-folder/log.csv}}", names, 4, &w), DNN_OK);
    assert_int_equal(watching_epoch(&w, &report).status, DNN_E_IO);
    assert_non_null(strstr(dnn_fail_text(), "no-such-folder/log.csv"));
    watching_close(&w);
    assert_int_equal(watching_open("{csv_logger: {separator: ''}}", names, 4, &w), DNN_E_CONFIG);
    watching_close(&w);
}

static void weight_norms_are_those_of_the_tensors_and_leave_statistics_out(void **state)
{
    (void)state;
    watching w;
    float weights[48] = { [0] = 3, [1] = -4, [2] = 99, [16] = 5, [17] = 12, [32] = 7 };
    dnn_segment segments[] = { { .name = (char[]){ "dense/kernel" }, .offset = 0, .length = 2, .weight = true },
                               { .name = (char[]){ "a, \"b\"/bias" }, .offset = 16, .length = 2, .weight = true },
                               { .name = (char[]){ "norm/moving_mean" }, .offset = 32, .length = 1 } };
    const dnn_segments table = { .at = segments, .count = 3, .total = 48 };
    dnn_report report = { .epoch = 1, .writes = true, .output = folder, .segments = &table, .weights = weights };
    assert_int_equal(watching_open("weight_norms", names, 4, &w), DNN_OK);
    assert_int_equal(watching_epoch(&w, &report).status, DNN_OK);
    weights[0] = weights[1] = 0;
    report.epoch = 2;
    assert_int_equal(watching_epoch(&w, &report).status, DNN_OK);
    watching_close(&w);
    assert_file("weight_norms.csv", "epoch,tensor,norm\n1,dense/kernel,5\n1,\"a, \"\"b\"\"/bias\",13\n2,dense/kernel,0\n2,\"a, \"\"b\"\"/bias\",13\n");
}

static void ranks_that_do_not_write_leave_nothing(void **state)
{
    (void)state;
    watching w;
    char path[300];
    const double values[] = { 1, 1, 1, 1 };
    const dnn_report report = { .epoch = 1, .names = names, .values = values, .count = 4, .output = folder };
    assert_int_equal(watching_open("{csv_logger: {filename: other.csv}}", names, 4, &w), DNN_OK);
    assert_int_equal(watching_epoch(&w, &report).status, DNN_OK);
    watching_close(&w);
    snprintf(path, sizeof path, "%s/other.csv", folder);
    assert_false(dnn_file_exists(path));
    dnn_place_forget();
    assert_int_equal((int)dnn_memory_balance(), 0);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    static const char *const files[] = { "log.csv", "again.csv", "weight_norms.csv", "" };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char path[300];
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        remove(path);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_logger_writes_epochs_from_0_and_values_by_name_as_keras_does),
        cmocka_unit_test(csv_logger_begins_anew_or_appends_without_a_second_header),
        cmocka_unit_test(going_on_from_a_checkpoint_drops_the_lines_behind_it),
        cmocka_unit_test(a_file_that_cannot_be_written_is_reported),
        cmocka_unit_test(weight_norms_are_those_of_the_tensors_and_leave_statistics_out),
        cmocka_unit_test(ranks_that_do_not_write_leave_nothing),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
