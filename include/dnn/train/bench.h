/** How long a step of training takes, where the time goes, and how near that is to what this machine could do at best, all measured in
 * turns in one run. Prints nothing, leaves no files. */
#ifndef DNN_TRAIN_BENCH_H
#define DNN_TRAIN_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include "dnn/comm/comm.h"

/** Networks that come with the program, to be measured where no run file is given. */
typedef struct dnn_workload { const char *name, *what, *run_file; /**< its text */ } dnn_workload;
extern const dnn_workload dnn_workloads[];
extern const size_t dnn_workloads_count;
const dnn_workload *dnn_workload_find(const char *name); /**< NULL: none */

typedef struct dnn_bench_request {
    const char *run_file;                                /**< path, or the name of a workload */
    const char *const *overrides; size_t n_overrides;
    int threads;                                         /**< workers in this rank, >= 1 */
    int rounds;                                          /**< medians are over so many, >= 1 */
} dnn_bench_request;

enum { DNN_BENCH_PHASES = 5 };
extern const char *const dnn_bench_phase_names[DNN_BENCH_PHASES];

/** Times are milliseconds a step, medians over the rounds; with all workers at work. */
typedef struct dnn_bench_result {
    char name[64];
    int ranks, workers, teams, cores;      /**< cores: of this machine, for all its ranks together */
    size_t batch, shards, parameters;
    double step, step_best;
    double phase[DNN_BENCH_PHASES];        /**< mean over the workers; what they miss of `step` is the clock */
    double products, products_best;        /**< the step's matrix products alone, the slowest worker's */
    double floor;                          /**< products, adding the gradients with the optimizer's traffic, exchange: nothing else */
    double exchange;                       /**< between teams, alone; 0 with one team, or in exact shards */
    double reduction;                      /**< floor - products - exchange */
    double overlap;                        /**< share of the exchange by which a step is not longer than one without it; NaN where gradients are not exchanged in buckets */
    double samples_per_second;
    double operations;                     /**< multiplications and additions of a step's products, over all workers */
    double product_rate, peak_rate;        /**< 1e9 operations a second of all workers: the step's products alone; large square ones */
    double reduction_bytes;                /**< read and written by all workers in a reduction */
} dnn_bench_result;

/** Collective. Trains on the first batches of the run file's data as often as it takes; weights are thrown away. */
dnn_status dnn_bench(dnn_comm *comm, const dnn_bench_request *request, dnn_bench_result *out);

#endif
