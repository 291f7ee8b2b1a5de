/* What the files of the graph share. Private to nn.
 *
 *   the `model` section -> flat list of layer nodes      graph_expand.c
 *   -> layers with names, wires between them             graph_build.c
 *   -> operations in order, shapes, weights              graph_plan.c
 *   -> who lies where in a shard's memory                graph_memory.c
 *   -> forward and backward                              graph_run.c */
#ifndef DNN_NN_GRAPH_PRIVATE_H
#define DNN_NN_GRAPH_PRIVATE_H

#include "dnn/nn/graph.h"

enum { GRAPH_MAX_LAYERS = 10000 };

/* Where a layer reads: i < n_inputs is input i, else layer i - n_inputs. */
typedef struct wires { size_t *from; size_t count; } wires;

/* A stretch of a shard's memory in reals per sample; SIZE_MAX: none. */
typedef struct layout {
    size_t *y, *dy;        /* [n_tensors] */
    size_t *saved;         /* [n_ops] */
    size_t per_sample;     /* of all of these together */
} layout;

typedef struct graph_plan {
    size_t *root;          /* [n_tensors] the tensor whose memory it shares: itself unless it is a view */
    size_t *units;         /* [n_tensors] per sample */
    bool *wanted;          /* [n_tensors] a weight that is trained lies below: its gradient is wanted; changes with freezing */
    size_t *saved_fixed;   /* [n_ops] offsets of saved values that do not grow with the rows */
    layout training, inference;
    size_t fixed, spare, scratch, scratch_fixed;  /* reals: all saved_fixed; per sample: spare, scratch; scratch_fixed */
    size_t max_inputs;     /* of one operation */
} graph_plan;

/* graph_expand.c: layers with `repeat` unrolled and `defaults` merged in, each a name or a map of it to a map of
 * parameters; a new list. */
dnn_status graph_expand(const dnn_node *layers, const dnn_node *defaults, dnn_node **flat);

/* graph_plan.c: from layers and wires [n_layers] to ops, shapes, plans, segments. `output` [n_outputs] layers. */
dnn_status graph_split(dnn_graph *graph, wires **all);
dnn_status graph_order(dnn_graph *graph, const wires *all);
dnn_status graph_shapes(dnn_graph *graph);
dnn_status graph_outputs(dnn_graph *graph);
/* Puts place and name of the layer in front of the text kept by a failure. */
dnn_status graph_fail_in(const dnn_layer *layer, dnn_status st);

/* graph_memory.c */
dnn_status graph_memory(dnn_graph *graph);
void graph_memory_destroy(graph_plan *plan);
/* graph_init.c: which tensors' gradients are wanted, from the segments' flags. */
void graph_want(dnn_graph *graph);

/* What lies in front of a shard's memory: everything that running it needs, addresses worked out. */
typedef struct shard_memory {
    size_t bytes;
    const layout *layout;
    bool backward;
    real **y, **dy;              /* [n_tensors] by root; NULL: no memory of its own (inputs) or none wanted */
    real **saved, **saved_fixed; /* [n_ops] */
    real *scratch, *scratch_fixed, *spare;
    double *merged;              /* [max_sums] where sums are merged without a reducer */
    const real **x;              /* [max_inputs] of the call at hand */
    real **dx;
    bool *has;                   /* [n_tensors] the gradient holds something already */
} shard_memory;

#endif
