/* Sums over the global batch, folded in the one binary tree over the V shards (dnn/math/tree.h), so the result has the same bits
 * whichever workers own the shards. */
#include <string.h>

#include "dnn/base/clock.h"
#include "dnn/base/failpoint.h"
#include "dnn/math/tree.h"
#include "train/step/plants.h"
#include "train/step/runner.h"

void meet(worker *k, void *all, const size_t *offsets)
{
    dnn_team *team = k->r->team;
    dnn_team_barrier(team);
    if (dnn_team_count(team) == 1) return;
    if (k->main && dnn_team_leads(team)) dnn_team_exchange_blocks(team, all, offsets);
    dnn_team_barrier(team);
}

/* Sums of a layer, or with `layer` NULL of losses and records, in rows of `width` doubles. */
typedef struct sums_merge { const dnn_layer *layer; bool backward; size_t used; double *rows; size_t width; } sums_merge;

static void merge_sums(void *context, size_t into, size_t from)
{
    const sums_merge *m = context;
    double *to = m->rows + into * m->width;
    const double *more = m->rows + from * m->width;
    if (m->layer) m->layer->kind->merge(m->layer, m->backward, to, more);
    else
        for (size_t j = 0; j < m->used; j++) to[j] += more[j];
}

/* Takes rows [first, first + n) of `all` into k->merge and merges them there. */
static void merge_rows(worker *k, const double *all, size_t first, size_t n, sums_merge m)
{
    const size_t width = k->r->sums_width;
    m.rows = k->merge;
    m.width = m.used;
    for (size_t i = 0; i < n; i++) memcpy(k->merge + i * m.used, all + (first + i) * width, m.used * sizeof *all);
    dnn_tree_merge(n, merge_sums, &m);
}

/* In the fast path a team merges what is its own before it tells the others: with hundreds of hosts it is teams that count and not workers. */
static void meet_as_teams(worker *k, double *all, double *of_teams, sums_merge m)
{
    runner *r = k->r;
    dnn_team_barrier(r->team);
    if (k->main && dnn_team_leads(r->team)) {
        merge_rows(k, all, r->team_first_shard, r->team_shards, m);
        memcpy(of_teams + (size_t)dnn_team_index(r->team) * r->sums_width, k->merge, m.used * sizeof *all);
        dnn_team_exchange_blocks(r->team, of_teams, r->sums_offsets);
    }
    dnn_team_barrier(r->team);
}

/* The sums of all shards, merged in k->merge. Two halves of a double buffer take turns: whoever writes half h again has passed the
 * meeting after which everybody had finished reading it, so one barrier a reduction is enough. */
static const double *meet_sums(worker *k, dnn_shard *const *shards, size_t n, sums_merge m)
{
    runner *r = k->r;
    const size_t width = r->sums_width, teams = (size_t)dnn_team_count(r->team);
    double *all = r->sums[k->reductions++ % 2], *of_teams = all + r->cut.shards * width;
    for (size_t i = 0; i < n; i++) memcpy(all + k->bays[i].number * width, shards[i]->sums, m.used * sizeof *all);
    const double began = dnn_clock_seconds();
    if (r->sums_by_team) meet_as_teams(k, all, of_teams, m);
    else meet(k, all, r->sums_offsets);
    k->trace.waited += dnn_clock_seconds() - began; /* compute is compared with compute */
    merge_rows(k, r->sums_by_team ? of_teams : all, 0, r->sums_by_team ? teams : r->cut.shards, m);
    return k->merge;
}

/* Without their signs numbers are ordered as their bits are, infinities and NaN behind all others: a maximum takes many at once where a branch takes each by
 * itself. */
bool all_finite(const double *values, size_t n)
{
    int64_t largest = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t bits;
        memcpy(&bits, values + i, sizeof bits);
        bits &= INT64_MAX;
        largest = bits > largest ? bits : largest;
    }
    return largest < INT64_C(0x7ff0000000000000);
}

const double *reduce_sums(void *context, const dnn_layer *layer, bool backward, dnn_shard *const *shards, size_t n)
{
    worker *k = context;
    const double *sums = meet_sums(k, shards, n, (sums_merge){ .layer = layer, .backward = backward, .used = layer->plan.sums });
    if (!backward) k->sums_are_finite &= all_finite(sums, layer->plan.sums);
    return sums;
}

const double *reduce_loss_sums(worker *k)
{
    const runner *r = k->r;
    const size_t used = dnn_objective_sums(r->objective);
    if (used == 0) return NULL;
    for (size_t i = 0; i < k->n_bays; i++) {
        const bay *b = &k->bays[i];
        memset(b->shard.sums, 0, used * sizeof *b->shard.sums);
        dnn_objective_sum(r->objective, &b->shard, (const float *const *)b->target, b->weight, b->shard.sums);
    }
    return meet_sums(k, k->shards, k->n_bays, (sums_merge){ .used = used });
}

static uint64_t words_of(const runner *r, const double *records)
{
    uint64_t words = 0;
    for (int w = 0; w < dnn_team_all_workers(r->team); w++) words |= (uint64_t)records[r->flags_at[w]];
    return words;
}

void merge_records(worker *k, const double *records)
{
    const runner *r = k->r;
    const size_t v = r->cut.shards, width = r->record;
    for (size_t i = 0; i < v; i++) memcpy(k->merge + i * width, records + r->record_at[i], width * sizeof *records);
    dnn_tree_merge(v, merge_sums, &(sums_merge){ .used = width, .rows = k->merge, .width = width });
    memcpy(k->outcome, k->merge, width * sizeof *k->outcome);
    if (DNN_PLANT(metrics_averaged_over_shards)) plant_average_metrics(k, records);
    if (DNN_PLANT(loss_times_workers)) k->outcome[1] *= dnn_team_all_workers(r->team);
    if (DNN_PLANT(last_record_left_out)) plant_leave_out_record(k, records + r->record_at[v - 1]);
    k->flags = words_of(r, records);
}

uint64_t meet_words(worker *k, uint64_t word)
{
    runner *r = k->r;
    double *records = r->records[1];
    records[r->flags_at[dnn_team_first_of_all(r->team) + k->index]] = k->main ? (double)word : 0.0;
    meet(k, records, r->record_offsets);
    const uint64_t words = words_of(r, records);
    dnn_team_barrier(r->team); /* they may be written again */
    return words;
}
