/** `verify`: steps of the run as its ranks, threads, teams and shards make them, held against the same steps done serially on one rank in double by other
 * code (docs/exactness.md), and with `training.shards: V` against one worker with the same V shards, to the bit. */
#ifndef DNN_TRAIN_VERIFY_H
#define DNN_TRAIN_VERIFY_H

#include <stddef.h>
#include <stdint.h>
#include "dnn/comm/comm.h"

/** One thing compared, at the first step where it differs, else where it came nearest to that; in the order in which a step comes to them. */
typedef struct dnn_verify_line {
    const char *quantity;     /**< "output of a layer", "gradient of", "next weights" … */
    const char *name;         /**< the tensor, layer or value; "" where there is one alone */
    size_t elements;
    uint64_t step;            /**< from 1 */
    double relative;          /**< largest difference over the largest magnitude of the tensor; NaN: one of them is no number */
    double ulp;               /**< the same in units in the last place of that magnitude, as a float has it */
    double tolerance;         /**< of `relative`: measured, as rounding of inputs and weights is carried along */
    bool agrees;
    bool exact;               /**< it was also to be the same bits (training.shards) … */
    double bits;              /**< … and how many floats or doubles lie between at most; 0: the same */
    uint64_t at_value;        /**< place of the worst element */
} dnn_verify_line;

typedef struct dnn_verify_request {
    const char *run_file;
    const char *const *overrides; size_t n_overrides;
    int threads;              /**< workers in this rank, >= 1 */
    /** Rank 0: what is compared with what, in one line; then each line. */
    void (*begin)(void *context, const char *text);
    void (*line)(void *context, const dnn_verify_line *line);
    void *context;
} dnn_verify_request;

/** Collective. DNN_E_REPLICAS and a text that names the first thing that differs; nothing is written anywhere. */
dnn_status dnn_verify(dnn_comm *comm, const dnn_verify_request *request);

#endif
