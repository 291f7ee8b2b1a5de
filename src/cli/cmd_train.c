/* train: from a run file to a model. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/peek.h"
#include "cli/progress.h"
#include "cli/run_log.h"
#include "cli/screen.h"
#include "cli/waiting.h"

static const cli_option options[] = {
    { "resume", "auto|never|FILE", .help = "go on from the newest good checkpoint of the output folder (auto: or start where there is none), or from FILE" },
    { "overwrite", NULL, .help = "replace the run that the output folder holds" },
};

static dnn_resume how_to_resume(const char *text)
{
    if (!text) return DNN_RESUME_NONE;
    if (strcmp(text, "auto") == 0) return DNN_RESUME_AUTO;
    return strcmp(text, "never") == 0 ? DNN_RESUME_NEVER : DNN_RESUME_FILE;
}

/* "started: dnn-mpi train run.yaml training.epochs=3" is the first line of log.txt. */
static void begin_log(const cli_call *call, progress *p, bool anew)
{
    char line[2048];
    size_t used = (size_t)snprintf(line, sizeof line, "started: dnn-mpi train %s", call->words[0]);
    for (size_t i = 0; i < call->n_overrides && used < sizeof line; i++)
        used += (size_t)snprintf(line + used, sizeof line - used, " %s", call->overrides[i]);
    run_log_begin();
    run_log_add("", line);
    peek_output(call, p->output, sizeof p->output);
    p->keeps_log = true;
    p->anew = anew;
}

static dnn_status run(const cli_call *call)
{
    progress p;
    const char *resume = cli_value(call, "resume");
    const bool overwrite = cli_value(call, "overwrite") != NULL;
    if (overwrite && resume && strcmp(resume, "auto") == 0)
        return dnn_fail(DNN_E_CONFIG, "train: --resume auto goes on with the run that --overwrite would remove; give one of the two");
    const dnn_train_request request = {
        .run_file = call->words[0], .overrides = call->overrides, .n_overrides = call->n_overrides, .resume = how_to_resume(resume),
        .resume_file = resume, .overwrite = overwrite, .threads = cli_number(call, "threads", 1), .progress = progress_open(&p),
    };
    if (dnn_comm_rank(call->comm) == 0) begin_log(call, &p, !resume);
    const dnn_status st = dnn_train(call->comm, &request);
    waiting_end();
    screen_line(NULL);
    if (st == DNN_OK && dnn_comm_rank(call->comm) == 0 && p.output[0]) printf("wrote %s/model.h5; last epoch: %s\n", p.output, p.last);
    return st;
}

const cli_command cli_train = {
    .name = "train", .words = "RUN.yaml", .help = "trains a network as a run file says",
    .details = "KEY=VALUE sets a key of the run file by its path, as in training.optimizer.sgd.learning_rate=0.1 or\n"
               "model.layers.2.dropout.rate=0.3; ~KEY removes it. 'dnn-mpi list' prints all keys.\n"
               "An output folder that holds a run already is left alone unless --resume or --overwrite says otherwise.\n"
               "SIGUSR1, SIGTERM and Ctrl-C save a checkpoint and end the training with status 75; a second SIGTERM or Ctrl-C ends it at once.\n"
               "SIGCONT saves and goes on. In a Slurm job the training saves and ends in time before the job's limit, with 75 as well.\n",
    .options = options, .n_options = sizeof options / sizeof *options,
    .least = 1, .most = 1, .takes_overrides = true, .needs_ranks = true, .before = dnn_train_listen, .run = run,
};
