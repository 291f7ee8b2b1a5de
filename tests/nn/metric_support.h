/* A metric from its text, fed with rows, for tests. */
#ifndef DNN_TESTS_NN_METRIC_SUPPORT_H
#define DNN_TESTS_NN_METRIC_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

#include "dnn/base/memory.h"
#include "dnn/nn/metric.h"
#include "nn/flow.h"

enum { MAX_STATE = 2048 };

static inline dnn_component make(const char *text)
{
    dnn_node *node = flow(text);
    dnn_component c = { 0 };
    if (dnn_component_read(&dnn_metrics, node, &c) != DNN_OK) fail_msg("%s: %s", text, dnn_fail_text());
    dnn_node_destroy(node);
    return c;
}

/* One column where the metric has a table by class and the like. */
static inline double run_metric(const char *text, const dnn_loss_pass *pass, dnn_target target, double *table)
{
    dnn_component c = make(text);
    static double state[MAX_STATE];
    memset(state, 0, sizeof state);
    assert_true(dnn_metric_state(&c, pass->units) <= MAX_STATE);
    assert_true(dnn_metric_accepts(&c, target, pass->units));
    assert_int_equal(dnn_metric_check(&c, pass->units), DNN_OK);
    dnn_metric_update(&c, pass, target, state);
    const double value = dnn_metric_has_result(&c) ? dnn_metric_result(&c, pass->units, state) : NAN;
    if (table) dnn_metric_table(&c, pass->units, state, table);
    dnn_component_clear(&c);
    return value;
}

static inline double value_of(const char *text, const dnn_loss_pass *pass, dnn_target target)
{
    return run_metric(text, pass, target, NULL);
}

#endif
