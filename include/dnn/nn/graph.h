/** The network: layers joined to a graph with named inputs and outputs; a Sequential is a path in it. Built from the
 * `model` section of a run file (as a tree of nodes), which model files are translated into as well, so that there is
 * one builder. An output layer's activation, and any that acts on whole rows, is split off as an internal layer, so
 * that losses can be computed from its input. Local. */
#ifndef DNN_NN_GRAPH_H
#define DNN_NN_GRAPH_H

#include "dnn/math/segment.h"
#include "dnn/nn/layer.h"

enum { DNN_MAX_IO = 8 };

typedef struct dnn_port { char name[64]; dnn_shape shape; } dnn_port;

/** One layer in execution order with the tensors it reads and writes. */
typedef struct dnn_op {
    size_t layer;
    size_t *in;            /**< tensor indices [n_inputs], owned */
    size_t out;
    size_t first_segment;  /**< of its weights in the table; of its owner's where it is a call */
} dnn_op;

typedef struct dnn_graph {
    dnn_port *inputs; size_t n_inputs;
    dnn_port *outputs; size_t n_outputs;   /**< named after their layers unless model.outputs says otherwise */
    size_t *output_tensor;                 /**< [n_outputs] */
    size_t *logits_tensor; /**< [n_outputs] tensor the output activation reads; SIZE_MAX where none was split off */
    size_t *output_layer;                  /**< [n_outputs] the layer as the user named it */
    dnn_layer *layers; size_t n_layers;    /**< as written (repeat unrolled), internal ones behind their owner */
    dnn_op *ops; size_t n_ops;             /**< topological order, layer order kept where it fits */
    dnn_segments segments;
    size_t n_tensors; /**< tensor t < n_inputs is input t, the others are what ops[t - n_inputs] writes */
    size_t max_sums;                       /**< largest plan.sums */
    void *memory_plan;                     /**< private: offsets of tensors, saved values, scratch */
} dnn_graph;

/** The keys of `model`, for the schema's printed form. */
enum { DNN_MODEL_PARAMS = 4 };
extern const dnn_param dnn_model_params[DNN_MODEL_PARAMS];

/** `model`: map with `layers` and optionally `defaults`, `inputs`, `outputs`; `inputs` [n_inputs] are the shapes that
 * the data bring (names "x" where the data have none); with 0 of them the model says its input shapes itself (`inputs`,
 * or layers of type input). A sole input of model and data fits whatever the names. Errors (DNN_E_CONFIG) name
 * file:line:column of the layer: unknown layer or key, name used twice, unknown input, cycle, unused layer, shape that
 * does not fit.
 *
 *     inputs: {wide: [5], deep: [6]}       # shape of one sample
 *     defaults: {dense: {activation: elu}} # parameters a layer of that type has where it does not say otherwise
 *     layers:                              # `inputs:` of a layer: names of layers or inputs; left out: the layer above
 *       - dense: {units: 30, inputs: deep}
 *       - repeat: {times: 2, layers: [dropout, {dense: {units: 30, name: block}}]}   # block, block_1
 *       - concatenate: {inputs: [wide, block_1]}
 *       - call: {layer: block, inputs: deep} # another use of a layer, with the same weights
 *       - dense: {units: 1, name: main}
 *     outputs: [main]                      # or a map from output names to layers; left out: the last layer */
dnn_status dnn_graph_create(const dnn_node *model, const dnn_port *inputs, size_t n_inputs, dnn_graph **out);
/** `layers` with each `repeat` unrolled and its names numbered, as dnn_graph_create reads it; owned by the caller. Local. DNN_E_CONFIG. */
dnn_status dnn_graph_unroll(const dnn_node *layers, dnn_node **flat);
void dnn_graph_destroy(dnn_graph *graph);
/** The `model` section that builds the same graph: every layer with name, all parameters, and inputs where it is no
 * path. */
dnn_node *dnn_graph_write(const dnn_graph *graph);
/** Freezes or frees a layer: flags of the layer and its segments. */
void dnn_graph_freeze(dnn_graph *graph, size_t layer, bool frozen);
/** Draws the initial weights (statistics too) from (seed, position of the parameter) into `weights`
 * [segments.total]. */
dnn_status dnn_graph_initialize(const dnn_graph *graph, uint64_t seed, float *weights);
/** The layer (as written) or input that tensor `t` comes from: for connections in a summary. */
const char *dnn_graph_tensor_name(const dnn_graph *graph, size_t t);
/** Layers that were written or unrolled, without those made inside. */
size_t dnn_graph_written_layers(const dnn_graph *graph);
/** Whether a layer adds to the loss. */
bool dnn_graph_penalizes(const dnn_graph *graph);
/** Weights, trainable ones, for the summary. */
void dnn_graph_count(const dnn_graph *graph, size_t *weights, size_t *trainable);

/** A shard of a batch and the memory that running it takes. */
typedef struct dnn_shard {
    size_t rows, capacity;      /**< set per step; capacity <= the one planned */
    uint64_t first_row;
    const real *x[DNN_MAX_IO];  /**< inputs [capacity, units], set by the caller, kept until backward is done */
    real *gradient;             /**< [segments.total], bound by the caller; every trainable segment is overwritten */
    double *sums;               /**< [max_sums], bound by the caller */
    double penalty;             /**< set by forward: what layers add to the loss, summed over the rows */
    void *memory;               /**< owned: tensors, their gradients, saved values, scratch */
    size_t planned;
} dnn_shard;

/** Bytes one shard of that capacity takes. */
size_t dnn_graph_shard_bytes(const dnn_graph *graph, size_t capacity, bool backward);
dnn_status dnn_shard_create(const dnn_graph *graph, size_t capacity, bool backward, dnn_shard *shard);
void dnn_shard_destroy(dnn_shard *shard);
/** Output `o`, its logits (NULL where none), and the place where the gradient of the loss is to be written: with
 * respect to the logits when `fused`, else to the output. [capacity, units]. The writer zeroes rows from shard->rows
 * on. */
const real *dnn_shard_output(const dnn_graph *graph, const dnn_shard *shard, size_t o);
const real *dnn_shard_logits(const dnn_graph *graph, const dnn_shard *shard, size_t o);
real *dnn_shard_output_gradient(const dnn_graph *graph, dnn_shard *shard, size_t o, bool fused);

/** How sums over the global batch are made. `reduce` is called by every worker for the same layers in the same order,
 * with its shards whose `sums` are filled; it returns the merged sums of all shards of the global batch, valid until
 * the next call. NULL context and function: the shards given are all there are. */
typedef struct dnn_reducer {
    const double *(*reduce)(void *context, const dnn_layer *layer, bool backward, dnn_shard *const *shards,
                            size_t n_shards);
    void *context;
} dnn_reducer;

/** Sees every layer's values, shard by shard: after its forward with y, before its backward with dy (its weight
 * gradients are in shard->gradient after the pass). Not in the step loop unless asked for. */
typedef struct dnn_observer {
    void (*see)(void *context, const dnn_layer *layer, bool backward, size_t rows, const real *values, size_t units);
    void *context;
} dnn_observer;

typedef struct dnn_run {
    bool training;
    uint64_t seed, step;
    const real *weights;         /**< [segments.total] */
    real *statistics; /**< the same vector, writable, on the one worker of a team that moves statistics; else NULL */
    const dnn_reducer *reducer;  /**< NULL: local */
    const dnn_observer *observer;/**< NULL: none */
    /** Called in backward when a layer's weight gradients are final for all these shards (overlap with other teams);
     * may be NULL. */
    void (*gradient_done)(void *context, size_t layer);
    void *done_context;
    /** Shards 1, 3, 5 … of the call add their gradients to those of the shards before, wherever dnn_graph_adds says so: what the tree of sums would do
     * first. */
    bool pairs;
} dnn_run;

/** Whether with `pairs` the gradients of layer `layer` are added up by twos, in shards planned for `capacity` rows; the others' stay each shard's own. */
bool dnn_graph_adds(const dnn_graph *graph, size_t layer, size_t capacity);

/** Advances all shards layer by layer; statistics are moved on the way where run->statistics. No allocation. */
void dnn_graph_forward(const dnn_graph *graph, const dnn_run *run, dnn_shard *const *shards, size_t n_shards);
/** The graph up to what `layer` reads, in inference, then that layer's merged sums over the global batch: what a layer
 * that adapts to the data is told of them. Valid until the next reduction; NULL where there is no reducer and no
 * shard. */
const double *dnn_graph_measure(const dnn_graph *graph, const dnn_run *run, dnn_shard *const *shards, size_t n_shards,
                                size_t layer);
/** From the output gradients to the weight gradients (sums over rows, no division). `fused` [n_outputs]: the gradient
 * given is that of the logits. */
void dnn_graph_backward(const dnn_graph *graph, const dnn_run *run, dnn_shard *const *shards, size_t n_shards,
                        const bool *fused);

#endif
