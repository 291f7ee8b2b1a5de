/* What layers add to the loss: counted apart from the data term, over the rows that are there, as a mean over the
 * batch. */
#include "nn/layer_run.h"

#include "dnn/nn/objective.h"

enum { ROWS = 3, MASKED = 1, UNITS = 2 };

static void the_penalty_of_a_batch_is_the_mean_over_its_samples(void **state)
{
    layer_run r;
    dnn_objective *objective = NULL;
    (void)state;
    layer_open("{x: [2]}", "{activity_regularization: {l1: 0.5, l2: 0.25}}", ROWS + MASKED, &r);
    dnn_node *loss = dnn_node_string("mean_squared_error");
    assert_int_equal(dnn_objective_create(r.graph, loss, NULL, NULL, NULL, &objective), DNN_OK);
    const real x[(ROWS + MASKED) * UNITS] = { 1, -2, 0, 3, -4, 0, 100, 100 }, targets[(ROWS + MASKED) * UNITS] = { 0 };
    const real *all_targets[] = { targets };
    double record[8] = { 0 }, values[4];
    assert_true(dnn_objective_record_size(objective) <= 8 && dnn_objective_values(objective) == 1);
    r.shard.rows = ROWS;
    r.shard.x[0] = x;
    for (int run = 0; run < 2; run++) { /* forward starts anew each time */
        const real *y = layer_forward(&r);
        assert_memory_equal(y, x, ROWS * UNITS * sizeof *x);
        assert_true(r.shard.penalty == 0.5 * 10 + 0.25 * 30);
    }
    dnn_objective_eval(objective, &r.shard, all_targets, NULL, NULL, false, record);
    dnn_objective_results(objective, record, values);
    assert_float_equal(values[0], 30 / 6.0, 1e-6);
    assert_float_equal(dnn_objective_penalty(objective, record), 12.5 / 3, 1e-12);
    dnn_objective_destroy(objective);
    dnn_node_destroy(loss);
    layer_close(&r);
}

/* The row on a layer is that layer with activity_regularization behind it. */
static void the_row_on_a_layer_is_the_layer_behind_it(void **state)
{
    static const char *const rows[] = { "{dense: {units: 4, activation: tanh, activity_regularizer: {l1_l2: {l1: 0.5, l2: 0.25}}}}",
                                        "{dense: {units: 4, activation: softmax, activity_regularizer: {l1_l2: {l1: 0.5, l2: 0.25}}}}" };
    static const char *const layers[] = { "{dense: {units: 4, activation: tanh}}, {activity_regularization: {l1: 0.5, l2: 0.25}}",
                                          "{dense: {units: 4, activation: softmax}}, {activity_regularization: {l1: 0.5, l2: 0.25}}" };
    const real x[(ROWS + MASKED) * UNITS] = { 1, -2, 0, 3, -4, 0, 100, 100 };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        layer_run r, s;
        layer_open("{x: [2]}", rows[i], ROWS + MASKED, &r);
        layer_open("{x: [2]}", layers[i], ROWS + MASKED, &s);
        assert_true(dnn_graph_penalizes(r.graph));
        r.shard.rows = s.shard.rows = ROWS;
        r.shard.x[0] = s.shard.x[0] = x;
        const real *y = layer_forward(&r), *z = layer_forward(&s);
        assert_memory_equal(y, z, ROWS * 4 * sizeof *y);
        assert_true(r.shard.penalty == s.shard.penalty && r.shard.penalty > 0.1);
        layer_close(&r);
        layer_close(&s);
    }
    expect_refused("{x: [2]}", "{dense: {units: 4, activity_regularizer: l1_proximal}}", "works on weights alone");
}

static void other_networks_have_no_place_for_it_in_the_record(void **state)
{
    layer_run r;
    dnn_objective *objective = NULL;
    const double record[8] = { 4 };
    (void)state;
    layer_open("{x: [2]}", "{dense: {units: 2}}", ROWS, &r);
    dnn_node *loss = dnn_node_string("mean_squared_error");
    assert_int_equal(dnn_objective_create(r.graph, loss, NULL, NULL, NULL, &objective), DNN_OK);
    assert_false(dnn_graph_penalizes(r.graph));
    assert_int_equal(dnn_objective_record_size(objective), 2);
    assert_true(dnn_objective_penalty(objective, record) == 0);
    dnn_objective_destroy(objective);
    dnn_node_destroy(loss);
    layer_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_penalty_of_a_batch_is_the_mean_over_its_samples),
        cmocka_unit_test(the_row_on_a_layer_is_the_layer_behind_it),
        cmocka_unit_test(other_networks_have_no_place_for_it_in_the_record),
    };
    return cmocka_run_group_tests(tests, NULL, memory_is_balanced);
}
