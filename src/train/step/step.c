/* One training step, seen by one worker: forward and backward on its shards, then the meeting at which records and flags become
 * everybody's, then the update of its slice. Nothing is allocated, opened, printed or locked here. */
#include <math.h>
#include <string.h>

#include "dnn/base/failpoint.h"
#include "train/observe/diagnosis.h"
#include "train/step/plants.h"
#include "train/step/replicas.h"
#include "train/step/runner.h"

/* A step cannot fail on its own; a planted failure of this rank goes the way of all: kept, and a flag to the others. */
static dnn_fault planted(worker *k, const char *place)
{
    const dnn_fault fault = k->main ? dnn_failpoint(place) : DNN_FAULT_NONE;
    if (fault == DNN_FAULT_ERROR) k->r->fault = dnn_fail(DNN_E_INTERNAL, "a planted fault in %s", place);
    return fault;
}

/* For a planted fault: what has been set out while backward runs cannot be spoilt behind it. */
static void spoil_and_hand_over(void *context, size_t layer)
{
    ((worker *)context)->bays[0].shard.gradient[0] = NAN;
    buckets_layer_done(context, layer);
}

bool worker_goes_backward(const worker *k)
{
    if (k->r->graph->max_sums > 0) return k->sums_are_finite;
    return k->loss_is_finite;
}

static void forward_and_loss(worker *k, const dnn_run *run, double *records)
{
    runner *r = k->r;
    if (planted(k, "forward") == DNN_FAULT_NAN && k->n_bays > 0) k->bays[0].x[0][0] = NAN;
    k->loss_is_finite = k->sums_are_finite = true;
    dnn_graph_forward(r->graph, run, k->shards, k->n_bays);
    const double *sums = reduce_loss_sums(k);
    for (size_t i = 0; i < k->n_bays; i++) {
        bay *b = &k->bays[i];
        double *record = records + r->record_at[b->number];
        memset(record, 0, r->record * sizeof *record);
        dnn_objective_eval(r->objective, &b->shard, (const float *const *)b->target, b->weight, sums, true, record);
        k->loss_is_finite &= all_finite(record, r->record);
    }
}

static size_t rows_of_batch(const runner *r, uint64_t first)
{
    const uint64_t n = dnn_dataset_rows(r->dataset, DNN_TRAIN);
    return n - first < r->cut.batch ? (size_t)(n - first) : r->cut.batch;
}

static void gather_batch(worker *k, uint64_t epoch, uint64_t step_of_epoch)
{
    const runner *r = k->r;
    const uint64_t first = step_of_epoch * r->cut.batch;
    for (size_t i = 0; i < k->n_bays; i++) gather_for_step(r, k->step, r->shuffle ? epoch : 0, first, rows_of_batch(r, first), &k->bays[i]);
    if (!dnn_dataset_streams(r->dataset)) return;
    const bool ends = step_of_epoch + 1 == r->steps_per_epoch;
    const uint64_t next = ends ? 0 : first + r->cut.batch, of_epoch = epoch + (ends ? 1 : 0);
    for (size_t i = 0; i < k->n_bays; i++) gather_expect(r, r->shuffle ? of_epoch : 0, next, rows_of_batch(r, next), &k->bays[i]);
}

bool train_step(worker *k, uint64_t epoch, uint64_t step_of_epoch)
{
    runner *r = k->r;
    double *records = r->records[k->step % 2];
    const dnn_reducer reducer = { .reduce = reduce_sums, .context = k };
    diagnosis_eye eye;
    dnn_observer observer;
    k->diagnoses = r->seen_width > 0 && step_of_epoch + 1 == r->steps_per_epoch;
    if (k->diagnoses) observer = diagnosis_open(&eye, k);
    dnn_run run = { .training = true, .seed = r->seed, .step = k->step, .weights = DNN_PLANT(stale_weights) ? plant_stale_weights(k) : r->weights,
                    .statistics = k->index == 0 ? r->weights : NULL, .reducer = &reducer,
                    .observer = k->diagnoses ? &observer : k->look,
                    .gradient_done = r->buckets.exchange ? buckets_layer_done : NULL, .done_context = k,
                    .pairs = r->pairs };
    trace_begin(&k->trace);
    dnn_watch_phase(DNN_PHASE_INPUT);
    gather_batch(k, epoch, step_of_epoch);
    if (k->main && DNN_PLANT(flip_a_bit)) plant_flip(r, r->weights);
    if (k->main && DNN_PLANT(flip_a_bit_of_a_moment) && r->n_slots) plant_flip(r, r->slots[r->n_slots - 1]);
    const bool compares = replicas_due(r, k->step);
    if (compares) replicas_put_hash(k, records);
    noise_on_weights(k);
    trace_mark(&k->trace, k->step, TRACE_INPUT);
    dnn_watch_phase(DNN_PHASE_FORWARD);
    forward_and_loss(k, &run, records);
    trace_mark(&k->trace, k->step, TRACE_FORWARD);
    dnn_watch_phase(DNN_PHASE_BACKWARD);
    const bool spoils = planted(k, "backward") == DNN_FAULT_NAN && k->n_bays > 0;
    if (spoils && run.gradient_done) run.gradient_done = spoil_and_hand_over;
    buckets_begin(k);
    if (worker_goes_backward(k))
        dnn_graph_backward(r->graph, &run, k->shards, k->n_bays, dnn_objective_fused(r->objective));
    if (DNN_PLANT(clip_before_reduction)) plant_clip_shards(k);
    if (DNN_PLANT(mean_of_means)) plant_mean_of_means(k, rows_of_batch(r, step_of_epoch * r->cut.batch));
    if (spoils) k->bays[0].shard.gradient[0] = NAN;
    trace_mark(&k->trace, k->step, TRACE_BACKWARD);
    dnn_watch_phase(DNN_PHASE_REDUCE);
    buckets_set_out(k);
    const int all = dnn_team_first_of_all(r->team) + k->index;
    records[r->flags_at[all]] = k->main ? (double)__atomic_load_n(&r->request, __ATOMIC_RELAXED) : 0.0;
    meet(k, records, r->record_offsets);
    merge_records(k, records);
    if (k->diagnoses) meet(k, r->seen, r->seen_offsets);
    trace_mark(&k->trace, k->step, TRACE_WAIT);
    noise_off_weights(k);
    if (compares && !replicas_same(r, records)) k->flags |= FLAG_DRIFT;
    else if (compares && k->main) r->last_same = k->step;
    /* A NaN or Inf in any sum that is reported shows in the record, on all workers alike; one in the sums of a layer may end in a relu. */
    const bool finite = k->sums_are_finite && all_finite(k->outcome, r->record) && !(k->flags & FLAG_DRIFT);
    if (finite) {
        dnn_watch_phase(DNN_PHASE_UPDATE);
        double count = dnn_objective_samples(k->outcome);
        if (DNN_PLANT(short_batch_divided_as_full)) count = (double)r->cut.batch;
        if (DNN_PLANT(divided_by_own_rows)) count = plant_own_rows(k);
        reduce_and_update(k, count);
        trace_mark(&k->trace, k->step, TRACE_UPDATE);
        k->step++;
    } else if (r->buckets.exchange) {
        buckets_end(k); /* what is on its way arrives, and nobody needs it */
    }
    dnn_team_barrier(r->team);
    trace_mark(&k->trace, k->step - finite, TRACE_WAIT);
    dnn_watch_phase(DNN_PHASE_BETWEEN);
    return finite;
}
