/* verify: the steps of a run on its own ranks, then on rank 0 the same steps by serial.h, and with training.shards by one worker with as many shards. */
#include "dnn/train/verify.h"

#include <stdio.h>
#include <string.h>

#include "dnn/base/log.h"
#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "dnn/math/blas.h"
#include "train/step/replicas.h"
#include "train/verify/verification.h"

/* Layers are shown shard by shard, a worker's shards in order, forward and backward. */
static void see(void *context, const dnn_layer *l, bool backward, size_t rows, const float *values, size_t units)
{
    eye *e = context;
    const bool again = e->layer == l && e->backward == backward;
    e->shard = again ? (e->shard + 1) % e->k->n_bays : 0;
    e->layer = l;
    e->backward = backward;
    double *sums = e->sums + look_at((size_t)(l - e->k->r->graph->layers), backward);
    const uint64_t first = e->k->bays[e->shard].shard.first_row * units;
    for (size_t i = 0; i < rows * units; i++) look_add(sums, first + i, (double)values[i]);
}

static void step_worker(void *context, int index)
{
    verification *v = context;
    worker *k = &v->t.run.workers[index - dnn_team_first_worker(v->t.team)];
    dnn_blas_use_one_thread();
    const bool finite = train_step(k, 1, v->batch);
    if (k->main) v->finite = finite;
}

static void step_alone(void *context, int index)
{
    verification *v = context;
    dnn_blas_use_one_thread();
    train_step(&v->alone.run.workers[index], 1, v->batch);
}

/* ---- making ---- */

static dnn_status prepare_trainer(trainer *t, const dnn_verify_request *request, int threads, bool alone)
{
    trainer_start start = { 0 };
    dnn_status st = trainer_load(t, request->run_file, request->overrides, request->n_overrides, &start);
    if (st == DNN_OK) {
        t->config.training.diagnose = t->config.training.trace = false;
        t->config.comm.sentinel = 0; /* the copies are compared after each step anyway */
        if (alone) t->config.comm.team = DNN_TEAM_RANK;
        st = trainer_prepare(t, threads, &start);
    }
    shared_model_close(&start.model);
    return st;
}

static dnn_status open_eyes(verification *v)
{
    runner *r = &v->t.run;
    const size_t width = look_width(r->graph->n_layers);
    v->eyes = dnn_alloc((size_t)r->n_workers, sizeof *v->eyes);
    v->seen = dnn_alloc(width, sizeof *v->seen);
    if (!v->eyes || !v->seen) return DNN_E_MEMORY;
    for (int i = 0; i < r->n_workers; i++) {
        eye *e = &v->eyes[i];
        *e = (eye){ .k = &r->workers[i], .observer = { see, e }, .sums = dnn_alloc(width, sizeof *e->sums) };
        if (!e->sums) return DNN_E_MEMORY;
        r->workers[i].look = &e->observer;
    }
    return DNN_OK;
}

static dnn_status prepare_root(verification *v)
{
    const runner *r = &v->t.run;
    const size_t total = r->graph->segments.total, layers = r->graph->n_ops;
    dnn_status st = serial_create(&v->t, &v->serial);
    v->exact = r->cut.exact;
    if (st == DNN_OK && !v->serial->has_rule)
        dnn_warn("optimizer %s has no serial rule (`serial` of its kind): its vectors and the next weights are not compared", r->optimizer->kind->name);
    if (st == DNN_OK && v->exact) st = prepare_trainer(&v->alone, v->request, 1, true);
    if (st == DNN_OK && v->exact) st = dnn_window_create(v->alone.team, total * sizeof(float), &v->alone_tap);
    if (st == DNN_OK) st = comparison_create(8 + v->t.n_train_values + 2 * layers + (3 + r->n_slots) * r->graph->segments.count, &v->c);
    if (st != DNN_OK) return st;
    if (v->exact) v->alone.run.tap = v->alone_tap.base;
    bool whole = (v->before = dnn_alloc(total, sizeof *v->before)) != NULL;
    for (size_t s = 0; s < r->n_slots; s++) whole &= (v->slots_before[s] = dnn_alloc(total, sizeof(float))) != NULL;
    return whole ? DNN_OK : DNN_E_MEMORY;
}

static dnn_status prepare(verification *v)
{
    dnn_status st = prepare_trainer(&v->t, v->request, v->request->threads, false);
    if (st == DNN_OK) st = dnn_agree(v->comm, open_eyes(v));
    if (st == DNN_OK) st = dnn_window_create(v->t.team, v->t.graph->segments.total * sizeof(float), &v->tap);
    if (st == DNN_OK) v->t.run.tap = v->tap.base;
    if (st == DNN_OK) st = dnn_agree_root(v->comm, dnn_comm_rank(v->comm) == 0 ? prepare_root(v) : DNN_OK);
    return st;
}

static void destroy(verification *v)
{
    for (int i = 0; v->eyes && i < v->t.run.n_workers; i++) dnn_free(v->eyes[i].sums);
    dnn_free(v->eyes);
    dnn_free(v->seen);
    dnn_free(v->before);
    for (size_t s = 0; s < DNN_MAX_VECTORS; s++) dnn_free(v->slots_before[s]);
    comparison_destroy(&v->c);
    serial_destroy(v->serial);
    if (v->alone.team) dnn_window_destroy(v->alone.team, &v->alone_tap);
    trainer_destroy(&v->alone);
    if (v->t.team) dnn_window_destroy(v->t.team, &v->tap);
    trainer_destroy(&v->t);
}

/* ---- running ---- */

/* The first batches of an epoch, and as the last one that epoch's last, which may be short; enough steps for an update and the beginning of the next where
 * gradients are accumulated. */
static uint64_t steps_of(const verification *v) { return dnn_optimizer_steps_per_update(v->t.run.optimizer) + 2; }

static uint64_t batch_of(const verification *v, uint64_t step)
{
    const uint64_t an_epoch = v->t.run.steps_per_epoch;
    return step + 1 == steps_of(v) ? an_epoch - 1 : step % an_epoch;
}

static void keep_before(verification *v)
{
    const runner *r = &v->t.run;
    const size_t bytes = r->graph->segments.total * sizeof(float);
    memcpy(v->before, r->weights, bytes);
    for (size_t s = 0; s < r->n_slots; s++) memcpy(v->slots_before[s], r->slots[s], bytes);
}

static void add_up_eyes(verification *v)
{
    const size_t width = look_width(v->t.graph->n_layers);
    memset(v->seen, 0, width * sizeof *v->seen);
    for (int i = 0; i < v->t.run.n_workers; i++) {
        for (size_t j = 0; j < width; j++) v->seen[j] += v->eyes[i].sums[j];
        memset(v->eyes[i].sums, 0, width * sizeof *v->seen);
        v->eyes[i].layer = NULL;
    }
    dnn_comm_sum(v->comm, v->seen, width);
}

static dnn_status verify_step(verification *v, uint64_t step)
{
    const bool root = dnn_comm_rank(v->comm) == 0;
    v->step = step;
    v->batch = batch_of(v, step);
    if (root) keep_before(v);
    dnn_comm_barrier(v->comm);
    dnn_team_run(v->t.team, step_worker, v);
    if (!v->finite)
        return dnn_fail(DNN_E_DIVERGED, "verify: the loss of step %llu is not finite; verify wants a run that can be trained",
                        (unsigned long long)step + 1);
    add_up_eyes(v);
    dnn_status st = DNN_OK;
    if (root && v->exact) dnn_team_run(v->alone.team, step_alone, v);
    if (root) st = verification_compare(v);
    st = dnn_agree_root(v->comm, st);
    if (st != DNN_OK) return st;
    const dnn_status copies = replicas_check(&v->t.run, step + 1);
    if (root) verification_note_copies(v, copies == DNN_OK);
    return copies == DNN_E_REPLICAS ? DNN_OK : copies;
}

static void announce(const verification *v)
{
    char text[512];
    const runner *r = &v->t.run;
    const int ranks = dnn_comm_size(v->comm), teams = dnn_team_count(v->t.team), workers = dnn_team_all_workers(v->t.team);
    snprintf(text, sizeof text, "%d rank%s on %d team%s, %d worker%s, %zu shard%s of up to %zu rows, against one rank in double%s", ranks,
             ranks == 1 ? "" : "s", teams, teams == 1 ? "" : "s", workers, workers == 1 ? "" : "s", r->cut.shards, r->cut.shards == 1 ? "" : "s",
             r->cut.capacity, v->exact ? ", and to the bit against one worker with the same shards" : "");
    if (v->request->begin) v->request->begin(v->request->context, text);
}

static dnn_status report(const verification *v)
{
    for (size_t i = 0; i < v->c.count; i++) v->request->line(v->request->context, &v->c.lines[i].shown);
    const dnn_verify_line *first = comparison_first(&v->c);
    if (!first) return DNN_OK;
    const char *blank = *first->name ? " " : "";
    if (first->exact && first->bits > 0.0)
        return dnn_fail(DNN_E_REPLICAS, "verify: %s%s%s of step %llu is the first that differs: by %.3g units in the last place from one worker with the "
                        "same shards, at value %llu of %zu; it was to be the same bits", first->quantity, blank, first->name,
                        (unsigned long long)first->step, first->bits, (unsigned long long)first->at_value, first->elements);
    return dnn_fail(DNN_E_REPLICAS, "verify: %s%s%s of step %llu is the first that differs: by %.3g units in the last place (relative %.2g, rounding "
                    "explains %.1g), at value %llu of %zu", first->quantity, blank, first->name, (unsigned long long)first->step, first->ulp,
                    first->relative, first->tolerance, (unsigned long long)first->at_value, first->elements);
}

dnn_status dnn_verify(dnn_comm *comm, const dnn_verify_request *request)
{
    verification v = { .comm = comm, .request = request, .t = { .comm = comm } };
    const bool root = dnn_comm_rank(comm) == 0;
    dnn_status st = prepare(&v);
    if (st == DNN_OK && root) announce(&v);
    for (uint64_t s = 0; st == DNN_OK && s < steps_of(&v); s++) st = verify_step(&v, s);
    if (st == DNN_OK) st = dnn_agree_root(comm, root ? report(&v) : DNN_OK);
    destroy(&v);
    return st;
}
