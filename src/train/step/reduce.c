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

typedef struct sums_merge { const dnn_layer *layer; bool backward; double *sums; } sums_merge;

static void merge_sums(void *context, size_t into, size_t from)
{
    const sums_merge *m = context;
    const size_t width = m->layer->plan.sums;
    m->layer->kind->merge(m->layer, m->backward, m->sums + into * width, m->sums + from * width);
}

/* The sums of all shards, [V, used] in k->merge. Two halves of a double buffer take turns: whoever writes half h again has passed the
 * meeting after which everybody had finished reading it, so one barrier a reduction is enough. */
static void meet_sums(worker *k, dnn_shard *const *shards, size_t n, size_t used)
{
    runner *r = k->r;
    const size_t width = r->sums_width;
    double *all = r->sums[k->reductions++ % 2];
    for (size_t i = 0; i < n; i++) memcpy(all + k->bays[i].number * width, shards[i]->sums, used * sizeof *all);
    const double began = dnn_clock_seconds();
    meet(k, all, r->sums_offsets);
    k->trace.waited += dnn_clock_seconds() - began; /* compute is compared with compute */
    for (size_t i = 0; i < r->cut.shards; i++) memcpy(k->merge + i * used, all + i * width, used * sizeof *all);
}

const double *reduce_sums(void *context, const dnn_layer *layer, bool backward, dnn_shard *const *shards, size_t n)
{
    worker *k = context;
    meet_sums(k, shards, n, layer->plan.sums);
    dnn_tree_merge(k->r->cut.shards, merge_sums, &(sums_merge){ layer, backward, k->merge });
    return k->merge;
}

typedef struct record_merge { double *records; size_t width; } record_merge;

static void add_record(void *context, size_t into, size_t from)
{
    const record_merge *m = context;
    for (size_t j = 0; j < m->width; j++) m->records[into * m->width + j] += m->records[from * m->width + j];
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
    meet_sums(k, k->shards, k->n_bays, used);
    dnn_tree_merge(r->cut.shards, add_record, &(record_merge){ k->merge, used });
    return k->merge;
}

void merge_records(worker *k, const double *records)
{
    const runner *r = k->r;
    const size_t v = r->cut.shards, width = r->record;
    for (size_t i = 0; i < v; i++) memcpy(k->merge + i * width, records + r->record_at[i], width * sizeof *records);
    dnn_tree_merge(v, add_record, &(record_merge){ k->merge, width });
    memcpy(k->outcome, k->merge, width * sizeof *k->outcome);
    if (DNN_PLANT(metrics_averaged_over_shards)) plant_average_metrics(k, records);
    if (DNN_PLANT(loss_times_workers)) k->outcome[1] *= dnn_team_all_workers(r->team);
    if (DNN_PLANT(last_record_left_out)) plant_leave_out_record(k, records + r->record_at[v - 1]);
    k->flags = 0;
    for (int w = 0; w < dnn_team_all_workers(r->team); w++) k->flags |= (uint64_t)records[r->flags_at[w]];
}
