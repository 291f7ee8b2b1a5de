/* Metrics: values worked out by hand, weights, states that add, and losses as metrics. */
#include "nn/metric_support.h"
#include "nn/golden_losses.h"

static void accuracy_of_one_unit_asks_for_more_than_a_half(void **state)
{
    (void)state;
    real y[5] = { 0.5, 0.500001f, 0.2f, 0.9f, 0.7f }, t[5] = { 0, 1, 0, 0, 1 }, weight[5] = { 1, 1, 1, 4, 1 };
    dnn_loss_pass pass = { .rows = 5, .units = 1, .per_sample = 1, .y = y, .target = t };
    assert_true(fabs(value_of("accuracy", &pass, DNN_TARGET_VALUES) - 0.8) < 1e-15);
    assert_true(fabs(value_of("accuracy", &pass, DNN_TARGET_CLASS) - 0.8) < 1e-15);
    pass.weight = weight;
    assert_true(fabs(value_of("accuracy", &pass, DNN_TARGET_VALUES) - 0.5) < 1e-15);
}

static void accuracy_of_several_units_takes_the_first_of_the_largest(void **state)
{
    (void)state;
    real y[12] = { 0.1f, 0.8f, 0.1f, 0.4f, 0.4f, 0.2f, 0.2f, 0.4f, 0.4f, 0.5f, 0.3f, 0.2f }, class[4] = { 1, 0, 2, 9 };
    real shares[12] = { 0, 1, 0, 0.5f, 0.5f, 0, 0, 0, 1, 0, 1, 0 };
    dnn_loss_pass pass = { .rows = 4, .units = 3, .per_sample = 1, .y = y, .target = class };
    assert_true(value_of("accuracy", &pass, DNN_TARGET_CLASS) == 0.5);
    pass.target = shares;
    assert_true(value_of("accuracy", &pass, DNN_TARGET_VALUES) == 0.5);
}

static void top_k_counts_only_what_is_strictly_greater(void **state)
{
    (void)state;
    real y[8] = { 0.1f, 0.2f, 0.3f, 0.4f, 0.25f, 0.25f, 0.25f, 0.25f }, class[2] = { 1, 3 };
    dnn_loss_pass pass = { .rows = 2, .units = 4, .per_sample = 1, .y = y, .target = class };
    assert_true(value_of("{top_k_categorical_accuracy: 2}", &pass, DNN_TARGET_CLASS) == 0.5);
    assert_true(value_of("{top_k_categorical_accuracy: 1}", &pass, DNN_TARGET_CLASS) == 0.5);
    assert_true(value_of("{top_k_categorical_accuracy: {k: 3}}", &pass, DNN_TARGET_CLASS) == 1);
    assert_true(value_of("top_k_categorical_accuracy", &pass, DNN_TARGET_CLASS) == 1);
    class[0] = 7;
    assert_true(value_of("top_k_categorical_accuracy", &pass, DNN_TARGET_CLASS) == 0.5);
}

static void the_root_is_taken_of_the_mean_over_all_rows(void **state)
{
    (void)state;
    real y[4] = { 1, 2, 3, 4 }, t[4] = { 1, 4, 0, 0 }, weight[2] = { 3, 1 };
    dnn_loss_pass pass = { .rows = 2, .units = 2, .per_sample = 1, .y = y, .target = t };
    assert_true(fabs(value_of("root_mean_squared_error", &pass, DNN_TARGET_VALUES) - sqrt(29.0 / 4)) < 1e-15);
    pass.weight = weight;
    assert_true(fabs(value_of("root_mean_squared_error", &pass, DNN_TARGET_VALUES) - sqrt((3 * 2 + 12.5) / 4)) < 1e-15);
}

static void every_loss_is_a_metric_with_its_mean_over_rows(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof golden_losses / sizeof *golden_losses; k++) {
        const struct golden_loss *g = &golden_losses[k];
        const dnn_loss_kind *loss = (const dnn_loss_kind *)dnn_family_find(&dnn_losses, g->name);
        real y[GOLDEN_ROWS * GOLDEN_UNITS], t[GOLDEN_ROWS * GOLDEN_UNITS];
        for (size_t i = 0; i < GOLDEN_ROWS * GOLDEN_UNITS; i++) y[i] = (real)g->y[i];
        for (size_t i = 0; i < (loss->target == DNN_TARGET_CLASS ? 6u : 24u); i++) t[i] = (real)g->target[i];
        const dnn_loss_pass pass = { .rows = GOLDEN_ROWS, .units = GOLDEN_UNITS, .per_sample = 1, .y = y, .target = t };
        const double sign = strcmp(g->name, "cosine_similarity") == 0 ? -1 : 1;  /* the metric is the cosine itself */
        assert_true(fabs(value_of(g->name, &pass, loss->target) - sign * g->mean) <= 1e-6 * fmax(1, fabs(g->mean)));
    }
    assert_int_equal(dnn_memory_balance(), 0);
}

/* What a metric needs beside its name, where it has no default. */
static const char *with_parameters(const char *name)
{
    static const char *const texts[] = {
        "{precision_at_recall: {recall: 0.25}}", "{recall_at_precision: {precision: 0.25}}", "{sensitivity_at_specificity: {specificity: 0.25}}",
        "{specificity_at_sensitivity: {sensitivity: 0.25}}", "{iou: {num_classes: 4, target_class_ids: [0, 2], sparse_y_pred: false}}",
        "{mean_iou: {num_classes: 4}}", "{one_hot_iou: {num_classes: 4, target_class_ids: 1}}", "{one_hot_mean_iou: {num_classes: 4}}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strncmp(texts[i] + 1, name, strlen(name)) == 0 && texts[i][1 + strlen(name)] == ':') return texts[i];
    return name;
}

static void states_of_parts_add_to_the_state_of_the_whole(void **state)
{
    (void)state;
    for (size_t k = 0; k < dnn_metrics.count; k++) {
        dnn_component c = make(with_parameters(dnn_metrics.kinds[k]->name));
        real y[24], t[24], weight[6] = { 1, 2, 0.5, 1, 3, 0.25 };
        const dnn_target target = dnn_metric_accepts(&c, DNN_TARGET_VALUES, 4) ? DNN_TARGET_VALUES : DNN_TARGET_CLASS;
        for (size_t i = 0; i < 24; i++) y[i] = (real)golden_prob[i], t[i] = (real)(target == DNN_TARGET_CLASS ? i % 4 : golden_soft[i]);
        dnn_loss_pass pass = { .rows = 6, .units = 4, .per_sample = 1, .y = y, .target = t, .weight = weight };
        double whole[MAX_STATE] = { 0 }, parts[MAX_STATE] = { 0 };
        assert_true(dnn_metric_state(&c, 4) <= MAX_STATE);
        dnn_metric_update(&c, &pass, target, whole);
        const size_t cut[] = { 0, 1, 1, 4, 6 }; /* three parts and an empty one */
        for (size_t i = 0; i < 4; i++) {
            dnn_loss_pass part = pass;
            part.rows = cut[i + 1] - cut[i];
            part.y += cut[i] * 4;
            part.target += cut[i] * (target == DNN_TARGET_CLASS ? 1 : 4);
            part.weight += cut[i];
            dnn_metric_update(&c, &part, target, parts);
        }
        for (size_t i = 0; i < dnn_metric_state(&c, 4); i++) assert_true(fabs(whole[i] - parts[i]) < 1e-12);
        const double none[MAX_STATE] = { 0 };
        assert_true(isnan(dnn_metric_result(&c, 4, none)));
        dnn_component_clear(&c);
    }
    assert_int_equal(dnn_memory_balance(), 0);
}

static void class_numbers_fit_metrics_of_values_only_where_there_is_one_unit(void **state)
{
    (void)state;
    dnn_component mse = make("mse"), sparse = make("sparse_categorical_crossentropy"), root = make("root_mean_squared_error");
    assert_false(dnn_metric_accepts(&mse, DNN_TARGET_CLASS, 3));
    assert_true(dnn_metric_accepts(&mse, DNN_TARGET_CLASS, 1));
    assert_false(dnn_metric_accepts(&root, DNN_TARGET_CLASS, 3));
    assert_false(dnn_metric_accepts(&sparse, DNN_TARGET_VALUES, 3));
    dnn_component_clear(&mse);
    dnn_component_clear(&sparse);
    dnn_component_clear(&root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accuracy_of_one_unit_asks_for_more_than_a_half),
        cmocka_unit_test(accuracy_of_several_units_takes_the_first_of_the_largest),
        cmocka_unit_test(top_k_counts_only_what_is_strictly_greater),
        cmocka_unit_test(the_root_is_taken_of_the_mean_over_all_rows),
        cmocka_unit_test(every_loss_is_a_metric_with_its_mean_over_rows),
        cmocka_unit_test(states_of_parts_add_to_the_state_of_the_whole),
        cmocka_unit_test(class_numbers_fit_metrics_of_values_only_where_there_is_one_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
