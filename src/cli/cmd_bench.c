/* bench: how long a step takes, where the time goes, and how near that is to what the machine could do. */
#include <math.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/table.h"
#include "cli/waiting.h"
#include "dnn/base/log.h"
#include "dnn/base/memory.h"
#include "dnn/base/node.h"
#include "dnn/io/tree.h"
#include "dnn/train/bench.h"

enum { ROUNDS = 15 };

static const cli_option options[] = {
    { "json", NULL, .help = "one JSON object a network" },
    { "rounds", "N", "step and floor are measured in turns N times, medians count; default 15", .kind = CLI_NUMBER },
};

static void print_table(const dnn_bench_result *b)
{
    table t;
    const dnn_workload *known = dnn_workload_find(b->name);
    printf("%s%s%s\n", b->name, known ? ": " : "", known ? known->what : "");
    table_open(&t, 3);
    t.right[1] = true;
    table_add(&t, "workers");
    table_format(&t, "%d", b->workers);
    table_format(&t, "%d rank%s, %d team%s, %d core%s; batch %zu in %zu shard%s, %zu parameters", b->ranks, b->ranks == 1 ? "" : "s", b->teams,
                 b->teams == 1 ? "" : "s", b->cores, b->cores == 1 ? "" : "s", b->batch, b->shards, b->shards == 1 ? "" : "s", b->parameters);
    table_add(&t, "step, ms");
    table_format(&t, "%.3f", b->step);
    table_format(&t, "best %.3f; %.0f samples/s", b->step_best, b->samples_per_second);
    for (int p = 0; p < DNN_BENCH_PHASES; p++) {
        table_format(&t, "  %s", dnn_bench_phase_names[p]);
        table_format(&t, "%.3f", b->phase[p]);
        table_format(&t, "%.0f %%", 100.0 * b->phase[p] / b->step);
    }
    table_add(&t, "floor, ms");
    table_format(&t, "%.3f", b->floor);
    table_format(&t, "step / floor = %.2f", b->step / b->floor);
    table_add(&t, "  products");
    table_format(&t, "%.3f", b->products);
    table_format(&t, "%.0f of %.0f GFLOP/s, %.0f %% of the peak; the step's share of it %.0f %%", b->product_rate, b->peak_rate,
                 100.0 * b->product_rate / b->peak_rate, 100.0 * b->operations * 1e-6 / b->step / b->peak_rate);
    table_add(&t, "  reduction and update");
    table_format(&t, "%.3f", b->reduction);
    if (b->reduction > 0.0) table_format(&t, "%.1f GB/s", b->reduction_bytes * 1e-6 / b->reduction);
    else table_add(&t, "less than the products vary");
    if (isfinite(b->overlap)) {
        table_add(&t, "  exchange between teams");
        table_format(&t, "%.3f", b->exchange);
        table_format(&t, "%.0f %% of it hidden", 100.0 * b->overlap);
    }
    table_print(&t, stdout, 2, false);
}

static dnn_status set(dnn_node *map, const char *key, double value)
{
    if (!isfinite(value)) return dnn_node_set(map, key, dnn_node_null());
    return dnn_node_set(map, key, value == floor(value) ? dnn_node_int((int64_t)value) : dnn_node_real(value));
}

static dnn_status print_json(const dnn_bench_result *b)
{
    const struct { const char *key; double value; } rows[] = {
        { "ranks", b->ranks }, { "workers", b->workers }, { "teams", b->teams }, { "cores", b->cores }, { "batch", (double)b->batch },
        { "shards", (double)b->shards }, { "parameters", (double)b->parameters }, { "samples_per_second", b->samples_per_second },
        { "step_ms", b->step }, { "step_best_ms", b->step_best }, { "floor_ms", b->floor }, { "step_over_floor", b->step / b->floor },
        { "products_ms", b->products }, { "products_best_ms", b->products_best }, { "reduction_ms", b->reduction }, { "exchange_ms", b->exchange },
        { "overlap", b->overlap }, { "products_gflops", b->product_rate }, { "peak_gflops", b->peak_rate },
        { "share_of_peak", b->operations * 1e-6 / b->step / b->peak_rate }, { "reduction_gbytes_per_second", b->reduction_bytes * 1e-6 / b->reduction },
    };
    char *text = NULL;
    dnn_node *map = dnn_node_map();
    dnn_status st = map ? dnn_node_set(map, "name", dnn_node_string(b->name)) : DNN_E_MEMORY;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && st == DNN_OK; i++) st = set(map, rows[i].key, rows[i].value);
    for (int p = 0; p < DNN_BENCH_PHASES && st == DNN_OK; p++) {
        char key[64];
        snprintf(key, sizeof key, "%s_ms", dnn_bench_phase_names[p]);
        st = set(map, key, b->phase[p]);
    }
    if (st == DNN_OK) st = dnn_json_write(map, &text);
    if (st == DNN_OK) printf("%s\n", text);
    dnn_free(text);
    dnn_node_destroy(map);
    return st;
}

static dnn_status bench_one(const cli_call *call, const char *what)
{
    dnn_bench_result result;
    const dnn_bench_request request = {
        .run_file = what, .overrides = call->overrides, .n_overrides = call->n_overrides, .threads = cli_number(call, "threads", 1),
        .rounds = cli_number(call, "rounds", ROUNDS),
    };
    waiting_for("measuring %s", what);
    dnn_status st = dnn_bench(call->comm, &request, &result);
    waiting_end();
    if (st != DNN_OK || dnn_comm_rank(call->comm) != 0) return st;
    if (result.workers > result.cores)
        dnn_warn("%d workers share %d cores: times say little; start fewer", result.workers, result.cores);
    if (cli_value(call, "json")) return print_json(&result);
    print_table(&result);
    return DNN_OK;
}

static dnn_status run(const cli_call *call)
{
    if (call->n_words > 0) return bench_one(call, call->words[0]);
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < dnn_workloads_count && st == DNN_OK; i++) st = bench_one(call, dnn_workloads[i].name);
    return st;
}

const cli_command cli_bench = {
    .name = "bench", .words = "[RUN.yaml|A|B|C|D|E]", .help = "how long a step takes, where the time goes, how near that is to the machine's floor",
    .details = "A to E are networks that come with the program; without a word all five are measured. The floor is the step's matrix products, then\n"
               "adding the gradients with the optimizer's traffic, then the exchange between teams, and nothing else, measured in turns with the step.\n"
               "Other work on the machine shows in both: trust ratios more than milliseconds. Nothing is written.\n",
    .options = options, .n_options = sizeof options / sizeof *options,
    .least = 0, .most = 1, .takes_overrides = true, .needs_ranks = true, .run = run,
};
