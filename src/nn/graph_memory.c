/* Who lies where in a shard's memory. One block holds the tensors, their gradients, saved values and scratch; what is
 * not needed at the same time shares its place, so that the backward way of a deep path takes a few buffers only.
 *
 * Time runs through the n operations forward (operation k at time k), the loss (n), and the operations backward (k at
 * 2n - k). Sizes and offsets are reals per sample in multiples of 16, hence whole cache lines for any number of rows.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "nn/graph.h"

typedef struct span { size_t size, start, end, offset; size_t *out; } span;

typedef struct spans { span *at; size_t count; } spans;

static size_t lines(size_t reals) { return (reals + 15) / 16 * 16; }

static void add_span(spans *s, size_t size, size_t start, size_t end, size_t *out)
{
    *out = SIZE_MAX;
    if (size > 0) s->at[s->count++] = (span){ .size = lines(size), .start = start, .end = end, .out = out };
}

static int by_start(const void *a, const void *b)
{
    const span *x = a, *y = b;
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    if (x->size != y->size) return x->size > y->size ? -1 : 1;
    return x->out < y->out ? -1 : x->out > y->out;
}

/* First fit in the order of time. `live` is sorted by offset. */
static size_t place(spans *s, span **live)
{
    size_t count = 0, top = 0;
    qsort(s->at, s->count, sizeof *s->at, by_start);
    for (size_t i = 0; i < s->count; i++) {
        span *now = &s->at[i];
        size_t kept = 0, where = 0, gap = 0;
        for (size_t j = 0; j < count; j++)
            if (live[j]->end >= now->start) live[kept++] = live[j];
        count = kept;
        while (where < count && live[where]->offset < gap + now->size) {
            gap = live[where]->offset + live[where]->size;
            where++;
        }
        memmove(live + where + 1, live + where, (count - where) * sizeof *live);
        live[where] = now;
        count++;
        now->offset = gap;
        *now->out = gap;
        if (gap + now->size > top) top = gap + now->size;
    }
    return top;
}

/* When a tensor's values and its gradient are in use: [n_tensors], by root. */
typedef struct uses { size_t y_end, dy_start, contributions; bool kept, learns; } uses;

static void keep_outputs(const dnn_graph *g, const graph_plan *p, uses *u)
{
    for (size_t o = 0; o < g->n_outputs; o++) {
        const size_t tensors[] = { g->output_tensor[o], g->logits_tensor[o] };
        for (size_t i = 0; i < 2; i++) {
            if (tensors[i] == SIZE_MAX) continue;
            u[p->root[tensors[i]]].kept = true;
            u[p->root[tensors[i]]].contributions++;
        }
    }
}

static size_t later(size_t a, size_t b) { return a > b ? a : b; }

static void find_uses(const dnn_graph *g, const graph_plan *p, uses *u)
{
    const size_t n = g->n_ops;
    for (size_t t = 0; t < g->n_tensors; t++) u[t].dy_start = SIZE_MAX;
    for (size_t k = 0; k < n; k++) {
        const dnn_op *op = &g->ops[k];
        const dnn_layer *l = &g->layers[op->layer];
        const size_t out = p->root[op->out], back = 2 * n - k;
        for (size_t w = 0; w < l->plan.n_weights; w++) u[out].learns |= !l->plan.weights[w].statistic;
        for (size_t i = 0; i < l->n_inputs; i++) u[out].learns |= u[p->root[op->in[i]]].learns;
        if (l->plan.view) continue;
        u[out].y_end = later(u[out].y_end, l->plan.backward_wants_y ? back : k);
        for (size_t i = 0; i < l->n_inputs; i++) {
            uses *in = &u[p->root[op->in[i]]];
            in->y_end = later(in->y_end, l->plan.backward_wants_x ? back : k);
            in->dy_start = back;  /* the last one that reads it comes first on the way back */
            in->contributions++;
        }
    }
    keep_outputs(g, p, u);
}

static void training_spans(const dnn_graph *g, graph_plan *p, const uses *u, spans *s)
{
    const size_t n = g->n_ops, end = 2 * n + 1;
    for (size_t t = 0; t < g->n_tensors; t++) {
        p->training.y[t] = p->training.dy[t] = SIZE_MAX;
        if (p->root[t] != t) continue;
        const bool input = t < g->n_inputs;
        if (!input) add_span(s, p->units[t], t - g->n_inputs, u[t].kept ? end : u[t].y_end, &p->training.y[t]);
        if (u[t].kept || (u[t].learns && !input))
            add_span(s, p->units[t], u[t].kept ? n : u[t].dy_start, input ? end : 2 * n - (t - g->n_inputs),
                     &p->training.dy[t]);
    }
    for (size_t k = 0; k < n; k++)
        add_span(s, g->layers[g->ops[k].layer].plan.saved, k, 2 * n - k, &p->training.saved[k]);
}

/* Forward only: a tensor goes as soon as its last reader is done. */
static void inference_spans(const dnn_graph *g, graph_plan *p, const uses *u, size_t *last_read, spans *s)
{
    for (size_t k = 0; k < g->n_ops; k++) {
        const dnn_op *op = &g->ops[k];
        last_read[p->root[op->out]] = later(last_read[p->root[op->out]], k);
        for (size_t i = 0; i < g->layers[op->layer].n_inputs; i++)
            last_read[p->root[op->in[i]]] = later(last_read[p->root[op->in[i]]], k);
        p->inference.saved[k] = SIZE_MAX;
    }
    for (size_t t = 0; t < g->n_tensors; t++) {
        p->inference.y[t] = p->inference.dy[t] = SIZE_MAX;
        if (p->root[t] == t && t >= g->n_inputs)
            add_span(s, p->units[t], t - g->n_inputs, u[t].kept ? g->n_ops : last_read[t], &p->inference.y[t]);
    }
}

/* As they lie in the flat vector. */
static size_t weights_of(const dnn_layer *l)
{
    size_t reals = 0;
    for (size_t w = 0; w < l->plan.n_weights; w++) reals += lines(dnn_shape_units(&l->plan.weights[w].shape));
    return reals;
}

/* Room for what a call adds to gradients that hold something already, for scratch, and for what does not grow with the
 * rows. */
static void common_sizes(const dnn_graph *g, graph_plan *p, const uses *u)
{
    for (size_t k = 0; k < g->n_ops; k++) {
        const dnn_op *op = &g->ops[k];
        const dnn_layer *l = &g->layers[op->layer];
        size_t spare = 0;
        for (size_t i = 0; i < l->n_inputs && !l->plan.view; i++)
            if (u[p->root[op->in[i]]].contributions > 1) spare += lines(p->units[op->in[i]]);
        p->spare = later(p->spare, spare);
        p->scratch = later(p->scratch, lines(l->plan.scratch));
        p->scratch_fixed = later(p->scratch_fixed, lines(l->plan.scratch_fixed));
        p->saved_fixed[k] = p->fixed;
        p->fixed += lines(l->plan.saved_fixed);
        p->max_inputs = later(p->max_inputs, l->n_inputs);
        if (l->called) p->again = later(p->again, weights_of(l));
    }
}

static dnn_status lay_out(dnn_graph *g, graph_plan *p)
{
    const size_t most = 2 * g->n_tensors + g->n_ops;
    uses *u = dnn_alloc(g->n_tensors, sizeof *u);
    size_t *last_read = dnn_alloc(g->n_tensors, sizeof *last_read);
    spans s = { .at = dnn_alloc(most, sizeof *s.at) };
    span **live = dnn_alloc(most + 1, sizeof *live);
    const dnn_status st = u && last_read && s.at && live ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK) {
        find_uses(g, p, u);
        training_spans(g, p, u, &s);
        p->training.per_sample = place(&s, live);
        s.count = 0;
        inference_spans(g, p, u, last_read, &s);
        p->inference.per_sample = place(&s, live);
        common_sizes(g, p, u);
    }
    dnn_free(u);
    dnn_free(last_read);
    dnn_free(s.at);
    dnn_free(live);
    return st;
}

static bool create_layout(layout *l, size_t tensors, size_t ops)
{
    l->y = dnn_alloc(tensors, sizeof *l->y);
    l->dy = dnn_alloc(tensors, sizeof *l->dy);
    l->saved = dnn_alloc(ops, sizeof *l->saved);
    return l->y && l->dy && l->saved;
}

static void destroy_layout(layout *l)
{
    dnn_free(l->y);
    dnn_free(l->dy);
    dnn_free(l->saved);
}

dnn_status graph_memory(dnn_graph *g)
{
    graph_plan *p = g->memory_plan;
    p->root = dnn_alloc(g->n_tensors, sizeof *p->root);
    p->units = dnn_alloc(g->n_tensors, sizeof *p->units);
    p->wanted = dnn_alloc(g->n_tensors, sizeof *p->wanted);
    p->saved_fixed = dnn_alloc(g->n_ops, sizeof *p->saved_fixed);
    const bool both =
        create_layout(&p->training, g->n_tensors, g->n_ops) && create_layout(&p->inference, g->n_tensors, g->n_ops);
    if (!both || !p->root || !p->units || !p->wanted || !p->saved_fixed) return DNN_E_MEMORY;
    for (size_t t = 0; t < g->n_inputs; t++) {
        p->root[t] = t;
        p->units[t] = dnn_shape_units(&g->inputs[t].shape);
    }
    for (size_t k = 0; k < g->n_ops; k++) {
        const dnn_op *op = &g->ops[k];
        const dnn_layer *l = &g->layers[op->layer];
        p->root[op->out] = l->plan.view ? p->root[op->in[0]] : op->out;
        p->units[op->out] = dnn_shape_units(&l->out);
    }
    return lay_out(g, p);
}

void graph_memory_destroy(graph_plan *p)
{
    if (!p) return;
    dnn_free(p->root);
    dnn_free(p->units);
    dnn_free(p->wanted);
    dnn_free(p->saved_fixed);
    destroy_layout(&p->training);
    destroy_layout(&p->inference);
    dnn_free(p);
}
