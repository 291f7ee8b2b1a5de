/* Help and the command reference, printed from the table of commands. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/table.h"
#include "dnn/io/hdf5.h"
#include "dnn/math/blas.h"

static const struct { dnn_status status; const char *meaning; } statuses[] = {
    { DNN_OK, "done" },
    { DNN_E_CONFIG, "wrong usage or run file" },
    { DNN_E_DATA, "data set missing, damaged or unfit" },
    { DNN_E_MODEL, "model or checkpoint file" },
    { DNN_E_IO, "input or output: disk full, folder in use, cannot write" },
    { DNN_E_DIVERGED, "the training diverged: NaN or Inf" },
    { DNN_E_REPLICAS, "copies of the weights differ" },
    { DNN_E_RANKS, "ranks disagree on program, run file or data" },
    { DNN_E_MEMORY, "out of memory" },
    { DNN_E_INTERNAL, "a fault of our own" },
    { DNN_E_STOPPED, "interrupted on request, checkpoint saved; go on with --resume auto" },
    { DNN_E_STALLED, "stalled" },
};

static const struct { const char *name, *meaning; } variables[] = {
    { "NO_COLOR", "not empty: no colours" },
    { "TERM", "dumb, or not set: no moving line either" },
    { "TMPDIR", "for packed data that are too large for memory, unpacked while they are read; default /var/tmp" },
    { "SLURM_JOB_END_TIME", "when the job ends, in seconds since 1970: train saves and ends in time; without it squeue is asked" },
    { "DNN_READER", "a dnn-mpi that opens HDF5 files for a program which has the library without being dnn-mpi" },
};

static const char purpose[] = "dnn-mpi trains neural networks on as many ranks as there are, and uses what was trained.";
static const char ways[] = "dnn-mpi COMMAND …                       alone\n"
                           "mpirun -n 4 dnn-mpi COMMAND …           on 4 ranks\n"
                           "srun --mpi=pmix -n 4 dnn-mpi COMMAND …  in a Slurm job\n";

static void option_rows(table *t, const cli_option *options, size_t count, const char *tick)
{
    for (size_t i = 0; i < count; i++) {
        if (options[i].hidden) continue;
        table_format(t, "%s--%s%s%s%s", tick, options[i].name, options[i].argument ? " " : "", options[i].argument ? options[i].argument : "", tick);
        table_add(t, options[i].help);
    }
}

static void print_options(const char *heading, const cli_option *options, size_t count)
{
    table t;
    table_open(&t, 2);
    option_rows(&t, options, count, "");
    if (t.count) printf("\n%s:\n", heading);
    table_print(&t, stdout, 2, false);
}

static void status_rows(table *t)
{
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        table_format(t, "%d", (int)statuses[i].status);
        table_add(t, statuses[i].meaning);
    }
}

static void variable_rows(table *t)
{
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        table_add(t, variables[i].name);
        table_add(t, variables[i].meaning);
    }
}

static void usage(const cli_command *c, char out[256])
{
    snprintf(out, 256, "dnn-mpi %s%s%s%s", c->name, *c->words ? " " : "", c->words, c->takes_overrides ? " [KEY=VALUE …]" : "");
}

void cli_help_all(void)
{
    table t;
    printf("%s\n\n%s\nCommands:\n", purpose, ways);
    table_open(&t, 2);
    for (size_t i = 0; i < cli_commands_count; i++) {
        table_format(&t, "%s%s%s", cli_commands[i]->name, *cli_commands[i]->words ? " " : "", cli_commands[i]->words);
        table_add(&t, cli_commands[i]->help);
    }
    table_print(&t, stdout, 2, false);
    print_options("Options of every command", cli_common_options, cli_common_options_count);
    printf("\nEnvironment:\n");
    table_open(&t, 2);
    variable_rows(&t);
    table_print(&t, stdout, 2, false);
    printf("\nExit status, the same on all ranks:\n");
    table_open(&t, 2);
    t.right[0] = true;
    status_rows(&t);
    table_print(&t, stdout, 2, false);
    printf("\n'dnn-mpi COMMAND --help' says more. 'dnn-mpi list' prints what a run file can say.\n");
}

void cli_help_command(const cli_command *c)
{
    char line[256];
    usage(c, line);
    printf("Usage: %s [OPTION …]\n\n%s\n", line, c->help);
    if (c->details) printf("\n%s", c->details);
    print_options("Options", c->options, c->n_options);
    print_options("Options of every command", cli_common_options, cli_common_options_count);
}

/* Columns of two, the first row their names; nothing where there is no other. */
static void markdown_table(table *t)
{
    if (t->count > 2) printf("\n");
    if (t->count > 2) table_markdown(t, stdout);
    else table_close(t);
}

static void markdown_head(table *t, const char *first, const char *second)
{
    table_open(t, 2);
    table_add(t, first);
    table_add(t, second);
}

static void markdown_options(const cli_option *options, size_t count)
{
    table t;
    markdown_head(&t, "option", "");
    option_rows(&t, options, count, "`");
    markdown_table(&t);
}

void cli_help_markdown(void)
{
    table t;
    printf("# Command reference\n\nPrinted by `dnn-mpi help --markdown`.\n\n%s\n\n```\n%s```\n", purpose, ways);
    for (size_t i = 0; i < cli_commands_count; i++) {
        const cli_command *c = cli_commands[i];
        char line[256];
        usage(c, line);
        printf("\n## %s\n\n```\n%s\n```\n\n%s%s\n", c->name, line, c->help, c->help[strlen(c->help) - 1] == '.' ? "" : ".");
        if (c->details) printf("\n%s", c->details);
        markdown_options(c->options, c->n_options);
    }
    printf("\n## Options of every command\n");
    markdown_options(cli_common_options, cli_common_options_count);
    printf("\n## Environment\n");
    markdown_head(&t, "variable", "meaning");
    variable_rows(&t);
    markdown_table(&t);
    printf("\n## Exit status\n\nThe same on all ranks. mpirun itself returns 1 after it was sent SIGTERM, whatever the ranks return; "
           "`status.json` in the output folder has the ranks' own.\n");
    markdown_head(&t, "status", "meaning");
    status_rows(&t);
    markdown_table(&t);
}

void cli_version(void)
{
    printf("dnn-mpi %s\n", DNN_VERSION);
    printf("MPI   %s\n", dnn_comm_version());
    printf("BLAS  %s\n", dnn_blas_version());
    printf("HDF5  %s\n", dnn_hdf5_version());
}
