/* Who updates what: all trainable segments in blocks of DNN_BLOCK elements, dealt out to the team's workers in contiguous slices. */
#include "dnn/base/memory.h"
#include "train/step/runner.h"

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
    r->penalized = r->constrained = false;
    for (size_t s = 0; s < segments->count; s++) {
        const dnn_segment *g = &segments->at[s];
        r->segment_first_block[s] = r->n_blocks;
        r->penalized |= g->trainable && g->regularizer;
        r->constrained |= g->trainable && g->constraint;
        for (size_t at = 0; g->trainable && at < g->length; at += DNN_BLOCK) {
            const size_t left = g->length - at;
            r->blocks[r->n_blocks++] = (slice_block){ .segment = (uint32_t)s, .offset = g->offset + at,
                                                      .length = (uint32_t)(left < DNN_BLOCK ? left : DNN_BLOCK) };
        }
    }
    r->segment_first_block[segments->count] = r->n_blocks;
    buckets_cut(r);
    return DNN_OK;
}

void slice_of(const worker *k, size_t things, size_t *first, size_t *end)
{
    cut_shards(things, (size_t)k->index, (size_t)dnn_team_workers(k->r->team), first, end);
}
