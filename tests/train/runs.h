/* A temporary folder that all ranks share, with a run file in it: what tests of whole trainings start from. */
#ifndef DNN_TESTS_TRAIN_RUNS_H
#define DNN_TESTS_TRAIN_RUNS_H

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "support/mpi_test.h"
#include "dnn/base/memory.h"
#include "dnn/base/node.h"
#include "dnn/exchange/model_file.h"
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

/* The same with several overrides; says nothing of a failure. */
static inline dnn_status runs_with(dnn_comm *comm, const char *output, dnn_resume resume, const char *file, const char *const *more, size_t n_more)
{
    char out[600];
    const char *overrides[8] = { out };
    snprintf(out, sizeof out, "output=%s", in_folder(output));
    for (size_t i = 0; i < n_more; i++) overrides[i + 1] = more[i];
    const dnn_train_request request = { .run_file = in_folder("run.yaml"), .overrides = overrides, .n_overrides = n_more + 1, .resume = resume,
                                        .resume_file = file, .overwrite = resume == DNN_RESUME_NONE, .threads = 1 };
    const dnn_status st = dnn_train(comm, &request);
    dnn_comm_barrier(comm);
    return st;
}

/* The checkpoint of a run after so many steps. */
static inline const char *checkpoint(const char *run, int step)
{
    char name[200];
    snprintf(name, sizeof name, "%s/checkpoints/step-%010d.h5", run, step);
    return in_folder(name);
}

static inline bool same_bytes(const char *a, const char *b)
{
    char *text[2] = { NULL, NULL };
    size_t length[2];
    bool same = dnn_file_read(a, 1 << 24, DNN_E_IO, &text[0], &length[0]) == DNN_OK && dnn_file_read(b, 1 << 24, DNN_E_IO, &text[1], &length[1]) == DNN_OK;
    same = same && length[0] == length[1] && memcmp(text[0], text[1], length[0]) == 0;
    dnn_free(text[0]);
    dnn_free(text[1]);
    return same;
}

/* Weights of a model file, and what its first callback keeps (NULL: nothing); both [*total], owned. */
static inline bool read_arrays(const char *path, float *values[2], size_t *total)
{
    dnn_model_file *file = NULL;
    dnn_graph *graph = NULL;
    const dnn_port *ports = NULL;
    size_t n = 0;
    bool read = dnn_model_open(path, &file) == DNN_OK, kept = false;
    read = read && dnn_graph_create(dnn_model_architecture(file, &ports, &n), ports, n, &graph) == DNN_OK;
    *total = read ? graph->segments.total : 0;
    for (int v = 0; v < 2; v++) read = (values[v] = read ? dnn_alloc(*total, sizeof(float)) : NULL) != NULL && read;
    read = read && dnn_model_weights(file, graph, values[0]) == DNN_OK && dnn_model_array_read(file, "kept_0", values[1], *total, &kept) == DNN_OK;
    if (!kept) {
        dnn_free(values[1]);
        values[1] = NULL;
    }
    if (file) dnn_model_close(file);
    dnn_graph_destroy(graph);
    return read;
}

/* The largest difference of two models' weights relative to the largest weight; NaN where they cannot be compared, and where `bits` is wanted 1 for any bit
 * of the weights, or of those that the first callback keeps. */
static inline double arrays_differ(const char *a, const char *b, bool bits)
{
    float *values[2][2] = { { NULL } };
    size_t total[2] = { 0 };
    const bool read[] = { read_arrays(a, values[0], &total[0]), read_arrays(b, values[1], &total[1]) };
    double differ = read[0] && read[1] && total[0] == total[1] && !values[0][1] == !values[1][1] ? 0.0 : NAN, largest = 1e-30;
    for (int v = 0; v < 2 && differ == 0.0 && bits; v++)
        if (values[0][v] && memcmp(values[0][v], values[1][v], total[0] * sizeof(float)) != 0) differ = 1.0;
    if (differ == 0.0 && !bits) {
        for (size_t i = 0; i < total[0]; i++) largest = fmax(largest, fabs((double)values[0][0][i]));
        for (size_t i = 0; i < total[0]; i++) differ = fmax(differ, fabs((double)values[0][0][i] - (double)values[1][0][i]) / largest);
    }
    for (int i = 0; i < 4; i++) dnn_free(values[i / 2][i % 2]);
    return differ;
}

static inline bool same_arrays(const char *a, const char *b) { return arrays_differ(a, b, true) == 0.0; }

#endif
