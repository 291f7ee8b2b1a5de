/* One layer alone, run forward through its graph: for tests of values. */
#ifndef DNN_TESTS_NN_LAYER_RUN_H
#define DNN_TESTS_NN_LAYER_RUN_H

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

/* Owned by whoever opened it. */
typedef struct layer_run {
    dnn_graph *graph;
    real *weights; /* [segments.total], drawn with seed 1 */
    dnn_shard shard, *at[1];
    dnn_run run;
} layer_run;

static inline void layer_open(const char *inputs, const char *layer, size_t rows, layer_run *r)
{
    char text[1024];
    snprintf(text, sizeof text, "{inputs: %s, layers: [%s]}", inputs, layer);
    dnn_node *model = flow(text);
    *r = (layer_run){ 0 };
    if (dnn_graph_create(model, NULL, 0, &r->graph) != DNN_OK) fail_msg("%s: %s", text, dnn_fail_text());
    dnn_node_destroy(model);
    float *drawn = dnn_alloc(r->graph->segments.total + 1, sizeof *drawn);
    r->weights = dnn_alloc(r->graph->segments.total + 1, sizeof *r->weights);
    assert_int_equal(dnn_graph_initialize(r->graph, 1, drawn), DNN_OK);
    for (size_t i = 0; i < r->graph->segments.total; i++) r->weights[i] = drawn[i];
    dnn_free(drawn);
    assert_int_equal(dnn_shard_create(r->graph, rows, false, &r->shard), DNN_OK);
    r->shard.rows = r->shard.capacity = rows;
    r->at[0] = &r->shard;
    r->run = (dnn_run){ .seed = 4, .step = 9, .weights = r->weights };
}

static inline void layer_close(layer_run *r)
{
    dnn_shard_destroy(&r->shard);
    dnn_free(r->weights);
    dnn_graph_destroy(r->graph);
}

/* Outputs, valid until the next call. Inputs are set in r->shard.x. */
static inline const real *layer_forward(layer_run *r)
{
    dnn_graph_forward(r->graph, &r->run, r->at, 1);
    return dnn_shard_output(r->graph, &r->shard, 0);
}

/* The layer makes `want` of one sample x in inference. */
static inline void expect_values(const char *inputs, const char *layer, const real *x, const double *want, size_t n)
{
    layer_run r;
    layer_open(inputs, layer, 1, &r);
    r.shard.x[0] = x;
    const real *y = layer_forward(&r);
    assert_int_equal(dnn_shape_units(&r.graph->outputs[0].shape), n);
    for (size_t i = 0; i < n; i++)
        if (!(fabs(y[i] - want[i]) <= 4 * DNN_REAL_EPSILON * fmax(1, fabs(want[i]))))
            fail_msg("%s: y[%zu] is %.12g, not %.12g", layer, i, (double)y[i], want[i]);
    layer_close(&r);
}

/* The layer is refused, with a text that holds `why`. */
static inline void expect_refused(const char *inputs, const char *layer, const char *why)
{
    char text[1024];
    dnn_graph *graph = NULL;
    snprintf(text, sizeof text, "{inputs: %s, layers: [%s]}", inputs, layer);
    dnn_node *model = flow(text);
    if (dnn_graph_create(model, NULL, 0, &graph) != DNN_E_CONFIG) fail_msg("%s is not refused", layer);
    if (!strstr(dnn_fail_text(), why)) fail_msg("\"%s\" is not in \"%s\"", why, dnn_fail_text());
    dnn_node_destroy(model);
}

static inline int memory_is_balanced(void **state)
{
    (void)state;
    dnn_place_forget();
    assert_int_equal(dnn_memory_balance(), 0);
    return 0;
}

#endif
