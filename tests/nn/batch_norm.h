/* The tests of batch normalization, for both precisions: against Keras, and a batch cut into shards against the whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/nn/graph.h"
#include "nn/flow.h"
#include "nn/keras_batch_norm_values.h"

enum { MAX_SHARDS = 4 };

/* The layer on one batch, cut into shards of equal capacity as a step does it. */
typedef struct norm {
    dnn_graph *graph;
    const dnn_layer *layer;
    real w[4][FEATURES], dw[2][FEATURES];  /* gamma, beta, moving mean, moving variance */
    real y[BATCH_ROWS * FEATURES], dx[BATCH_ROWS * FEATURES];
} norm;

static void open_norm(const char *layer, norm *n)
{
    char text[256];
    snprintf(text, sizeof text, "{inputs: {x: [%d]}, layers: [%s]}", FEATURES, layer);
    dnn_node *model = flow(text);
    *n = (norm){ 0 };
    if (dnn_graph_create(model, NULL, 0, &n->graph) != DNN_OK) fail_msg("%s", dnn_fail_text());
    dnn_node_destroy(model);
    n->layer = &n->graph->layers[0];
    for (size_t j = 0; j < FEATURES; j++) n->w[0][j] = n->w[3][j] = 1;
}

static void pass_through(norm *n, size_t shards, bool training, const double *x, const double *w)
{
    enum { WIDTH = 1 + 2 * FEATURES };
    const dnn_layer_kind *kind = n->layer->kind;
    const size_t capacity = (BATCH_ROWS + shards - 1) / shards;
    real in[MAX_SHARDS][BATCH_ROWS * FEATURES] = { 0 }, out[MAX_SHARDS][BATCH_ROWS * FEATURES],
                                     dy[MAX_SHARDS][BATCH_ROWS * FEATURES] = { 0 },
                                     dx[MAX_SHARDS][BATCH_ROWS * FEATURES], dw[MAX_SHARDS][2][FEATURES],
                                     saved[MAX_SHARDS][2 * FEATURES], scratch[8 * FEATURES];
    double sums[MAX_SHARDS][WIDTH] = { 0 }, merged[MAX_SHARDS][WIDTH];
    const real *xs[MAX_SHARDS];
    real *dxs[MAX_SHARDS], *dws[MAX_SHARDS][4];
    dnn_pass p[MAX_SHARDS];
    const real *const weights[] = { n->w[0], n->w[1], n->w[2], n->w[3] };
    for (size_t s = 0; s < shards; s++) {
        const size_t first = s * capacity < BATCH_ROWS ? s * capacity : BATCH_ROWS;
        const size_t rows = BATCH_ROWS - first < capacity ? BATCH_ROWS - first : capacity;
        for (size_t i = 0; i < rows * FEATURES; i++)
            in[s][i] = (real)x[first * FEATURES + i], dy[s][i] = w ? (real)w[first * FEATURES + i] : 0;
        for (size_t i = rows * FEATURES; i < capacity * FEATURES; i++) in[s][i] = 1000;  /* masked */
        xs[s] = in[s];
        dxs[s] = dx[s];
        for (size_t k = 0; k < 4; k++) dws[s][k] = k < 2 ? dw[s][k] : NULL;
        p[s] = (dnn_pass){ .training = training,
                           .rows = rows,
                           .capacity = capacity,
                           .first_row = first,
                           .x = &xs[s],
                           .y = out[s],
                           .dy = dy[s],
                           .dx = &dxs[s],
                           .w = weights,
                           .dw = dws[s],
                           .saved_fixed = saved[s],
                           .scratch_fixed = scratch,
                           .sums = sums[s] };
    }
    for (int backward = 0; backward <= (w != NULL); backward++) {
        for (size_t s = 0; s < shards && training; s++)
            (backward ? kind->backward_sums : kind->forward_sums)(n->layer, &p[s]);
        memcpy(merged, sums, sizeof merged);
        for (size_t stride = 1; stride < shards && training; stride *= 2)
            for (size_t s = 0; s + stride < shards; s += 2 * stride)
                kind->merge(n->layer, backward, merged[s], merged[s + stride]);
        for (size_t s = 0; s < shards; s++) {
            p[s].merged = training ? merged[0] : NULL;
            (backward ? kind->backward : kind->forward)(n->layer, &p[s]);
        }
        if (training && !backward)
            kind->move_statistics(n->layer, merged[0], (real *const[]){ n->w[0], n->w[1], n->w[2], n->w[3] });
    }
    memset(n->dw, 0, sizeof n->dw);
    for (size_t s = 0; s < shards; s++) {
        memcpy(n->y + p[s].first_row * FEATURES, out[s], p[s].rows * FEATURES * sizeof(real));
        memcpy(n->dx + p[s].first_row * FEATURES, dx[s], p[s].rows * FEATURES * sizeof(real));
        for (size_t k = 0; w && k < 2; k++)
            for (size_t j = 0; j < FEATURES; j++) n->dw[k][j] += dw[s][k][j];
        for (size_t i = p[s].rows * FEATURES; w && i < capacity * FEATURES; i++) assert_true(dx[s][i] == 0);
    }
}

/* A few roundings of values up to about 4, amplified by 1 / sd of about 2. */
static void assert_close(const real *have, const double *want, size_t n, const char *what, size_t batch)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)have[i] - want[i]) <= 64 * DNN_REAL_EPSILON))
            fail_msg("%s[%zu] of batch %zu is %.12g, Keras has %.12g", what, i, batch, (double)have[i], want[i]);
}

static void check_against_keras(size_t shards)
{
    norm n;
    open_norm("batch_normalization", &n);
    for (size_t j = 0; j < FEATURES; j++) {
        n.w[0][j] = (real)(1 + 0.1 * (double)j);
        n.w[1][j] = (real)(0.05 * (double)j);
    }
    for (size_t b = 0; b < BATCHES; b++) {
        pass_through(&n, shards, true, batch_x[b], batch_w[b]);
        assert_close(n.y, batch_y[b], BATCH_ROWS * FEATURES, "y", b);
        assert_close(n.dx, batch_dx[b], BATCH_ROWS * FEATURES, "dx", b);
        assert_close(n.dw[0], batch_dgamma[b], FEATURES, "dgamma", b);
        assert_close(n.dw[1], batch_dbeta[b], FEATURES, "dbeta", b);
        assert_close(n.w[2], batch_mean[b], FEATURES, "moving_mean", b);
        assert_close(n.w[3], batch_variance[b], FEATURES, "moving_variance", b);
    }
    pass_through(&n, shards, false, inference_x[0], NULL);
    assert_close(n.y, inference_y[0], BATCH_ROWS * FEATURES, "y in inference", 0);
    dnn_graph_destroy(n.graph);
}

static void three_batches_give_what_keras_gives(void **state)
{
    (void)state;
    check_against_keras(1);
}

/* 8 rows in shards of 4 + 4, of 3 + 3 + 2, of 2 each. */
static void a_batch_cut_into_shards_gives_what_keras_gives(void **state)
{
    (void)state;
    for (size_t shards = 2; shards <= MAX_SHARDS; shards++) check_against_keras(shards);
}

static void one_row_gives_beta_and_takes_a_hundredth_from_the_moving_variance(void **state)
{
    (void)state;
    norm n;
    open_norm("batch_normalization", &n);
    const dnn_layer_kind *kind = n.layer->kind;
    const real x[FEATURES] = { 3, -1, 0.5f, 1e6f, 7 }, *xs[] = { x };
    real y[FEATURES], dy[FEATURES] = { 1, 2, 3, 4, 5 }, dx[FEATURES], saved[2 * FEATURES], scratch[8 * FEATURES];
    double sums[1 + 2 * FEATURES];
    for (size_t j = 0; j < FEATURES; j++) n.w[1][j] = (real)j;
    dnn_pass p = { .training = true,
                   .rows = 1,
                   .capacity = 1,
                   .x = xs,
                   .y = y,
                   .dy = dy,
                   .dx = (real *[]){ dx },
                   .saved_fixed = saved,
                   .w = (const real *const[]){ n.w[0], n.w[1], n.w[2], n.w[3] },
                   .dw = (real *const[]){ NULL, NULL, NULL, NULL },
                   .scratch_fixed = scratch,
                   .sums = sums };
    kind->forward_sums(n.layer, &p);
    p.merged = sums;
    kind->forward(n.layer, &p);
    kind->move_statistics(n.layer, sums, (real *const[]){ n.w[0], n.w[1], n.w[2], n.w[3] });
    kind->backward_sums(n.layer, &p);
    kind->backward(n.layer, &p);
    for (size_t j = 0; j < FEATURES; j++) {
        assert_true(y[j] == (real)j);
        assert_true(dx[j] == 0);
        assert_true(fabs(n.w[3][j] - 0.99) < DNN_REAL_EPSILON);
    }
    dnn_graph_destroy(n.graph);
}

static void merging_an_empty_part_changes_nothing(void **state)
{
    (void)state;
    enum { WIDTH = 1 + 2 * FEATURES };
    norm n;
    open_norm("batch_normalization", &n);
    double part[WIDTH], empty[WIDTH], merged[WIDTH];
    real x[BATCH_ROWS * FEATURES], scratch[8 * FEATURES];
    for (size_t i = 0; i < BATCH_ROWS * FEATURES; i++) x[i] = (real)batch_x[0][i];
    dnn_pass p = { .training = true,
                   .rows = BATCH_ROWS,
                   .capacity = BATCH_ROWS,
                   .x = (const real *const[]){ x },
                   .scratch_fixed = scratch };
    p.sums = part;
    n.layer->kind->forward_sums(n.layer, &p);
    p.sums = empty;
    p.rows = 0;
    n.layer->kind->forward_sums(n.layer, &p);
    for (int side = 0; side < 2; side++) {
        memcpy(merged, side ? empty : part, sizeof merged);
        n.layer->kind->merge(n.layer, false, merged, side ? part : empty);
        assert_memory_equal(merged, part, sizeof merged);
    }
    dnn_graph_destroy(n.graph);
}

/* E[x²] - E[x]² would have no digit left in float, and few in double. */
static void a_mean_far_from_zero_does_not_spoil_the_variance(void **state)
{
    (void)state;
    norm n;
    double x[BATCH_ROWS * FEATURES];
    for (size_t i = 0; i < BATCH_ROWS * FEATURES; i++)
        x[i] = 100000 + (double)(i / FEATURES % 2); /* 0 and 1: variance 1/4 */
    open_norm("{batch_normalization: {epsilon: 1e-12}}", &n);
    pass_through(&n, 3, true, x, NULL);
    for (size_t i = 0; i < BATCH_ROWS * FEATURES; i++) assert_true(fabs(n.y[i] - (i / FEATURES % 2 ? 1 : -1)) < 1e-6);
    for (size_t j = 0; j < FEATURES; j++) assert_true(fabs(n.w[3][j] - (0.99 + 0.01 * 0.25)) < 1e-6);
    dnn_graph_destroy(n.graph);
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
        cmocka_unit_test(three_batches_give_what_keras_gives),
        cmocka_unit_test(a_batch_cut_into_shards_gives_what_keras_gives),
        cmocka_unit_test(one_row_gives_beta_and_takes_a_hundredth_from_the_moving_variance),
        cmocka_unit_test(merging_an_empty_part_changes_nothing),
        cmocka_unit_test(a_mean_far_from_zero_does_not_spoil_the_variance),
    };
    return cmocka_run_group_tests(tests, NULL, memory_is_balanced);
}
