/* evaluate: loss and metrics of a part of the data. */
#include <math.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/waiting.h"
#include "dnn/base/memory.h"
#include "dnn/base/node.h"
#include "dnn/io/tree.h"
#include "dnn/nn/objective.h"

static const cli_option options[] = {
    { "part", "train|validation|test", "which part; default: test, else the only one there is", .kind = CLI_CHOICE },
    { "json", NULL, .help = "one JSON object with the names of history.csv, and samples" },
};

/* JSON has no NaN. */
static dnn_node *number(double value)
{
    return isfinite(value) ? dnn_node_real(value) : dnn_node_null();
}

/* Counts are whole unless rows have weights. */
static dnn_node *entry(double value)
{
    return value == floor(value) && fabs(value) < 0x1p53 ? dnn_node_int((int64_t)value) : number(value);
}

/* A list, of lists where there is more than one column. */
static dnn_node *json_of(const dnn_objective_table *t)
{
    dnn_node *all = dnn_node_list();
    dnn_status st = all ? DNN_OK : DNN_E_MEMORY;
    for (size_t r = 0; r < t->rows && st == DNN_OK; r++) {
        dnn_node *row = t->columns > 1 ? dnn_node_list() : number(t->values[r]);
        for (size_t c = 0; t->columns > 1 && c < t->columns && st == DNN_OK; c++)
            st = row ? dnn_node_append(row, entry(t->values[r * t->columns + c])) : DNN_E_MEMORY;
        if (st == DNN_OK) st = dnn_node_append(all, row);
        else dnn_node_destroy(row);
    }
    if (st == DNN_OK) return all;
    dnn_node_destroy(all);
    return NULL;
}

static dnn_status print_json(const dnn_results *results)
{
    char *text = NULL;
    dnn_node *map = dnn_node_map();
    dnn_status st = map ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < results->count && st == DNN_OK; i++) st = dnn_node_set(map, results->names[i], number(results->values[i]));
    for (size_t i = 0; i < results->n_tables && st == DNN_OK; i++) st = dnn_node_set(map, results->tables[i].name, json_of(&results->tables[i]));
    if (st == DNN_OK) st = dnn_node_set(map, "samples", dnn_node_int((int64_t)results->samples));
    if (st == DNN_OK) st = dnn_json_write(map, &text);
    if (st == DNN_OK) printf("%s\n", text);
    dnn_free(text);
    dnn_node_destroy(map);
    return st;
}

static void add_list(table *to, const dnn_objective_table *t)
{
    char text[1000] = "";
    for (size_t r = 0, used = 0; r < t->rows && used < sizeof text; r++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%.6g", r ? " " : "", t->values[r]);
    table_add(to, t->name);
    table_add(to, text);
}

/* As wide as its largest number asks: cli/table.h has no room for the columns of many classes. */
static void print_matrix(const dnn_objective_table *t)
{
    int wide = 1;
    for (size_t i = 0; i < t->rows * t->columns; i++) {
        const int length = snprintf(NULL, 0, "%.6g", t->values[i]);
        if (length > wide) wide = length;
    }
    if (t->columns > 10 && wide < 3) wide = 3;
    printf("\n%s: true class down, predicted class across\n%5s", t->name, "");
    for (size_t c = 0; c < t->columns; c++) printf("  %*zu", wide, c);
    for (size_t r = 0; r < t->rows; r++) {
        printf("\n%5zu", r);
        for (size_t c = 0; c < t->columns; c++) printf("  %*.6g", wide, t->values[r * t->columns + c]);
    }
    putchar('\n');
}

static dnn_status print_table(const dnn_results *results)
{
    table t;
    table_open(&t, 2);
    table_add(&t, "samples");
    table_format(&t, "%llu (%s)", (unsigned long long)results->samples, cli_part_name((int)results->part));
    for (size_t i = 0; i < results->count; i++) {
        table_add(&t, results->names[i]);
        table_format(&t, "%.6g", results->values[i]);
    }
    for (size_t i = 0; i < results->n_tables; i++)
        if (results->tables[i].columns == 1) add_list(&t, &results->tables[i]);
    const dnn_status st = table_print(&t, stdout, 0, false);
    for (size_t i = 0; i < results->n_tables; i++)
        if (results->tables[i].columns > 1) print_matrix(&results->tables[i]);
    return st;
}

static dnn_status run(const cli_call *call)
{
    progress p;
    dnn_results results = { 0 };
    const dnn_apply_request request = {
        .model_file = call->words[0], .overrides = call->overrides, .n_overrides = call->n_overrides, .threads = cli_number(call, "threads", 1),
        .part = cli_part(call), .progress = progress_open(&p),
    };
    dnn_status st = dnn_evaluate(call->comm, &request, &results);
    waiting_end();
    if (st == DNN_OK && dnn_comm_rank(call->comm) == 0) st = cli_value(call, "json") ? print_json(&results) : print_table(&results);
    dnn_results_clear(&results);
    return st;
}

const cli_command cli_evaluate = {
    .name = "evaluate", .words = "MODEL.h5", .help = "loss and metrics of a part of the data, each sample counted once",
    .details = "The data are those that the model file was trained on; KEY=VALUE changes their section, as in data.limit.test=100. A new\n"
               "data.source drops the saved split, classes and limit and keeps the scalers.\n",
    .options = options, .n_options = sizeof options / sizeof *options,
    .least = 1, .most = 1, .takes_overrides = true, .needs_ranks = true, .run = run,
};
