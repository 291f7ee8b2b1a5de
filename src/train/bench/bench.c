/* A step against its floor. The floor is the products of the step, then adding the gradients and reading and writing what the optimizer reads and
 * writes, then the exchange between teams: everything else a step does is overhead. They are made one after the other as in a step, because
 * gradients that another core has just written, and weights that it has just moved, cost more than those in one's own cache. Step and
 * floor take turns in one run, because other work on the machine, and the machine's own clock, change both alike. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "dnn/io/tree.h"
#include "train/bench/works.h"

const char *const dnn_bench_phase_names[DNN_BENCH_PHASES] = { "input", "forward", "backward", "wait", "update" };
enum { MOST_ROUNDS = 101 };
_Static_assert((int)DNN_BENCH_PHASES == (int)TRACE_PHASES, "one time a phase");

static void add_phases(const bench *b, size_t steps, double *phase)
{
    for (int p = 0; p < TRACE_PHASES; p++) phase[p] = 0.0;
    for (int w = 0; w < b->run.n_workers; w++) {
        const trace *t = &b->run.workers[w].trace;
        for (size_t i = 0; i < t->count; i++) phase[t->events[i].phase] += t->events[i].length * 1e3 / (double)steps;
    }
    dnn_comm_sum(b->comm, phase, TRACE_PHASES);
    for (int p = 0; p < TRACE_PHASES; p++) phase[p] /= dnn_team_all_workers(b->team);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, ascending);
    return values[n / 2];
}

static dnn_status measure(bench *b, int rounds, dnn_bench_result *out)
{
    static double took[WORKS][MOST_ROUNDS], phase[MOST_ROUNDS][TRACE_PHASES], of_phase[MOST_ROUNDS];
    size_t times[WORKS] = { 0 };
    const bool exchanges = b->run.buckets.exchange != NULL;
    for (int w = 0; w < WORKS; w++)
        if ((w != EXCHANGE && w != SILENT_STEPS) || exchanges) times[w] = works_times_for(b, (work)w);
    for (int r = 0; r < rounds; r++)
        for (int w = 0; w < WORKS; w++) {
            took[w][r] = times[w] ? works_timed(b, (work)w, times[w]) : 0.0;
            if (w == STEPS) add_phases(b, times[w], phase[r]);
            if (w == STEPS && !b->finite) return dnn_fail(DNN_E_DIVERGED, "bench: the loss is not finite; choose a lower learning rate");
        }
    for (int p = 0; p < TRACE_PHASES; p++) {
        for (int r = 0; r < rounds; r++) of_phase[r] = phase[r][p];
        out->phase[p] = median(of_phase, rounds);
    }
    /* by rounds: what else goes on on the machine changes from one to the next */
    for (int r = 0; r < rounds; r++) of_phase[r] = exchanges ? 1.0 - (took[STEPS][r] - took[SILENT_STEPS][r]) / took[EXCHANGE][r] : NAN;
    out->overlap = exchanges ? fmin(fmax(median(of_phase, rounds), 0.0), 1.0) : NAN;
    out->step = median(took[STEPS], rounds);
    out->step_best = took[STEPS][0];
    out->products = median(took[PRODUCTS], rounds);
    out->products_best = took[PRODUCTS][0];
    out->floor = median(took[FLOOR], rounds);
    out->exchange = median(took[EXCHANGE], rounds);
    out->peak_rate = 2e-6 * BENCH_SQUARE * BENCH_SQUARE * BENCH_SQUARE * dnn_team_all_workers(b->team) / median(took[PEAK], rounds);
    return DNN_OK;
}

static void conclude(bench *b, dnn_bench_result *out)
{
    const runner *r = &b->run;
    double operations = 0.0;
    for (int w = 0; w < r->n_workers; w++) operations += b->logs[w].operations;
    dnn_comm_sum(b->comm, &operations, 1);
    size_t weights = 0, trainable = 0;
    dnn_graph_count(b->graph, &weights, &trainable);
    out->ranks = dnn_comm_size(b->comm);
    out->workers = dnn_team_all_workers(b->team);
    out->teams = dnn_team_count(b->team);
    out->cores = dnn_team_cores(b->team);
    out->batch = r->cut.batch;
    out->shards = r->cut.shards;
    out->parameters = weights;
    out->operations = operations;
    out->reduction = fmax(out->floor - out->products - out->exchange, 0.0);
    out->samples_per_second = 1e3 * (double)r->cut.batch / out->step;
    out->product_rate = operations * 1e-6 / out->products;
    out->reduction_bytes = (double)(r->team_shards + 2 + 2 * r->n_slots) * (double)sizeof(float) * (double)trainable * out->teams;
}

static dnn_status load(dnn_comm *comm, const dnn_bench_request *request, dnn_node **root)
{
    const dnn_workload *known = dnn_workload_find(request->run_file);
    if (!known) return dnn_config_load(comm, request->run_file, request->overrides, request->n_overrides, root);
    dnn_status st = dnn_yaml_parse(known->run_file, strlen(known->run_file), known->name, root);
    if (st == DNN_OK) st = dnn_config_override(*root, request->overrides, request->n_overrides);
    return dnn_agree(comm, st);
}

static dnn_status open_runner(bench *b)
{
    runner_options options;
    dnn_status st = dnn_agree(b->comm, setup_training(&b->config, b->dataset, &b->graph, &b->objective));
    if (st == DNN_OK) st = setup_runner(&b->config, b->team, b->dataset, b->graph, b->objective, &options);
    if (st != DNN_OK) return st;
    options.trace = true; /* the times of the phases come from there */
    options.diagnose = false;
    options.log_every = options.sentinel = 0;
    st = runner_create(&options, &b->run);
    if (st != DNN_OK) return st;
    if (dnn_team_leads(b->team)) st = dnn_graph_initialize(b->graph, b->run.seed, b->run.weights);
    const size_t workers = (size_t)dnn_team_threads(b->team), elements = workers * 3 * BENCH_SQUARE * BENCH_SQUARE;
    b->logs = dnn_alloc(workers, sizeof *b->logs);
    b->squares = dnn_alloc_aligned(elements * sizeof *b->squares);
    if (!b->logs || !b->squares) st = DNN_E_MEMORY;
    for (size_t i = 0; i < elements && st == DNN_OK; i++) b->squares[i] = (float)(i % 61) / 61.0f - 0.5f;
    st = dnn_agree(b->comm, st);
    return st == DNN_OK ? adapt(&b->run) : st;
}

static void close_all(bench *b)
{
    for (int i = 0; b->logs && i < dnn_team_threads(b->team); i++) dnn_product_log_destroy(&b->logs[i]);
    dnn_free(b->logs);
    dnn_free(b->squares);
    runner_destroy(&b->run);
    dnn_objective_destroy(b->objective);
    dnn_graph_destroy(b->graph);
    if (b->dataset) dnn_dataset_close(b->dataset);
    if (b->team) dnn_team_destroy(b->team);
    dnn_config_clear(&b->config);
}

dnn_status dnn_bench(dnn_comm *comm, const dnn_bench_request *request, dnn_bench_result *out)
{
    bench b = { .comm = comm, .finite = true };
    shared_model start = { 0 };
    bool with_optimizer = false;
    dnn_node *root = NULL;
    *out = (dnn_bench_result){ 0 };
    DNN_ASSERT(request->rounds >= 1);
    dnn_status st = load(comm, request, &root);
    if (st == DNN_OK) st = setup_model_start(comm, root, &start, &with_optimizer);
    if (st == DNN_OK) st = dnn_agree(comm, dnn_config_read(root, &b.config));
    dnn_node_destroy(root);
    if (st == DNN_OK) st = setup_team(comm, &b.config, request->threads, &b.team);
    if (st == DNN_OK) st = dnn_dataset_open(b.team, &b.config.data, (uint64_t)b.config.seed, NULL, &b.dataset);
    if (st == DNN_OK) st = open_runner(&b);
    if (st == DNN_OK) st = works_log_products(&b);
    if (st == DNN_OK) st = measure(&b, request->rounds < MOST_ROUNDS ? request->rounds : MOST_ROUNDS, out);
    if (st == DNN_OK) {
        strncpy(out->name, request->run_file, sizeof out->name - 1);
        conclude(&b, out);
    }
    shared_model_close(&start);
    close_all(&b);
    return st;
}
