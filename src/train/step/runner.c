/* Plan, allocate, bind: a network's flat vectors in windows that the team shares, a bay for each shard in the worker's own memory. */
#include "train/observe/diagnosis.h"
#include "train/step/runner.h"

#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "dnn/math/blas.h"

static size_t at_least(size_t a, size_t b) { return a > b ? a : b; }

/* Where every team's records, flags and sums lie, so that the teams' parts are contiguous and can be exchanged as blocks. */
static dnn_status plan_places(runner *r)
{
    dnn_team *team = r->team;
    const size_t teams = (size_t)dnn_team_count(team), workers = (size_t)dnn_team_all_workers(team), v = r->cut.shards;
    r->record_offsets = dnn_alloc(teams + 1, sizeof *r->record_offsets);
    r->sums_offsets = dnn_alloc(teams + 1, sizeof *r->sums_offsets);
    r->seen_offsets = dnn_alloc(teams + 1, sizeof *r->seen_offsets);
    r->record_at = dnn_alloc(v, sizeof *r->record_at);
    r->flags_at = dnn_alloc(workers, sizeof *r->flags_at);
    if (!r->seen_offsets || !r->record_offsets || !r->sums_offsets || !r->record_at || !r->flags_at) return DNN_E_MEMORY;
    size_t place = 0;
    r->sums_by_team = teams > 1 && !r->cut.exact;
    for (size_t t = 0; t < teams; t++) {
        const size_t first_worker = (size_t)dnn_team_first_worker_of(team, (int)t);
        const size_t end_worker = (size_t)dnn_team_first_worker_of(team, (int)t + 1);
        size_t first, end, unused;
        cut_shards(v, first_worker, workers, &first, &unused);
        cut_shards(v, end_worker - 1, workers, &unused, &end);
        r->record_offsets[t] = place * sizeof(double);
        r->sums_offsets[t] = (r->sums_by_team ? t : first) * r->sums_width * sizeof(double);
        r->seen_offsets[t] = first * r->seen_width * sizeof(double);
        for (size_t s = first; s < end; s++, place += r->record) r->record_at[s] = place;
        for (size_t w = first_worker; w < end_worker; w++) r->flags_at[w] = place, place += 2;
        if ((int)t == dnn_team_index(team)) {
            r->team_first_shard = first;
            r->team_shards = end - first;
        }
    }
    r->record_offsets[teams] = place * sizeof(double);
    r->sums_offsets[teams] = (r->sums_by_team ? teams : v) * r->sums_width * sizeof(double);
    r->seen_offsets[teams] = v * r->seen_width * sizeof(double);
    return DNN_OK;
}

/* In exact shards over several teams: which partial sums travel. */
static dnn_status plan_tree(runner *r)
{
    const size_t teams = (size_t)dnn_team_count(r->team), workers = (size_t)dnn_team_all_workers(r->team);
    if (!r->optimizer || !r->cut.exact || teams == 1) return DNN_OK;
    size_t *firsts = dnn_alloc(teams + 1, sizeof *firsts), end;
    r->node_offsets = dnn_alloc(teams + 1, sizeof *r->node_offsets);
    dnn_status st = firsts && r->node_offsets ? DNN_OK : DNN_E_MEMORY;
    for (size_t t = 0; t < teams && st == DNN_OK; t++)
        cut_shards(r->cut.shards, (size_t)dnn_team_first_worker_of(r->team, (int)t), workers, &firsts[t], &end);
    if (st == DNN_OK) {
        firsts[teams] = r->cut.shards;
        st = tree_nodes_plan(r->cut.shards, teams, firsts, &r->tree);
    }
    for (size_t t = 0; t <= teams && st == DNN_OK; t++) r->node_offsets[t] = r->tree.team_first[t] * r->graph->segments.total * sizeof(float);
    dnn_free(firsts);
    return st;
}

/* The tree begins with shards 0 + 1, 2 + 3 and so on. Where each such pair is one worker's, it adds the second's products right onto the first's gradient:
 * the same bits, and half of the gradients neither written nor read. */
static bool owns_pairs(const runner *r)
{
    const size_t workers = (size_t)dnn_team_all_workers(r->team);
    if (!r->optimizer || !r->cut.exact || dnn_team_count(r->team) > 1) return false;
    for (size_t w = 0; w < workers; w++) {
        size_t first, end;
        cut_shards(r->cut.shards, w, workers, &first, &end);
        if (first % 2) return false;
    }
    return true;
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
    r->without_noise = deal(d, r->noise.weights.stddev > 0.0 ? total * sizeof(float) : 0);
    r->node_sums = deal(d, r->tree.n_nodes * total * sizeof(float));
    r->buckets.ready = deal(d, buckets_most(r) * sizeof *r->buckets.ready);
    const size_t blocks = r->optimizer ? total / DNN_BLOCK + r->graph->segments.count : 0;
    r->squares = deal(d, blocks * sizeof(double));
    r->weight_squares = deal(d, blocks * sizeof(double));
    r->penalties = deal(d, blocks * sizeof(double));
    if (r->seen_width) {
        r->seen = deal(d, r->cut.shards * r->seen_width * sizeof(double));
        r->gradient_squares = deal(d, blocks * sizeof(double));
        r->change_squares = deal(d, blocks * sizeof(double));
    }
    for (int h = 0; h < 2; h++) {
        r->records[h] = deal(d, r->record_offsets[teams]);
        r->sums[h] = deal(d, (r->cut.shards + (r->sums_by_team ? teams : 0)) * r->sums_width * sizeof(double));
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

static dnn_schedule_time time_of(const runner *r, uint64_t step)
{
    return (dnn_schedule_time){ step > r->first_step ? step - r->first_step : 0, r->steps_per_epoch, r->total_steps,
                                r->cut.batch * dnn_optimizer_steps_per_update(r->optimizer) };
}

double runner_learning_rate(const runner *r, uint64_t step)
{
    const dnn_schedule_time time = time_of(r, step);
    double rate = dnn_optimizer_learning_rate(r->optimizer, &time);
    if (r->rate_instead) rate = r->rate_instead(r->rate_params, rate, &time);
    return rate * r->rate_factor;
}

double runner_momentum(const runner *r, uint64_t step)
{
    const dnn_schedule_time time = time_of(r, step);
    return dnn_optimizer_momentum(r->optimizer, &time);
}

dnn_status runner_begin(runner *r, const dnn_component *optimizer, uint64_t first_step, uint64_t epochs)
{
    r->optimizer = optimizer;
    r->n_slots = dnn_optimizer_vectors(optimizer);
    r->clip = dnn_clip_of(optimizer);
    r->first_step = first_step;
    r->total_steps = r->steps_per_epoch * epochs;
    r->rate_factor = 1.0;
    return runner_cut_slices(r);
}

void runner_set_step(runner *r, uint64_t step, const double *scalars)
{
    for (int i = 0; i < r->n_workers; i++) {
        r->workers[i].step = step;
        if (scalars) memcpy(r->workers[i].scalars, scalars, sizeof r->workers[i].scalars);
    }
}

/* A batch meant as "all" (batch_size: 1000000) takes the memory of all. The shards of a batch depend on its rows alone, so they stay what they were. */
static cut cut_to_data(const runner_options *o)
{
    uint64_t rows = 1;
    for (int p = DNN_TRAIN; p < (o->optimizer ? DNN_TRAIN + 1 : DNN_PARTS); p++)
        if (dnn_dataset_rows(o->dataset, (dnn_part)p) > rows) rows = dnn_dataset_rows(o->dataset, (dnn_part)p);
    return o->cut.batch > rows ? cut_batch(rows, o->cut.exact ? o->cut.shards : 0, o->team) : o->cut;
}

static dnn_status plan(const runner_options *o, runner *r)
{
    *r = (runner){ .team = o->team, .graph = o->graph, .objective = o->objective, .dataset = o->dataset, .optimizer = o->optimizer,
                   .seed = o->seed, .shuffle = o->shuffle, .cut = cut_to_data(o), .log_every = o->log_every, .sentinel = o->sentinel, .weights = o->weights, .borrowed = o->weights != NULL,
                   .rate_factor = 1.0 };
    if (o->objective) r->record = dnn_objective_record_size(o->objective);
    r->sums_width = at_least(o->graph->max_sums, o->objective ? dnn_objective_sums(o->objective) : 0);
    if (o->optimizer) {
        const uint64_t rows = dnn_dataset_rows(o->dataset, DNN_TRAIN);
        r->steps_per_epoch = (rows + o->cut.batch - 1) / o->cut.batch;
        r->total_steps = r->steps_per_epoch * o->epochs;
        r->n_slots = at_least(dnn_optimizer_vectors(o->optimizer), o->vectors);
        r->clip = dnn_clip_of(o->optimizer);
    }
    if (o->optimizer && o->noise) {
        r->noise.weights = o->noise->weight_noise;
        r->noise.gradients = o->noise->gradient_noise;
        r->noise.labels = o->noise->label_noise;
    }
    dnn_status st = runner_match_data(r);
    if (st == DNN_OK) st = noise_check(r);
    if (st == DNN_OK && o->optimizer) st = runner_class_weights(r, o->class_weights);
    if (st == DNN_OK) st = runner_cut_slices(r);
    if (st == DNN_OK && o->diagnose) st = diagnosis_plan(r);
    if (st == DNN_OK) st = plan_places(r);
    if (st == DNN_OK) st = plan_tree(r);
    r->pairs = owns_pairs(r);
    return st;
}

static dnn_status start_traces(runner *r)
{
    dnn_comm *comm = dnn_team_comm(r->team);
    dnn_status st = DNN_OK;
    for (int i = 0; i < r->n_workers && st == DNN_OK; i++) st = trace_create(&r->workers[i].trace, r->total_steps);
    st = dnn_agree(comm, st);
    if (st != DNN_OK) return st;
    dnn_comm_barrier(comm);
    for (int i = 0; i < r->n_workers; i++) trace_align(&r->workers[i].trace);
    return DNN_OK;
}

dnn_status runner_create(const runner_options *options, runner *r)
{
    dnn_comm *comm = dnn_team_comm(options->team);
    dnn_blas_use_one_thread();
    dnn_status st = dnn_agree(comm, plan(options, r));
    if (st == DNN_OK) st = create_windows(r);
    if (st == DNN_OK) st = dnn_agree(comm, workers_create(r));
    if (st == DNN_OK) st = buckets_create(r, options->compression, options->overlap);
    if (st == DNN_OK && options->trace) st = start_traces(r);
    if (st != DNN_OK) runner_destroy(r);
    return st;
}

void runner_destroy(runner *r)
{
    buckets_destroy(r);
    workers_destroy(r);
    dnn_free(r->blocks);
    dnn_free(r->segment_first_block);
    dnn_free(r->record_offsets);
    dnn_free(r->sums_offsets);
    dnn_free(r->record_at);
    dnn_free(r->node_offsets);
    dnn_free(r->seen_offsets);
    diagnosis_clear(r);
    tree_nodes_clear(&r->tree);
    dnn_free(r->flags_at);
    dnn_free(r->class_weight);
    if (r->team) {
        dnn_window_destroy(r->team, &r->step_window);
        dnn_window_destroy(r->team, &r->state_window);
    }
    *r = (runner){ 0 };
}
