/* The works themselves, done by all workers at once as in a step. */
#include "train/bench/works.h"

#include <math.h>
#include <string.h>

#include "dnn/base/clock.h"
#include "dnn/comm/agree.h"
#include "dnn/math/blas.h"

enum { SHORTEST_MS = 20, MOST_STEPS = 2000 };

static void make_steps(bench *b, worker *k)
{
    const uint64_t an_epoch = b->run.steps_per_epoch;
    bool finite = true;
    for (size_t i = 0; i < b->times && finite; i++) {
        const uint64_t step = b->steps_done + i;
        finite = train_step(k, step / an_epoch + 1, step % an_epoch);
    }
    if (k->main) b->finite = finite;
}

/* As an update of this optimizer does it, with the arithmetic of the simplest: all partial gradients are read, weights and each of the optimizer's
 * vectors read and written. Nothing changes. */
static void add_and_store(worker *k)
{
    runner *r = k->r;
    size_t first, end;
    slice_of(k, r->n_blocks, &first, &end);
    dnn_team_barrier(r->team);
    for (size_t i = first; i < end; i++) {
        const slice_block *s = &r->blocks[i];
        float sum[DNN_BLOCK];
        memcpy(sum, r->gradients + s->offset, s->length * sizeof *sum);
        for (size_t g = 1; g < r->team_shards; g++) {
            const float *gradient = r->gradients + g * r->graph->segments.total + s->offset;
            for (size_t j = 0; j < s->length; j++) sum[j] += gradient[j];
        }
        float *w = r->weights + s->offset;
        for (size_t j = 0; j < s->length; j++) w[j] -= 0.0f * sum[j];
        for (size_t v = 0; v < r->n_slots; v++) {
            float *slot = r->slots[v] + s->offset;
            for (size_t j = 0; j < s->length; j++) slot[j] += 0.0f * sum[j];
        }
    }
    dnn_team_barrier(r->team);
}

static void exchange(bench *b, worker *k)
{
    dnn_exchange *x = b->run.buckets.exchange;
    dnn_team_barrier(b->team);
    if (k->main && x) {
        size_t first, end;
        dnn_exchange_slice(x, b->graph->segments.total, &first, &end);
        dnn_exchange_begin(x, b->run.reduced + first, end - first);
        dnn_exchange_end(x);
    }
    dnn_team_barrier(b->team);
}

static void do_work(void *context, int index)
{
    bench *b = context;
    const int own = index - dnn_team_first_worker(b->team);
    worker *k = &b->run.workers[own];
    float *a = b->squares + (size_t)own * 3 * BENCH_SQUARE * BENCH_SQUARE;
    k->trace.count = 0;
    const bool steps = b->what == STEPS || b->what == SILENT_STEPS;
    if (steps) make_steps(b, k);
    for (size_t i = 0; i < b->times && !steps; i++) {
        if (b->what == PRODUCTS || b->what == FLOOR) dnn_product_log_run(&b->logs[own]);
        if (b->what == FLOOR) add_and_store(k);
        if (b->what == EXCHANGE || (b->what == FLOOR && dnn_team_count(b->team) > 1)) exchange(b, k);
        if (b->what == PEAK)
            dnn_gemm(false, false, BENCH_SQUARE, BENCH_SQUARE, BENCH_SQUARE, 1, a, BENCH_SQUARE, a + BENCH_SQUARE * BENCH_SQUARE, BENCH_SQUARE, 0, a + 2 * BENCH_SQUARE * BENCH_SQUARE, BENCH_SQUARE);
    }
}

double works_timed(bench *b, work what, size_t times)
{
    b->what = what;
    b->times = times;
    b->run.buckets.silent = what == SILENT_STEPS;
    dnn_comm_barrier(b->comm);
    const double begin = dnn_clock_seconds();
    dnn_team_run(b->team, do_work, b);
    double took = dnn_clock_seconds() - begin;
    if (what == STEPS || what == SILENT_STEPS) b->steps_done += times;
    dnn_comm_max(b->comm, &took, 1);
    return took * 1e3 / (double)times;
}

size_t works_times_for(bench *b, work what)
{
    const double first = works_timed(b, what, 1), each = works_timed(b, what, 2);
    const double times = ceil(SHORTEST_MS / fmax(fmin(first, each), 1e-3));
    return times < MOST_STEPS ? (size_t)times : MOST_STEPS;
}

static void log_step(void *context, int index)
{
    bench *b = context;
    const int own = index - dnn_team_first_worker(b->team);
    dnn_product_log_begin(&b->logs[own]);
    make_steps(b, &b->run.workers[own]);
    dnn_product_log_end();
}

/* One step with logs that have no room says how much they need, another fills them. */
dnn_status works_log_products(bench *b)
{
    const int workers = dnn_team_threads(b->team);
    dnn_status st = DNN_OK;
    b->times = 1;
    dnn_team_run(b->team, log_step, b);
    b->steps_done++;
    for (int i = 0; i < workers && st == DNN_OK; i++) {
        const size_t needed = b->logs[i].count;
        st = dnn_product_log_create(needed + needed / 8 + 64, &b->logs[i]); /* a shard of the next batch may be longer */
    }
    st = dnn_agree(b->comm, st);
    if (st != DNN_OK) return st;
    dnn_team_run(b->team, log_step, b);
    b->steps_done++;
    return DNN_OK;
}
