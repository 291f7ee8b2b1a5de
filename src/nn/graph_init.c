/* Initial weights, freezing, counting. */
#include <string.h>

#include "dnn/nn/initializer.h"
#include "nn/graph.h"

dnn_status dnn_graph_initialize(const dnn_graph *g, uint64_t seed, float *weights)
{
    dnn_status st = DNN_OK;
    memset(weights, 0, g->segments.total * sizeof *weights);
    for (size_t i = 0; i < g->segments.count && st == DNN_OK; i++) {
        const dnn_segment *s = &g->segments.at[i];
        const dnn_stream stream = { .seed = seed, .purpose = DNN_FOR_WEIGHTS, .item = (uint32_t)i };
        if (!s->initializer || !s->initializer->kind) continue;
        const dnn_initializer_kind *kind = (const dnn_initializer_kind *)s->initializer->kind;
        st = kind->fill(s->initializer->params, &stream, &s->shape, s->fan_in, s->fan_out, weights + s->offset);
        if (st != DNN_OK) st = dnn_fail_in(st, "%s", s->name);
    }
    return st;
}

/* Everything above a weight that is trained; below the lowest of them nobody needs gradients. */
void graph_want(dnn_graph *g)
{
    graph_plan *p = g->memory_plan;
    for (size_t t = 0; t < g->n_inputs; t++) p->wanted[t] = false;
    for (size_t k = 0; k < g->n_ops; k++) {
        const dnn_op *op = &g->ops[k];
        const dnn_layer *l = &g->layers[op->layer];
        bool wanted = false;
        for (size_t w = 0; w < l->plan.n_weights; w++) wanted |= g->segments.at[op->first_segment + w].trainable;
        for (size_t i = 0; i < l->n_inputs; i++) wanted |= p->wanted[op->in[i]];
        p->wanted[op->out] = wanted;
    }
}

void dnn_graph_freeze(dnn_graph *g, size_t layer, bool frozen)
{
    if (g->layers[layer].called) return; /* as the layer that it calls */
    g->layers[layer].frozen = frozen;
    for (size_t i = 0; i < g->n_layers; i++)
        if (g->layers[i].called && g->layers[i].owner == layer) g->layers[i].frozen = frozen;
    for (size_t i = 0; i < g->segments.count; i++) {
        dnn_segment *s = &g->segments.at[i];
        if (s->layer == layer) s->trainable = s->weight && !frozen;
    }
    graph_want(g);
}

bool dnn_graph_penalizes(const dnn_graph *g)
{
    for (size_t i = 0; i < g->n_layers; i++)
        if (g->layers[i].kind->penalizes || g->layers[i].activity) return true;
    return false;
}

size_t dnn_graph_written_layers(const dnn_graph *graph)
{
    size_t n = 0;
    for (size_t i = 0; i < graph->n_layers; i++) n += !graph->layers[i].internal;
    return n;
}

void dnn_graph_count(const dnn_graph *g, size_t *weights, size_t *trainable)
{
    *weights = *trainable = 0;
    for (size_t i = 0; i < g->segments.count; i++) {
        *weights += g->segments.at[i].length;
        if (g->segments.at[i].trainable) *trainable += g->segments.at[i].length;
    }
}
