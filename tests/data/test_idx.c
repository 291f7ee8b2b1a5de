/* IDX files as sources, small ones written here and Fashion-MNIST as published. */
#include "support.h"

/* `rows` images of 2x2 with pixel values 4 * row + i, mod 256. */
static const char *write_images(const char *name, uint8_t rows, size_t cut)
{
    uint8_t file[16 + 4 * 255] = {0, 0, 8, 3, 0, 0, 0, rows, 0, 0, 0, 2, 0, 0, 0, 2};
    for (size_t i = 0; i < 4u * rows; i++) file[16 + i] = (uint8_t)i;
    return write_bytes(name, file, 16 + 4u * rows - cut);
}

static const char *write_labels(const char *name, uint8_t rows)
{
    uint8_t file[8 + 255] = {0, 0, 8, 1, 0, 0, 0, rows};
    for (size_t i = 0; i < rows; i++) file[8 + i] = (uint8_t)(i % 3);
    return write_bytes(name, file, 8u + rows);
}

static void write_folder(uint8_t train, uint8_t test)
{
    write_images("train-images-idx3-ubyte", train, 0);
    write_labels("train-labels-idx1-ubyte", train);
    write_images("t10k-images-idx3-ubyte", test, 0);
    write_labels("t10k-labels-idx1-ubyte", test);
}

static void open_folder(opened *o, const char *rest)
{
    char text[512];
    snprintf(text, sizeof text, "{source: {mnist: {path: %s}}%s}", scratch_folder(), rest);
    must_open(o, 0, text);
}

static void fail_folder(const char *word, const char *other)
{
    char text[512];
    snprintf(text, sizeof text, "{source: {mnist: {path: %s}}}", scratch_folder());
    must_fail(DNN_E_DATA, text, word, other, NULL);
}

static void a_folder_brings_training_and_test_images(void **state)
{
    (void)state;
    write_folder(20, 6);
    opened o;
    open_folder(&o, ", split: {validation: 5}, scale: {features: {divide: 255}}");
    assert_string_equal(dnn_dataset_describe(o.ds), "mnist: 15 train, 5 validation, 6 test, [2, 2] uint8, 3 classes");
    assert_non_null(strstr(dnn_dataset_target(o.ds, 0)->largest_at, "train-labels-idx1-ubyte: training row 2"));
    float x[8], y[2];
    dnn_dataset_gather_input(o.ds, DNN_TRAIN, (uint64_t[]){14, 0}, 2, 0, x);
    for (size_t i = 0; i < 4; i++) {
        assert_true(x[i] == (float)((double)(76 + i) * (1.0 / 255)));
        assert_true(x[4 + i] == (float)((double)(20 + i) * (1.0 / 255)));
    }
    dnn_dataset_gather_target(o.ds, DNN_TRAIN, (uint64_t[]){14, 0}, 2, 0, y);
    assert_true(y[0] == 1.0f && y[1] == 2.0f);
    assert_true(input_at(&o, DNN_TEST, 5, 0, 3) == (float)(23 * (1.0 / 255)));
    close_opened(&o);
}

static void bytes_stay_exact_without_scaling(void **state)
{
    (void)state;
    write_folder(64, 6);
    opened o;
    open_folder(&o, "");
    for (uint64_t row = 0; row < 64; row++)
        for (size_t i = 0; i < 4; i++) assert_true(input_at(&o, DNN_TRAIN, row, 0, i) == (float)(4 * row + i));
    close_opened(&o);
}

static void damaged_and_ill_matched_files_are_named(void **state)
{
    (void)state;
    write_folder(20, 6);
    write_images("train-images-idx3-ubyte", 20, 3);
    fail_folder("train-images-idx3-ubyte", NULL);
    write_folder(20, 6);
    write_labels("t10k-labels-idx1-ubyte", 7);
    fail_folder("t10k-labels-idx1-ubyte", "7");
    write_folder(20, 6);
    assert_int_equal(remove(scratch_path("t10k-labels-idx1-ubyte")), 0);
    fail_folder("t10k-labels-idx1-ubyte", scratch_folder());
    must_fail(DNN_E_DATA, "source: {fashion_mnist: {path: /nowhere}}", "/nowhere", "train-images-idx3-ubyte.gz", NULL);
}

static void other_types_come_as_integers_and_floats(void **state)
{
    (void)state;
    const uint8_t shorts[] = {0, 0, 0x0B, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0x01, 0x00, 0xff, 0xfe, 0, 7, 0x80, 0};
    const uint8_t doubles[] = {0, 0, 0x0E, 1, 0, 0, 0, 2, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0};
    char x[256], y[256], text[1024];
    snprintf(x, sizeof x, "%s", write_bytes("shorts", shorts, sizeof shorts));
    snprintf(y, sizeof y, "%s", write_bytes("doubles", doubles, sizeof doubles));
    snprintf(text, sizeof text, "source: {idx: {x: %s, y: %s}}", x, y);
    opened o;
    must_open(&o, 0, text);
    static const float expected[] = {256, -2, 7, -32768};
    for (size_t i = 0; i < 4; i++) assert_true(input_at(&o, DNN_TRAIN, i / 2, 0, i % 2) == expected[i]);
    assert_true(target_at(&o, DNN_TRAIN, 0) == 0.5f && target_at(&o, DNN_TRAIN, 1) == -2.0f);
    assert_false(dnn_dataset_target(o.ds, 0)->labels);
    close_opened(&o);
    const uint8_t negative[] = {0, 0, 0x09, 1, 0, 0, 0, 2, 3, 0xff};
    snprintf(text, sizeof text, "source: {idx: {x: %s, y: %s}}", x, write_bytes("bytes", negative, sizeof negative));
    must_fail(DNN_E_DATA, text, "training row 1", "label -1", NULL);
    const uint8_t nan[] = {0, 0, 0x0D, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0x7f, 0xc0, 0, 0};
    snprintf(text, sizeof text, "source: {idx: {x: %s}}", write_bytes("nan", nan, sizeof nan));
    must_fail(DNN_E_DATA, text, "training row 0", "column 1", "NaN", NULL);
}

static void fashion_mnist_is_whole(void **state)
{
    (void)state;
    const char *const folder = published("fashion-mnist");
    if (folder == NULL) return;
    char text[9000];
    snprintf(text, sizeof text,
             "{source: {fashion_mnist: {path: %s}}, split: {validation: 5000}, scale: {features: {divide: 255}}}",
             folder);
    opened o;
    must_open(&o, 0, text);
    assert_string_equal(dnn_dataset_describe(o.ds),
                        "fashion_mnist: 55000 train, 5000 validation, 10000 test, [28, 28] uint8, 10 classes");
    static const int labels[] = {9, 0, 0, 3, 0}, test[] = {9, 2, 1, 1, 6}; /* first labels as everybody prints them */
    uint64_t all = 0;
    for (uint64_t i = 0; i < 5; i++) {
        assert_int_equal(target_at(&o, DNN_VALIDATION, i), labels[i]);
        assert_int_equal(target_at(&o, DNN_TEST, i), test[i]);
    }
    for (size_t c = 0; c < 10; c++) {
        assert_int_equal(dnn_dataset_class_count(o.ds, DNN_TRAIN, c) + dnn_dataset_class_count(o.ds, DNN_VALIDATION, c),
                         6000);
        assert_int_equal(dnn_dataset_class_count(o.ds, DNN_TEST, c), 1000);
        all += dnn_dataset_class_count(o.ds, DNN_TRAIN, c);
    }
    assert_int_equal(all, 55000);
    /* Mean and sd of all training pixels, as published for normalizing this set: 0.2860 and 0.3530. */
    double sum = 0.0, square = 0.0;
    static float x[784];
    for (int part = DNN_TRAIN; part <= DNN_VALIDATION; part++)
        for (uint64_t i = 0; i < dnn_dataset_rows(o.ds, (dnn_part)part); i++) {
            dnn_dataset_gather_input(o.ds, (dnn_part)part, &i, 1, 0, x);
            for (size_t j = 0; j < 784; j++) sum += x[j], square += (double)x[j] * x[j];
        }
    const double n = 60000.0 * 784, mean = sum / n;
    assert_true(fabs(mean - 0.2860) < 5e-5 && fabs(sqrt(square / n - mean * mean) - 0.3530) < 5e-5);
    close_opened(&o);
    snprintf(text, sizeof text,
             "{source: {fashion_mnist: {path: %s}}, classes: {exclude: [5, 6]}, limit: {train: 200}}", folder);
    must_open(&o, 0, text);
    assert_string_equal(dnn_dataset_describe(o.ds), "fashion_mnist: 200 train, 8000 test, [28, 28] uint8, 8 classes");
    assert_int_equal(target_at(&o, DNN_TRAIN, 0), 7);
    close_opened(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_brings_training_and_test_images),
        cmocka_unit_test(bytes_stay_exact_without_scaling),
        cmocka_unit_test(damaged_and_ill_matched_files_are_named),
        cmocka_unit_test(other_types_come_as_integers_and_floats),
        cmocka_unit_test(fashion_mnist_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, nothing_is_left);
}
