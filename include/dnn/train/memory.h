/** What a training takes of a machine's memory, known before it starts: the sizes that it is going to allocate. Local. */
#ifndef DNN_TRAIN_MEMORY_H
#define DNN_TRAIN_MEMORY_H

#include "dnn/data/dataset.h"
#include "dnn/nn/graph.h"

/** What the sizes depend on beside network and data. */
typedef struct dnn_memory_load {
    size_t batch;   /**< rows of a step, of all ranks */
    size_t ranks;   /**< on one machine, in one team, one worker each */
    size_t shards;  /**< `training.shards`; 0: as many as ranks */
    size_t vectors; /**< the optimizer's, average and accumulator among them */
    bool copies;    /**< `checkpoint.background`: files are written from a copy */
} dnn_memory_load;

/** Bytes. What ranks share is counted once. */
typedef struct dnn_memory {
    double data, weights, moments;
    double gradients;   /**< one a shard, and the reduced one */
    double layers;      /**< activations, their gradients, masks, the rows of a batch: of all ranks */
    double validation;  /**< likewise for passes forward over larger batches; 0 without a validation part */
    double checkpoint;  /**< the file that rank 0 makes of weights and moments before it goes to the disk, and the copy it makes it from */
    double program;     /**< code, libraries and MPI's own, of all ranks: a round figure, measured */
    double node;        /**< all of it */
    double rank;        /**< of one rank as the system counts it: with what it touches of the memory it shares */
    double first_rank;  /**< of rank 0, which also writes checkpoints */
} dnn_memory;

/** `ds` NULL: a model file alone, whose data nobody knows. */
void dnn_memory_plan(const dnn_memory_load *load, const dnn_graph *graph, const dnn_dataset *ds, dnn_memory *out);

#endif
