/* Two networks on the same random rows: half of them normal numbers, as standardized inputs are, half from 0 to 1, as
 * pixels are. */
#include "dnn/exchange/export.h"

#include <math.h>

#include "dnn/base/memory.h"
#include "dnn/math/distribution.h"

static dnn_status draw(const dnn_graph *g, float *inputs[DNN_MAX_IO])
{
    for (size_t i = 0; i < g->n_inputs; i++) {
        const dnn_stream stream = { .purpose = DNN_FOR_CHECK, .item = (uint32_t)i };
        const size_t half = DNN_EXPORT_ROWS / 2 * dnn_shape_units(&g->inputs[i].shape);
        inputs[i] = dnn_alloc(2 * half, sizeof(float));
        if (!inputs[i]) return DNN_E_MEMORY;
        dnn_fill_normal(&stream, 0, 0, half, 0, 1, inputs[i]);
        dnn_fill_uniform(&stream, 1, 0, half, 0, 1, inputs[i] + half);
    }
    return DNN_OK;
}

static dnn_status run(const dnn_graph *g, const float *weights, float *const *inputs, dnn_shard *shard)
{
    const dnn_status st = dnn_shard_create(g, DNN_EXPORT_ROWS, false, shard);
    if (st != DNN_OK) return st;
    shard->rows = shard->capacity = DNN_EXPORT_ROWS;
    for (size_t i = 0; i < g->n_inputs; i++) shard->x[i] = inputs[i];
    const dnn_run inference = { .weights = weights };
    dnn_graph_forward(g, &inference, &shard, 1);
    return DNN_OK;
}

dnn_status dnn_compare_networks(const dnn_graph *a, const float *a_weights, const dnn_graph *b, const float *b_weights,
                                double *largest_output, double *difference)
{
    float *inputs[DNN_MAX_IO] = { NULL };
    dnn_shard of_a = { 0 }, of_b = { 0 };
    *largest_output = *difference = 0;
    DNN_ASSERT(a->n_inputs == b->n_inputs && a->n_outputs == b->n_outputs);
    dnn_status st = draw(a, inputs);
    if (st == DNN_OK) st = run(a, a_weights, inputs, &of_a);
    if (st == DNN_OK) st = run(b, b_weights, inputs, &of_b);
    for (size_t o = 0; o < a->n_outputs && st == DNN_OK; o++) {
        const float *ya = dnn_shard_output(a, &of_a, o), *yb = dnn_shard_output(b, &of_b, o);
        for (size_t i = 0; i < DNN_EXPORT_ROWS * dnn_shape_units(&a->outputs[o].shape); i++) {
            const double d = fabs((double)ya[i] - (double)yb[i]);
            if (!(d <= *difference)) *difference = d; /* NaN shows */
            *largest_output = fmax(*largest_output, fabs((double)ya[i]));
        }
    }
    dnn_shard_destroy(&of_a);
    dnn_shard_destroy(&of_b);
    for (size_t i = 0; i < a->n_inputs; i++) dnn_free(inputs[i]);
    return st;
}
