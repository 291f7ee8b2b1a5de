/* Scalers against their formulas, computed here from the rows of the training part. */
#include "support.h"

#include "data/scaler.h"

static const char rows[] = "a,b,c,t\n100,7,1,10\n1,7,-1,2\n2,7,3,4\n4,7,2,6\n5,7,5,9\n";
/* Row 0 is the validation part; a over rows 1 to 4: 1 2 4 5, mean 3, variance 2.5; c: -1 3 2 5, mean 2.25; t: 2 4 6 9.
 */

static void section(char *text, size_t size, const char *rest)
{
    snprintf(text, size, "{source: {csv: {path: %s, target: t}}, split: {validation: 1}, %s}",
             write_text("rows.csv", rows), rest);
}

static void open_rows(opened *o, const char *rest)
{
    char text[2048];
    section(text, sizeof text, rest);
    must_open(o, 0, text);
}

static void close_to(double value, double expected)
{
    assert_true(fabs(value - expected) <= 1e-6 * fmax(1.0, fabs(expected)));
}

static void standardize_is_fitted_on_the_training_part_alone(void **state)
{
    (void)state;
    opened o;
    open_rows(&o, "scale: {features: standardize}");
    const double sd = sqrt(2.5);
    close_to(input_at(&o, DNN_TRAIN, 0, 0, 0), (1 - 3) / sd);
    close_to(input_at(&o, DNN_TRAIN, 3, 0, 0), (5 - 3) / sd);
    close_to(input_at(&o, DNN_VALIDATION, 0, 0, 0), (100 - 3) / sd);
    close_to(input_at(&o, DNN_TRAIN, 1, 0, 2), (3 - 2.25) / sqrt((10.5625 + 0.5625 + 0.0625 + 7.5625) / 4));
    close_to(target_at(&o, DNN_TRAIN, 0), 2);
    for (uint64_t i = 0; i < 4; i++) assert_true(input_at(&o, DNN_TRAIN, i, 0, 1) == 0.0f); /* constant */
    close_opened(&o);
}

static void min_max_reaches_both_ends_of_its_range(void **state)
{
    (void)state;
    opened o;
    open_rows(&o, "scale: {features: {min_max: {range: [-1, 3]}}}");
    close_to(input_at(&o, DNN_TRAIN, 0, 0, 0), -1);
    close_to(input_at(&o, DNN_TRAIN, 1, 0, 0), 0);
    close_to(input_at(&o, DNN_TRAIN, 3, 0, 0), 3);
    close_to(input_at(&o, DNN_VALIDATION, 0, 0, 0), 98);
    close_to(input_at(&o, DNN_TRAIN, 2, 0, 1), -1); /* constant: the lower end */
    close_opened(&o);
    char text[2048];
    section(text, sizeof text, "scale: {features: {min_max: {range: [1, 1]}}}");
    must_fail(DNN_E_CONFIG, text, "range", NULL);
}

static void divide_divides(void **state)
{
    (void)state;
    opened o;
    open_rows(&o, "scale: {features: {divide: 8}}");
    assert_true(input_at(&o, DNN_TRAIN, 3, 0, 0) == 0.625f);
    assert_true(input_at(&o, DNN_TRAIN, 0, 0, 1) == 0.875f);
    close_opened(&o);
}

static void scaled_targets_are_no_labels_and_come_back_unscaled(void **state)
{
    (void)state;
    opened o;
    open_rows(&o, "scale: {targets: standardize}");
    const double mean = 5.25, sd = sqrt((10.5625 + 1.5625 + 0.5625 + 14.0625) / 4);
    float y[4];
    dnn_dataset_gather_target(o.ds, DNN_TRAIN, (uint64_t[]){0, 1, 2, 3}, 4, 0, y);
    close_to(y[0], (2 - mean) / sd);
    close_to(y[3], (9 - mean) / sd);
    assert_false(dnn_dataset_target(o.ds, 0)->labels);
    dnn_dataset_unscale_target(o.ds, 0, 4, y);
    static const float original[] = {2, 4, 6, 9};
    for (size_t i = 0; i < 4; i++) close_to(y[i], original[i]);
    close_opened(&o);
}

static void what_was_fitted_serves_another_source(void **state)
{
    (void)state;
    opened o, other;
    open_rows(&o, "scale: {features: standardize, targets: {min_max: {range: [0, 1]}}}");
    dnn_node *const fitted = dnn_dataset_fitted(o.ds);
    assert_non_null(fitted);
    char text[2048];
    snprintf(text, sizeof text, "source: {csv: {path: %s}}", write_text("new.csv", "a,b,c\n3,7,2.25\n1,8,0\n"));
    assert_int_equal(open_fitted(&other, 0, fitted, text), DNN_OK);
    close_to(input_at(&other, DNN_TRAIN, 0, 0, 0), 0);
    close_to(input_at(&other, DNN_TRAIN, 1, 0, 0), -2 / sqrt(2.5));
    close_to(input_at(&other, DNN_TRAIN, 1, 0, 1), 1);
    assert_int_equal(dnn_dataset_targets(other.ds), 0);
    float y[2] = {0.0f, 1.0f};
    dnn_dataset_unscale_target(other.ds, 0, 2, y);
    close_to(y[0], 2);
    close_to(y[1], 9);
    dnn_node *const again = dnn_dataset_fitted(other.ds);
    assert_true(dnn_node_equal(fitted, again));
    dnn_node_destroy(again);
    close_opened(&other);
    snprintf(text, sizeof text, "source: {csv: {path: %s}}", write_text("new.csv", "a,b\n3,7\n"));
    assert_int_equal(open_fitted(&other, 0, fitted, text), DNN_E_DATA);
    assert_non_null(strstr(dnn_fail_text(), "3"));
    close_opened(&other);
    close_opened(&o);
    dnn_node_destroy(fitted);
}

static void a_feature_far_from_zero_loses_nothing(void **state)
{
    (void)state;
    opened o;
    char text[2048];
    snprintf(text, sizeof text, "{source: {csv: {path: %s}}, scale: {features: standardize}}",
             write_text("far.csv", "year\n16000001\n16000002\n16000003\n16000004\n"));
    must_open(&o, 0, text);
    for (uint64_t i = 0; i < 4; i++) close_to(input_at(&o, DNN_TRAIN, i, 0, 0), ((double)i - 1.5) / sqrt(1.25));
    close_opened(&o);
}

typedef struct constant_case {
    const char *name;
    dnn_feature feature;
    double x, scaled;
} constant_case;

static void a_constant_feature_is_harmless_and_other_values_of_it_stay_near(void **state)
{
    (void)state;
    const constant_case checks[] = {
        {"standardize", {.mean = 0.1 + 1e-17, .sd = 1e-17, .min = 0.1, .max = 0.1}, 0.6, 0.5},
        {"min_max", {.mean = 0.1, .sd = 0, .min = 0.1, .max = 0.1}, 0.6, 0.5},
    };
    for (size_t i = 0; i < 2; i++) {
        dnn_component scaler = {0};
        assert_int_equal(dnn_component_make(&dnn_scalers, checks[i].name, &scaler), DNN_OK);
        double shift, factor;
        assert_int_equal(
            ((const dnn_scaler_kind *)scaler.kind)->fit(scaler.params, &checks[i].feature, &shift, &factor), DNN_OK);
        close_to((checks[i].x - shift) * factor, checks[i].scaled);
        dnn_component_clear(&scaler);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(standardize_is_fitted_on_the_training_part_alone),
        cmocka_unit_test(min_max_reaches_both_ends_of_its_range),
        cmocka_unit_test(divide_divides),
        cmocka_unit_test(scaled_targets_are_no_labels_and_come_back_unscaled),
        cmocka_unit_test(what_was_fitted_serves_another_source),
        cmocka_unit_test(a_feature_far_from_zero_loses_nothing),
        cmocka_unit_test(a_constant_feature_is_harmless_and_other_values_of_it_stay_near),
    };
    return cmocka_run_group_tests(tests, NULL, nothing_is_left);
}
