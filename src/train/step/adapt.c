/* Statistics that layers learn from the training part before the first step: a pass over it for each such layer, which
 * sees what the layers below make of the rows with their weights as they are. */
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "dnn/math/blas.h"
#include "train/step/runner.h"

typedef struct adaptation {
    runner *r;
    size_t layer;
    double *sums; /* [workers of the rank, sums of the layer] over the batches so far: every worker adds up the same */
} adaptation;

static void give_statistics(runner *r, size_t layer, const double *sums)
{
    const dnn_layer *l = &r->graph->layers[layer];
    float *w[DNN_MAX_WEIGHTS];
    size_t n = 0;
    for (size_t i = 0; i < r->graph->segments.count; i++)
        if (r->graph->segments.at[i].layer == layer) w[n++] = r->weights + r->graph->segments.at[i].offset;
    l->kind->move_statistics(l, sums, w);
}

static void measure_worker(void *context, int index)
{
    const adaptation *a = context;
    runner *r = a->r;
    const int own = index - dnn_team_first_worker(r->team);
    worker *k = &r->workers[own];
    const dnn_layer *l = &r->graph->layers[a->layer];
    double *sums = a->sums + (size_t)own * l->plan.sums;
    const dnn_reducer reducer = { .reduce = reduce_sums, .context = k };
    const dnn_run run = { .seed = r->seed, .weights = r->weights, .reducer = &reducer };
    const uint64_t n = dnn_dataset_rows(r->dataset, DNN_TRAIN);
    dnn_blas_use_one_thread();
    for (uint64_t first = 0; first < n; first += r->cut.batch) {
        const size_t rows = n - first < r->cut.batch ? (size_t)(n - first) : r->cut.batch;
        for (size_t i = 0; i < k->n_bays; i++) gather(r, DNN_TRAIN, 0, first, rows, false, &k->bays[i]);
        const double *merged = dnn_graph_measure(r->graph, &run, k->shards, k->n_bays, a->layer);
        if (first == 0) memcpy(sums, merged, l->plan.sums * sizeof *sums);
        else l->kind->merge(l, false, sums, merged);
    }
    dnn_team_barrier(r->team);
    if (k->index == 0) give_statistics(r, a->layer, sums);
    dnn_team_barrier(r->team);
}

dnn_status adapt(runner *r)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < r->graph->n_layers && st == DNN_OK; i++) {
        const dnn_layer *l = &r->graph->layers[i];
        if (!l->kind->adapts || l->plan.sums == 0 || l->called) continue;
        adaptation a = { r, i, dnn_alloc((size_t)r->n_workers * l->plan.sums, sizeof *a.sums) };
        st = dnn_agree(dnn_team_comm(r->team), a.sums ? DNN_OK : DNN_E_MEMORY);
        if (st == DNN_OK) dnn_team_run(r->team, measure_worker, &a);
        dnn_free(a.sums);
    }
    return st;
}
