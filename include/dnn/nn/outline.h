/** What a layer computes in inference, told as operations by the names and meanings that ONNX gives them (operator set
 * 13): the layer's slot for formats that describe a network by elementary operations. `nn` knows no such format; who
 * writes one reads the outline. Values carry the batch as their first axis. Failures (memory, what cannot be told) are
 * kept in `status`: the functions may be called on, and do nothing. Local. */
#ifndef DNN_NN_OUTLINE_H
#define DNN_NN_OUTLINE_H

#include <stdint.h>
#include "dnn/base/status.h"
#include "dnn/math/shape.h"

struct dnn_layer;

/** Number of a value within its outline. */
typedef size_t dnn_value;

enum { DNN_OUTLINE_INPUTS = 8, DNN_OUTLINE_ATTRIBUTES = 6, DNN_OUTLINE_RANK = 8 };

typedef enum dnn_value_kind {
    DNN_VALUE_INPUT,    /**< `number`: which input of the layer */
    DNN_VALUE_REALS,    /**< a constant, shape `dim` */
    DNN_VALUE_INTEGERS, /**< a constant of rank 1: shapes, axes */
    DNN_VALUE_RESULT    /**< of operation `number` */
} dnn_value_kind;

typedef struct dnn_outline_value {
    dnn_value_kind kind;
    size_t number;
    size_t rank, dim[DNN_OUTLINE_RANK], count;
    float *reals;
    int64_t *integers;
    const char *name; /**< of constants that are weights: "kernel"; else NULL */
    bool statistic;   /**< of weights: a moving statistic */
} dnn_outline_value;

typedef enum dnn_attribute_type { DNN_ATTRIBUTE_INTEGER, DNN_ATTRIBUTE_INTEGERS, DNN_ATTRIBUTE_REAL, DNN_ATTRIBUTE_TEXT } dnn_attribute_type;

typedef struct dnn_outline_attribute {
    const char *name;
    dnn_attribute_type type;
    int64_t integers[DNN_OUTLINE_RANK];
    size_t count;
    float real;
    const char *text;
} dnn_outline_attribute;

typedef struct dnn_operation {
    const char *name; /**< "Gemm" */
    dnn_value inputs[DNN_OUTLINE_INPUTS];
    size_t n_inputs;
    dnn_outline_attribute attributes[DNN_OUTLINE_ATTRIBUTES];
    size_t n_attributes;
    dnn_value result;
} dnn_operation;

typedef struct dnn_outline {
    dnn_status status;
    dnn_outline_value *values;
    size_t n_values;
    dnn_operation *operations;
    size_t n_operations;
    const struct dnn_layer *layer;
    const float *const *weights; /**< [n_weights], in the layer's order */
    dnn_value result;            /**< what the layer gives on */
} dnn_outline;

/** Tells what `layer` computes with these weights, its activation included. DNN_E_MODEL names layer and kind where it
 * cannot be told. To be cleared in every case. */
dnn_status dnn_outline_make(const struct dnn_layer *layer, const float *const *weights, dnn_outline *out);
void dnn_outline_clear(dnn_outline *outline);

/** The `outline` of layers that do something in training alone: the input itself. */
dnn_value dnn_outline_pass(const struct dnn_layer *layer, dnn_outline *o);

/* For the `outline` functions of layers and activations. */

dnn_value dnn_outline_input(dnn_outline *o, size_t k);
/** Weight k, its axes in the order `axes` [rank]; NULL: as they are. */
dnn_value dnn_outline_weight(dnn_outline *o, size_t k, const size_t *axes);
/** Constants; copied. */
dnn_value dnn_outline_reals(dnn_outline *o, size_t rank, const size_t *dim, const double *values);
dnn_value dnn_outline_real(dnn_outline *o, double value);
dnn_value dnn_outline_integers(dnn_outline *o, size_t count, const int64_t *values);
/** An operation on values; its attributes are then set on the one added last. */
dnn_value dnn_outline_add(dnn_outline *o, const char *name, size_t n, const dnn_value *inputs);
dnn_value dnn_outline_1(dnn_outline *o, const char *name, dnn_value x);
dnn_value dnn_outline_2(dnn_outline *o, const char *name, dnn_value a, dnn_value b);
void dnn_outline_set_integer(dnn_outline *o, const char *name, int64_t value);
void dnn_outline_set_integers(dnn_outline *o, const char *name, size_t count, const int64_t *values);
void dnn_outline_set_real(dnn_outline *o, const char *name, double value);
void dnn_outline_set_text(dnn_outline *o, const char *name, const char *value);
/** Axes moved: axis i of the result is axis axes[i] of x, the batch counted as axis 0. */
dnn_value dnn_outline_transpose(dnn_outline *o, dnn_value x, size_t rank, const int64_t *axes);
/** `condition` chooses `a` where it holds, else `b`. */
dnn_value dnn_outline_where(dnn_outline *o, dnn_value condition, dnn_value a, dnn_value b);
/** x cut to [low, high]; infinite bounds are none. */
dnn_value dnn_outline_clip(dnn_outline *o, dnn_value x, double low, double high);
/** The same values in another shape of a sample. */
dnn_value dnn_outline_reshape(dnn_outline *o, dnn_value x, const dnn_shape *shape);

#endif
