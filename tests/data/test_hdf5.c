/* HDF5 data sets, written here through room io. */
#include "support.h"

#include "dnn/io/hdf5.h"

enum { ROWS = 6 };

static const char *write_file(void)
{
    const char *const path = scratch_path("d.h5");
    remove(path);
    uint8_t pixels[ROWS * 4];
    float wide[ROWS * 2], values[ROWS], weight[ROWS];
    int64_t labels[ROWS];
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < 4; j++) pixels[4 * i + j] = (uint8_t)(40 * i + j);
        wide[2 * i] = (float)i + 0.5f;
        wide[2 * i + 1] = (float)-i;
        labels[i] = i % 3;
        values[i] = (float)i / 4;
        weight[i] = (float)(i + 1);
    }
    dnn_hdf5 *file;
    dnn_status st = dnn_hdf5_create(path, 0, &file);
    if (st == DNN_OK) st = dnn_hdf5_write(file, "/x", DNN_HDF5_UINT8, 3, (size_t[]){ROWS, 2, 2}, pixels);
    if (st == DNN_OK) st = dnn_hdf5_write(file, "/in/wide", DNN_HDF5_FLOAT, 2, (size_t[]){ROWS, 2}, wide);
    if (st == DNN_OK) st = dnn_hdf5_write(file, "/y", DNN_HDF5_INT64, 1, (size_t[]){ROWS}, labels);
    if (st == DNN_OK) st = dnn_hdf5_write(file, "/v", DNN_HDF5_FLOAT, 2, (size_t[]){ROWS, 1}, values);
    if (st == DNN_OK) st = dnn_hdf5_write(file, "/w", DNN_HDF5_FLOAT, 1, (size_t[]){ROWS}, weight);
    if (st == DNN_OK) st = dnn_hdf5_write(file, "/test/x", DNN_HDF5_UINT8, 3, (size_t[]){2, 2, 2}, pixels);
    if (st == DNN_OK) st = dnn_hdf5_write(file, "/test/y", DNN_HDF5_INT64, 1, (size_t[]){2}, labels);
    if (st == DNN_OK) st = dnn_hdf5_write(file, "/few", DNN_HDF5_INT64, 1, (size_t[]){2}, labels);
    if (st == DNN_OK) st = dnn_hdf5_write(file, "/across", DNN_HDF5_FLOAT, 2, (size_t[]){1, ROWS}, weight);
    if (st == DNN_OK) st = dnn_hdf5_close(file);
    if (st != DNN_OK) fail_msg("%s", dnn_fail_text());
    return path;
}

static void open_file(opened *o, const char *keys)
{
    char text[1024];
    snprintf(text, sizeof text, "source: {hdf5: {path: %s%s}}", write_file(), keys);
    must_open(o, 0, text);
}

static void fail_file(dnn_status status, const char *keys, const char *word, const char *other)
{
    char text[1024];
    snprintf(text, sizeof text, "source: {hdf5: {path: %s%s}}", write_file(), keys);
    must_fail(status, text, word, other, NULL);
}

static void parts_labels_and_weights_come_in(void **state)
{
    (void)state;
    opened o;
    open_file(&o, ", x: /x, y: /y, test_x: test/x, test_y: test/y, weight: /w");
    assert_string_equal(dnn_dataset_describe(o.ds), "hdf5: 6 train, 2 test, [2, 2] uint8, 3 classes");
    assert_true(input_at(&o, DNN_TRAIN, 5, 0, 3) == 203.0f);
    assert_true(input_at(&o, DNN_TEST, 1, 0, 0) == 40.0f);
    assert_int_equal(target_at(&o, DNN_TRAIN, 5), 2);
    float weight[2];
    dnn_dataset_gather_weight(o.ds, DNN_TRAIN, (uint64_t[]){5, 0}, 2, weight);
    assert_true(weight[0] == 6.0f && weight[1] == 1.0f);
    dnn_dataset_gather_weight(o.ds, DNN_TEST, (uint64_t[]){1, 0}, 2, weight);
    assert_true(weight[0] == 1.0f && weight[1] == 1.0f);
    close_opened(&o);
}

static void several_inputs_and_outputs_have_their_names(void **state)
{
    (void)state;
    opened o;
    open_file(&o, ", x: {picture: /x, wide: /in/wide}, y: {class: /y, value: /v}");
    assert_int_equal(dnn_dataset_inputs(o.ds), 2);
    assert_int_equal(dnn_dataset_targets(o.ds), 2);
    assert_string_equal(dnn_dataset_input(o.ds, 1)->name, "wide");
    assert_string_equal(dnn_dataset_target(o.ds, 1)->name, "value");
    assert_true(dnn_dataset_target(o.ds, 0)->labels && !dnn_dataset_target(o.ds, 1)->labels);
    assert_true(input_at(&o, DNN_TRAIN, 3, 1, 0) == 3.5f && input_at(&o, DNN_TRAIN, 3, 1, 1) == -3.0f);
    float y;
    dnn_dataset_gather_target(o.ds, DNN_TRAIN, (uint64_t[]){3}, 1, 1, &y);
    assert_true(y == 0.75f);
    close_opened(&o);
}

static void what_does_not_fit_is_named(void **state)
{
    (void)state;
    fail_file(DNN_E_DATA, ", x: /nothing", "/nothing", "d.h5");
    fail_file(DNN_E_DATA, ", x: /x, y: /few", "/few", "2 rows");
    fail_file(DNN_E_DATA, ", x: /x, y: /y, test_x: /in/wide, test_y: /y", "/in/wide", "shape");
    fail_file(DNN_E_CONFIG, ", x: /x, y: /y, test_x: /test/x", "test_y", NULL);
    fail_file(DNN_E_CONFIG, ", x: /x, test_y: /test/y", "inputs", NULL);
    fail_file(DNN_E_DATA, ", x: /x, weight: /few", "/few", "weights");
    fail_file(DNN_E_DATA, ", x: /x, weight: /across", "/across", "1 rows");
    fail_file(DNN_E_CONFIG, ", x: {a: /x, b: /in/wide}, test_x: {a: /test/x}", "test_x", "must name 2");
    must_fail(DNN_E_DATA, "source: {hdf5: {path: /nowhere.h5}}", "/nowhere.h5", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_labels_and_weights_come_in),
        cmocka_unit_test(several_inputs_and_outputs_have_their_names),
        cmocka_unit_test(what_does_not_fit_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, nothing_is_left);
}
