/* check: everything a training does before its first step, and advice. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/table.h"
#include "cli/waiting.h"
#include "dnn/train/train.h"

static const cli_option options[] = {
    { "gradients", NULL, .help = "hold the engine's gradients of the first batch against double arithmetic and finite differences, tensor by tensor" },
};

typedef struct found { table gradients; size_t tensors, wrong; } found;

static void see(void *context, const dnn_graph *graph, const dnn_dataset *ds)
{
    size_t weights = 0, trainable = 0;
    (void)context;
    waiting_end();
    dnn_graph_count(graph, &weights, &trainable);
    printf("data:  %s\n", dnn_dataset_describe(ds));
    printf("model: %zu layers, %zu parameters, %zu of them trainable\n", dnn_graph_written_layers(graph), weights, trainable);
    fflush(stdout); /* before the line that may follow on the same screen */
    waiting_for("comparing gradients");
}

static void see_gradient(void *context, const dnn_gradient_line *line)
{
    found *f = context;
    table_add(&f->gradients, line->name);
    table_format(&f->gradients, "%zu", line->elements);
    table_format(&f->gradients, "%zu", line->probed);
    table_format(&f->gradients, "%.1e", line->engine);
    table_format(&f->gradients, "%.1e", line->differences);
    table_add(&f->gradients, line->agrees ? "agrees" : "DIFFERS");
    f->tensors++;
    f->wrong += !line->agrees;
}

static dnn_status print_gradients(found *f)
{
    if (f->tensors == 0) return table_close(&f->gradients);
    printf("\n");
    const dnn_status st = table_print(&f->gradients, stdout, 0, true);
    printf("\n%zu of %zu tensors agree. Errors are relative to a tensor's largest gradient: the engine's against the same formulas in double, and\n"
           "those formulas against central differences.\n", f->tensors - f->wrong, f->tensors);
    return st;
}

static dnn_status run(const cli_call *call)
{
    found f = { 0 };
    const bool gradients = cli_value(call, "gradients") != NULL;
    static const char *const head[] = { "tensor", "elements", "probed", "engine", "differences", "" };
    table_open(&f.gradients, 6);
    for (size_t i = 1; i < 5; i++) f.gradients.right[i] = true;
    for (size_t i = 0; gradients && i < 6; i++) table_add(&f.gradients, head[i]);
    const dnn_check_request request = { .run_file = call->words[0], .overrides = call->overrides, .n_overrides = call->n_overrides,
                                        .threads = cli_number(call, "threads", 1), .ranks = dnn_launcher_size(),
                                        .summary = see, .gradient = gradients ? see_gradient : NULL, .context = &f };
    dnn_status st = dnn_check(&request);
    waiting_end();
    const dnn_status printed = print_gradients(&f);
    if (st == DNN_OK) st = printed;
    if (st == DNN_OK) printf("%s: ready to train\n", call->words[0]);
    return st;
}

const cli_command cli_check = {
    .name = "check", .words = "RUN.yaml", .help = "reads a run file and all it names, gives advice, trains nothing",
    .options = options, .n_options = sizeof options / sizeof *options,
    .least = 1, .most = 1, .takes_overrides = true, .run = run,
};
