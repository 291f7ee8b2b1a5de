/* The order of the layers in the model that Keras makes of a description, whatever order they have there: the way of keras.Function, which
 * Keras 2 went as well. Files name layers, and optimizers their variables, in this order, and both are read back by place. */
#include "exchange/keras.h"

#include <stdlib.h>

#include "dnn/base/memory.h"

/* A node is an input or an operation as written: what is made inside belongs to the one before. All uses of a layer are nodes of one entry,
 * numbered as keras_order_make does. */
typedef struct walk {
    const dnn_graph *graph;
    size_t *node_depth, *stack, *at, *finished; /* [nodes] */
    size_t *depth, *met;                        /* [entries]; met: 0 never, else 1 + which came how early */
    size_t n_stack, n_finished, n_met;
    bool *seen; /* [nodes] */
} walk;

/* Made inside, or an input that is written as a layer. */
static bool passes_on(const dnn_layer *l) { return l->internal || l->kind->input_shape; }

static size_t node_of(const dnn_graph *g, size_t tensor)
{
    while (tensor >= g->n_inputs && passes_on(&g->layers[g->ops[tensor - g->n_inputs].layer])) tensor = g->ops[tensor - g->n_inputs].in[0];
    return tensor;
}

static size_t entry_of(const dnn_graph *g, size_t node)
{
    if (node < g->n_inputs) return node;
    const size_t layer = g->ops[node - g->n_inputs].layer;
    return g->n_inputs + (g->layers[layer].called ? g->layers[layer].owner : layer);
}

static size_t sources_of(const dnn_graph *g, size_t node)
{
    return node < g->n_inputs ? 0 : g->layers[g->ops[node - g->n_inputs].layer].n_inputs;
}

static size_t source_of(const dnn_graph *g, size_t node, size_t i) { return node_of(g, g->ops[node - g->n_inputs].in[i]); }

static void enter(walk *w, size_t node)
{
    const size_t entry = entry_of(w->graph, node);
    if (w->seen[node]) return;
    w->seen[node] = true;
    if (w->met[entry] == 0) w->met[entry] = ++w->n_met;
    w->at[node] = 0;
    w->stack[w->n_stack++] = node;
}

/* Depth first from the outputs: entries are numbered as they are met, nodes listed as they are done. */
static void traverse(walk *w)
{
    const dnn_graph *g = w->graph;
    for (size_t o = 0; o < g->n_outputs; o++) {
        enter(w, node_of(g, g->output_tensor[o]));
        while (w->n_stack > 0) {
            const size_t node = w->stack[w->n_stack - 1];
            if (w->at[node] < sources_of(g, node))
                enter(w, source_of(g, node, w->at[node]++));
            else
                w->finished[w->n_finished++] = w->stack[--w->n_stack];
        }
    }
}

/* Steps to the farthest output; all uses of a layer count, as far as they have been seen. */
static void measure(walk *w)
{
    const dnn_graph *g = w->graph;
    for (size_t k = w->n_finished; k-- > 0;) {
        const size_t node = w->finished[k], entry = entry_of(g, node);
        if (w->depth[entry] > w->node_depth[node]) w->node_depth[node] = w->depth[entry];
        w->depth[entry] = w->node_depth[node];
        for (size_t i = 0; i < sources_of(g, node); i++) {
            size_t *const before = &w->node_depth[source_of(g, node, i)];
            if (*before < w->node_depth[node] + 1) *before = w->node_depth[node] + 1;
        }
    }
}

typedef struct rank { size_t depth, met, entry; } rank;

static int by_rank(const void *a, const void *b)
{
    const rank *x = a, *y = b;
    if (x->depth != y->depth) return x->depth > y->depth ? -1 : 1;
    return x->met < y->met ? -1 : x->met > y->met;
}

static dnn_status sort(const walk *w, size_t entries, size_t *order, size_t *count)
{
    rank *ranks = dnn_alloc(entries, sizeof *ranks);
    size_t n = 0;
    if (!ranks) return DNN_E_MEMORY;
    for (size_t entry = 0; entry < entries; entry++)
        if (w->met[entry]) ranks[n++] = (rank){ w->depth[entry], w->met[entry], entry };
    qsort(ranks, n, sizeof *ranks, by_rank);
    for (size_t i = 0; i < n; i++) order[i] = ranks[i].entry;
    *count = n;
    dnn_free(ranks);
    return DNN_OK;
}

const dnn_op *keras_op_of(const dnn_graph *graph, size_t layer)
{
    size_t i = 0;
    while (graph->ops[i].layer != layer) i++; /* each has one */
    return &graph->ops[i];
}

dnn_status keras_order_make(const dnn_graph *graph, size_t **order, size_t *count)
{
    const size_t nodes = graph->n_inputs + graph->n_ops, entries = graph->n_inputs + graph->n_layers;
    size_t *room = dnn_alloc(4 * nodes + 2 * entries, sizeof *room);
    bool *seen = dnn_alloc(nodes, sizeof *seen);
    *order = dnn_alloc(entries, sizeof **order);
    dnn_status st = room && seen && *order ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK) {
        walk w = { .graph = graph, .node_depth = room, .stack = room + nodes, .at = room + 2 * nodes, .finished = room + 3 * nodes,
                   .depth = room + 4 * nodes, .met = room + 4 * nodes + entries, .seen = seen };
        traverse(&w);
        measure(&w);
        st = sort(&w, entries, *order, count);
    }
    dnn_free(room);
    dnn_free(seen);
    if (st == DNN_OK) return DNN_OK;
    dnn_free(*order);
    *order = NULL;
    return st;
}
