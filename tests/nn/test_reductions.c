/* Reductions of losses: their values and gradients, from formulas; the same for a batch in one part and in two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

#include "dnn/base/memory.h"
#include "dnn/nn/objective.h"
#include "nn/flow.h"

/* Three loss values a sample, each the mean of two squares. */
enum { ROWS = 4, IN = 5, UNITS = 6, PER_SAMPLE = 3 };

typedef struct stage { dnn_graph *graph; dnn_objective *objective; dnn_shard shard[2]; real *weights; } stage;

static dnn_status open_stage(const char *loss, stage *s)
{
    const dnn_port input = { .name = "x", .shape = dnn_shape_1(IN) };
    dnn_node *model = flow("{layers: [{dense: {units: 6}}, {reshape: {target_shape: [3, 2]}}]}"), *node = flow(loss);
    *s = (stage){ 0 };
    assert_int_equal(dnn_graph_create(model, &input, 1, &s->graph), DNN_OK);
    const dnn_status st = dnn_objective_create(s->graph, node, NULL, NULL, NULL, &s->objective);
    dnn_node_destroy(model);
    dnn_node_destroy(node);
    return st;
}

/* Rows 0 to 2 in the first shard, the last in the second; or all in the first. */
static void run_stage(stage *s, const real *x, bool whole)
{
    const size_t total = s->graph->segments.total;
    float *drawn = dnn_alloc(total, sizeof *drawn);
    s->weights = dnn_alloc(total, sizeof *s->weights);
    assert_int_equal(dnn_graph_initialize(s->graph, 5, drawn), DNN_OK);
    for (size_t i = 0; i < total; i++) s->weights[i] = drawn[i];
    dnn_free(drawn);
    dnn_shard *shards[] = { &s->shard[0], &s->shard[1] };
    for (size_t k = 0; k < 2; k++) {
        assert_int_equal(dnn_shard_create(s->graph, ROWS, true, shards[k]), DNN_OK);
        shards[k]->rows = whole ? (k == 0 ? ROWS : 0) : k == 0 ? 3 : 1;
        shards[k]->x[0] = k == 0 ? x : x + 3 * IN; /* of which one row is looked at; the rest of its capacity lies behind */
    }
    shards[1]->capacity = 1;
    const dnn_run run = { .training = true, .weights = s->weights };
    dnn_graph_forward(s->graph, &run, shards, 2);
}

static void close_stage(stage *s)
{
    for (size_t k = 0; k < 2; k++) dnn_shard_destroy(&s->shard[k]);
    dnn_free(s->weights);
    dnn_objective_destroy(s->objective);
    dnn_graph_destroy(s->graph);
}

/* The loss is `factor` times the sum of weighted loss values, and so is its gradient. */
static void expect(const char *loss, const real *weight, double factor)
{
    real x[ROWS * IN], t[ROWS * UNITS];
    for (size_t i = 0; i < ROWS * IN; i++) x[i] = (real)sin((double)i);
    for (size_t i = 0; i < ROWS * UNITS; i++) t[i] = (real)cos(2.0 * (double)i);
    for (int whole = 0; whole < 2; whole++) {
        stage s;
        double record[2][4] = { 0 }, sums[DNN_LOSS_SUMS] = { 0 }, value, sum = 0;
        assert_int_equal(open_stage(loss, &s), DNN_OK);
        run_stage(&s, x, whole);
        const real *targets[2][1] = { { t }, { t + 3 * UNITS } }, *weights[2] = { weight, weight ? weight + 3 : NULL };
        for (size_t k = 0; k < 2 && dnn_objective_sums(s.objective); k++) dnn_objective_sum(s.objective, &s.shard[k], targets[k], weights[k], sums);
        for (size_t k = 0; k < 2; k++)
            dnn_objective_eval(s.objective, &s.shard[k], targets[k], weights[k], dnn_objective_sums(s.objective) ? sums : NULL, true, record[k]);
        for (size_t i = 0; i < dnn_objective_record_size(s.objective); i++) record[0][i] += record[1][i];
        for (size_t k = 0; k < 2; k++) {
            const real *y = dnn_shard_output(s.graph, &s.shard[k], 0), *dy = dnn_shard_output_gradient(s.graph, &s.shard[k], 0, false);
            for (size_t i = 0; i < s.shard[k].rows * UNITS; i++) {
                const double w = weights[k] ? (double)weights[k][i / UNITS] : 1, d = (double)y[i] - (double)targets[k][0][i];
                sum += w * d * d / 2;
                /* What comes out is divided by the number of samples in the end. */
                assert_true(fabs((double)dy[i] / ROWS - factor * w * d) < 1e-6);
            }
        }
        dnn_objective_results(s.objective, record[0], &value);
        if (!(fabs(value - factor * sum) < 1e-5)) fail_msg("%s: %.9g instead of %.9g", loss, value, factor * sum);
        close_stage(&s);
    }
    assert_int_equal(dnn_memory_balance(), 0);
}

static void a_loss_is_a_mean_a_sum_or_a_mean_by_weights(void **state)
{
    (void)state;
    const real weight[ROWS] = { 1, 2, 0, 0.5f };
    const char *const means[] = { "mse", "{mse: {reduction: sum_over_batch_size}}", "{mse: {reduction: mean}}" };
    for (size_t i = 0; i < 3; i++) {
        expect(means[i], NULL, 1.0 / (ROWS * PER_SAMPLE));
        expect(means[i], weight, 1.0 / (ROWS * PER_SAMPLE));
    }
    expect("{mse: {reduction: sum}}", NULL, 1);
    expect("{mean_squared_error: {reduction: sum}}", weight, 1);
    expect("{mse: {reduction: mean_with_sample_weight}}", NULL, 1.0 / (ROWS * PER_SAMPLE));
    expect("{mse: {reduction: mean_with_sample_weight}}", weight, 1 / 3.5);
}

static void without_any_weight_a_mean_by_weights_is_0(void **state)
{
    (void)state;
    expect("{mse: {reduction: mean_with_sample_weight}}", (const real[ROWS]){ 0 }, 0);
}

static void expect_refused(const char *loss, const char *why)
{
    stage s;
    assert_int_equal(open_stage(loss, &s), DNN_E_CONFIG);
    if (!strstr(dnn_fail_text(), why)) fail_msg("\"%s\" is not in \"%s\"", why, dnn_fail_text());
    assert_null(s.objective);
    dnn_graph_destroy(s.graph);
    assert_int_equal(dnn_memory_balance(), 0);
}

static void other_reductions_are_refused(void **state)
{
    (void)state;
    expect_refused("{mse: {reduction: none}}", "reduction = \"none\": must be sum_over_batch_size, sum or mean_with_sample_weight");
    expect_refused("{mse: {reduction: 1}}", "reduction = 1: must be");
    expect_refused("{dice: {reduction: sum}}", "dice is one value of the whole batch");
    expect_refused("{huber: {reduction: sum, delat: 2}}", "delta");
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    const char *const texts[][2] = { { "{mse: {reduction: sum}}", "{mse: {reduction: sum}}" }, { "{mse: {reduction: mean}}", "mse" },
                                     { "{huber: {reduction: mean_with_sample_weight, delta: 2}}", "{huber: {delta: 2.0, reduction: mean_with_sample_weight}}" } };
    for (size_t i = 0; i < 3; i++) {
        dnn_component loss;
        dnn_reduction reduction;
        dnn_node *node = flow(texts[i][0]), *want = flow(texts[i][1]);
        assert_int_equal(dnn_loss_read(node, &loss, &reduction), DNN_OK);
        dnn_node *written = dnn_loss_write(&loss, reduction);
        assert_true(dnn_node_equal(written, want));
        dnn_node_destroy(node);
        dnn_node_destroy(want);
        dnn_node_destroy(written);
        dnn_component_clear(&loss);
    }
    assert_int_equal(dnn_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loss_is_a_mean_a_sum_or_a_mean_by_weights),
        cmocka_unit_test(without_any_weight_a_mean_by_weights_is_0),
        cmocka_unit_test(other_reductions_are_refused),
        cmocka_unit_test(what_is_written_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
