/* From the shards' gradients to new weights. Each worker owns a slice, whole blocks of DNN_BLOCK elements: it adds them over all shards in the fixed
 * tree, divides by the number of samples, clips and updates, block by block while they are in cache. Clipping by norm
 * needs the whole reduced gradient first, hence a second way through. Order: docs/architecture.md. */
#include <math.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/math/tree.h"
#include "train/runner.h"

dnn_status runner_cut_slices(runner *r)
{
    const dnn_segments *segments = &r->graph->segments;
    size_t most = 0;
    for (size_t s = 0; s < segments->count; s++)
        if (segments->at[s].weight) most += dnn_segment_blocks(&segments->at[s]);
    if (!r->blocks) r->blocks = dnn_alloc(most + 1, sizeof *r->blocks);
    if (!r->segment_first_block) r->segment_first_block = dnn_alloc(segments->count + 1, sizeof *r->segment_first_block);
    if (!r->blocks || !r->segment_first_block) return DNN_E_MEMORY;
    r->n_blocks = 0;
    for (size_t s = 0; s < segments->count; s++) {
        const dnn_segment *g = &segments->at[s];
        r->segment_first_block[s] = r->n_blocks;
        for (size_t at = 0; g->trainable && at < g->length; at += DNN_BLOCK) {
            const size_t left = g->length - at;
            r->blocks[r->n_blocks++] = (slice_block){ .segment = (uint32_t)s, .offset = g->offset + at,
                                                      .length = (uint32_t)(left < DNN_BLOCK ? left : DNN_BLOCK) };
        }
    }
    r->segment_first_block[segments->count] = r->n_blocks;
    return DNN_OK;
}

static void slice_of(const worker *k, size_t *first, size_t *end)
{
    const size_t workers = (size_t)dnn_team_workers(k->r->team), i = (size_t)k->index;
    *first = k->r->n_blocks * i / workers;
    *end = k->r->n_blocks * (i + 1) / workers;
}

static void add_over_shards(const runner *r, const slice_block *b, float scale, float *out)
{
    dnn_tree_sum(r->gradients, r->graph->segments.total, r->team_shards, b->offset, b->length, scale, out);
}

static void update_block(const worker *k, const slice_block *b, const float *g, double learning_rate)
{
    const runner *r = k->r;
    const dnn_optimizer_kind *kind = (const dnn_optimizer_kind *)r->optimizer->kind;
    dnn_update u = { .n = b->length, .w = r->weights + b->offset, .g = g, .learning_rate = learning_rate,
                     .t = k->step + 1, .scalars = k->scalars };
    for (size_t s = 0; s < r->n_slots; s++) u.slot[s] = r->slots[s] + b->offset;
    kind->update(r->optimizer->params, &u);
}

/* The reduced gradient whole in r->reduced, and the sum of squares of each block. */
static void reduce_whole(worker *k, float scale)
{
    runner *r = k->r;
    size_t first, end;
    slice_of(k, &first, &end);
    const bool teams = dnn_team_count(r->team) > 1;
    for (size_t i = first; i < end; i++) add_over_shards(r, &r->blocks[i], teams ? 1.0f : scale, r->reduced + r->blocks[i].offset);
    if (teams) {
        dnn_team_barrier(r->team);
        if (k->main) dnn_team_exchange_sum(r->team, r->reduced, r->graph->segments.total);
        dnn_team_barrier(r->team);
    }
    for (size_t i = first; i < end; i++) {
        float *g = r->reduced + r->blocks[i].offset;
        if (teams)
            for (size_t j = 0; j < r->blocks[i].length; j++) g[j] *= scale;
        r->squares[i] = dnn_square_sum(g, r->blocks[i].length);
    }
}

/* Norms per segment and of all, from block sums added in block order: the same bits on every worker. */
static void find_norms(worker *k)
{
    runner *r = k->r;
    double all = 0.0;
    for (size_t s = 0; s < r->graph->segments.count; s++) {
        double sum = 0.0;
        for (size_t b = r->segment_first_block[s]; b < r->segment_first_block[s + 1]; b++) sum += r->squares[b];
        k->norms[s] = sqrt(sum);
        all += sum;
    }
    k->gradient_norm = sqrt(all);
    k->clip_factor = dnn_clip_factors(&r->clip, &r->graph->segments, k->norms, k->gradient_norm, k->factors);
}

void reduce_and_update(worker *k, double count)
{
    runner *r = k->r;
    const float scale = (float)(1.0 / count);
    const dnn_optimizer_kind *kind = (const dnn_optimizer_kind *)r->optimizer->kind;
    const double learning_rate = runner_learning_rate(r, k->step);
    const bool want_norm = r->log_every && (k->step + 1) % r->log_every == 0;
    if (kind->begin) kind->begin(r->optimizer->params, k->step + 1, k->scalars);
    size_t first, end;
    slice_of(k, &first, &end);
    if (!r->clip.any && !want_norm && dnn_team_count(r->team) == 1) {
        for (size_t i = first; i < end; i++) {
            add_over_shards(r, &r->blocks[i], scale, k->block);
            update_block(k, &r->blocks[i], k->block, learning_rate);
        }
        return;
    }
    reduce_whole(k, scale);
    if (r->clip.needs_norms || want_norm) {
        dnn_team_barrier(r->team);
        find_norms(k);
    }
    for (size_t i = first; i < end; i++) {
        float *g = r->reduced + r->blocks[i].offset;
        if (r->clip.any) dnn_clip_apply(&r->clip, r->clip.needs_norms ? k->factors[r->blocks[i].segment] : 1.0, g, r->blocks[i].length);
        update_block(k, &r->blocks[i], g, learning_rate);
    }
}
