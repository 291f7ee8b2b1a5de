/* Counts, operating points, overlaps and correlations: the examples of Keras's documentation, and what follows from the definitions. */
#include "nn/metric_support.h"

#define LIST(...) ((const real[]){ __VA_ARGS__ })

/* The documentation's results are float: 7 digits. */
static void is(const char *text, size_t rows, size_t units, const real *t, const real *y, const real *weight, double expected)
{
    const dnn_loss_pass pass = { .rows = rows, .units = units, .per_sample = 1, .y = y, .target = t, .weight = weight };
    const double got = value_of(text, &pass, DNN_TARGET_VALUES);
    if (!(fabs(got - expected) <= 2e-7)) fail_msg("%s: %.9g instead of %.9g", text, got, expected);
    assert_int_equal(dnn_memory_balance(), 0);
}

static void refused(const char *text, size_t units, const char *why)
{
    dnn_component c = make(text);
    assert_int_equal(dnn_metric_check(&c, units), DNN_E_CONFIG);
    if (!strstr(dnn_fail_text(), why)) fail_msg("\"%s\" is not in \"%s\"", why, dnn_fail_text());
    dnn_component_clear(&c);
}

static void counts_are_those_of_keras(void **state)
{
    (void)state;
    const real *weight = LIST(0, 0, 1, 0);
    is("true_positives", 4, 1, LIST(0, 1, 1, 1), LIST(1, 0, 1, 1), NULL, 2);
    is("true_positives", 4, 1, LIST(0, 1, 1, 1), LIST(1, 0, 1, 1), weight, 1);
    is("true_negatives", 4, 1, LIST(0, 1, 0, 0), LIST(1, 1, 0, 0), NULL, 2);
    is("true_negatives", 4, 1, LIST(0, 1, 0, 0), LIST(1, 1, 0, 0), weight, 1);
    is("false_positives", 4, 1, LIST(0, 1, 0, 0), LIST(0, 0, 1, 1), NULL, 2);
    is("false_positives", 4, 1, LIST(0, 1, 0, 0), LIST(0, 0, 1, 1), weight, 1);
    is("false_negatives", 4, 1, LIST(0, 1, 1, 1), LIST(0, 1, 0, 0), NULL, 2);
    is("false_negatives", 4, 1, LIST(0, 1, 1, 1), LIST(0, 1, 0, 0), weight, 1);
    is("false_positives", 4, 1, LIST(1, 1, 1, 1), LIST(1, 1, 1, 1), NULL, 0);
}

/* 0.5 is not above 0.5. */
static void counts_are_made_at_every_threshold(void **state)
{
    (void)state;
    const real y[] = { 0.2f, 0.5f, 0.9f, 0.7f }, t[] = { 1, 1, 1, 0 };
    const dnn_loss_pass pass = { .rows = 2, .units = 2, .per_sample = 1, .y = y, .target = t };
    double table[3];
    const double mean = run_metric("{true_positives: {thresholds: [0, 0.5, 0.95]}}", &pass, DNN_TARGET_VALUES, table);
    assert_true(table[0] == 3 && table[1] == 1 && table[2] == 0 && mean == 4.0 / 3);
    run_metric("{true_negatives: {thresholds: [0, 0.5, 0.95]}}", &pass, DNN_TARGET_VALUES, table);
    assert_true(table[0] == 0 && table[1] == 0 && table[2] == 1);
    refused("{true_positives: {thresholds: []}}", 1, "at least one is wanted");
}

static void operating_points_are_those_of_keras(void **state)
{
    (void)state;
    const real *t = LIST(0, 0, 0, 1, 1), *y = LIST(0, 0.3f, 0.8f, 0.3f, 0.8f);
    is("{sensitivity_at_specificity: {specificity: 0.5}}", 5, 1, t, y, NULL, 0.5);
    is("{sensitivity_at_specificity: {specificity: 0.5}}", 5, 1, t, y, LIST(1, 1, 2, 2, 1), 1.0 / 3);
    is("{specificity_at_sensitivity: {sensitivity: 0.5}}", 5, 1, t, y, NULL, 2.0 / 3);
    is("{specificity_at_sensitivity: {sensitivity: 0.5}}", 5, 1, t, y, LIST(1, 1, 2, 2, 2), 0.5);
    is("{precision_at_recall: {recall: 0.5}}", 5, 1, t, y, NULL, 0.5);
    is("{precision_at_recall: {recall: 0.5}}", 5, 1, t, y, LIST(2, 2, 2, 1, 1), 1.0 / 3);
    t = LIST(0, 0, 1, 1), y = LIST(0, 0.5f, 0.3f, 0.9f);
    is("{recall_at_precision: {precision: 0.8}}", 4, 1, t, y, NULL, 0.5);
    is("{recall_at_precision: {precision: 0.8}}", 4, 1, t, y, LIST(1, 0, 0, 1), 1);
    /* One threshold: 1/2. Nothing precise enough: 0. Outputs of 0 lie above no threshold. */
    is("{precision_at_recall: {recall: 0.5, num_thresholds: 1}}", 4, 1, t, y, NULL, 1);
    is("{recall_at_precision: {precision: 0.8}}", 2, 1, LIST(0, 1), LIST(0.5f, 0.5f), NULL, 0);
    is("{sensitivity_at_specificity: {specificity: 1, num_thresholds: 2}}", 2, 1, LIST(0, 1), LIST(0, 0.1f), NULL, 1);
    /* The unit that is looked at. */
    is("{specificity_at_sensitivity: {sensitivity: 1, class_id: 1}}", 2, 2, LIST(1, 0, 0, 1), LIST(0.9f, 0.2f, 0.9f, 0.8f), NULL, 1);
    refused("{precision_at_recall: {recall: 0.5, class_id: 2}}", 2, "class_id = 2: the output has the units 0 … 1");
}

static void overlaps_are_those_of_keras(void **state)
{
    (void)state;
    const real *t = LIST(0, 0, 1, 1), *y = LIST(0, 1, 0, 1), *weight = LIST(0.3f, 0.3f, 0.3f, 0.1f);
    is("{iou: {num_classes: 2, target_class_ids: [0]}}", 4, 1, t, y, NULL, 0.33333332);
    is("{iou: {num_classes: 2, target_class_ids: [0]}}", 4, 1, t, y, weight, 0.3333332);
    is("{mean_iou: {num_classes: 2}}", 4, 1, t, y, NULL, 0.33333332);
    is("{mean_iou: {num_classes: 2}}", 4, 1, t, y, weight, 0.2380952);
    is("{binary_iou: {threshold: 0.3}}", 4, 1, LIST(0, 1, 0, 1), LIST(0.1f, 0.2f, 0.4f, 0.7f), NULL, 0.33333332);
    is("{binary_iou: {threshold: 0.3}}", 4, 1, LIST(0, 1, 0, 1), LIST(0.1f, 0.2f, 0.4f, 0.7f), LIST(0.2f, 0.3f, 0.4f, 0.1f), 0.1736111);
    t = LIST(0, 0, 1, 1, 0, 0, 0, 1, 0, 1, 0, 0), weight = LIST(0.1f, 0.2f, 0.3f, 0.4f);
    y = LIST(0.2f, 0.3f, 0.5f, 0.1f, 0.2f, 0.7f, 0.5f, 0.3f, 0.1f, 0.1f, 0.4f, 0.5f);
    is("{one_hot_iou: {num_classes: 3, target_class_ids: [0, 2]}}", 4, 3, t, y, weight, 0.1 / 0.7 / 2);
    is("{one_hot_mean_iou: {num_classes: 3}}", 4, 3, t, y, weight, 0.1 / 0.7 / 3);
    is("{iou: {num_classes: 3, target_class_ids: [0, 2], sparse_y_true: false, sparse_y_pred: false}}", 4, 3, t, y, weight, 0.1 / 0.7 / 2);
    /* Classes of which there is none do not count; nor do rows of a class that is ignored. */
    is("{mean_iou: {num_classes: 5}}", 3, 1, LIST(0, 1, 4), LIST(0, 1, 4), NULL, 1);
    is("{mean_iou: {num_classes: 5, ignore_class: 4}}", 3, 1, LIST(0, 4, 4), LIST(0, 1, 2), NULL, 1);
    refused("{iou: {num_classes: 2, target_class_ids: [2]}}", 1, "the classes are 0 … 1");
    refused("{one_hot_mean_iou: {num_classes: 2}}", 3, "the output has 3 units");
}

/* Targets that are numbers of classes beside outputs for each. */
static void overlaps_take_numbers_of_classes(void **state)
{
    (void)state;
    const real y[] = { 0.9f, 0.1f, 0.2f, 0.8f, 0.6f, 0.4f }, t[] = { 0, 1, 1 };
    const dnn_loss_pass pass = { .rows = 3, .units = 2, .per_sample = 1, .y = y, .target = t };
    double table[2];
    const double mean = run_metric("{mean_iou: {num_classes: 2, sparse_y_pred: false}}", &pass, DNN_TARGET_CLASS, table);
    assert_true(fabs(mean - 0.5) < 2e-7 && fabs(table[0] - 0.5) < 2e-7 && fabs(table[1] - 0.5) < 2e-7);
}

static void correlations_are_those_of_keras(void **state)
{
    (void)state;
    const real *t = LIST(0, 1, 0.5f, 1, 1, 0.2f), *y = LIST(0.1f, 0.9f, 0.5f, 1, 0.9f, 0.2f);
    const dnn_loss_pass pass = { .rows = 2, .units = 3, .per_sample = 1, .y = y, .target = t };
    /* The documentation's values are those without the 1e-7 beside deviations of about 0.4. */
    assert_true(fabs(value_of("pearson_correlation", &pass, DNN_TARGET_VALUES) - 0.9966996338993913) < 6e-7);
    assert_true(fabs(value_of("concordance_correlation", &pass, DNN_TARGET_VALUES) - 0.9816320385426076) < 6e-7);
    is("pearson_correlation", 2, 3, t, y, LIST(1, 0), 1 / ((1 + 1e-7 / sqrt(1.0 / 6)) * (1 + 1e-7 / (0.8 * sqrt(1.0 / 6)))));
    /* Of constant rows there is none: 0. */
    is("pearson_correlation", 1, 3, LIST(1, 1, 1), LIST(1, 2, 3), NULL, 0);
    is("concordance_correlation", 1, 3, LIST(1, 1, 1), LIST(1, 2, 3), NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_those_of_keras),
        cmocka_unit_test(counts_are_made_at_every_threshold),
        cmocka_unit_test(operating_points_are_those_of_keras),
        cmocka_unit_test(overlaps_are_those_of_keras),
        cmocka_unit_test(overlaps_take_numbers_of_classes),
        cmocka_unit_test(correlations_are_those_of_keras),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
