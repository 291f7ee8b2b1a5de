/* verify: the run's own distributed steps against the same steps done serially. */
#include <math.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/table.h"
#include "cli/waiting.h"
#include "dnn/train/verify.h"

typedef struct shown { table t; size_t lines, wrong; } shown;

static void begin(void *context, const char *text)
{
    (void)context;
    waiting_end();
    printf("%s\n", text);
    fflush(stdout); /* before the line that may follow on the same screen */
    waiting_for("comparing steps");
}

static void add_line(void *context, const dnn_verify_line *l)
{
    shown *s = context;
    if (l->step == 0) return; /* not compared in this run */
    s->lines++;
    s->wrong += !l->agrees;
    table_add(&s->t, l->quantity);
    table_add(&s->t, l->name);
    table_format(&s->t, "%zu", l->elements);
    table_format(&s->t, "%llu", (unsigned long long)l->step);
    if (l->tolerance > 0.0) {
        table_format(&s->t, "%.3g", l->ulp);
        table_format(&s->t, "%.1e", l->relative);
        table_format(&s->t, "%.1e", l->tolerance);
    } else {
        for (int i = 0; i < 3; i++) table_add(&s->t, "");
    }
    if (l->exact && l->bits > 0.0) table_format(&s->t, "DIFFERS by %.3g from one worker's bits", l->bits);
    else table_add(&s->t, !l->agrees ? "DIFFERS" : l->exact ? "agrees, same bits as one worker" : "agrees");
}

static dnn_status run(const cli_call *call)
{
    static const char *const head[] = { "quantity", "of", "values", "step", "ULP", "relative", "rounding", "" };
    shown s = { 0 };
    table_open(&s.t, 8);
    for (size_t i = 2; i < 7; i++) s.t.right[i] = true;
    for (size_t i = 0; i < 8; i++) table_add(&s.t, head[i]);
    const dnn_verify_request request = { .run_file = call->words[0], .overrides = call->overrides, .n_overrides = call->n_overrides,
                                         .threads = cli_number(call, "threads", 1), .begin = begin, .line = add_line, .context = &s };
    const dnn_status st = dnn_verify(call->comm, &request);
    waiting_end();
    if (dnn_comm_rank(call->comm) != 0 || s.lines == 0) table_close(&s.t);
    else table_print(&s.t, stdout, 0, true);
    if (dnn_comm_rank(call->comm) == 0 && s.lines > 0) printf("\n%zu of %zu quantities agree\n", s.lines - s.wrong, s.lines);
    return st;
}

const cli_command cli_verify = {
    .name = "verify", .words = "RUN.yaml", .help = "holds steps on these ranks, threads and shards against the same steps done serially on one rank",
    .details = "Loss, metrics, what goes through each layer in both directions, moving statistics, each gradient, clipping, the optimizer's vectors and the\n"
               "next weights are compared with double arithmetic by other code, and with training.shards to the bit with one worker. What differs by more\n"
               "than rounding is named, the first of it on the last line, with status 7. Differences are in units in the last place (ULP) of the largest\n"
               "value of a tensor. Start it as the training will be: under mpirun, with its --threads. Nothing is written.\n",
    .least = 1, .most = 1, .takes_overrides = true, .needs_ranks = true, .run = run,
};
