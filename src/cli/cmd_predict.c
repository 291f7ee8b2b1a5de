/* predict: outputs of a part of the data into a file. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/progress.h"
#include "cli/waiting.h"

static const cli_option options[] = {
    { "out", "FILE.h5|FILE.csv", "where to", .required = true },
    { "part", "train|validation|test", "which part; default: test, else the only one there is", .kind = CLI_CHOICE },
    { "mc", "T", "mean and standard deviation of T passes with dropout at work", .kind = CLI_NUMBER },
    { "overwrite", NULL, .help = "replace FILE where it exists" },
};

static dnn_status run(const cli_call *call)
{
    progress p;
    const dnn_apply_request request = {
        .model_file = call->words[0], .overrides = call->overrides, .n_overrides = call->n_overrides, .threads = cli_number(call, "threads", 1),
        .part = cli_part(call), .out = cli_value(call, "out"), .overwrite = cli_value(call, "overwrite") != NULL,
        .passes = (uint64_t)cli_number(call, "mc", 0), .progress = progress_open(&p),
    };
    const dnn_status st = dnn_predict(call->comm, &request);
    waiting_end();
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
