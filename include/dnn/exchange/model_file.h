/** Model files in the HDF5 layout of Keras, read and written (docs/formats.md). What Keras has no place for lies in /dnn_mpi: a versioned
 * group whose parts pass through here as opaque sections. The file begins with a 512-byte self-checking header. Local. */
#ifndef DNN_EXCHANGE_MODEL_FILE_H
#define DNN_EXCHANGE_MODEL_FILE_H

#include "dnn/nn/graph.h"
#include "dnn/optim/optimizer.h"

enum { DNN_FORMAT_VERSION = 1 };

/** Opaque flat arrays beside the weights (best weights so far, averages …), float [total]. */
typedef struct dnn_model_array { char name[64]; const float *values; size_t count; } dnn_model_array;

/** Everything a file is written from; all borrowed. */
typedef struct dnn_model_content {
    const dnn_graph *graph;
    const float *weights;             /**< [segments.total] */
    const dnn_node *training;         /**< loss, metrics, loss_weights … as in a run file; NULL: not compiled */
    const dnn_component *optimizer;   /**< NULL: no optimizer state */
    const float *const *slots;        /**< [slots of the optimizer] flat vectors */
    const double *scalars;
    uint64_t iterations;              /**< updates done */
    double learning_rate;             /**< current */
    const dnn_node *section;          /**< /dnn_mpi: a map (run, fitted scalers, step, epoch, seed, callbacks …), kept as JSON; NULL: none */
    const dnn_model_array *arrays; size_t n_arrays;
} dnn_model_content;

/** Writes whole, checks, fsyncs, renames. DNN_E_IO. */
dnn_status dnn_model_write(const char *path, const dnn_model_content *content);

/** Removes what writers that were killed left in a folder under temporary names. Only for whom the folder's lock belongs to. */
dnn_status dnn_model_sweep(const char *folder);

/** An open file. */
typedef struct dnn_model_file dnn_model_file;
/** Opens and judges a file: header and digest where it is ours (a missing or bad one in a file with /dnn_mpi is damage), else as a
 * foreign Keras file with every object checked. DNN_E_MODEL names file, object and what is wrong. */
dnn_status dnn_model_open(const char *path, dnn_model_file **out);
/** The map of /dnn_mpi alone, owned by the caller, before the network is built from the file; NULL where it has none. */
dnn_status dnn_model_peek(const char *path, dnn_node **section);
void dnn_model_close(dnn_model_file *file);
bool dnn_model_is_ours(const dnn_model_file *file);
/** The architecture as a `model` section (base for dnn_graph_create, its inputs included) and its input ports; borrowed from `file`. NULL
 * and no ports in files of weights alone. */
const dnn_node *dnn_model_architecture(const dnn_model_file *file, const dnn_port **inputs, size_t *n_inputs);
/** Compiled loss, metrics, optimizer (as the `training` section of a run file), NULL where the file has none; borrowed. Of a foreign file
 * what we do not have (a loss, a metric) is left out with a warning. */
const dnn_node *dnn_model_training(const dnn_model_file *file);
/** The map of /dnn_mpi, NULL where the file has none; borrowed. */
const dnn_node *dnn_model_section(const dnn_model_file *file);
/** Weights into `weights` [segments.total] of a graph of the same architecture; checked by shape, both sides named on failure. Layers that have
 * the names, kinds and sources of those in the file are these; where one has not, and in files of weights alone, the first goes with the first in Keras's
 * order. */
dnn_status dnn_model_weights(dnn_model_file *file, const dnn_graph *graph, float *weights);
/** Optimizer state; fails with DNN_E_MODEL where it does not fit. `found` false and DNN_OK where the file has none. */
dnn_status dnn_model_optimizer(dnn_model_file *file, const dnn_graph *graph, const dnn_component *optimizer, float *const *slots,
                               double *scalars, uint64_t *iterations, bool *found);
/** A named array of /dnn_mpi; `found` false where it is not there. */
dnn_status dnn_model_array_read(dnn_model_file *file, const char *name, float *values, size_t count, bool *found);
/** Judges a file of ours without HDF5: header, length, digest of all bytes. DNN_E_MODEL says what is damaged; a file without our header
 * fails as well. */
dnn_status dnn_model_verify(const char *path);

#endif
