/* Forward and backward over the shards of one worker, layer by layer: what needs sums over the global batch gets them
 * between its two halves. Nothing is allocated here, and nothing can fail. */
#include <stdint.h>
#include <string.h>

#include "nn/activity.h"
#include "dnn/base/failpoint.h"
#include "nn/graph.h"

typedef struct work {
    const dnn_graph *g;
    const graph_plan *plan;
    const dnn_run *run;
    dnn_shard *const *shards;
    size_t n_shards;
} work;

/* Pointers into the flat vectors; what a pass refers to. */
typedef struct bound {
    const real *w[DNN_MAX_WEIGHTS];
    real *dw[DNN_MAX_WEIGHTS];
} bound;

static shard_memory *memory_of(const work *k, size_t shard) { return k->shards[shard]->memory; }

static const real *value_of(const work *k, const dnn_shard *s, size_t tensor)
{
    const shard_memory *m = s->memory;
    const size_t root = k->plan->root[tensor];
    return root < k->g->n_inputs ? s->x[root] : m->y[root];
}

/* Beyond so many rows a product sums up in several passes, which added to another shard's would round in between. */
enum { MOST_ADDING_ROWS = 64 };

bool dnn_graph_adds(const dnn_graph *graph, size_t layer, size_t capacity)
{
    const dnn_layer *l = &graph->layers[layer];
    const size_t last = dnn_shape_last(&l->out);
    return l->kind->adds && !l->shared && !l->called && last > 0 && capacity * (dnn_shape_units(&l->out) / last) <= MOST_ADDING_ROWS;
}

static dnn_pass make_pass(const work *k, const dnn_op *op, const dnn_shard *s, bound *b)
{
    const dnn_layer *l = &k->g->layers[op->layer];
    const dnn_segment *segment = k->g->segments.at + op->first_segment;
    shard_memory *m = s->memory;
    const size_t index = (size_t)(op - k->g->ops);
    for (size_t i = 0; i < l->plan.n_weights; i++) {
        b->w[i] = k->run->weights + segment[i].offset;
        b->dw[i] = m->backward && segment[i].trainable ? s->gradient + segment[i].offset : NULL;
    }
    for (size_t i = 0; i < l->n_inputs; i++) m->x[i] = value_of(k, s, op->in[i]);
    return (dnn_pass){ .training = k->run->training,
                       .rows = s->rows,
                       .capacity = s->capacity,
                       .seed = k->run->seed,
                       .step = k->run->step,
                       .first_row = s->first_row,
                       .x = m->x,
                       .y = m->y[op->out],
                       .dx = m->dx,
                       .w = b->w,
                       .dw = b->dw,
                       .saved = m->saved[index],
                       .saved_fixed = l->plan.saved_fixed ? m->saved_fixed[index] : NULL,
                       .scratch = m->scratch,
                       .scratch_fixed = m->scratch_fixed,
                       .sums = s->sums };
}

static bool uses_sums(const work *k, const dnn_layer *l)
{
    return l->plan.sums > 0 && k->run->training && !l->frozen && !l->kind->adapts;
}

/* Without a reducer the shards at hand are the whole batch: merged as a tree, neighbours first. */
static const double *merge_here(const work *k, const dnn_layer *l, bool backward)
{
    for (size_t i = 0; i < k->n_shards; i++)
        memcpy(memory_of(k, i)->merged, k->shards[i]->sums, l->plan.sums * sizeof(double));
    for (size_t stride = 1; stride < k->n_shards; stride *= 2)
        for (size_t i = 0; i + stride < k->n_shards; i += 2 * stride)
            l->kind->merge(l, backward, memory_of(k, i)->merged, memory_of(k, i + stride)->merged);
    return k->n_shards ? memory_of(k, 0)->merged : NULL;
}

static const double *reduce(const work *k, const dnn_layer *l, bool backward)
{
    const dnn_reducer *r = k->run->reducer;
    return r && r->reduce ? r->reduce(r->context, l, backward, k->shards, k->n_shards) : merge_here(k, l, backward);
}

/* ---- forward ---- */

static void move_statistics(const work *k, const dnn_op *op, const double *merged)
{
    const dnn_layer *l = &k->g->layers[op->layer];
    const dnn_segment *segment = k->g->segments.at + op->first_segment;
    real *w[DNN_MAX_WEIGHTS];
    if (!l->kind->move_statistics || !k->run->statistics || !merged) return;
    for (size_t i = 0; i < l->plan.n_weights; i++) w[i] = k->run->statistics + segment[i].offset;
    l->kind->move_statistics(l, merged, w);
}

static void observe(const work *k, const dnn_layer *l, bool backward, const dnn_shard *s, const real *values)
{
    const dnn_observer *o = k->run->observer;
    if (o && o->see) o->see(o->context, l, backward, s->rows, values, dnn_shape_units(&l->out));
}

static void forward_op(const work *k, const dnn_op *op)
{
    const dnn_layer *l = &k->g->layers[op->layer];
    const double *merged = NULL;
    bound b;
    if (uses_sums(k, l)) {
        for (size_t i = 0; i < k->n_shards; i++) {
            const dnn_pass p = make_pass(k, op, k->shards[i], &b);
            l->kind->forward_sums(l, &p);
        }
        merged = reduce(k, l, false);
        move_statistics(k, op, DNN_PLANT(moving_statistics_of_shard) && k->n_shards ? k->shards[0]->sums : merged);
    }
    for (size_t i = 0; i < k->n_shards; i++) {
        if (!l->plan.view) {
            dnn_pass p = make_pass(k, op, k->shards[i], &b);
            p.merged = merged;
            p.penalty = &k->shards[i]->penalty;
            l->kind->forward(l, &p);
            if (l->activity) *p.penalty += activity_of(l, p.rows, p.y);
        }
        observe(k, l, false, k->shards[i], value_of(k, k->shards[i], op->out));
    }
}

void dnn_graph_forward(const dnn_graph *g, const dnn_run *run, dnn_shard *const *shards, size_t n_shards)
{
    const work k = { .g = g, .plan = g->memory_plan, .run = run, .shards = shards, .n_shards = n_shards };
    for (size_t i = 0; i < n_shards; i++) shards[i]->penalty = 0;
    for (size_t i = 0; i < g->n_ops; i++) forward_op(&k, &g->ops[i]);
}

const double *dnn_graph_measure(const dnn_graph *g, const dnn_run *run, dnn_shard *const *shards, size_t n_shards,
                                size_t layer)
{
    const work k = { .g = g, .plan = g->memory_plan, .run = run, .shards = shards, .n_shards = n_shards };
    const dnn_layer *l = &g->layers[layer];
    const dnn_op *op = g->ops;
    bound b;
    for (; op->layer != layer; op++) forward_op(&k, op);
    for (size_t i = 0; i < n_shards; i++) {
        const dnn_pass p = make_pass(&k, op, shards[i], &b);
        l->kind->forward_sums(l, &p);
    }
    return reduce(&k, l, false);
}

/* ---- backward ---- */

/* Where the gradients of the inputs go: straight to their place, or, where that holds something already, beside it, to
 * be added. */
static size_t aim(const work *k, const dnn_op *op, dnn_shard *s, const bool *has, real **beside)
{
    shard_memory *m = s->memory;
    real *spare = m->spare;
    size_t added = 0;
    for (size_t i = 0; i < k->g->layers[op->layer].n_inputs; i++) {
        const size_t root = k->plan->root[op->in[i]];
        bool taken = has[root];
        m->dx[i] = NULL;
        if (!k->plan->wanted[op->in[i]]) continue;
        for (size_t j = 0; j < i && !taken; j++) taken = k->plan->root[op->in[j]] == root;
        m->dx[i] = m->dy[op->in[i]];
        if (!taken) continue;
        m->dx[i] = spare;
        spare += (k->plan->units[op->in[i]] + 15) / 16 * 16 * s->planned;
        added++;
    }
    *beside = m->spare;
    return added;
}

static void add_beside(const work *k, const dnn_op *op, const dnn_shard *s, const real *beside)
{
    const shard_memory *m = s->memory;
    const real *end = beside + k->plan->spare * s->planned;
    for (size_t i = 0; i < k->g->layers[op->layer].n_inputs; i++) {
        if (!m->dx[i] || m->dx[i] < beside || m->dx[i] >= end) continue;
        const size_t n = s->capacity * k->plan->units[op->in[i]];
        const real *restrict more = m->dx[i];
        real *restrict into = m->dy[op->in[i]];
        for (size_t j = 0; j < n; j++) into[j] += more[j];
    }
}

/* The layer has been used further down, and its gradients are there: those of this use go beside, to be added. `s->gradient` holds each weight's from its
 * segment on, `again` the same from the layer's first on. */
static void aim_weights(const work *k, const dnn_op *op, const shard_memory *m, bound *b)
{
    const dnn_segment *segment = k->g->segments.at + op->first_segment;
    for (size_t i = 0; i < k->g->layers[op->layer].plan.n_weights; i++)
        if (b->dw[i]) b->dw[i] = m->again + (segment[i].offset - segment[0].offset);
}

static void add_again(const work *k, const dnn_op *op, const dnn_shard *s)
{
    const shard_memory *m = s->memory;
    const dnn_segment *segment = k->g->segments.at + op->first_segment;
    for (size_t i = 0; i < k->g->layers[op->layer].plan.n_weights; i++) {
        const real *restrict more = m->again + (segment[i].offset - segment[0].offset);
        real *restrict into = s->gradient + segment[i].offset;
        for (size_t j = 0; segment[i].trainable && j < segment[i].length; j++) into[j] += more[j];
    }
}

static size_t owner_of(const dnn_layer *l, size_t layer) { return l->called ? l->owner : layer; }

/* `to`: another shard's gradients, which get this one's added; NULL: it has its own. */
static void backward_shard(const work *k, const dnn_op *op, dnn_shard *s, real *to, const bool *has, const double *merged)
{
    const dnn_layer *l = &k->g->layers[op->layer];
    const shard_memory *m = s->memory;
    bound b;
    real *beside = NULL;
    dnn_pass p = make_pass(k, op, s, &b);
    const size_t added = aim(k, op, s, has, &beside);
    const bool again = l->plan.n_weights > 0 && m->learned[owner_of(l, op->layer)];
    if (again) aim_weights(k, op, m, &b);
    for (size_t i = 0; i < l->plan.n_weights && to; i++)
        if (b.dw[i]) b.dw[i] = to + k->g->segments.at[op->first_segment + i].offset;
    p.adds = to != NULL;
    p.dy = m->dy[op->out];
    p.merged = merged;
    if (l->activity) activity_back(l, p.rows, p.y, p.dy);
    observe(k, l, true, s, p.dy);
    l->kind->backward(l, &p);
    m->learned[owner_of(l, op->layer)] = true;
    if (again) add_again(k, op, s);
    if (added) add_beside(k, op, s, beside);
}

static bool wants_dx(const work *k, const dnn_op *op)
{
    for (size_t i = 0; i < k->g->layers[op->layer].n_inputs; i++)
        if (k->plan->wanted[op->in[i]]) return true;
    return false;
}

/* Another use of the layer is still to come on the way back. */
static bool used_above(const work *k, const dnn_op *op)
{
    for (const dnn_op *before = k->g->ops; before < op; before++)
        if (before->first_segment == op->first_segment && k->g->layers[before->layer].plan.n_weights > 0) return true;
    return false;
}

static void backward_op(const work *k, const dnn_op *op, bool *has)
{
    const dnn_layer *l = &k->g->layers[op->layer];
    const double *merged = NULL;
    bound b;
    if (!k->plan->wanted[op->out] || l->plan.view) return;
    /* An output activation whose loss was computed from its input, and that nobody else reads. */
    if (k->n_shards && !has[k->plan->root[op->out]]) return;
    if (uses_sums(k, l)) {
        for (size_t i = 0; i < k->n_shards; i++) {
            dnn_pass p = make_pass(k, op, k->shards[i], &b);
            p.dy = memory_of(k, i)->dy[op->out];
            l->kind->backward_sums(l, &p);
        }
        if (wants_dx(k, op)) merged = reduce(k, l, true);
    }
    const bool pairs = k->run->pairs && k->n_shards && dnn_graph_adds(k->g, op->layer, k->shards[0]->planned);
    for (size_t i = 0; i < k->n_shards; i++) backward_shard(k, op, k->shards[i], pairs && i % 2 ? k->shards[i - 1]->gradient : NULL, has, merged);
    for (size_t i = 0; i < l->n_inputs && k->n_shards; i++)
        if (k->plan->wanted[op->in[i]]) has[k->plan->root[op->in[i]]] = true;
    if (l->plan.n_weights && k->run->gradient_done && !used_above(k, op)) k->run->gradient_done(k->run->done_context, owner_of(l, op->layer));
}

void dnn_graph_backward(const dnn_graph *g, const dnn_run *run, dnn_shard *const *shards, size_t n_shards,
                        const bool *fused)
{
    const work k = { .g = g, .plan = g->memory_plan, .run = run, .shards = shards, .n_shards = n_shards };
    bool *has = n_shards ? memory_of(&k, 0)->has : NULL;
    if (has) memset(has, 0, g->n_tensors * sizeof *has);
    for (size_t i = 0; i < n_shards; i++) memset(memory_of(&k, i)->learned, 0, g->n_layers * sizeof(bool));
    for (size_t o = 0; o < g->n_outputs && has; o++)
        has[k.plan->root[fused && fused[o] ? g->logits_tensor[o] : g->output_tensor[o]]] = true;
    for (size_t i = g->n_ops; i-- > 0;) backward_op(&k, &g->ops[i], has);
}
