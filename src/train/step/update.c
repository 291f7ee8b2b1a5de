/* From the shards' gradients to new weights. Each worker owns a slice, whole blocks of DNN_BLOCK elements, and takes its blocks through
 *
 *   add over all shards in the fixed tree, divide by the number of samples   add_over_shards
 *   add the gradient of the penalties                                        penalties.c
 *   accumulate, where several steps make an update                           accumulate
 *   add noise                                                                noise.c
 *   clip; weight decay; the optimizer's rule; soft thresholds; average       finish_block
 *
 * one block after the other while it is in cache. What needs norms of whole tensors (clipping by norm, LAMB, LARS) needs all blocks reduced first,
 * hence a second way through. Constraints come last, when all weights of a tensor are new. */
#include <math.h>
#include <string.h>

#include "dnn/base/failpoint.h"
#include "dnn/math/tree.h"
#include "dnn/nn/constraint.h"
#include "train/step/plants.h"
#include "train/step/update.h"

static step_plan plan_step(const worker *k, double count)
{
    const runner *r = k->r;
    step_plan p = { .learning_rate = runner_learning_rate(r, k->step), .momentum = runner_momentum(r, k->step), .scale = (float)(1.0 / count) };
    if (DNN_PLANT(gradient_times_workers)) p.scale *= (float)dnn_team_all_workers(r->team);
    if (DNN_PLANT(schedule_one_step_ahead)) p.learning_rate = runner_learning_rate(r, k->step + 1);
    p.per_update = dnn_optimizer_steps_per_update(r->optimizer);
    const uint64_t done = k->step - r->first_step;
    p.updates = (done + 1) % p.per_update == 0;
    p.update = done / p.per_update + 1;
    p.wants_norm = (r->log_every && (k->step + 1) % r->log_every == 0) || k->diagnoses;
    p.rule_norms = rule_of(r)->wants_norms;
    const bool kept = r->keeps_gradient && (done + 1) % r->steps_per_epoch == 0;
    p.whole = kept || r->clip.any || p.wants_norm || p.rule_norms || dnn_team_count(r->team) > 1;
    return p;
}

static void add_over_shards(const runner *r, const slice_block *b, float scale, float *out)
{
    const size_t total = r->graph->segments.total, layer = r->graph->segments.at[b->segment].layer;
    if (r->pairs && dnn_graph_adds(r->graph, layer, r->cut.capacity))
        dnn_tree_sum(r->gradients, 2 * total, (r->team_shards + 1) / 2, b->offset, b->length, scale, out);
    else
        dnn_tree_sum(r->gradients, total, r->team_shards, b->offset, b->length, scale, out);
    if (DNN_PLANT(last_shard_added_twice) && r->team_shards > 0) plant_add_last_shard(r, b, scale, out);
    if (DNN_PLANT(order_of_addition_by_workers)) plant_add_in_another_order(r, b, scale, out);
}

/* What `verify` compares. */
static void show_block(const runner *r, const slice_block *b, const float *g)
{
    if (r->tap) memcpy(r->tap + b->offset, g, b->length * sizeof *g);
}

/* Mean over the steps of an update; between updates the sum waits in the accumulator, which is empty after one. */
static void accumulate(const runner *r, const slice_block *b, const step_plan *p, float *g)
{
    const size_t vector = dnn_optimizer_accumulator(r->optimizer);
    if (vector == SIZE_MAX) return;
    float *sum = r->slots[vector] + b->offset;
    if (!p->updates) {
        for (size_t i = 0; i < b->length; i++) sum[i] += g[i];
        return;
    }
    const float share = DNN_PLANT(accumulation_not_divided) ? 1.0f : (float)p->per_update;
    for (size_t i = 0; i < b->length; i++) {
        g[i] = (g[i] + sum[i]) / share;
        sum[i] = 0.0f;
    }
}

dnn_update update_of(const worker *k, const slice_block *b, const step_plan *p, const float *g)
{
    const runner *r = k->r;
    dnn_update u = { .n = b->length, .w = r->weights + b->offset, .g = g, .learning_rate = p->learning_rate,
                     .momentum = isnan(p->momentum) ? NULL : &p->momentum, .t = p->update + DNN_PLANT(bias_correction_one_ahead),
                     .scalars = k->scalars, .w_norm = k->weight_norms[b->segment], .g_norm = k->norms[b->segment],
                     .length = r->graph->segments.at[b->segment].length };
    const size_t own = dnn_optimizer_first_slot(r->optimizer);
    for (size_t s = own; s < r->n_slots; s++) u.slot[s - own] = r->slots[s] + b->offset;
    return u;
}

static void average(const worker *k, const slice_block *b, const step_plan *p)
{
    const runner *r = k->r;
    const dnn_optimizer_common *common = r->optimizer->common;
    const size_t vector = dnn_optimizer_average(r->optimizer);
    if (vector == SIZE_MAX) return;
    float *w = r->weights + b->offset, *mean = r->slots[vector] + b->offset;
    const bool first = (k->step - r->first_step) / p->per_update == 0;
    dnn_average_weights(first ? 0.0 : common->ema_momentum, b->length, w, mean);
    if (isnan(common->ema_overwrite_frequency) || p->update % (uint64_t)common->ema_overwrite_frequency != 0) return;
    for (size_t i = 0; i < b->length; i++) w[i] = mean[i];
}

/* The end of a block's way, from its reduced and clipped gradient. */
static void finish_block(worker *k, size_t block, const step_plan *p, const float *g)
{
    runner *r = k->r;
    const slice_block *b = &r->blocks[block];
    if (p->updates) {
        const double decay = dnn_optimizer_weight_decay(r->optimizer, r->graph->segments.at[b->segment].name);
        if (DNN_PLANT(decay_twice)) dnn_decay_weights(p->learning_rate, decay, b->length, r->weights + b->offset);
        if (decay != 0.0) dnn_decay_weights(p->learning_rate, decay, b->length, r->weights + b->offset);
        const dnn_update u = update_of(k, b, p, g);
        rule_of(r)->update(r->optimizer->params, &u);
        if (DNN_PLANT(first_block_updated_twice) && block == 0) rule_of(r)->update(r->optimizer->params, &u);
        shrink_block(r, block, p->learning_rate);
    }
    average(k, b, p);
}

static void update_in_one_way(worker *k, const step_plan *p, size_t first, size_t end)
{
    runner *r = k->r;
    for (size_t i = first; i < end; i++) {
        add_over_shards(r, &r->blocks[i], p->scale, k->block);
        if (r->penalized) penalize_block(r, i, k->block);
        show_block(r, &r->blocks[i], k->block);
        accumulate(r, &r->blocks[i], p, k->block);
        if (p->updates) noise_on_gradient(k, &r->blocks[i], p->update, k->block);
        finish_block(k, i, p, k->block);
    }
}

/* This team's nodes of the tree from its shards, then the rest of the tree from everybody's nodes. */
static void reduce_over_nodes(worker *k, size_t first, size_t end)
{
    runner *r = k->r;
    const size_t total = r->graph->segments.total, team = (size_t)dnn_team_index(r->team);
    for (size_t n = r->tree.team_first[team]; n < r->tree.team_first[team + 1]; n++) {
        const tree_node *node = &r->tree.nodes[n];
        const float *shards = r->gradients + (node->first - r->team_first_shard) * total;
        for (size_t i = first; i < end; i++)
            dnn_tree_sum(shards, total, node->end - node->first, r->blocks[i].offset, r->blocks[i].length, 1.0f,
                         r->node_sums + n * total + r->blocks[i].offset);
    }
    meet(k, r->node_sums, r->node_offsets);
    for (size_t i = first; i < end; i++) {
        const slice_block *b = &r->blocks[i];
        for (size_t m = 0; m < r->tree.n_merges; m++) {
            float *into = r->node_sums + r->tree.merges[m].into * total + b->offset;
            const float *from = r->node_sums + r->tree.merges[m].from * total + b->offset;
            for (size_t j = 0; j < b->length; j++) into[j] += from[j];
        }
        memcpy(r->reduced + b->offset, r->node_sums + b->offset, b->length * sizeof(float));
    }
}

/* The reduced gradient whole in r->reduced. */
static void reduce_whole(worker *k, const step_plan *p, size_t first, size_t end)
{
    runner *r = k->r;
    const bool teams = dnn_team_count(r->team) > 1;
    if (!teams)
        for (size_t i = first; i < end; i++) add_over_shards(r, &r->blocks[i], p->scale, r->reduced + r->blocks[i].offset);
    else if (r->tree.n_nodes)
        reduce_over_nodes(k, first, end);
    else
        buckets_end(k);
    for (size_t i = first; i < end; i++) {
        float *g = r->reduced + r->blocks[i].offset;
        for (size_t j = 0; teams && j < r->blocks[i].length; j++) g[j] *= p->scale;
        if (r->penalized) penalize_block(r, i, g);
        show_block(r, &r->blocks[i], g);
        accumulate(r, &r->blocks[i], p, g);
        if (p->updates) noise_on_gradient(k, &r->blocks[i], p->update, g);
        r->squares[i] = dnn_square_sum(g, r->blocks[i].length);
        if (k->diagnoses) r->gradient_squares[i] = r->squares[i];
    }
}

/* Groups of a constrained tensor are shared among the workers; all its weights are new by then. */
static void constrain(worker *k)
{
    runner *r = k->r;
    dnn_team_barrier(r->team);
    for (size_t s = 0; s < r->graph->segments.count; s++) {
        const dnn_segment *g = &r->graph->segments.at[s];
        if (!g->trainable || !g->constraint) continue;
        const dnn_constraint_kind *kind = (const dnn_constraint_kind *)g->constraint->kind;
        size_t first, end;
        slice_of(k, kind->groups(g->constraint->params, &g->shape), &first, &end);
        kind->apply(g->constraint->params, &g->shape, first, end, r->weights + g->offset);
    }
}

/* How far a block moved from where k->block says it was. */
static void note_change(worker *k, size_t block)
{
    const slice_block *b = &k->r->blocks[block];
    const float *w = k->r->weights + b->offset;
    for (size_t i = 0; i < b->length; i++) k->block[i] -= w[i];
    k->r->change_squares[block] = dnn_square_sum(k->block, b->length);
}

void reduce_and_update(worker *k, double count)
{
    runner *r = k->r;
    const step_plan p = plan_step(k, count);
    size_t first, end;
    if (p.updates && rule_of(r)->begin) rule_of(r)->begin(r->optimizer->params, p.update, k->scalars);
    slice_of(k, r->n_blocks, &first, &end);
    if (DNN_PLANT(last_block_skipped) && end == r->n_blocks) end--;
    if (p.whole) {
        reduce_whole(k, &p, first, end);
        clip_blocks(k, &p, first, end);
        if (DNN_PLANT(constraint_before_update)) {
            constrain(k);
            dnn_team_barrier(r->team);
        }
        if (p.rule_norms && p.updates) find_rule_norms(k, &p, first, end);
        for (size_t i = first; i < end; i++) {
            if (k->diagnoses) memcpy(k->block, r->weights + r->blocks[i].offset, r->blocks[i].length * sizeof(float));
            finish_block(k, i, &p, r->reduced + r->blocks[i].offset);
            if (k->diagnoses) note_change(k, i);
        }
    } else {
        update_in_one_way(k, &p, first, end);
    }
    if (r->constrained && !DNN_PLANT(constraint_before_update)) constrain(k);
}
