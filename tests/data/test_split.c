/* A table whose feature is the row number shows which rows went where. */
#include "support.h"

static char table[256];

/* `n` rows x = 0, 1, …; y = x % classes. */
static void write_table(const char *name, int n, int classes)
{
    char *const text = malloc(32 * (size_t)n + 32);
    int length = sprintf(text, "x,y\n");
    for (int i = 0; i < n; i++) length += sprintf(text + length, "%d,%d\n", i, i % classes);
    snprintf(table, sizeof table, "%s", write_text(name, text));
    free(text);
}

static void open_split(opened *o, uint64_t seed, const char *rest)
{
    char text[2048];
    snprintf(text, sizeof text, "{source: {csv: {path: %s, target: y}}, %s}", table, rest);
    must_open(o, seed, text);
}

static void fail_split(dnn_status status, const char *rest, const char *word)
{
    char text[2048];
    snprintf(text, sizeof text, "{source: {csv: {path: %s, target: y}}, %s}", table, rest);
    must_fail(status, text, word, NULL);
}

static int row(const opened *o, dnn_part part, uint64_t i) { return (int)input_at(o, part, i, 0, 0); }

/* Each row is in just one part. */
static void check_partition(const opened *o, int n)
{
    int *const seen = calloc((size_t)n, sizeof *seen);
    for (int part = 0; part < DNN_PARTS; part++)
        for (uint64_t i = 0; i < dnn_dataset_rows(o->ds, (dnn_part)part); i++) seen[row(o, (dnn_part)part, i)]++;
    for (int i = 0; i < n; i++) assert_int_equal(seen[i], 1);
    free(seen);
}

static void test_rows_come_first_then_validation_then_training(void **state)
{
    (void)state;
    write_table("hundred.csv", 100, 10);
    opened o;
    open_split(&o, 0, "split: {validation: 20, test: 0.1}");
    assert_int_equal(dnn_dataset_rows(o.ds, DNN_TRAIN), 70);
    assert_int_equal(row(&o, DNN_TEST, 0), 0);
    assert_int_equal(row(&o, DNN_TEST, 9), 9);
    assert_int_equal(row(&o, DNN_VALIDATION, 0), 10);
    assert_int_equal(row(&o, DNN_TRAIN, 0), 30);
    assert_int_equal(row(&o, DNN_TRAIN, 69), 99);
    check_partition(&o, 100);
    close_opened(&o);
    open_split(&o, 0, "split: {validation: 20, test: 0.1, from: end}");
    assert_int_equal(row(&o, DNN_TEST, 0), 90);
    assert_int_equal(row(&o, DNN_VALIDATION, 0), 70);
    assert_int_equal(row(&o, DNN_TRAIN, 0), 0);
    assert_int_equal(row(&o, DNN_TRAIN, 69), 69);
    check_partition(&o, 100);
    close_opened(&o);
}

static void a_fraction_is_floored_but_not_for_want_of_a_last_bit(void **state)
{
    (void)state;
    write_table("hundred.csv", 100, 10);
    opened o;
    open_split(&o, 0, "split: {validation: 0.29}"); /* 0.29 * 100 is 28.999999999999996 as a double */
    assert_int_equal(dnn_dataset_rows(o.ds, DNN_VALIDATION), 29);
    close_opened(&o);
    open_split(&o, 0, "split: {validation: 0.119, test: 0.5}");
    assert_int_equal(dnn_dataset_rows(o.ds, DNN_VALIDATION), 11);
    assert_int_equal(dnn_dataset_rows(o.ds, DNN_TEST), 50);
    close_opened(&o);
}

static void a_shuffled_split_is_a_function_of_the_seed(void **state)
{
    (void)state;
    write_table("hundred.csv", 100, 10);
    opened a, b, c;
    open_split(&a, 7, "split: {validation: 30, test: 20, shuffle: true}");
    open_split(&b, 7, "split: {validation: 30, test: 20, shuffle: true}");
    open_split(&c, 8, "split: {validation: 30, test: 20, shuffle: true}");
    check_partition(&a, 100);
    check_partition(&c, 100);
    int same = 0, in_place = 0;
    for (uint64_t i = 0; i < 30; i++) {
        assert_int_equal(row(&a, DNN_VALIDATION, i), row(&b, DNN_VALIDATION, i));
        same += row(&a, DNN_VALIDATION, i) == row(&c, DNN_VALIDATION, i);
        in_place += row(&a, DNN_VALIDATION, i) == 20 + (int)i;
    }
    assert_true(same < 10 && in_place < 10);
    assert_true(dnn_dataset_hash(a.ds) == dnn_dataset_hash(b.ds));
    assert_true(dnn_dataset_hash(a.ds) != dnn_dataset_hash(c.ds));
    close_opened(&a);
    close_opened(&b);
    close_opened(&c);
}

static void stratified_parts_have_the_classes_of_the_whole(void **state)
{
    (void)state;
    /* 60 rows of class 0, 30 of 1, 10 of 2, one after the other. */
    char text[2048];
    int length = sprintf(text, "x,y\n");
    for (int i = 0; i < 100; i++) length += sprintf(text + length, "%d,%d\n", i, i < 60 ? 0 : i < 90 ? 1 : 2);
    snprintf(table, sizeof table, "%s", write_text("uneven.csv", text));
    static const char *const ways[] = {"from: front", "from: end", "shuffle: true"};
    for (size_t way = 0; way < 3; way++) {
        char split[128];
        snprintf(split, sizeof split, "split: {validation: 0.2, test: 10, stratify: true, %s}", ways[way]);
        opened o;
        open_split(&o, 3, split);
        check_partition(&o, 100);
        static const int expected[DNN_PARTS][3] = {
            [DNN_TEST] = {6, 3, 1}, [DNN_VALIDATION] = {12, 6, 2}, [DNN_TRAIN] = {42, 21, 7}};
        for (int part = 0; part < DNN_PARTS; part++)
            for (size_t c = 0; c < 3; c++)
                assert_int_equal(dnn_dataset_class_count(o.ds, (dnn_part)part, c), expected[part][c]);
        if (way == 0) assert_int_equal(row(&o, DNN_TEST, 6), 60);
        if (way == 1) assert_int_equal(row(&o, DNN_TEST, 9), 99);
        close_opened(&o);
    }
    opened o; /* shares that do not come out even: 7 rows of 60/30/10 are 4.2, 2.1, 0.7 */
    open_split(&o, 0, "split: {validation: 7, stratify: true}");
    assert_int_equal(dnn_dataset_class_count(o.ds, DNN_VALIDATION, 0), 4);
    assert_int_equal(dnn_dataset_class_count(o.ds, DNN_VALIDATION, 1), 2);
    assert_int_equal(dnn_dataset_class_count(o.ds, DNN_VALIDATION, 2), 1);
    close_opened(&o);
}

static void parts_that_leave_nothing_are_refused(void **state)
{
    (void)state;
    write_table("ten.csv", 10, 2);
    fail_split(DNN_E_CONFIG, "split: {validation: 10}", "training rows");
    fail_split(DNN_E_CONFIG, "split: {validation: 5, test: 5}", "training rows");
    fail_split(DNN_E_CONFIG, "split: {validation: 1.5}", "fraction");
    fail_split(DNN_E_CONFIG, "split: {validation: -1}", "data.split.validation");
    fail_split(DNN_E_CONFIG, "split: {validation: half}", "data.split.validation");
}

static void a_split_file_is_taken_as_it_is(void **state)
{
    (void)state;
    write_table("ten.csv", 10, 2);
    const char *const file =
        write_text("split.csv", "subset,row\ntest,7\ntrain,3\nvalid,9\ntrain,0\nTRAIN,5\ntest,1\n");
    char text[512];
    snprintf(text, sizeof text, "split: {file: %s}", file);
    opened o;
    open_split(&o, 0, text);
    static const int train[] = {3, 0, 5};
    for (uint64_t i = 0; i < 3; i++) assert_int_equal(row(&o, DNN_TRAIN, i), train[i]);
    assert_int_equal(dnn_dataset_rows(o.ds, DNN_TRAIN), 3);
    assert_int_equal(row(&o, DNN_VALIDATION, 0), 9);
    assert_int_equal(row(&o, DNN_TEST, 0), 7);
    assert_int_equal(row(&o, DNN_TEST, 1), 1);
    close_opened(&o);
    write_text("split.csv", "subset,row\ntrain,3\ntrain,10\n");
    fail_split(DNN_E_DATA, text, "split.csv:3");
    write_text("split.csv", "subset,row\ntrain,3\nvalid,3\n");
    fail_split(DNN_E_DATA, text, "twice");
    write_text("split.csv", "subset,row\nlearn,3\n");
    fail_split(DNN_E_DATA, text, "learn");
    write_text("split.csv", "subset,line\ntrain,3\n");
    fail_split(DNN_E_DATA, text, "row");
    snprintf(text, sizeof text, "split: {file: %s, validation: 3}", file);
    fail_split(DNN_E_CONFIG, text, "validation");
}

static void a_split_file_counts_the_rows_of_the_file(void **state)
{
    (void)state;
    snprintf(table, sizeof table, "%s", write_text("holes.csv", "x,y\n0,0\n,1\n2,0\n3,1\n,0\n"));
    const char *const file = write_text("split.csv", "subset,row\ntrain,0\ntest,1\ntrain,3\nvalid,2\ntest,4\n");
    char text[1024];
    snprintf(text, sizeof text, "{source: {csv: {path: %s, target: y, missing: drop}}, split: {file: %s}}", table,
             file);
    opened o;
    must_open(&o, 0, text);
    assert_int_equal(dnn_dataset_rows(o.ds, DNN_TEST), 0);
    assert_int_equal(row(&o, DNN_TRAIN, 1), 3);
    assert_int_equal(row(&o, DNN_VALIDATION, 0), 2);
    close_opened(&o);
}

static void the_housing_split_is_the_published_one(void **state)
{
    (void)state;
    const char *const housing = published("california-housing/california_8features.csv.gz");
    const char *const split = published("california-housing/split_rs42.csv.gz");
    if (housing == NULL || split == NULL) return;
    char text[9000];
    snprintf(text, sizeof text, "{source: {csv: {path: %s, target: MedHouseVal}}, split: {file: %s}}", housing, split);
    opened o;
    must_open(&o, 0, text);
    assert_int_equal(dnn_dataset_rows(o.ds, DNN_TRAIN), 11610);
    assert_int_equal(dnn_dataset_rows(o.ds, DNN_VALIDATION), 3870);
    assert_int_equal(dnn_dataset_rows(o.ds, DNN_TEST), 5160);
    static const double first[] = {0.477, 0.458, 5.00001, 2.186,
                                   2.78}; /* as scikit-learn's train_test_split gives them */
    for (uint64_t i = 0; i < 5; i++) assert_true(fabs(target_at(&o, DNN_TEST, i) - first[i]) < 1e-6);
    double mean = 0.0, square = 0.0;
    for (uint64_t i = 0; i < 3870; i++) mean += target_at(&o, DNN_VALIDATION, i) / 3870.0;
    for (uint64_t i = 0; i < 3870; i++) square += pow(target_at(&o, DNN_VALIDATION, i) - mean, 2.0) / 3870.0;
    assert_true(fabs(square - 1.3148) < 5e-5);
    close_opened(&o);
}

static int column_sum(const opened *o, dnn_part part, size_t unit)
{
    int sum = 0;
    for (uint64_t i = 0; i < dnn_dataset_rows(o->ds, part); i++) sum += (int)input_at(o, part, i, 0, unit);
    return sum;
}

/* 200 rows, of which each fourth is of the kind that will be met. */
static void validation_and_test_come_from_the_rows_that_a_column_marks(void **state)
{
    (void)state;
    char text[8192];
    int length = sprintf(text, "x,met,place,y\n");
    for (int i = 0; i < 200; i++) length += sprintf(text + length, "%d,%d,%s,%d\n", i, i % 4 == 0, i % 4 == 0 ? "here" : "there", i % 8 == 0);
    snprintf(table, sizeof table, "%s, categorical: {place: one_hot}", write_text("by.csv", text));
    static const char *const ways[] = {"by: met", "by: 1", "by: {column: met, value: 1}", "by: {column: place, value: here}", "by: met, shuffle: true",
                                       "by: met, stratify: true", "by: met, from: end"};
    for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
        char rest[512];
        opened o;
        snprintf(rest, sizeof rest, "split: {validation: 20, test: 0.1, %s}", ways[way]);
        open_split(&o, 3, rest);
        assert_int_equal(dnn_dataset_rows(o.ds, DNN_VALIDATION), 20);
        assert_int_equal(column_sum(&o, DNN_VALIDATION, 1), 20);
        assert_int_equal(dnn_dataset_rows(o.ds, DNN_TEST), 20);
        assert_int_equal(column_sum(&o, DNN_TEST, 1), 20);
        assert_int_equal(column_sum(&o, DNN_TRAIN, 1), 10); /* what is left of the 50 */
        check_partition(&o, 200);
        int ones = 0;
        for (uint64_t i = 0; i < 20; i++) ones += (int)target_at(&o, DNN_VALIDATION, i);
        if (strstr(ways[way], "stratify")) assert_int_equal(ones, 10);
        close_opened(&o);
    }
    opened o; /* values are floats by then: 0.1 is not the 0.1 of a double */
    snprintf(table, sizeof table, "%s", write_text("tenths.csv", "x,kind,y\n1,0.1,0\n2,0.2,1\n3,0.1,0\n4,0.2,1\n"));
    open_split(&o, 0, "split: {validation: 2, by: {column: kind, value: 0.1}}");
    assert_true(input_at(&o, DNN_VALIDATION, 0, 0, 0) == 1.0f && input_at(&o, DNN_VALIDATION, 1, 0, 0) == 3.0f);
    close_opened(&o);
    snprintf(table, sizeof table, "%s, categorical: {place: one_hot}", scratch_path("by.csv"));
    fail_split(DNN_E_CONFIG, "split: {validation: 60, by: met}", "50 rows are marked");
    fail_split(DNN_E_CONFIG, "split: {validation: 6, by: meet}", "did you mean 'met'");
    fail_split(DNN_E_CONFIG, "split: {validation: 6, by: {column: met, value: 7}}", "none of the 200");
    fail_split(DNN_E_CONFIG, "split: {validation: 6, by: 9}", "name or number (0 to 3)");
}

static void shares_of_three_parts_must_sum_to_one(void **state)
{
    (void)state;
    opened o;
    write_table("thousand.csv", 1000, 10);
    open_split(&o, 0, "split: {train: 0.98, validation: 0.01, test: 0.01}");
    assert_int_equal(dnn_dataset_rows(o.ds, DNN_TRAIN), 980);
    assert_int_equal(dnn_dataset_rows(o.ds, DNN_VALIDATION), 10);
    check_partition(&o, 1000);
    close_opened(&o);
    open_split(&o, 0, "split: {train: 900, validation: 0.1}");
    assert_int_equal(dnn_dataset_rows(o.ds, DNN_TRAIN), 900);
    close_opened(&o);
    fail_split(DNN_E_CONFIG, "split: {train: 0.98, validation: 0.01, test: 0.02}", "sum to 1.01");
    fail_split(DNN_E_CONFIG, "split: {train: 0.8, validation: 0.1}", "sum to 0.9");
    fail_split(DNN_E_CONFIG, "split: {train: 800, validation: 100}", "leave 900 of 1000");
    fail_split(DNN_E_CONFIG, "split: {validation: 0.6, test: 0.5}", "leave nothing");
}

/* Of 103 rows 13 are for testing; the 90 that are left make 4 folds of 23, 23, 22 and 22. */
static void the_folds_share_the_rows_without_the_test_part(void **state)
{
    (void)state;
    static const char *const ways[] = {"", ", shuffle: true", ", stratify: true", ", shuffle: true, stratify: true", ", from: end"};
    write_table("folds.csv", 103, 3);
    for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
        int seen[103] = {0};
        for (int fold = 0; fold < 4; fold++) {
            char rest[256];
            opened o;
            int of_class[3] = {0};
            snprintf(rest, sizeof rest, "split: {test: 13, folds: 4, fold: %d%s}", fold, ways[way]);
            open_split(&o, 9, rest);
            const uint64_t n = dnn_dataset_rows(o.ds, DNN_VALIDATION);
            assert_int_equal(dnn_dataset_rows(o.ds, DNN_TEST), 13);
            assert_int_equal(n, fold < 2 ? 23 : 22);
            check_partition(&o, 103);
            for (uint64_t i = 0; i < n; i++) {
                seen[row(&o, DNN_VALIDATION, i)]++;
                of_class[row(&o, DNN_VALIDATION, i) % 3]++;
            }
            for (int k = 0; k < 3 && strstr(ways[way], "stratify"); k++) assert_in_range(of_class[k], 7, 8); /* 30 or so in 4 */
            if (way == 0 && fold == 1) assert_int_equal(row(&o, DNN_VALIDATION, 0), 13 + 23);
            if (fold > 0) assert_true(dnn_dataset_rows(o.ds, DNN_TRAIN) == 103 - 13 - n);
            close_opened(&o);
        }
        int once = 0;
        for (int i = 0; i < 103; i++) {
            assert_true(seen[i] <= 1);
            once += seen[i];
        }
        assert_int_equal(once, 90);
    }
    fail_split(DNN_E_CONFIG, "split: {folds: 5, fold: 5}", "the 5 folds are 0 to 4");
    fail_split(DNN_E_CONFIG, "split: {folds: 5}", "needs data.split.fold");
    fail_split(DNN_E_CONFIG, "split: {folds: 5, fold: 1, validation: 10}", "take out validation");
    fail_split(DNN_E_CONFIG, "split: {folds: 500, fold: 1}", "103 rows to make them of");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_come_first_then_validation_then_training),
        cmocka_unit_test(a_fraction_is_floored_but_not_for_want_of_a_last_bit),
        cmocka_unit_test(a_shuffled_split_is_a_function_of_the_seed),
        cmocka_unit_test(stratified_parts_have_the_classes_of_the_whole),
        cmocka_unit_test(parts_that_leave_nothing_are_refused),
        cmocka_unit_test(a_split_file_is_taken_as_it_is),
        cmocka_unit_test(a_split_file_counts_the_rows_of_the_file),
        cmocka_unit_test(the_housing_split_is_the_published_one),
        cmocka_unit_test(validation_and_test_come_from_the_rows_that_a_column_marks),
        cmocka_unit_test(shares_of_three_parts_must_sum_to_one),
        cmocka_unit_test(the_folds_share_the_rows_without_the_test_part),
    };
    return cmocka_run_group_tests(tests, NULL, nothing_is_left);
}
