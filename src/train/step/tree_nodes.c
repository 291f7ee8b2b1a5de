#include "train/step/tree_nodes.h"

#include "dnn/base/memory.h"

/* The largest node that begins at `first` and ends by `end`: a power of two on a multiple of itself; at the end of all shards a
 * node may be cut short (dnn/math/tree.h). */
static size_t node_end(size_t first, size_t end, size_t shards)
{
    size_t size = 1;
    while (first % (2 * size) == 0 && size < shards && (first + 2 * size <= end || end == shards)) size *= 2;
    return first + size < end ? first + size : end;
}

static size_t cover(size_t shards, size_t first, size_t end, tree_node *out)
{
    size_t n = 0;
    while (first < end) {
        const size_t next = node_end(first, end, shards);
        if (out) out[n] = (tree_node){ first, next };
        n++;
        first = next;
    }
    return n;
}

static size_t node_at(const tree_nodes *t, size_t first)
{
    for (size_t i = 0; i < t->n_nodes; i++)
        if (t->nodes[i].first == first) return i;
    return t->n_nodes;
}

/* The tree's merges whose right side is the beginning of a node; all others lie inside of one. */
static void plan_merges(tree_nodes *t, size_t shards)
{
    for (size_t stride = 1; stride < shards; stride *= 2)
        for (size_t i = 0; i + stride < shards; i += 2 * stride) {
            const size_t from = node_at(t, i + stride);
            if (from < t->n_nodes) t->merges[t->n_merges++] = (tree_merge){ node_at(t, i), from };
        }
}

dnn_status tree_nodes_plan(size_t shards, size_t teams, const size_t *team_shards, tree_nodes *out)
{
    *out = (tree_nodes){ 0 };
    for (size_t k = 0; k < teams; k++) out->n_nodes += cover(shards, team_shards[k], team_shards[k + 1], NULL);
    out->nodes = dnn_alloc(out->n_nodes, sizeof *out->nodes);
    out->merges = dnn_alloc(out->n_nodes, sizeof *out->merges);
    out->team_first = dnn_alloc(teams + 1, sizeof *out->team_first);
    if (!out->nodes || !out->merges || !out->team_first) return DNN_E_MEMORY;
    for (size_t k = 0; k < teams; k++)
        out->team_first[k + 1] = out->team_first[k] + cover(shards, team_shards[k], team_shards[k + 1], out->nodes + out->team_first[k]);
    plan_merges(out, shards);
    return DNN_OK;
}

void tree_nodes_clear(tree_nodes *t)
{
    dnn_free(t->nodes);
    dnn_free(t->merges);
    dnn_free(t->team_first);
    *t = (tree_nodes){ 0 };
}
