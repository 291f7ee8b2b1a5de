/** Models for other programs: Keras's HDF5 layout without anything of ours, or ONNX. Batch normalizations may be taken
 * into the layers beside them, weights stored with half precision; what either changes is measured on random inputs
 * before anything is written. Local. */
#ifndef DNN_EXCHANGE_EXPORT_H
#define DNN_EXCHANGE_EXPORT_H

#include "dnn/nn/graph.h"

typedef enum dnn_export_format { DNN_EXPORT_KERAS, DNN_EXPORT_ONNX } dnn_export_format;

enum { DNN_ONNX_OPSET = 13, DNN_ONNX_IR = 7, DNN_EXPORT_ROWS = 64 };

typedef struct dnn_export_request {
    const char *model_file, *out;
    dnn_export_format format;
    bool scaling, fold_batch_norm, half, overwrite;
} dnn_export_request;

/** What was done. Differences are the largest between outputs before and after, over DNN_EXPORT_ROWS random rows. */
typedef struct dnn_export_result {
    size_t layers, weights, scalings, folded, bytes;
    double largest_output, fold_difference, half_difference;
} dnn_export_result;

/** Reads, changes, compares, writes whole (an old file stays until the new one is complete). DNN_E_CONFIG: `out` exists
 * and is not to be replaced; DNN_E_MODEL names the layer that the format does not know, or the batch normalization that
 * cannot be folded and why; DNN_E_IO. What other programs must know of the model's inputs is said by dnn_advise. */
dnn_status dnn_export(const dnn_export_request *request, dnn_export_result *result);

/** The network without its batch normalizations: each goes into the dense or conv2d layer before it (which has no
 * activation and no other reader), W' = W·g, b' = (b - mean)·g + beta with g = gamma / sqrt(variance + epsilon); or into the
 * dense layer after it. `folded` and `folded_weights` (dnn_free) are the caller's. DNN_E_MODEL names the layer for which neither is possible. */
dnn_status dnn_fold_batch_norms(const dnn_graph *graph, const float *weights, dnn_graph **folded, float **folded_weights,
                                size_t *count);
/** The network with `scalers` (of a model file: {features: {x: {shift, factor}}, targets: …}) as layers of kind normalization
 * behind its inputs and, the other way, behind its outputs. `count` 0: there are none, nothing is made. DNN_E_MODEL: one does not fit. */
dnn_status dnn_include_scaling(const dnn_graph *graph, const float *weights, const dnn_node *scalers, dnn_graph **scaled,
                               float **scaled_weights, size_t *count);
/** Rounds weights [segments.total] to the nearest numbers of half precision (IEEE 754 binary16, ties to even), in place; statistics stay
 * as they are.
 * DNN_E_MODEL names the weight that is too large for it. */
dnn_status dnn_round_to_half(const dnn_graph *graph, float *weights);
/** The bits of the nearest number of half precision; beyond the largest, 65504, infinity. */
uint16_t dnn_half_bits(float value);
float dnn_half_value(uint16_t bits);
/** Largest difference between the outputs of two networks with the same inputs and outputs, on random rows. */
dnn_status dnn_compare_networks(const dnn_graph *a, const float *a_weights, const dnn_graph *b, const float *b_weights,
                                double *largest_output, double *difference);

/** Keras's layout alone: model_config and model_weights. Weights of half precision where `half`. */
dnn_status dnn_keras_export(const char *path, const dnn_graph *graph, const float *weights, bool half);
/** ONNX, operator set DNN_ONNX_OPSET; the batch is open. With `half` weights are stored with half precision and
 * converted in the network, which computes with single precision. DNN_E_MODEL where the program was built without ONNX. */
dnn_status dnn_onnx_export(const char *path, const dnn_graph *graph, const float *weights, bool half);

#endif
