/* Classes left out, renumbered and limited. */
#include "support.h"

static const char rows[] = "x,y\n0,3\n1,0\n2,1\n3,4\n4,3\n5,0\n6,1\n7,4\n8,3\n9,2\n";

static void open_rows(opened *o, const char *rest)
{
    char text[2048];
    snprintf(text, sizeof text, "{source: {csv: {path: %s, target: y}}, %s}", write_text("rows.csv", rows), rest);
    must_open(o, 0, text);
}

static void fail_rows(const char *rest, const char *word)
{
    char text[2048];
    snprintf(text, sizeof text, "{source: {csv: {path: %s, target: y}}, %s}", write_text("rows.csv", rows), rest);
    must_fail(DNN_E_CONFIG, text, word, NULL);
}

static void excluded_classes_close_up(void **state)
{
    (void)state;
    opened o;
    open_rows(&o, "split: {validation: 2}, classes: {exclude: [1, 3]}");
    /* 0 stays 0, 2 becomes 1, 4 becomes 2; the split comes before, so row 1 alone is left for validation. */
    assert_int_equal(dnn_dataset_rows(o.ds, DNN_VALIDATION), 1);
    static const int x[] = {3, 5, 7, 9}, y[] = {2, 0, 2, 1};
    assert_int_equal(dnn_dataset_rows(o.ds, DNN_TRAIN), 4);
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(input_at(&o, DNN_TRAIN, i, 0, 0), x[i]);
        assert_int_equal(target_at(&o, DNN_TRAIN, i), y[i]);
    }
    assert_int_equal(dnn_dataset_target(o.ds, 0)->classes, 3);
    assert_int_equal(dnn_dataset_class_count(o.ds, DNN_TRAIN, 2), 2);
    assert_int_equal(dnn_dataset_class_count(o.ds, DNN_VALIDATION, 0), 1);
    close_opened(&o);
}

static void included_classes_are_numbered_ascending_whatever_their_order(void **state)
{
    (void)state;
    opened o;
    open_rows(&o, "classes: {include: [4, 1]}");
    static const int y[] = {0, 1, 0, 1};
    assert_int_equal(dnn_dataset_rows(o.ds, DNN_TRAIN), 4);
    for (uint64_t i = 0; i < 4; i++) assert_int_equal(target_at(&o, DNN_TRAIN, i), y[i]);
    close_opened(&o);
}

static void limits_come_after_everything_else(void **state)
{
    (void)state;
    opened o;
    open_rows(&o, "split: {validation: 3}, classes: {include: [3, 4]}, limit: {train: 3, validation: 100}");
    assert_int_equal(dnn_dataset_rows(o.ds, DNN_TRAIN), 3);
    assert_int_equal(dnn_dataset_rows(o.ds, DNN_VALIDATION), 1);
    assert_int_equal(input_at(&o, DNN_TRAIN, 2, 0, 0), 7);
    close_opened(&o);
}

static void what_cannot_be_selected_is_said(void **state)
{
    (void)state;
    fail_rows("classes: {include: [7]}", "0 to 4");
    fail_rows("classes: {include: [1], exclude: [2]}", "both");
    fail_rows("classes: {exclude: [0, 1, 2, 3, 4]}", "exclude");
    fail_rows("limit: {train: 2.5}", "limit.train");
    must_fail(DNN_E_CONFIG, "{source: {regression: {n_samples: 10}}, classes: {exclude: [1]}}", "needs labels", NULL);
    must_fail(DNN_E_CONFIG, "{source: {regression: {n_samples: 10}}, split: {validation: 2, stratify: true}}",
              "needs labels", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(excluded_classes_close_up),
        cmocka_unit_test(included_classes_are_numbered_ascending_whatever_their_order),
        cmocka_unit_test(limits_come_after_everything_else),
        cmocka_unit_test(what_cannot_be_selected_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, nothing_is_left);
}
