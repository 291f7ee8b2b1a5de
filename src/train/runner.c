/* Plan, allocate, bind: a network's flat vectors in windows that the team shares, a bay for each shard in the worker's own memory. */
#include "train/runner.h"

#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "dnn/math/blas.h"

static size_t at_least(size_t a, size_t b) { return a > b ? a : b; }

/* Shards [first, end) belong to worker `w` of `workers` over all teams: contiguous, sizes differing by one at most. */
static void shards_of(size_t shards, size_t w, size_t workers, size_t *first, size_t *end)
{
    *first = shards * w / workers;
    *end = shards * (w + 1) / workers;
}

/* Where every team's records, flags and sums lie, so that the teams' parts are contiguous and can be exchanged as blocks. */
static dnn_status plan_places(runner *r)
{
    dnn_team *team = r->team;
    const size_t teams = (size_t)dnn_team_count(team), workers = (size_t)dnn_team_all_workers(team), v = r->cut.shards;
    r->record_offsets = dnn_alloc(teams + 1, sizeof *r->record_offsets);
    r->sums_offsets = dnn_alloc(teams + 1, sizeof *r->sums_offsets);
    r->record_at = dnn_alloc(v, sizeof *r->record_at);
    r->flags_at = dnn_alloc(workers, sizeof *r->flags_at);
    if (!r->record_offsets || !r->sums_offsets || !r->record_at || !r->flags_at) return DNN_E_MEMORY;
    size_t place = 0;
    for (size_t t = 0; t < teams; t++) {
        const size_t first_worker = (size_t)dnn_team_first_worker_of(team, (int)t);
        const size_t end_worker = (size_t)dnn_team_first_worker_of(team, (int)t + 1);
        size_t first, end, unused;
        shards_of(v, first_worker, workers, &first, &unused);
        shards_of(v, end_worker - 1, workers, &unused, &end);
        r->record_offsets[t] = place * sizeof(double);
        r->sums_offsets[t] = first * r->graph->max_sums * sizeof(double);
        for (size_t s = first; s < end; s++, place += r->record) r->record_at[s] = place;
        for (size_t w = first_worker; w < end_worker; w++) r->flags_at[w] = place++;
        if ((int)t == dnn_team_index(team)) {
            r->team_first_shard = first;
            r->team_shards = end - first;
        }
    }
    r->record_offsets[teams] = place * sizeof(double);
    r->sums_offsets[teams] = v * r->graph->max_sums * sizeof(double);
    return DNN_OK;
}

/* Hands out stretches of a window, each on a 64-byte boundary; with base NULL it only counts. */
typedef struct dealer { char *base; size_t used; } dealer;

static void *deal(dealer *d, size_t bytes)
{
    void *at = d->base ? d->base + d->used : NULL;
    d->used += (bytes + 63) / 64 * 64;
    return at;
}

static void deal_state(runner *r, dealer *d)
{
    const size_t total = r->graph->segments.total;
    if (!r->borrowed) r->weights = deal(d, total * sizeof(float));
    for (size_t s = 0; s < r->n_slots; s++) r->slots[s] = deal(d, total * sizeof(float));
}

static void deal_step(runner *r, dealer *d)
{
    const size_t teams = (size_t)dnn_team_count(r->team);
    const size_t total = r->optimizer ? r->graph->segments.total : 0;
    r->gradients = deal(d, r->team_shards * total * sizeof(float));
    r->reduced = deal(d, total * sizeof(float));
    r->squares = deal(d, r->optimizer ? (total / DNN_BLOCK + r->graph->segments.count) * sizeof(double) : 0);
    for (int h = 0; h < 2; h++) {
        r->records[h] = deal(d, r->record_offsets[teams]);
        r->sums[h] = deal(d, r->sums_offsets[teams]);
    }
}

static dnn_status create_windows(runner *r)
{
    dealer state = { 0 }, step = { 0 };
    deal_state(r, &state);
    deal_step(r, &step);
    dnn_status st = dnn_window_create(r->team, at_least(state.used, 64), &r->state_window);
    if (st != DNN_OK) return st;
    st = dnn_window_create(r->team, at_least(step.used, 64), &r->step_window);
    if (st != DNN_OK) return st;
    deal_state(r, &(dealer){ .base = r->state_window.base });
    deal_step(r, &(dealer){ .base = r->step_window.base });
    return DNN_OK;
}

static dnn_status create_bay(runner *r, size_t number, bay *b)
{
    const size_t c = r->cut.capacity;
    b->number = number;
    dnn_status st = dnn_shard_create(r->graph, c, r->optimizer != NULL, &b->shard);
    for (size_t i = 0; i < r->graph->n_inputs && st == DNN_OK; i++) {
        b->x[i] = dnn_alloc_aligned(c * dnn_shape_units(&r->graph->inputs[i].shape) * sizeof(float));
        b->shard.x[i] = b->x[i];
        if (!b->x[i]) st = DNN_E_MEMORY;
    }
    for (size_t o = 0; r->objective && o < r->graph->n_outputs && st == DNN_OK; o++) {
        b->target[o] = dnn_alloc_aligned(c * at_least(r->target_units[o], 1) * sizeof(float));
        if (!b->target[o]) st = DNN_E_MEMORY;
    }
    if (st != DNN_OK) return st;
    b->rows = dnn_alloc(c, sizeof *b->rows);
    b->label = dnn_alloc(c, sizeof *b->label);
    b->shard.sums = dnn_alloc(at_least(r->graph->max_sums, 1), sizeof(double));
    if (!b->rows || !b->label || !b->shard.sums) return DNN_E_MEMORY;
    if (r->class_weight || dnn_dataset_weighted(r->dataset)) {
        b->weight = dnn_alloc(c, sizeof *b->weight);
        if (!b->weight) return DNN_E_MEMORY;
    }
    if (r->optimizer) b->shard.gradient = r->gradients + (number - r->team_first_shard) * r->graph->segments.total;
    return DNN_OK;
}

static void destroy_bay(const runner *r, bay *b)
{
    for (size_t i = 0; i < r->graph->n_inputs; i++) dnn_free(b->x[i]);
    for (size_t o = 0; o < r->graph->n_outputs; o++) dnn_free(b->target[o]);
    dnn_free(b->rows);
    dnn_free(b->label);
    dnn_free(b->weight);
    dnn_free(b->shard.sums);
    dnn_shard_destroy(&b->shard);
}

static dnn_status create_worker(runner *r, int thread, worker *k)
{
    const size_t workers = (size_t)dnn_team_all_workers(r->team);
    *k = (worker){ .r = r, .index = dnn_team_first_worker(r->team) + thread, .main = thread == 0, .clip_factor = 1.0 };
    size_t first, end;
    shards_of(r->cut.shards, (size_t)(dnn_team_first_of_all(r->team) + k->index), workers, &first, &end);
    k->bays = dnn_alloc(end - first + 1, sizeof *k->bays);
    k->shards = dnn_alloc(end - first + 1, sizeof *k->shards);
    k->merge = dnn_alloc(r->cut.shards * at_least(at_least(r->graph->max_sums, r->record), 1), sizeof(double));
    k->outcome = dnn_alloc(at_least(r->record, 1), sizeof(double));
    k->block = dnn_alloc_aligned(DNN_BLOCK * sizeof(float));
    k->factors = dnn_alloc(r->graph->segments.count + 1, sizeof(double));
    k->norms = dnn_alloc(r->graph->segments.count + 1, sizeof(double));
    k->row_offsets = dnn_alloc((size_t)dnn_team_count(r->team) + 1, sizeof *k->row_offsets);
    if (!k->row_offsets || !k->bays || !k->shards || !k->merge || !k->outcome || !k->block || !k->factors || !k->norms) return DNN_E_MEMORY;
    for (size_t s = first; s < end; s++) {
        const dnn_status st = create_bay(r, s, &k->bays[k->n_bays]);
        k->shards[k->n_bays] = &k->bays[k->n_bays].shard;
        k->n_bays++;
        if (st != DNN_OK) return st;
    }
    return DNN_OK;
}

static void destroy_worker(worker *k)
{
    for (size_t i = 0; i < k->n_bays; i++) destroy_bay(k->r, &k->bays[i]);
    dnn_free(k->bays);
    dnn_free(k->shards);
    dnn_free(k->merge);
    dnn_free(k->outcome);
    dnn_free(k->block);
    dnn_free(k->factors);
    dnn_free(k->norms);
    dnn_free(k->row_offsets);
}

static dnn_status create_workers(runner *r)
{
    r->n_workers = dnn_team_threads(r->team);
    r->workers = dnn_alloc((size_t)r->n_workers, sizeof *r->workers);
    if (!r->workers) return DNN_E_MEMORY;
    for (int i = 0; i < r->n_workers; i++) r->workers[i].r = r;
    dnn_status st = DNN_OK;
    for (int i = 0; i < r->n_workers && st == DNN_OK; i++) st = create_worker(r, i, &r->workers[i]);
    return st;
}

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

double runner_learning_rate(const runner *r, uint64_t step)
{
    const dnn_schedule_time time = { step, r->steps_per_epoch, r->total_steps };
    return dnn_optimizer_learning_rate(r->optimizer, &time);
}

void runner_set_step(runner *r, uint64_t step, const double *scalars)
{
    for (int i = 0; i < r->n_workers; i++) {
        r->workers[i].step = step;
        if (scalars) memcpy(r->workers[i].scalars, scalars, sizeof r->workers[i].scalars);
    }
}

static dnn_status plan(const runner_options *o, runner *r)
{
    *r = (runner){ .team = o->team, .graph = o->graph, .objective = o->objective, .dataset = o->dataset, .optimizer = o->optimizer,
                   .seed = o->seed, .shuffle = o->shuffle, .cut = o->cut, .log_every = o->log_every, .weights = o->weights, .borrowed = o->weights != NULL };
    if (o->objective) r->record = dnn_objective_record_size(o->objective);
    if (o->optimizer) {
        const uint64_t rows = dnn_dataset_rows(o->dataset, DNN_TRAIN);
        r->steps_per_epoch = (rows + o->cut.batch - 1) / o->cut.batch;
        r->total_steps = r->steps_per_epoch * o->epochs;
        r->n_slots = ((const dnn_optimizer_kind *)o->optimizer->kind)->slots(o->optimizer->params);
        r->clip = dnn_clip_of(o->optimizer);
    }
    dnn_status st = runner_match_data(r);
    if (st == DNN_OK && o->optimizer) st = runner_class_weights(r, o->class_weights);
    if (st == DNN_OK) st = runner_cut_slices(r);
    if (st == DNN_OK) st = plan_places(r);
    return st;
}

dnn_status runner_create(const runner_options *options, runner *r)
{
    dnn_comm *comm = dnn_team_comm(options->team);
    dnn_blas_use_one_thread();
    dnn_status st = dnn_agree(comm, plan(options, r));
    if (st == DNN_OK) st = create_windows(r);
    if (st == DNN_OK) st = dnn_agree(comm, create_workers(r));
    if (st != DNN_OK) runner_destroy(r);
    return st;
}

void runner_destroy(runner *r)
{
    for (int i = 0; r->workers && i < r->n_workers; i++) destroy_worker(&r->workers[i]);
    dnn_free(r->workers);
    dnn_free(r->blocks);
    dnn_free(r->segment_first_block);
    dnn_free(r->record_offsets);
    dnn_free(r->sums_offsets);
    dnn_free(r->record_at);
    dnn_free(r->flags_at);
    dnn_free(r->class_weight);
    if (r->team) {
        dnn_window_destroy(r->team, &r->step_window);
        dnn_window_destroy(r->team, &r->state_window);
    }
    *r = (runner){ 0 };
}
