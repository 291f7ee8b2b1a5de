/* predict: outputs of a part of the data into a file. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/progress.h"

static const cli_option options[] = {
    { "out", "FILE.h5|FILE.csv", "where to; must be given", false },
    { "part", "train|validation|test", "which part; default: test, else the only one there is", false },
    { "mc", "T", "mean and standard deviation of T passes with dropout at work", false },
    { "overwrite", NULL, "replace FILE where it exists", false },
};

static dnn_status run(const cli_call *call)
{
    progress p;
    int passes = 0;
    dnn_apply_request request = { .model_file = call->words[0], .overrides = call->overrides, .n_overrides = call->n_overrides,
                                  .out = cli_value(call, "out"), .overwrite = cli_value(call, "overwrite") != NULL, .progress = progress_open(&p) };
    if (!request.out) return dnn_fail(DNN_E_CONFIG, "predict: --out is missing: the file to write, FILE.h5 or FILE.csv (try 'dnn-mpi predict --help')");
    dnn_status st = cli_number(call, "threads", 1, 1, &request.threads);
    if (st == DNN_OK) st = cli_number(call, "mc", 1, 0, &passes);
    if (st == DNN_OK) st = cli_part(call, &request.part);
    request.passes = (uint64_t)passes;
    if (st == DNN_OK) st = dnn_predict(call->comm, &request);
    if (st == DNN_OK && dnn_comm_rank(call->comm) == 0) printf("%s\n", request.out);
    return st;
}

const cli_command cli_predict = {
    .name = "predict", .words = "MODEL.h5", .help = "outputs for a part of the data, in row order and original units",
    .details = "An .h5 file gets a data set y [rows, units], or one per output; a .csv file columns y, or y0, y1, …; with --mc mean and std.\n"
               "Labels are not needed. KEY=VALUE changes the data section that the model file holds, as for evaluate.\n",
    .options = options, .n_options = sizeof options / sizeof *options,
    .least = 1, .most = 1, .takes_overrides = true, .needs_ranks = true, .run = run,
};
