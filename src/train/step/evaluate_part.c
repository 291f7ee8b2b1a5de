/* A pass forward over a part, each row exactly once, in row order. Records add up per shard over the batches and in the tree over the shards at the
 * end: where outputs are not wanted workers meet just there, and a few times a second where the pass may be ended. */
#include <math.h>
#include <string.h>

#include "dnn/base/clock.h"
#include "dnn/math/blas.h"
#include "train/step/runner.h"

enum { PACE = 16, MOST_BATCHES = 1 << 20 }; /* bits of flags in a word, below the batches until the next look */
static const double between_looks = 0.2;    /* seconds */

typedef struct part_run { runner *r; part_pass *pass; uint64_t asked; } part_run;

/* When all workers look up together at what is asked for. */
typedef struct look_out { uint64_t since, until; double last; } look_out;

static size_t batch_rows(uint64_t n, uint64_t first, size_t batch) { return n - first < batch ? (size_t)(n - first) : batch; }

/* This shard's rows into the outputs of the global batch, which the team's workers share. */
static void put_outputs(const runner *r, const part_pass *pass, const bay *b)
{
    for (size_t o = 0; o < r->graph->n_outputs; o++) {
        const size_t units = dnn_shape_units(&r->graph->outputs[o].shape);
        if (!pass->outputs[o]) continue;
        memcpy(pass->outputs[o] + b->shard.first_row * units, dnn_shard_output(r->graph, &b->shard, o),
               b->shard.rows * units * sizeof(float));
    }
}

/* Every team's stretch of each output, so that rank 0 has the batch whole. */
static void meet_outputs(worker *k, const part_pass *pass, size_t rows)
{
    runner *r = k->r;
    dnn_team_barrier(r->team);
    const int teams = dnn_team_count(r->team);
    if (teams > 1 && k->main && dnn_team_leads(r->team)) {
        for (size_t o = 0; o < r->graph->n_outputs; o++) {
            const size_t bytes = dnn_shape_units(&r->graph->outputs[o].shape) * sizeof(float);
            for (int t = 0; t <= teams; t++) {
                const size_t shard = r->cut.shards * (size_t)dnn_team_first_worker_of(r->team, t) / (size_t)dnn_team_all_workers(r->team);
                size_t first, count, capacity;
                cut_rows(&r->cut, rows, shard, &first, &count, &capacity);
                k->row_offsets[t] = first * bytes;
            }
            dnn_team_exchange_blocks(r->team, pass->outputs[o], k->row_offsets);
        }
    }
    if (teams > 1) dnn_team_barrier(r->team);
}

/* Whether the pass ends; rank 0's clock says how many batches there are to the next look. */
static uint64_t look_up(worker *k, part_run *run, look_out *l)
{
    uint64_t word = 0;
    if (++l->since < l->until) return 0;
    if (k->main) word = run->pass->asked(run->pass->context);
    if (k->main && dnn_comm_rank(dnn_team_comm(k->r->team)) == 0) {
        const double now = dnn_clock_seconds(), batches = (double)l->since * between_looks / fmax(now - l->last, 1e-9);
        word |= (uint64_t)fmin(fmax(batches, 1.0), MOST_BATCHES) << PACE;
        l->last = now;
    }
    word = meet_words(k, word);
    *l = (look_out){ .until = word >> PACE, .last = l->last };
    if (k->main) run->asked = word & ((1u << PACE) - 1);
    return word & ((1u << PACE) - 1);
}

static void run_worker(void *context, int index)
{
    part_run *run = context;
    look_out look = { .until = 1, .last = dnn_clock_seconds() };
    runner *r = run->r;
    part_pass *pass = run->pass;
    worker *k = &r->workers[index - dnn_team_first_worker(r->team)];
    const dnn_phase before = dnn_watch_phase(DNN_PHASE_EVALUATION);
    dnn_blas_use_one_thread();
    const uint64_t n = dnn_dataset_rows(r->dataset, pass->part);
    const bool outputs = pass->outputs[0] != NULL;
    double *records = r->records[0];
    for (size_t i = 0; i < k->n_bays; i++) memset(records + r->record_at[k->bays[i].number], 0, r->record * sizeof *records);
    for (uint64_t first = 0; first < n; first += r->cut.batch) {
        const size_t rows = batch_rows(n, first, r->cut.batch);
        if (pass->asked && first > 0 && look_up(k, run, &look)) {
            dnn_watch_phase(before);
            return;
        }
        dnn_watch_phase(DNN_PHASE_EVALUATION); /* each batch is progress */
        for (size_t i = 0; i < k->n_bays; i++) gather(r, pass->part, 0, first, rows, pass->targets, &k->bays[i]);
        /* stochastic passes draw by the row's place in the part, hence the shift */
        for (size_t i = 0; i < k->n_bays && pass->stochastic; i++) k->bays[i].shard.first_row += first;
        const dnn_run forward = { .training = pass->stochastic, .seed = r->seed, .step = pass->pass, .weights = r->weights };
        dnn_graph_forward(r->graph, &forward, k->shards, k->n_bays);
        const double *sums = pass->targets ? reduce_loss_sums(k) : NULL;
        for (size_t i = 0; i < k->n_bays; i++) {
            bay *b = &k->bays[i];
            if (pass->stochastic) b->shard.first_row -= first;
            if (pass->targets)
                dnn_objective_eval(r->objective, &b->shard, (const float *const *)b->target, b->weight, sums, false,
                                   records + r->record_at[b->number]);
            if (outputs) put_outputs(r, pass, b);
        }
        if (!outputs) continue;
        meet_outputs(k, pass, rows);
        if (k->main && dnn_comm_rank(dnn_team_comm(r->team)) == 0) pass->batch_done(pass->context, first, rows);
        dnn_team_barrier(r->team); /* the outputs may be written again */
    }
    records[r->flags_at[dnn_team_first_of_all(r->team) + k->index]] = 0.0;
    meet(k, records, r->record_offsets);
    merge_records(k, records);
    dnn_team_barrier(r->team);
    dnn_watch_phase(before);
}

uint64_t evaluate_part(runner *r, part_pass *pass, double *record)
{
    part_run run = { .r = r, .pass = pass };
    dnn_team_run(r->team, run_worker, &run);
    if (record && !run.asked) memcpy(record, r->workers[0].outcome, r->record * sizeof *record);
    return run.asked;
}
