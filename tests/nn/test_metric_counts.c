/* Metrics of classification and r2: the examples of Keras's documentation, mathematics and brute force. */
#include "nn/metric_support.h"

/* The documentation's results are float: 7 digits. */
static void is(const char *text, size_t rows, size_t units, const real *y, const real *t, const real *weight, dnn_target target, double expected)
{
    const dnn_loss_pass pass = { .rows = rows, .units = units, .per_sample = 1, .y = y, .target = t, .weight = weight };
    const double got = value_of(text, &pass, target);
    if (!(fabs(got - expected) <= 2e-7)) fail_msg("%s: %.9g instead of %.9g", text, got, expected);
    assert_int_equal(dnn_memory_balance(), 0);
}

#define LIST(...) ((const real[]){ __VA_ARGS__ })

static void accuracies_are_those_of_keras(void **state)
{
    (void)state;
    const real *y = LIST(0.98f, 1, 0, 0.6f), *t = LIST(1, 1, 0, 0);
    is("binary_accuracy", 4, 1, y, t, NULL, DNN_TARGET_VALUES, 0.75);
    is("binary_accuracy", 4, 1, y, t, NULL, DNN_TARGET_CLASS, 0.75);
    is("binary_accuracy", 4, 1, y, t, LIST(1, 0, 0, 1), DNN_TARGET_VALUES, 0.5);
    is("{binary_accuracy: {threshold: 0.7}}", 4, 1, y, t, NULL, DNN_TARGET_VALUES, 1);
    is("binary_accuracy", 2, 2, y, t, NULL, DNN_TARGET_VALUES, 0.75); /* two labels a row: (1 + 1/2) / 2 */
    is("binary_accuracy", 2, 2, y, t, LIST(1, 3), DNN_TARGET_VALUES, 0.625);
    y = LIST(0.1f, 0.9f, 0.8f, 0.05f, 0.95f, 0), t = LIST(0, 0, 1, 0, 1, 0);
    is("categorical_accuracy", 2, 3, y, t, NULL, DNN_TARGET_VALUES, 0.5);
    is("categorical_accuracy", 2, 3, y, t, LIST(0.7f, 0.3f), DNN_TARGET_VALUES, 0.3);
    is("{top_k_categorical_accuracy: {k: 1}}", 2, 3, y, t, LIST(0.7f, 0.3f), DNN_TARGET_VALUES, 0.3);
    t = LIST(2, 1);
    is("sparse_categorical_accuracy", 2, 3, y, t, NULL, DNN_TARGET_CLASS, 0.5);
    is("sparse_categorical_accuracy", 2, 3, y, t, LIST(0.7f, 0.3f), DNN_TARGET_CLASS, 0.3);
    is("{sparse_top_k_categorical_accuracy: {k: 1}}", 2, 3, y, t, NULL, DNN_TARGET_CLASS, 0.5);
    is("{sparse_top_k_categorical_accuracy: {k: 2}}", 2, 3, y, t, NULL, DNN_TARGET_CLASS, 1);
    is("{sparse_top_k_categorical_accuracy: {k: 2}}", 2, 3, LIST(0.1f, NAN, 0.8f, 0.05f, 0.95f, 0), t, NULL, DNN_TARGET_CLASS, 0.5);
}

static void precision_and_recall_are_those_of_keras(void **state)
{
    (void)state;
    const real *y = LIST(1, 0, 1, 1), *t = LIST(0, 1, 1, 1);
    is("precision", 4, 1, y, t, NULL, DNN_TARGET_VALUES, 2.0 / 3);
    is("precision", 4, 1, y, t, LIST(0, 0, 1, 0), DNN_TARGET_VALUES, 1);
    is("{precision: {top_k: 2}}", 1, 4, LIST(1, 1, 1, 1), LIST(0, 0, 1, 1), NULL, DNN_TARGET_VALUES, 0);
    is("{precision: {top_k: 4}}", 1, 4, LIST(1, 1, 1, 1), LIST(0, 0, 1, 1), NULL, DNN_TARGET_VALUES, 0.5);
    is("recall", 4, 1, y, t, NULL, DNN_TARGET_VALUES, 2.0 / 3);
    is("recall", 4, 1, y, t, LIST(0, 0, 1, 0), DNN_TARGET_VALUES, 1);
    /* Nothing called positive, nothing positive: 0, not NaN. */
    is("precision", 4, 1, LIST(0, 0.5f, 0.1f, 0.2f), t, NULL, DNN_TARGET_VALUES, 0);
    is("recall", 4, 1, y, LIST(0, 0, 0, 0), NULL, DNN_TARGET_VALUES, 0);
}

static void precision_and_recall_look_at_a_class_at_the_best_or_at_thresholds(void **state)
{
    (void)state;
    const real y[] = { 0.7f, 0.2f, 0.1f, 0.1f, 0.3f, 0.6f, 0.4f, 0.45f, 0.15f, 0.6f, 0.3f, 0.1f }, class[] = { 0, 2, 0, 1 };
    const real shares[] = { 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0 };
    for (int k = 0; k < 2; k++) {
        const real *t = k ? shares : class;
        const dnn_target target = k ? DNN_TARGET_VALUES : DNN_TARGET_CLASS;
        is("precision", 4, 3, y, t, NULL, target, 2.0 / 3);                     /* above 1/2: .7, .6 and, wrongly, .6 */
        is("recall", 4, 3, y, t, NULL, target, 0.5);
        is("{precision: {class_id: 0}}", 4, 3, y, t, NULL, target, 0.5);
        is("{recall: {class_id: 0}}", 4, 3, y, t, NULL, target, 0.5);
        is("{recall: {class_id: 0, thresholds: 0.35}}", 4, 3, y, t, NULL, target, 1);
        is("{precision: {class_id: 0, thresholds: [0.35]}}", 4, 3, y, t, NULL, target, 2.0 / 3);
        is("{precision: {top_k: 1}}", 4, 3, y, t, NULL, target, 0.5);            /* right: rows 0 and 1 */
        is("{recall: {top_k: 2}}", 4, 3, y, t, NULL, target, 1);
        is("{recall: {top_k: 2, thresholds: 0.42}}", 4, 3, y, t, NULL, target, 0.5);
        is("{recall: {top_k: 1, class_id: 1}}", 4, 3, y, t, NULL, target, 0);
    }
    const dnn_loss_pass pass = { .rows = 4, .units = 3, .per_sample = 1, .y = y, .target = class };
    double each[2];
    const double mean = run_metric("{precision: {class_id: 0, thresholds: [0.35, 0.65]}}", &pass, DNN_TARGET_CLASS, each);
    assert_true(fabs(each[0] - 2.0 / 3) < 1e-15 && each[1] == 1 && fabs(mean - 5.0 / 6) < 1e-15);
    dnn_component c = make("{recall: {class_id: 3}}");
    assert_int_equal(dnn_metric_check(&c, 3), DNN_E_CONFIG);
    assert_string_equal(dnn_fail_text(), "class_id = 3: the output has the units 0 … 2");
    dnn_component_clear(&c);
}

static void the_area_is_that_of_keras_for_few_thresholds(void **state)
{
    (void)state;
    const real *y = LIST(0, 0.5f, 0.3f, 0.9f), *t = LIST(0, 0, 1, 1);
    is("{auc: {num_thresholds: 3}}", 4, 1, y, t, NULL, DNN_TARGET_VALUES, 0.75);
    is("{auc: {num_thresholds: 3}}", 4, 1, y, t, LIST(1, 0, 0, 1), DNN_TARGET_VALUES, 1);
    is("{auc: {thresholds: [0.5]}}", 4, 1, y, t, NULL, DNN_TARGET_VALUES, 0.75);
    /* Recall 1, 1/2, 0 over false positive rate 1, 0, 0. */
    is("{auc: {num_thresholds: 3, summation_method: minoring}}", 4, 1, y, t, NULL, DNN_TARGET_VALUES, 0.5);
    is("{auc: {num_thresholds: 3, summation_method: majoring}}", 4, 1, y, t, NULL, DNN_TARGET_VALUES, 1);
    /* Precision 1/2, 1, 0 over recall 1, 1/2, 0. */
    is("{auc: {num_thresholds: 3, curve: PR, summation_method: minoring}}", 4, 1, y, t, NULL, DNN_TARGET_VALUES, 0.25);
    is("{auc: {num_thresholds: 3, curve: PR, summation_method: majoring}}", 4, 1, y, t, NULL, DNN_TARGET_VALUES, 1);
    is("auc", 4, 1, y, LIST(0, 0, 0, 0), NULL, DNN_TARGET_VALUES, 0);
    const dnn_loss_pass nan = { .rows = 2, .units = 1, .per_sample = 1, .y = LIST(0.5f, NAN), .target = LIST(0, 1) };
    assert_true(isnan(value_of("auc", &nan, DNN_TARGET_VALUES)));
    dnn_component c = make("{auc: {thresholds: [0.5, 0.3]}}");
    assert_int_equal(dnn_metric_check(&c, 1), DNN_E_CONFIG);
    dnn_component_clear(&c);
}

/* Scores in 40 steps, which 200 thresholds tell apart: drawn by a small generator of this test. */
enum { N = 300, STEPS = 40 };
static real score[N], label[N], weight[N];

static void draw_scores(void)
{
    uint32_t x = 12345;
    for (size_t i = 0; i < N; i++) {
        x = x * 1664525u + 1013904223u;
        label[i] = (real)(x >> 31);
        const uint32_t place = (x >> 8) % STEPS, other = (x >> 16) % STEPS;
        score[i] = ((real)(label[i] > 0 && place < other ? other : place) + (real)0.5) / STEPS;
        weight[i] = (real)(1 + (x >> 20) % 3);
    }
}

static void the_area_under_roc_is_the_chance_that_a_positive_scores_higher(void **state)
{
    (void)state;
    draw_scores();
    double right = 0, all = 0;
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) {
            if (label[i] != 1 || label[j] != 0) continue;
            const double w = (double)weight[i] * (double)weight[j];
            right += score[i] > score[j] ? w : score[i] == score[j] ? w / 2 : 0;
            all += w;
        }
    const dnn_loss_pass pass = { .rows = N, .units = 1, .per_sample = 1, .y = score, .target = label, .weight = weight };
    assert_true(fabs(value_of("auc", &pass, DNN_TARGET_VALUES) - right / all) < 1e-12);
    real logits[N];
    for (size_t i = 0; i < N; i++) logits[i] = (real)log((double)score[i] / (1 - (double)score[i]));
    const dnn_loss_pass unbounded = { .rows = N, .units = 1, .per_sample = 1, .y = logits, .target = label, .weight = weight };
    assert_true(fabs(value_of("{auc: {from_logits: true}}", &unbounded, DNN_TARGET_VALUES) - right / all) < 1e-12);
}

/* Between two thresholds true and false positives grow on a straight line (Davis and Goadrich 2006): the integral of precision over
 * recall along it, by the midpoint rule. */
static void the_area_under_precision_recall_is_the_integral_along_straight_counts(void **state)
{
    (void)state;
    draw_scores();
    enum { FINE = 2000 };
    double positives = 0, area = 0, tp = 0, fp = 0;
    for (size_t i = 0; i < N; i++) positives += (double)label[i];
    for (int step = STEPS - 1; step >= 0; step--) {
        double more_tp = 0, more_fp = 0;
        for (size_t i = 0; i < N; i++) {
            if (score[i] != ((real)step + (real)0.5) / STEPS) continue;
            more_tp += label[i] == 1;
            more_fp += label[i] == 0;
        }
        for (int k = 0; k < FINE; k++) {
            const double at = (k + 0.5) / FINE, t = tp + at * more_tp, f = fp + at * more_fp;
            if (t + f > 0) area += t / (t + f) * more_tp / FINE / positives;
        }
        tp += more_tp;
        fp += more_fp;
    }
    const dnn_loss_pass pass = { .rows = N, .units = 1, .per_sample = 1, .y = score, .target = label };
    assert_true(fabs(value_of("{auc: {curve: PR}}", &pass, DNN_TARGET_VALUES) - area) < 1e-5);
    const double low = value_of("{auc: {curve: PR, summation_method: minoring}}", &pass, DNN_TARGET_VALUES);
    const double high = value_of("{auc: {curve: PR, summation_method: majoring}}", &pass, DNN_TARGET_VALUES);
    assert_true(low < area && area < high);
}

/* Outputs exactly on thresholds: above means above. */
static void counts_at_thresholds_are_those_of_brute_force(void **state)
{
    (void)state;
    enum { POINTS = 11, ROWS = 60 };
    real y[ROWS], t[ROWS];
    double tp[POINTS] = { 0 }, fp[POINTS] = { 0 }, expected = 0, positives = 0;
    for (size_t i = 0; i < ROWS; i++) {
        y[i] = (real)(i * 7 % 21) / 20;
        t[i] = (real)(i * i % 3 == 1);
        positives += (double)t[i];
        for (size_t k = 0; k < POINTS; k++) {
            const double threshold = k == 0 ? -1e-7 : k == POINTS - 1 ? 1 + 1e-7 : (double)k / (POINTS - 1);
            if ((double)y[i] <= threshold + (k == 0 || k == POINTS - 1 ? 0 : 1e-8)) continue; /* y = .1f is the threshold .1 */
            tp[k] += (double)t[i];
            fp[k] += 1 - (double)t[i];
        }
    }
    for (size_t k = 0; k + 1 < POINTS; k++)
        expected += (fp[k] - fp[k + 1]) / (ROWS - positives) * (tp[k] + tp[k + 1]) / positives / 2;
    is("{auc: {num_thresholds: 11}}", ROWS, 1, y, t, NULL, DNN_TARGET_VALUES, expected);
}

static void an_area_for_each_label_has_their_mean(void **state)
{
    (void)state;
    draw_scores();
    real two[2 * N], targets[2 * N], second[N];
    for (size_t i = 0; i < N; i++) {
        second[i] = score[(i + 1) % N];
        two[2 * i] = score[i], two[2 * i + 1] = second[i];
        targets[2 * i] = targets[2 * i + 1] = label[i];
    }
    dnn_loss_pass pass = { .rows = N, .units = 2, .per_sample = 1, .y = two, .target = targets };
    double each[2];
    const double mean = run_metric("{auc: {multi_label: true}}", &pass, DNN_TARGET_VALUES, each);
    assert_true(fabs(mean - (each[0] + each[1]) / 2) < 1e-15);
    pass = (dnn_loss_pass){ .rows = N, .units = 1, .per_sample = 1, .y = score, .target = label };
    assert_true(fabs(value_of("auc", &pass, DNN_TARGET_VALUES) - each[0]) < 1e-15);
    pass.y = second;
    assert_true(fabs(value_of("auc", &pass, DNN_TARGET_VALUES) - each[1]) < 1e-15);
}

static void f_scores_are_those_of_keras(void **state)
{
    (void)state;
    const real *t = LIST(1, 1, 1, 1, 0, 0, 1, 1, 0), *y = LIST(0.2f, 0.6f, 0.7f, 0.2f, 0.6f, 0.6f, 0.6f, 0.8f, 0);
    const dnn_loss_pass pass = { .rows = 3, .units = 3, .per_sample = 1, .y = y, .target = t };
    static const double f1[3] = { 0.5, 0.8, 0.6666667 }, f2[3] = { 0.3846154, 0.90909094, 0.8333334 };
    double each[3];
    double mean = run_metric("{f1_score: {threshold: 0.5}}", &pass, DNN_TARGET_VALUES, each);
    for (size_t i = 0; i < 3; i++) assert_true(fabs(each[i] - f1[i]) < 3e-7);
    assert_true(fabs(mean - (f1[0] + f1[1] + f1[2]) / 3) < 3e-7);
    mean = run_metric("{fbeta_score: {beta: 2.0, threshold: 0.5}}", &pass, DNN_TARGET_VALUES, each);
    for (size_t i = 0; i < 3; i++) assert_true(fabs(each[i] - f2[i]) < 3e-7);
    is("{f1_score: {threshold: 0.5, average: macro}}", 3, 3, y, t, NULL, DNN_TARGET_VALUES, 0.6555555);
    /* All units together: 4 true positives, 2 false, 2 missed. By positives: (3 · .5 + 2 · .8 + .6667) / 6. */
    is("{f1_score: {threshold: 0.5, average: micro}}", 3, 3, y, t, NULL, DNN_TARGET_VALUES, 2.0 / 3);
    is("{f1_score: {threshold: 0.5, average: weighted}}", 3, 3, y, t, NULL, DNN_TARGET_VALUES, 3.7666667 / 6);
    /* Without a threshold the largest of the row, ties both, none where all are 0: with classes 1, 0, 2 class 0 is hit once in
     * two calls, class 1 in one of one, class 2 never. */
    const real *z = LIST(0.1f, 0.8f, 0.1f, 0.4f, 0.2f, 0.4f, 0, 0, 0);
    is("f1_score", 3, 3, z, LIST(1, 0, 2), NULL, DNN_TARGET_CLASS, (1 + 1 + 0) / 3.0);
    is("f1_score", 3, 3, z, LIST(0, 1, 0, 1, 0, 0, 0, 0, 1), LIST(2, 1, 1), DNN_TARGET_VALUES, (1 + 1 + 0) / 3.0);
}

static void r2_is_that_of_keras(void **state)
{
    (void)state;
    is("r2_score", 3, 1, LIST(2, 4, 4), LIST(1, 4, 3), NULL, DNN_TARGET_VALUES, 0.57142854);
    /* Two outputs: 1 - 2/(14/3) = 4/7 and 1 - 1/2. */
    const real *y = LIST(2, 1, 4, 2, 4, 2), *t = LIST(1, 1, 4, 2, 3, 3);
    is("r2_score", 3, 2, y, t, NULL, DNN_TARGET_VALUES, (4.0 / 7 + 0.5) / 2);
    is("{r2_score: {class_aggregation: variance_weighted_average}}", 3, 2, y, t, NULL, DNN_TARGET_VALUES, 1 - 3 / (14.0 / 3 + 2));
    is("{r2_score: {num_regressors: 2}}", 3, 2, y, t, NULL, DNN_TARGET_VALUES, 1 - (1 - 15.0 / 28) * 5 / 3);
    const dnn_loss_pass pass = { .rows = 3, .units = 2, .per_sample = 1, .y = y, .target = t };
    double each[2];
    run_metric("{r2_score: {class_aggregation: none}}", &pass, DNN_TARGET_VALUES, each);
    assert_true(fabs(each[0] - 4.0 / 7) < 1e-12 && fabs(each[1] - 0.5) < 1e-12);
    /* A weight of 2 is a row twice. */
    is("r2_score", 2, 1, LIST(2, 4), LIST(1, 4), LIST(2, 1), DNN_TARGET_VALUES, 1 - 2.0 / 6);
    is("r2_score", 3, 1, LIST(2, 4, 4), LIST(3, 3, 3), NULL, DNN_TARGET_VALUES, 0);
}

static void the_metric_cosine_is_that_of_keras(void **state)
{
    (void)state;
    const real *t = LIST(0, 1, 1, 1), *y = LIST(1, 0, 1, 1);
    is("cosine_similarity", 2, 2, y, t, NULL, DNN_TARGET_VALUES, 0.49999997);
    is("cosine_similarity", 2, 2, y, t, LIST(0.3f, 0.7f), DNN_TARGET_VALUES, 0.6999999);
    is("root_mean_squared_error", 2, 2, LIST(1, 1, 0, 0), LIST(0, 1, 0, 0), NULL, DNN_TARGET_VALUES, 0.5);
}

static void a_confusion_matrix_counts_true_classes_down_and_said_ones_across(void **state)
{
    (void)state;
    const real y[] = { 0.7f, 0.2f, 0.1f, 0.1f, 0.3f, 0.6f, 0.4f, 0.4f, 0.2f, 0.6f, 0.3f, 0.1f }, class[] = { 0, 2, 1, 1 };
    dnn_loss_pass pass = { .rows = 4, .units = 3, .per_sample = 1, .y = y, .target = class };
    static const double expected[9] = { 1, 0, 0, 2, 0, 0, 0, 0, 1 }, binary[4] = { 1, 1, 0, 2 }, weighted[4] = { 3, 1, 0, 2 };
    double got[9];
    run_metric("confusion_matrix", &pass, DNN_TARGET_CLASS, got);
    assert_memory_equal(got, expected, sizeof expected);
    pass.target = LIST(1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0);
    run_metric("confusion_matrix", &pass, DNN_TARGET_VALUES, got);
    assert_memory_equal(got, expected, sizeof expected);
    pass = (dnn_loss_pass){ .rows = 4, .units = 1, .per_sample = 1, .y = LIST(0.5f, 0.6f, 0.8f, 0.9f), .target = LIST(0, 0, 1, 1) };
    run_metric("confusion_matrix", &pass, DNN_TARGET_VALUES, got);
    assert_memory_equal(got, binary, sizeof binary);
    pass.weight = LIST(3, 1, 1, 1);
    run_metric("confusion_matrix", &pass, DNN_TARGET_VALUES, got);
    assert_memory_equal(got, weighted, sizeof weighted);
}

static void metrics_say_whether_larger_is_better(void **state)
{
    (void)state;
    static const char *const up[] = { "accuracy", "auc", "precision", "f1_score", "r2_score", "cosine_similarity", "top_k_categorical_accuracy" };
    static const char *const down[] = { "mse", "binary_crossentropy", "root_mean_squared_error", "hinge" };
    for (size_t i = 0; i < sizeof up / sizeof *up; i++) assert_true(dnn_metric_larger_is_better(dnn_family_find(&dnn_metrics, up[i])));
    for (size_t i = 0; i < sizeof down / sizeof *down; i++) assert_false(dnn_metric_larger_is_better(dnn_family_find(&dnn_metrics, down[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accuracies_are_those_of_keras),
        cmocka_unit_test(precision_and_recall_are_those_of_keras),
        cmocka_unit_test(precision_and_recall_look_at_a_class_at_the_best_or_at_thresholds),
        cmocka_unit_test(the_area_is_that_of_keras_for_few_thresholds),
        cmocka_unit_test(the_area_under_roc_is_the_chance_that_a_positive_scores_higher),
        cmocka_unit_test(the_area_under_precision_recall_is_the_integral_along_straight_counts),
        cmocka_unit_test(counts_at_thresholds_are_those_of_brute_force),
        cmocka_unit_test(an_area_for_each_label_has_their_mean),
        cmocka_unit_test(f_scores_are_those_of_keras),
        cmocka_unit_test(r2_is_that_of_keras),
        cmocka_unit_test(the_metric_cosine_is_that_of_keras),
        cmocka_unit_test(a_confusion_matrix_counts_true_classes_down_and_said_ones_across),
        cmocka_unit_test(metrics_say_whether_larger_is_better),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
