/* Tables: which columns, how coded, what is missing, and the words for what is wrong. */
#include "support.h"

static const char mixed[] = "size,city,floor,new,weight,price\n"
                            "50,Rome,low,true,1,100.5\n"
                            "70,Bern,high,false,0.5,200\n"
                            "90,Rome,mid,TRUE,2,150\n";

static void open_csv(opened *o, const char *content, const char *keys, const char *rest)
{
    char text[2048];
    snprintf(text, sizeof text, "{source: {csv: {path: %s%s}}%s}", write_text("t.csv", content), keys, rest);
    must_open(o, 0, text);
}

static void fail_csv(dnn_status status, const char *content, const char *keys, const char *word, const char *other)
{
    char text[2048];
    snprintf(text, sizeof text, "{source: {csv: {path: %s%s}}}", write_text("t.csv", content), keys);
    must_fail(status, text, word, other, NULL);
}

static void check_inputs(const opened *o, uint64_t row, const float *expected, size_t n)
{
    assert_int_equal(dnn_shape_units(&dnn_dataset_input(o->ds, 0)->shape), n);
    for (size_t j = 0; j < n; j++)
        if (input_at(o, DNN_TRAIN, row, 0, j) != expected[j])
            fail_msg("column %d: %g", (int)j, (double)input_at(o, DNN_TRAIN, row, 0, j));
}

static void columns_are_coded_as_they_are_told(void **state)
{
    (void)state;
    opened o;
    open_csv(&o, mixed,
             ", target: price, weight: weight, categorical: {city: one_hot, floor: {ordinal: [low, mid, high]}}", "");
    check_inputs(&o, 0, (float[]){50, 0, 1, 0, 1}, 5); /* size, Bern, Rome, floor, new */
    check_inputs(&o, 1, (float[]){70, 1, 0, 2, 0}, 5);
    check_inputs(&o, 2, (float[]){90, 0, 1, 1, 1}, 5);
    assert_true(target_at(&o, DNN_TRAIN, 0) == 100.5f);
    assert_false(dnn_dataset_target(o.ds, 0)->labels);
    assert_non_null(strstr(dnn_dataset_target(o.ds, 0)->not_labels, "100.5"));
    assert_true(dnn_dataset_weighted(o.ds));
    float weight[3];
    dnn_dataset_gather_weight(o.ds, DNN_TRAIN, (uint64_t[]){2, 1, 0}, 3, weight);
    assert_true(weight[0] == 2.0f && weight[1] == 0.5f && weight[2] == 1.0f);
    close_opened(&o);
}

static void an_ordinal_target_makes_labels_in_ascending_order(void **state)
{
    (void)state;
    opened o;
    open_csv(&o, mixed, ", target: city, features: [size], categorical: {city: ordinal}", "");
    assert_true(dnn_dataset_target(o.ds, 0)->labels);
    assert_int_equal(dnn_dataset_target(o.ds, 0)->classes, 2);
    static const int labels[] = {1, 0, 1};
    for (uint64_t i = 0; i < 3; i++) assert_int_equal(target_at(&o, DNN_TRAIN, i), labels[i]);
    close_opened(&o);
    open_csv(&o, "a,b\n1,10\n2,9\n3,10\n", ", target: b, categorical: {b: ordinal}", "");
    assert_int_equal(target_at(&o, DNN_TRAIN, 0), 1); /* 9 before 10: numbers, not texts */
    close_opened(&o);
}

static void a_table_without_header_is_told_from_one_with(void **state)
{
    (void)state;
    static const char bare[] = "1.5,10,0\n2.5,20,1\n\n3.5,30,0\n";
    fail_csv(DNN_E_DATA, bare, ", target: 2", "t.csv:1", "header: absent");
    opened o;
    open_csv(&o, bare, ", target: 2, header: absent", "");
    assert_int_equal(dnn_dataset_rows(o.ds, DNN_TRAIN), 3);
    check_inputs(&o, 0, (float[]){1.5f, 10}, 2);
    check_inputs(&o, 2, (float[]){3.5f, 30}, 2);
    assert_int_equal(target_at(&o, DNN_TRAIN, 1), 1);
    close_opened(&o);
    open_csv(&o, bare, ", target: -1, header: absent", ", inputs: {a: {columns: ['1']}, b: {columns: [0]}}");
    assert_true(input_at(&o, DNN_TRAIN, 1, 0, 0) == 20.0f && input_at(&o, DNN_TRAIN, 1, 1, 0) == 2.5f);
    close_opened(&o);
    open_csv(&o, "2019,2020\n1,2\n", ", target: '2020', header: present", "");
    check_inputs(&o, 0, (float[]){1}, 1);
    close_opened(&o);
    fail_csv(DNN_E_DATA, "", ", header: absent", "t.csv", "empty");
    fail_csv(DNN_E_DATA, "1,2\n3\n", ", header: absent", "t.csv:2", "1 field");
}

/* Each of 3,000 names once, in an order that is not theirs; found by halving, numbered as sorted. */
static void many_categories_are_found_each(void **state)
{
    (void)state;
    enum { MANY = 3000 };
    static char content[32 * MANY];
    size_t used = (size_t)snprintf(content, sizeof content, "name,y\n");
    for (int i = 0; i < MANY; i++) used += (size_t)snprintf(content + used, sizeof content - used, "n%04d,%d\n", i * 1427 % MANY, i);
    opened o;
    open_csv(&o, content, ", target: y, categorical: {name: ordinal}", "");
    for (uint64_t i = 0; i < MANY; i++) assert_int_equal(input_at(&o, DNN_TRAIN, i, 0, 0), i * 1427 % MANY);
    close_opened(&o);
}

static void columns_are_found_by_name_and_by_number(void **state)
{
    (void)state;
    opened o;
    open_csv(&o, "a,b,c,d\n1,2,3,4\n", ", target: [-1, 1], features: [2, a]", "");
    check_inputs(&o, 0, (float[]){3, 1}, 2);
    float y[2];
    dnn_dataset_gather_target(o.ds, DNN_TRAIN, (uint64_t[]){0}, 1, 0, y);
    assert_true(y[0] == 4.0f && y[1] == 2.0f);
    assert_int_equal(dnn_dataset_target(o.ds, 0)->shape.rank, 1);
    close_opened(&o);
    fail_csv(DNN_E_DATA, mixed, ", target: prize", "prize", "price");
    fail_csv(DNN_E_DATA, mixed, ", target: 9", "9", "0 to 5");
    fail_csv(DNN_E_CONFIG, mixed, ", target: price, features: [size, price]", "price", "target");
    fail_csv(DNN_E_CONFIG, mixed, ", features: [size, size]", "size", "twice");
    fail_csv(DNN_E_CONFIG, mixed, ", target: price, categorical: {city: hot}", "city", "one_hot");
}

static void inputs_take_their_columns(void **state)
{
    (void)state;
    opened o;
    open_csv(&o, mixed, ", target: price, categorical: {city: one_hot, floor: ordinal}",
             ", inputs: {wide: {columns: [0, city]}, deep: {columns: [new, 'city=Rome', size]}}, scale: {features: "
             "{divide: 10}}");
    assert_int_equal(dnn_dataset_inputs(o.ds), 2);
    assert_string_equal(dnn_dataset_input(o.ds, 1)->name, "deep");
    assert_int_equal(dnn_dataset_input(o.ds, 0)->shape.dim[0], 3);
    static const float wide[] = {7.0f, 0.1f, 0.0f}, deep[] = {0.0f, 0.0f, 7.0f};
    for (size_t j = 0; j < 3; j++) {
        assert_true(input_at(&o, DNN_TRAIN, 1, 0, j) == wide[j]);
        assert_true(input_at(&o, DNN_TRAIN, 1, 1, j) == deep[j]);
    }
    close_opened(&o);
    char text[2048];
    snprintf(text, sizeof text, "{source: {csv: {path: %s, features: [size, weight]}}, inputs: {a: {columns: [2]}}}",
             write_text("t.csv", mixed));
    must_fail(DNN_E_CONFIG, text, "0 to 1", NULL);
    snprintf(text, sizeof text, "{source: {csv: {path: %s, features: [size, weight]}}, inputs: {a: {columns: [siez]}}}",
             scratch_path("t.csv"));
    must_fail(DNN_E_CONFIG, text, "did you mean 'size'", NULL);
}

static void a_missing_value_is_named_filled_or_left_out(void **state)
{
    (void)state;
    static const char holes[] = "a,b,y\n1,10,0\n,20,1\n3,NA,0\n5,40,1\n8,nan,1\n";
    fail_csv(DNN_E_DATA, holes, ", target: y", "t.csv:3", "'a'");
    opened o;
    open_csv(&o, holes, ", target: y, missing: drop", "");
    assert_int_equal(dnn_dataset_rows(o.ds, DNN_TRAIN), 2);
    check_inputs(&o, 1, (float[]){5, 40}, 2);
    close_opened(&o);
    /* The last two rows are the test part: means of a over 1 3, of b over 10 20. */
    open_csv(&o, holes, ", target: y, missing: mean", ", split: {test: 2, from: end}");
    check_inputs(&o, 1, (float[]){2, 20}, 2);
    check_inputs(&o, 2, (float[]){3, 15}, 2);
    assert_true(input_at(&o, DNN_TEST, 1, 0, 1) == 15.0f);
    dnn_node *const fitted = dnn_dataset_fitted(o.ds);
    close_opened(&o);
    char text[2048];
    snprintf(text, sizeof text, "source: {csv: {path: %s, missing: mean}}", write_text("new.csv", "a,b\n,7\n100,\n"));
    assert_int_equal(open_fitted(&o, 0, fitted, text), DNN_OK);
    check_inputs(&o, 0, (float[]){2, 7}, 2);
    check_inputs(&o, 1, (float[]){100, 15}, 2);
    close_opened(&o);
    dnn_node_destroy(fitted);
    open_csv(&o, "a,b\n1, \n 2 ,3\n4, NA \n", ", missing: mean", ""); /* blanks around are no values */
    check_inputs(&o, 0, (float[]){1, 3}, 2);
    check_inputs(&o, 2, (float[]){4, 3}, 2);
    close_opened(&o);
    fail_csv(DNN_E_DATA, "a,y\n1,\n", ", target: y, missing: mean", "t.csv:2", "'y'");
    fail_csv(DNN_E_DATA, "a,y\n,1\n,2\n", ", target: y, missing: mean", "feature 0", "training part");
}

static void wrong_cells_are_named_with_file_line_and_column(void **state)
{
    (void)state;
    fail_csv(DNN_E_DATA, mixed, ", target: price", "t.csv:2", "'city'");
    fail_csv(DNN_E_DATA, "a,y\n1,2\n3,four\n", ", target: y", "t.csv:3", "four");
    fail_csv(DNN_E_DATA, "a,y\n1,2\n3\n", ", target: y", "t.csv:3", NULL);
    fail_csv(DNN_E_DATA, "a,y\n1,2\ninf,3\n", ", target: y", "t.csv:3", "inf");
    fail_csv(DNN_E_DATA, "a,y\n1,2\n1e300,3\n", ", target: y", "t.csv:3", "1e300");
    fail_csv(DNN_E_DATA, "a,w\n1,-2\n", ", weight: w", "t.csv:2", "weight");
    fail_csv(DNN_E_DATA, "a,c\n1,x\n2,z\n", ", categorical: {c: {one_hot: [x, y]}}", "t.csv:3", "'z'");
    fail_csv(DNN_E_DATA, "a,y\n", ", target: y", "no rows", NULL);
    fail_csv(DNN_E_CONFIG, "a,y\n1,2\n", ", target: y, weight: y", "target", "'y' is the weight as well");
    fail_csv(DNN_E_CONFIG, "a,c\n1,x\n", ", categorical: {c: {ordinal: [x, z, x]}}", "categorical.c", "'x' is listed twice");
    must_fail(DNN_E_DATA, "source: {csv: {path: /nowhere/at/all.csv}}", "/nowhere/at/all.csv", NULL);
}

static void the_housing_table_with_its_holes_opens(void **state)
{
    (void)state;
    const char *const housing = published("california-housing/housing.csv.gz");
    if (housing == NULL) return;
    char text[9000];
    snprintf(text, sizeof text,
             "{source: {csv: {path: %s, target: median_house_value, categorical: {ocean_proximity: one_hot}, missing: "
             "mean}}, "
             "split: {test: 0.2, validation: 0.1, shuffle: true}, scale: {features: standardize, targets: {divide: "
             "100000}}}",
             housing);
    opened o;
    must_open(&o, 1, text);
    assert_int_equal(dnn_shape_units(&dnn_dataset_input(o.ds, 0)->shape), 13);
    assert_int_equal(dnn_dataset_rows(o.ds, DNN_TEST), 4128);
    assert_int_equal(dnn_dataset_rows(o.ds, DNN_TRAIN), 20640 - 4128 - 2064);
    double mean[13] = {0}, square[13] = {0};
    const double n = (double)dnn_dataset_rows(o.ds, DNN_TRAIN);
    for (uint64_t i = 0; i < (uint64_t)n; i++)
        for (size_t j = 0; j < 13; j++) {
            const double x = input_at(&o, DNN_TRAIN, i, 0, j);
            mean[j] += x / n;
            square[j] += x * x / n;
        }
    for (size_t j = 0; j < 13; j++) assert_true(fabs(mean[j]) < 1e-6 && fabs(square[j] - 1.0) < 1e-5);
    close_opened(&o);
    snprintf(text, sizeof text,
             "{source: {csv: {path: %s, target: median_house_value, features: [total_bedrooms], missing: drop}}}",
             housing);
    must_open(&o, 1, text);
    assert_int_equal(dnn_dataset_rows(o.ds, DNN_TRAIN), 20640 - 207);
    close_opened(&o);
    snprintf(text, sizeof text, "{source: {csv: {path: %s, target: median_house_value, features: [ocean_proximity]}}}",
             housing);
    must_fail(DNN_E_DATA, text, "NEAR BAY", ":2", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_coded_as_they_are_told),
        cmocka_unit_test(an_ordinal_target_makes_labels_in_ascending_order),
        cmocka_unit_test(a_table_without_header_is_told_from_one_with),
        cmocka_unit_test(many_categories_are_found_each),
        cmocka_unit_test(columns_are_found_by_name_and_by_number),
        cmocka_unit_test(inputs_take_their_columns),
        cmocka_unit_test(a_missing_value_is_named_filled_or_left_out),
        cmocka_unit_test(wrong_cells_are_named_with_file_line_and_column),
        cmocka_unit_test(the_housing_table_with_its_holes_opens),
    };
    return cmocka_run_group_tests(tests, NULL, nothing_is_left);
}
