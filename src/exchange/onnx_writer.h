/* Building blocks of a graph of ONNX: memory, constants, nodes. Private to exchange. */
#ifndef DNN_EXCHANGE_ONNX_WRITER_H
#define DNN_EXCHANGE_ONNX_WRITER_H

#include "dnn/exchange/export.h"
#include "onnx/onnx.pb-c.h"

/* Nodes and initializers as they come; everything they point to is in `owned`, freed at once at the end. */
typedef struct onnx_writer {
    const dnn_graph *graph;
    const float *weights;
    bool half;
    dnn_status status;
    void **owned; size_t n_owned;
    Onnx__NodeProto **nodes; size_t n_nodes;
    Onnx__TensorProto **tensors; size_t n_tensors;
    const char **names;  /* of the graph's tensors [n_tensors of the graph] */
    size_t bytes, number;
} onnx_writer;

/** Zeroed memory that the writer owns; NULL, and the writer's status says so, when there is none. */
void *onnx_take(onnx_writer *w, size_t count, size_t size);
#define ONNX_TAKE(w, type, init) ({ type *t_ = onnx_take(w, 1, sizeof *t_); if (t_) init(t_); t_; })
/** The writer owns the text from here on. */
char *onnx_text(onnx_writer *w, char *made);
Onnx__NodeProto *onnx_add_node(onnx_writer *w, const char *operation, size_t n, const char *const *inputs, const char *output);
void onnx_set_attributes(onnx_writer *w, const dnn_operation *from, Onnx__NodeProto *node);
/** A constant of a layer as an initializer; its name. A weight of half precision is stored under a name of its own and converted to the one that
 * the nodes read. */
const char *onnx_add_constant(onnx_writer *w, const dnn_outline_value *v, const char *layer);

#endif
