/* Penalties on weights, added once to the loss of the global batch. Each block's value is kept apart and all are added in block order, so the sum does
 * not depend on who computed which. */
#include "dnn/base/failpoint.h"
#include "dnn/nn/regularizer.h"
#include "train/step/runner.h"

static const dnn_component *regularizer_of(const runner *r, const slice_block *b) { return r->graph->segments.at[b->segment].regularizer; }

void penalize_block(runner *r, size_t block, float *g)
{
    const slice_block *b = &r->blocks[block];
    const dnn_component *c = regularizer_of(r, b);
    r->penalties[block] = 0.0;
    if (!c) return;
    const dnn_regularizer_kind *kind = (const dnn_regularizer_kind *)c->kind;
    const float *w = r->weights + b->offset;
    r->penalties[block] = kind->penalty(c->params, b->length, w);
    if (kind->add_gradient) kind->add_gradient(c->params, b->length, w, g);
    for (int i = 1; DNN_PLANT(penalty_once_per_worker) && kind->add_gradient && i < dnn_team_all_workers(r->team); i++)
        kind->add_gradient(c->params, b->length, w, g);
}

void shrink_block(runner *r, size_t block, double learning_rate)
{
    const slice_block *b = &r->blocks[block];
    const dnn_component *c = regularizer_of(r, b);
    const dnn_regularizer_kind *kind = c ? (const dnn_regularizer_kind *)c->kind : NULL;
    if (kind && kind->after_update) kind->after_update(c->params, learning_rate, b->length, r->weights + b->offset);
}

double penalties_of_step(const runner *r)
{
    double sum = 0.0;
    for (size_t i = 0; r->penalized && i < r->n_blocks; i++) sum += r->penalties[i];
    return DNN_PLANT(penalty_value_per_worker) ? sum * dnn_team_all_workers(r->team) : sum;
}

double penalties_of_weights(const dnn_graph *graph, const float *weights)
{
    double sum = 0.0;
    for (size_t s = 0; s < graph->segments.count; s++) {
        const dnn_segment *g = &graph->segments.at[s];
        if (!g->trainable || !g->regularizer) continue;
        const dnn_regularizer_kind *kind = (const dnn_regularizer_kind *)g->regularizer->kind;
        for (size_t at = 0; at < g->length; at += DNN_BLOCK) {
            const size_t left = g->length - at;
            sum += kind->penalty(g->regularizer->params, left < DNN_BLOCK ? left : DNN_BLOCK, weights + g->offset + at);
        }
    }
    return sum;
}

bool has_penalties(const dnn_graph *graph)
{
    for (size_t s = 0; s < graph->segments.count; s++)
        if (graph->segments.at[s].weight && graph->segments.at[s].regularizer) return true;
    return dnn_graph_penalizes(graph);
}
