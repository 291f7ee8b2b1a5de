/* Running graphs in float: memory, masks by position, what is skipped for frozen layers, what an observer sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "nn/flow.h"
#include "nn/graph.h"

enum { UNITS = 20, MOST_ROWS = 12 };

static dnn_graph *create(const char *model)
{
    dnn_graph *g = NULL;
    dnn_node *node = flow(model);
    if (dnn_graph_create(node, NULL, 0, &g) != DNN_OK) fail_msg("%s", dnn_fail_text());
    dnn_node_destroy(node);
    return g;
}

/* Weights from seed 1 and rows that differ. */
typedef struct rig {
    dnn_graph *g;
    float *weights, *gradient, x[MOST_ROWS * UNITS];
    double *sums;
    dnn_shard shard, *at[1];
    dnn_run run;
} rig;

static void open_rig(const char *model, size_t rows, size_t first_row, bool backward, rig *r)
{
    *r = (rig){ .g = create(model) };
    const size_t total = r->g->segments.total;
    r->weights = dnn_alloc(total + 1, sizeof(float));
    r->gradient = dnn_alloc(total + 1, sizeof(float));
    r->sums = dnn_alloc(r->g->max_sums + 1, sizeof(double));
    assert_int_equal(dnn_graph_initialize(r->g, 1, r->weights), DNN_OK);
    assert_int_equal(dnn_shard_create(r->g, rows, backward, &r->shard), DNN_OK);
    for (size_t i = 0; i < rows * UNITS; i++) r->x[i] = (float)((first_row * UNITS + i) * 37 % 101) / 50 - 1;
    r->shard.rows = rows;
    r->shard.first_row = first_row;
    r->shard.x[0] = r->x;
    r->shard.gradient = r->gradient;
    r->shard.sums = r->sums;
    r->at[0] = &r->shard;
    r->run = (dnn_run){ .training = true, .seed = 4, .step = 9, .weights = r->weights };
}

static void close_rig(rig *r)
{
    dnn_shard_destroy(&r->shard);
    dnn_free(r->weights);
    dnn_free(r->gradient);
    dnn_free(r->sums);
    dnn_graph_destroy(r->g);
}

static void backward_of_ones(rig *r)
{
    float *dy = dnn_shard_output_gradient(r->g, &r->shard, 0, false);
    const size_t n = r->shard.capacity * dnn_shape_units(&r->g->outputs[0].shape);
    for (size_t i = 0; i < n; i++) dy[i] = i / dnn_shape_units(&r->g->outputs[0].shape) < r->shard.rows ? 1 : 0;
    dnn_graph_backward(r->g, &r->run, r->at, 1, (bool[]){ false });
}

#define DEEP                                                                                                           \
    "{inputs: {x: [20]}, defaults: {dense: {units: 20, activation: gelu}}, layers: [batch_normalization, dense, "      \
    "{dropout: 0.3}, dense, "                                                                                          \
    "batch_normalization, {gaussian_noise: 0.1}, {dense: {units: 3, activation: softmax}}]}"

static void nothing_is_allocated_in_a_step(void **state)
{
    (void)state;
    rig r;
    open_rig(DEEP, 8, 0, true, &r);
    r.run.statistics = r.weights;
    const size_t before = dnn_memory_allocations();
    for (int step = 0; step < 3; step++) {
        dnn_graph_forward(r.g, &r.run, r.at, 1);
        backward_of_ones(&r);
    }
    assert_int_equal(dnn_memory_allocations(), before);
    close_rig(&r);
}

/* Rows 4 to 7 alone draw what they draw within the batch. */
static void masks_and_noise_depend_on_the_place_in_the_batch_alone(void **state)
{
    (void)state;
    static const char *const models[] = { "{inputs: {x: [20]}, layers: [{dropout: 0.5}]}",
                                          "{inputs: {x: [20]}, layers: [{alpha_dropout: 0.5}]}",
                                          "{inputs: {x: [20]}, layers: [{gaussian_noise: 1.0}]}" };
    for (size_t m = 0; m < sizeof models / sizeof *models; m++) {
        rig whole, part;
        open_rig(models[m], MOST_ROWS, 0, false, &whole);
        open_rig(models[m], 4, 4, false, &part);
        dnn_graph_forward(whole.g, &whole.run, whole.at, 1);
        dnn_graph_forward(part.g, &part.run, part.at, 1);
        assert_memory_equal(dnn_shard_output(whole.g, &whole.shard, 0) + 4 * UNITS,
                            dnn_shard_output(part.g, &part.shard, 0), 4 * UNITS * sizeof(float));
        close_rig(&whole);
        close_rig(&part);
    }
}

static void dropout_zeroes_its_share_and_scales_the_rest(void **state)
{
    (void)state;
    enum { DRAWS = 500 };
    rig r;
    size_t zeros = 0;
    open_rig("{inputs: {x: [20]}, layers: [{dropout: 0.2}]}", MOST_ROWS, 0, false, &r);
    for (size_t i = 0; i < MOST_ROWS * UNITS; i++) r.x[i] = 1;
    for (uint64_t step = 0; step < DRAWS; step++) {
        r.run.step = step;
        dnn_graph_forward(r.g, &r.run, r.at, 1);
        const float *y = dnn_shard_output(r.g, &r.shard, 0);
        for (size_t i = 0; i < MOST_ROWS * UNITS; i++) {
            assert_true(y[i] == 0 || y[i] == 1.25f);
            zeros += y[i] == 0;
        }
    }
    /* 120,000 draws: five standard deviations are 0.0058. */
    const double share = (double)zeros / (DRAWS * MOST_ROWS * UNITS);
    assert_true(share > 0.1942 && share < 0.2058);
    close_rig(&r);
}

/* Klambauer et al. 2017, section 3: mean 0 and variance 1 come out as they went in. */
static void alpha_dropout_keeps_mean_and_variance(void **state)
{
    (void)state;
    enum { DRAWS = 2000, ALL = DRAWS * MOST_ROWS * UNITS };
    rig r;
    double sum = 0, squares = 0;
    open_rig("{inputs: {x: [20]}, layers: [{alpha_dropout: 0.3}]}", MOST_ROWS, 0, false, &r);
    for (size_t i = 0; i < MOST_ROWS * UNITS; i++) r.x[i] = i % 2 ? 1 : -1;
    for (uint64_t step = 0; step < DRAWS; step++) {
        r.run.step = step;
        dnn_graph_forward(r.g, &r.run, r.at, 1);
        const float *y = dnn_shard_output(r.g, &r.shard, 0);
        for (size_t i = 0; i < MOST_ROWS * UNITS; i++) sum += y[i], squares += (double)y[i] * y[i];
    }
    /* 480,000 draws of variance 1 and kurtosis below 4: five standard deviations are 0.0072 and 0.0125. */
    assert_true(sum / ALL > -0.0072 && sum / ALL < 0.0072);
    assert_true(squares / ALL > 0.9875 && squares / ALL < 1.0125);
    close_rig(&r);
}

static void a_shard_for_inference_takes_less_and_gives_the_same(void **state)
{
    (void)state;
    rig full, lean;
    open_rig(DEEP, 8, 0, true, &full);
    open_rig(DEEP, 8, 0, false, &lean);
    assert_true(2 * dnn_graph_shard_bytes(full.g, 1000, false) < dnn_graph_shard_bytes(full.g, 1000, true));
    for (int training = 0; training < 2; training++) {
        full.run.training = lean.run.training = training;
        dnn_graph_forward(full.g, &full.run, full.at, 1);
        dnn_graph_forward(lean.g, &lean.run, lean.at, 1);
        assert_memory_equal(dnn_shard_output(full.g, &full.shard, 0), dnn_shard_output(lean.g, &lean.shard, 0),
                            8 * 3 * sizeof(float));
        assert_memory_equal(dnn_shard_logits(full.g, &full.shard, 0), dnn_shard_logits(lean.g, &lean.shard, 0),
                            8 * 3 * sizeof(float));
    }
    close_rig(&full);
    close_rig(&lean);
}

/* What a layer more takes in training is its output, in inference nothing; gradients take turns in two places. */
static void a_deep_path_reuses_its_buffers(void **state)
{
    (void)state;
    enum { ROWS = 1000, WIDE = 64 };
    size_t training[2], inference[2];
    for (int i = 0; i < 2; i++) {
        char model[256];
        snprintf(
            model, sizeof model,
            "{inputs: {x: [64]}, layers: [{repeat: {times: %d, layers: [{dense: {units: 64, activation: relu}}]}}]}",
            i ? 40 : 20);
        dnn_graph *g = create(model);
        training[i] = dnn_graph_shard_bytes(g, ROWS, true);
        inference[i] = dnn_graph_shard_bytes(g, ROWS, false);
        dnn_graph_destroy(g);
    }
    const size_t output = ROWS * WIDE * sizeof(float);
    assert_true(training[1] - training[0] < 21 * output);
    assert_true(training[0] < 25 * output);  /* 20 outputs, logits, gradients of both and of two more */
    assert_true(inference[1] - inference[0] < output / 10);
    assert_true(inference[0] < 4 * output);
}

typedef struct seen { char names[512]; } seen;

static void see(void *context, const dnn_layer *l, bool backward, size_t rows, const real *values, size_t units)
{
    seen *s = context;
    assert_int_equal(units, dnn_shape_units(&l->out));
    assert_int_equal(rows, 8);
    assert_non_null(values);
    if (*s->names) strcat(s->names, " ");
    strcat(s->names, backward ? "-" : "+");
    strcat(s->names, l->name);
}

static void done(void *context, size_t layer)
{
    seen *s = context;
    snprintf(s->names + strlen(s->names), sizeof s->names - strlen(s->names), " !%zu", layer);
}

static void an_observer_sees_every_layer_both_ways(void **state)
{
    (void)state;
    rig r;
    seen s = { "" };
    open_rig("{inputs: {x: [20]}, layers: [{dense: 5}, {reshape: [5, 1]}, {dense: {units: 2, activation: softmax}}]}",
             8, 0, true, &r);
    r.run.observer = &(dnn_observer){ see, &s };
    r.run.gradient_done = done;
    r.run.done_context = &s;
    dnn_graph_forward(r.g, &r.run, r.at, 1);
    assert_string_equal(s.names, "+dense +reshape +dense_1 +dense_1/softmax");
    *s.names = '\0';
    backward_of_ones(&r);
    assert_string_equal(s.names, "-dense_1/softmax -dense_1 !2 -dense !0");
    close_rig(&r);
}

static void nothing_is_computed_backward_below_the_lowest_layer_that_learns(void **state)
{
    (void)state;
    rig r;
    seen s = { "" };
    open_rig("{inputs: {x: [20]}, layers: [{dense: 5}, batch_normalization, {dense: 4}, {dense: 3}]}", 8, 0, true, &r);
    dnn_graph_freeze(r.g, 0, true);
    dnn_graph_freeze(r.g, 1, true);
    dnn_graph_freeze(r.g, 3, true);
    for (size_t i = 0; i < r.g->segments.total; i++) r.gradient[i] = 77;
    r.run.observer = &(dnn_observer){ see, &s };
    dnn_graph_forward(r.g, &r.run, r.at, 1);
    *s.names = '\0';
    backward_of_ones(&r);
    assert_string_equal(s.names, "-dense_2 -dense_1");
    for (size_t i = 0; i < r.g->segments.count; i++)
        for (size_t j = 0; j < r.g->segments.at[i].length; j++)
            assert_int_equal(r.gradient[r.g->segments.at[i].offset + j] == 77, !r.g->segments.at[i].trainable);
    close_rig(&r);
}

static void a_frozen_batch_norm_normalizes_by_its_moving_statistics(void **state)
{
    (void)state;
    rig r;
    open_rig("{inputs: {x: [20]}, layers: [{batch_normalization: {epsilon: 1e-6}}]}", 8, 0, true, &r);
    float *mean = r.weights + r.g->segments.at[2].offset, *variance = r.weights + r.g->segments.at[3].offset;
    for (size_t j = 0; j < UNITS; j++) mean[j] = 0.5f, variance[j] = 4;
    dnn_graph_freeze(r.g, 0, true);
    r.run.statistics = r.weights;
    dnn_graph_forward(r.g, &r.run, r.at, 1);
    const float *y = dnn_shard_output(r.g, &r.shard, 0);
    for (size_t i = 0; i < 8 * UNITS; i++) assert_float_equal(y[i], (r.x[i] - 0.5f) / 2, 1e-6);
    for (size_t j = 0; j < UNITS; j++) assert_true(mean[j] == 0.5f && variance[j] == 4);
    close_rig(&r);
}

static void statistics_move_only_where_they_are_given(void **state)
{
    (void)state;
    rig r;
    open_rig("{inputs: {x: [20]}, layers: [batch_normalization]}", 8, 0, true, &r);
    const float *mean = r.weights + r.g->segments.at[2].offset;
    dnn_graph_forward(r.g, &r.run, r.at, 1);
    for (size_t j = 0; j < UNITS; j++) assert_true(mean[j] == 0);
    r.run.statistics = r.weights;
    dnn_graph_forward(r.g, &r.run, r.at, 1);
    for (size_t j = 0; j < UNITS; j++) {
        double sum = 0;
        for (size_t i = 0; i < 8; i++) sum += r.x[i * UNITS + j];
        assert_float_equal(mean[j], 0.01 * sum / 8, 1e-8);
    }
    const float before = mean[3];
    r.run.training = false;
    dnn_graph_forward(r.g, &r.run, r.at, 1);
    assert_true(mean[3] == before);
    close_rig(&r);
}

/* A worker whose share is empty takes part in the reductions and adds nothing. */
static const double *count_calls(void *context, const dnn_layer *l, bool backward, dnn_shard *const *shards, size_t n)
{
    static double merged[1 + 2 * UNITS];
    (void)shards;
    (void)backward;
    assert_int_equal(n, 0);
    assert_true(l->plan.sums <= 1 + 2 * UNITS);
    ++*(size_t *)context;
    return merged;
}

static void a_worker_without_shards_joins_every_reduction(void **state)
{
    (void)state;
    rig r;
    size_t calls = 0;
    open_rig("{inputs: {x: [20]}, layers: [batch_normalization, {dense: 20}, batch_normalization, {dense: {units: 2, "
             "activation: softmax}}]}",
             8, 0, true, &r);
    r.run.reducer = &(dnn_reducer){ count_calls, &calls };
    dnn_graph_forward(r.g, &r.run, NULL, 0);
    assert_int_equal(calls, 2);
    dnn_graph_backward(r.g, &r.run, NULL, 0, (bool[]){ true });
    assert_int_equal(calls, 3);  /* nobody wants the gradient of the input */
    close_rig(&r);
}

static int memory_is_balanced(void **state)
{
    (void)state;
    dnn_place_forget();
    assert_int_equal(dnn_memory_balance(), 0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_allocated_in_a_step),
        cmocka_unit_test(masks_and_noise_depend_on_the_place_in_the_batch_alone),
        cmocka_unit_test(dropout_zeroes_its_share_and_scales_the_rest),
        cmocka_unit_test(alpha_dropout_keeps_mean_and_variance),
        cmocka_unit_test(a_shard_for_inference_takes_less_and_gives_the_same),
        cmocka_unit_test(a_deep_path_reuses_its_buffers),
        cmocka_unit_test(an_observer_sees_every_layer_both_ways),
        cmocka_unit_test(nothing_is_computed_backward_below_the_lowest_layer_that_learns),
        cmocka_unit_test(a_frozen_batch_norm_normalizes_by_its_moving_statistics),
        cmocka_unit_test(statistics_move_only_where_they_are_given),
        cmocka_unit_test(a_worker_without_shards_joins_every_reduction),
    };
    return cmocka_run_group_tests(tests, NULL, memory_is_balanced);
}
