/* Workers and their bays: memory of this rank's own, for the shards it computes. */
#include "train/step/runner.h"

#include "dnn/base/memory.h"

static size_t at_least(size_t a, size_t b) { return a > b ? a : b; }

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
    b->shard.sums = dnn_alloc(at_least(r->sums_width, 1), sizeof(double));
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
    cut_shards(r->cut.shards, (size_t)(dnn_team_first_of_all(r->team) + k->index), workers, &first, &end);
    k->bays = dnn_alloc(end - first + 1, sizeof *k->bays);
    k->shards = dnn_alloc(end - first + 1, sizeof *k->shards);
    k->merge = dnn_alloc(r->cut.shards * at_least(at_least(r->sums_width, r->record), 1), sizeof(double));
    k->outcome = dnn_alloc(at_least(r->record, 1), sizeof(double));
    k->block = dnn_alloc_aligned(DNN_BLOCK * sizeof(float));
    k->factors = dnn_alloc(r->graph->segments.count + 1, sizeof(double));
    k->norms = dnn_alloc(r->graph->segments.count + 1, sizeof(double));
    k->weight_norms = dnn_alloc(r->graph->segments.count + 1, sizeof(double));
    k->row_offsets = dnn_alloc((size_t)dnn_team_count(r->team) + 1, sizeof *k->row_offsets);
    if (!k->row_offsets || !k->bays || !k->shards || !k->merge || !k->outcome || !k->block || !k->factors || !k->norms || !k->weight_norms) return DNN_E_MEMORY;
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
    dnn_free(k->weight_norms);
    dnn_free(k->row_offsets);
    dnn_free(k->course.reports);
    trace_destroy(&k->trace);
}

dnn_status workers_create(runner *r)
{
    r->n_workers = dnn_team_threads(r->team);
    r->workers = dnn_alloc((size_t)r->n_workers, sizeof *r->workers);
    if (!r->workers) return DNN_E_MEMORY;
    for (int i = 0; i < r->n_workers; i++) r->workers[i].r = r;
    dnn_status st = DNN_OK;
    for (int i = 0; i < r->n_workers && st == DNN_OK; i++) st = create_worker(r, i, &r->workers[i]);
    return st;
}

void workers_destroy(runner *r)
{
    for (int i = 0; r->workers && i < r->n_workers; i++) destroy_worker(&r->workers[i]);
    dnn_free(r->workers);
    r->workers = NULL;
}
