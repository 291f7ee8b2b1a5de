/* A temporary folder that all ranks share, with a run file in it: what tests of whole trainings start from. */
#ifndef DNN_TESTS_TRAIN_RUNS_H
#define DNN_TESTS_TRAIN_RUNS_H

#include <stdlib.h>
#include <string.h>
#include "support/mpi_test.h"
#include "dnn/base/memory.h"
#include "dnn/base/node.h"
#include "dnn/io/file.h"
#include "dnn/train/train.h"

static char runs_folder[256];

/* "<folder>/<name>"; good until eight more names were asked for. */
static inline const char *in_folder(const char *name)
{
    static char paths[8][600];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", runs_folder, name);
    return path;
}

static inline dnn_status runs_begin(dnn_comm *comm, const char *run_file)
{
    dnn_status st = DNN_OK;
    if (dnn_comm_rank(comm) == 0) {
        snprintf(runs_folder, sizeof runs_folder, "%s/dnn-runs-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
        st = mkdtemp(runs_folder) ? DNN_OK : DNN_E_IO;
    }
    dnn_comm_broadcast(comm, runs_folder, sizeof runs_folder, 0);
    if (st == DNN_OK && dnn_comm_rank(comm) == 0) st = dnn_file_write(in_folder("run.yaml"), run_file, strlen(run_file));
    dnn_comm_barrier(comm);
    return st;
}

/* Removes the folder, ends MPI and says whether the program as a whole has failed: a test did, or memory was kept. */
static inline int runs_end(dnn_comm *comm, int failed)
{
    char command[600];
    dnn_comm_barrier(comm);
    snprintf(command, sizeof command, "rm -rf '%s'", runs_folder);
    if (dnn_comm_rank(comm) == 0 && system(command) != 0) fprintf(stderr, "%s stays\n", runs_folder);
    dnn_comm_finish(comm);
    dnn_place_forget();
    const size_t balance = dnn_memory_balance();
    if (balance) fprintf(stderr, "%zu blocks were not freed\n", balance);
    return failed || balance;
}

/* Trains the folder's run file into <folder>/<output> with one more override (NULL: none); a failure's text goes to stderr as "# …". */
static inline dnn_status runs_train(dnn_comm *comm, const char *output, const char *more, dnn_resume resume, const char *resume_file, bool overwrite)
{
    char out[600];
    snprintf(out, sizeof out, "output=%s", in_folder(output));
    const char *overrides[] = { out, more };
    const dnn_train_request request = { .run_file = in_folder("run.yaml"), .overrides = overrides, .n_overrides = more ? 2 : 1,
                                        .resume = resume, .resume_file = resume_file, .overwrite = overwrite, .threads = 1 };
    const dnn_status st = dnn_train(comm, &request);
    if (st != DNN_OK && dnn_comm_rank(comm) == 0) fprintf(stderr, "# %s\n", dnn_fail_text());
    dnn_comm_barrier(comm);
    return st;
}

#endif
