#include "train/step/buckets.h"

#include <string.h>

#include "dnn/base/failpoint.h"
#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "dnn/math/tree.h"
#include "train/step/runner.h"

/* Floats of a bucket at least: smaller messages cost more time to begin than to travel. */
enum { LEAST = 1 << 16 };

size_t buckets_most(const runner *r)
{
    if (!r->optimizer || dnn_team_count(r->team) == 1 || r->tree.n_nodes) return 0;
    return r->graph->segments.count + r->graph->segments.total / LEAST + 1;
}

/* Blocks follow each other without a frozen layer between them. */
static bool adjoin(const slice_block *a, const slice_block *b) { return b->offset - (a->offset + a->length) < 16; }

/* How often a layer's weights get gradients in a pass backward: once for each place where it stands. */
static unsigned uses_of(const dnn_graph *g, size_t layer)
{
    unsigned uses = 0;
    for (size_t i = 0; i < g->n_ops; i++) uses += g->ops[i].layer == layer;
    return uses;
}

static void note_layers(buckets *s, const runner *r)
{
    const dnn_graph *g = r->graph;
    memset(s->reports, 0, s->most * sizeof *s->reports);
    for (size_t l = 0; l < g->n_layers; l++) s->first_of[l] = 1, s->last_of[l] = 0;
    for (size_t b = 0; b < s->count; b++)
        for (size_t i = s->end[b + 1]; i < s->end[b]; i++) {
            const size_t layer = g->segments.at[r->blocks[i].segment].layer;
            const bool has_part = s->first_of[layer] <= s->last_of[layer];
            if (has_part && s->last_of[layer] == b) continue;
            if (!has_part) s->first_of[layer] = b;
            s->last_of[layer] = b;
            s->reports[b] += uses_of(g, layer);
        }
}

void buckets_cut(runner *r)
{
    buckets *s = &r->buckets;
    if (!s->exchange) return;
    size_t filled = 0;
    s->count = 0;
    s->end[0] = r->n_blocks;
    for (size_t i = r->n_blocks; i-- > 0;) {
        filled += r->blocks[i].length;
        const bool segment_ends = i == 0 || r->blocks[i - 1].segment != r->blocks[i].segment;
        if (i > 0 && adjoin(&r->blocks[i - 1], &r->blocks[i]) && (!s->overlap || filled < LEAST || !segment_ends)) continue;
        s->end[++s->count] = i;
        filled = 0;
    }
    DNN_ASSERT(s->count <= s->most);
    note_layers(s, r);
}

static dnn_status allocate(runner *r)
{
    buckets *s = &r->buckets;
    const size_t layers = r->graph->n_layers + 1;
    s->end = dnn_alloc(s->most + 1, sizeof *s->end);
    s->reports = dnn_alloc(s->most, sizeof *s->reports);
    s->first_of = dnn_alloc(layers, sizeof *s->first_of);
    s->last_of = dnn_alloc(layers, sizeof *s->last_of);
    bool whole = s->end && s->reports && s->first_of && s->last_of;
    for (int w = 0; w < r->n_workers && whole; w++) {
        r->workers[w].course.reports = dnn_alloc(s->most, sizeof *s->reports);
        whole = r->workers[w].course.reports != NULL;
    }
    return whole ? DNN_OK : DNN_E_MEMORY;
}

/* Moving messages takes a core some of its time. Where all compute, that is taken from the product that the others wait for. */
static bool is_to_overlap(const runner *r, dnn_overlap overlap)
{
    dnn_comm *comm = dnn_team_comm(r->team);
    double crowded = dnn_team_machine_workers(r->team) >= dnn_team_cores(r->team);
    if (overlap != DNN_OVERLAP_AUTO) return overlap == DNN_OVERLAP_ALWAYS;
    dnn_comm_max(comm, &crowded, 1);
    return crowded == 0.0 && dnn_comm_several_hosts(comm);
}

dnn_status buckets_create(runner *r, dnn_compression compression, dnn_overlap overlap)
{
    buckets *s = &r->buckets;
    s->most = buckets_most(r);
    if (s->most == 0) return DNN_OK;
    s->overlap = is_to_overlap(r, overlap);
    dnn_status st = dnn_agree(dnn_team_comm(r->team), allocate(r));
    if (st == DNN_OK) st = dnn_exchange_create(r->team, s->most, r->graph->segments.total, compression, s->overlap, &s->exchange);
    if (st == DNN_OK) buckets_cut(r);
    return st;
}

void buckets_destroy(runner *r)
{
    buckets *s = &r->buckets;
    dnn_exchange_destroy(s->exchange);
    dnn_free(s->end);
    dnn_free(s->reports);
    dnn_free(s->first_of);
    dnn_free(s->last_of);
    *s = (buckets){ 0 };
}

void buckets_begin(worker *k)
{
    const buckets *s = &k->r->buckets;
    if (!s->exchange) return;
    memcpy(k->course.reports, s->reports, s->count * sizeof *s->reports);
    k->course.passed = k->course.begun = 0;
    k->course.steps++;
}

static void hand_over(worker *k) { __atomic_add_fetch(&k->r->buckets.ready[k->course.passed++], 1, __ATOMIC_ACQ_REL); }

/* This rank's slice of a bucket, added over the team's shards, sets out. */
static void set_out(worker *k, size_t bucket)
{
    runner *r = k->r;
    const buckets *s = &r->buckets;
    const slice_block *first = &r->blocks[s->end[bucket + 1]], *last = &r->blocks[s->end[bucket] - 1];
    size_t from, to;
    dnn_exchange_slice(s->exchange, last->offset + last->length - first->offset, &from, &to);
    float *sum = r->reduced + first->offset;
    for (size_t at = from; at < to; at += DNN_BLOCK)
        dnn_tree_sum(r->gradients, r->graph->segments.total, r->team_shards, first->offset + at, to - at < DNN_BLOCK ? to - at : DNN_BLOCK, 1.0f, sum + at);
    if (s->silent || DNN_PLANT(no_exchange_between_teams)) return;
    dnn_exchange_begin(s->exchange, sum + from, to - from);
}

static void advance(worker *k)
{
    const buckets *s = &k->r->buckets;
    bucket_course *c = &k->course;
    const uint64_t all = c->steps * (uint64_t)dnn_team_workers(k->r->team);
    while (c->begun < s->count && __atomic_load_n(&s->ready[c->begun], __ATOMIC_ACQUIRE) >= all) set_out(k, c->begun++);
    dnn_exchange_advance(s->exchange);
}

void buckets_layer_done(void *context, size_t layer)
{
    worker *k = context;
    const buckets *s = &k->r->buckets;
    for (size_t b = s->first_of[layer]; b <= s->last_of[layer]; b++) k->course.reports[b]--;
    while (k->course.passed < s->count && k->course.reports[k->course.passed] == 0) hand_over(k);
    if (k->main && s->overlap) advance(k);
}

void buckets_set_out(worker *k)
{
    const buckets *s = &k->r->buckets;
    if (!s->exchange || !s->overlap) return;
    while (k->course.passed < s->count) hand_over(k);
    dnn_team_barrier(k->r->team);
    if (k->main) advance(k);
}

/* Layers that got no gradient in this pass have not reported; room that is not used counts along, so that one number of steps is right for all,
 * whatever becomes trainable later. */
void buckets_end(worker *k)
{
    const buckets *s = &k->r->buckets;
    while (k->course.passed < s->most) hand_over(k);
    dnn_team_barrier(k->r->team);
    if (k->main) {
        advance(k);
        dnn_exchange_end(s->exchange);
    }
    dnn_team_barrier(k->r->team);
}
