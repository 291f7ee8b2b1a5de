/* The memory of a shard: one block, dealt out by the graph's plan when it is made. */
#include <stdint.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "nn/graph.h"

/* Walks through the block, or with `base` NULL only counts. `overflow`: no such block can be. */
typedef struct dealer { unsigned char *base; size_t used; bool overflow; } dealer;

static void *deal(dealer *d, size_t count, size_t size)
{
    size_t bytes, end;
    void *at = d->base ? d->base + d->used : NULL;
    d->overflow |= __builtin_mul_overflow(count, size, &bytes) || __builtin_add_overflow(bytes, (size_t)63, &bytes) ||
                   __builtin_add_overflow(d->used, bytes / 64 * 64, &end);
    if (!d->overflow) d->used = end;
    return at;
}

static real *reals(dealer *d, size_t per_sample, size_t rows, size_t fixed)
{
    size_t n;
    d->overflow |= __builtin_mul_overflow(per_sample, rows, &n) || __builtin_add_overflow(n, fixed, &n);
    return deal(d, d->overflow ? 0 : n, sizeof(real));
}

static real *at_offset(real *block, size_t offset, size_t rows)
{
    return block && offset != SIZE_MAX ? block + offset * rows : NULL;
}

/* In a block dealt without a base all is counted and nothing written. */
static void bind(const dnn_graph *g, size_t capacity, bool backward, dealer *d)
{
    const graph_plan *p = g->memory_plan;
    const layout *l = backward ? &p->training : &p->inference;
    shard_memory *m = deal(d, 1, sizeof *m);
    real **y = deal(d, g->n_tensors, sizeof *y), **dy = deal(d, g->n_tensors, sizeof *dy);
    real **saved = deal(d, g->n_ops, sizeof *saved), **saved_fixed = deal(d, g->n_ops, sizeof *saved_fixed);
    const real **x = deal(d, p->max_inputs, sizeof *x);
    real **dx = deal(d, p->max_inputs, sizeof *dx);
    bool *has = deal(d, g->n_tensors, sizeof *has);
    bool *learned = deal(d, g->n_layers, sizeof *learned);
    double *merged = deal(d, g->max_sums, sizeof *merged);
    real *block = reals(d, l->per_sample, capacity, 0), *fixed = reals(d, 0, 0, backward ? p->fixed : 0);
    real *scratch = reals(d, p->scratch, capacity, 0), *scratch_fixed = reals(d, 0, 0, p->scratch_fixed);
    real *spare = reals(d, backward ? p->spare : 0, capacity, 0);
    real *again = reals(d, 0, 0, backward ? p->again : 0);
    if (!d->base) return;
    *m = (shard_memory){ .bytes = d->used,
                         .layout = l,
                         .backward = backward,
                         .y = y,
                         .dy = dy,
                         .saved = saved,
                         .saved_fixed = saved_fixed,
                         .scratch = scratch,
                         .scratch_fixed = scratch_fixed,
                         .spare = spare,
                         .merged = merged,
                         .x = x,
                         .dx = dx,
                         .has = has,
                         .learned = learned,
                         .again = again };
    for (size_t t = 0; t < g->n_tensors; t++) {
        y[t] = at_offset(block, l->y[p->root[t]], capacity);
        dy[t] = at_offset(block, l->dy[p->root[t]], capacity);
    }
    for (size_t k = 0; k < g->n_ops; k++) {
        saved[k] = at_offset(block, l->saved[k], capacity);
        saved_fixed[k] = backward ? fixed + p->saved_fixed[k] : NULL;
    }
}

size_t dnn_graph_shard_bytes(const dnn_graph *g, size_t capacity, bool backward)
{
    dealer count = { 0 };
    bind(g, capacity, backward, &count);
    return count.overflow ? SIZE_MAX : count.used;
}

dnn_status dnn_shard_create(const dnn_graph *g, size_t capacity, bool backward, dnn_shard *shard)
{
    *shard = (dnn_shard){ .planned = capacity, .capacity = capacity };
    const size_t bytes = dnn_graph_shard_bytes(g, capacity, backward);
    if (bytes == SIZE_MAX)
        return dnn_fail(DNN_E_MEMORY, "a shard of %zu rows of this network takes more memory than can be addressed",
                        capacity);
    shard->memory = dnn_alloc_aligned(bytes);
    if (!shard->memory) return DNN_E_MEMORY;
    bind(g, capacity, backward, &(dealer){ .base = shard->memory });
    return DNN_OK;
}

void dnn_shard_destroy(dnn_shard *shard)
{
    dnn_free(shard->memory);
    *shard = (dnn_shard){ 0 };
}

static const real *values(const dnn_graph *g, const dnn_shard *shard, size_t t)
{
    const shard_memory *m = shard->memory;
    const size_t root = ((const graph_plan *)g->memory_plan)->root[t];
    return root < g->n_inputs ? shard->x[root] : m->y[root];
}

const real *dnn_shard_output(const dnn_graph *g, const dnn_shard *shard, size_t o)
{
    return values(g, shard, g->output_tensor[o]);
}

const real *dnn_shard_logits(const dnn_graph *g, const dnn_shard *shard, size_t o)
{
    return g->logits_tensor[o] == SIZE_MAX ? NULL : values(g, shard, g->logits_tensor[o]);
}

real *dnn_shard_output_gradient(const dnn_graph *g, dnn_shard *shard, size_t o, bool fused)
{
    const shard_memory *m = shard->memory;
    DNN_ASSERT(m->backward && (!fused || g->logits_tensor[o] != SIZE_MAX));
    return m->dy[fused ? g->logits_tensor[o] : g->output_tensor[o]];
}
