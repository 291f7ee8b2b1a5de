/* What the files of the graph share. Private to nn.
 *
 *   the `model` section -> flat list of layer nodes      graph_expand.c
 *   -> layers, their names, inputs, outputs              graph_build.c, graph_names.c, graph_ports.c
 *   -> calls of layers used more than once               graph_calls.c
 *   -> wires between them, whole-row activations apart   graph_wires.c, graph_split.c
 *   -> operations in order, shapes, weights              graph_plan.c
 *   -> who lies where in a shard's memory                graph_memory.c, shard.c
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
    bool *wanted; /* [n_tensors] a weight that is trained lies below: its gradient is wanted; changes with freezing */
    size_t *saved_fixed;   /* [n_ops] offsets of saved values that do not grow with the rows */
    layout training, inference;
    size_t fixed, spare, scratch, scratch_fixed; /* reals: all saved_fixed; per sample: spare, scratch; scratch_fixed */
    size_t max_inputs;     /* of one operation */
    size_t again;          /* reals: weights of the largest layer that is called more than once */
} graph_plan;

/* graph_expand.c: layers with `repeat` unrolled and `defaults` merged in, each a name or a map of it to a map of
 * parameters; a new list. */
dnn_status graph_expand(const dnn_node *layers, const dnn_node *defaults, dnn_node **flat);

/* graph_names.c. Found: an index, else SIZE_MAX. */
size_t graph_find_layer(const dnn_graph *graph, const char *name);
size_t graph_find_input(const dnn_graph *graph, const char *name);
bool graph_name_is_fit(const char *name);
dnn_status graph_unfit_name(dnn_place place, const char *name);
/* Names as written; then, once the inputs have theirs, numbered ones for the other layers. */
dnn_status graph_take_names(dnn_graph *graph);
dnn_status graph_make_names(dnn_graph *graph);
dnn_status graph_names_apart(const dnn_graph *graph);

/* graph_calls.c: the family of `call` alone; calls get kind, parameters and names of what they call, once that has its own; whether the weights have
 * the shapes that this place needs. */
extern const dnn_family graph_calls;
bool graph_is_call(const dnn_layer *layer);
dnn_status graph_resolve_calls(dnn_graph *graph);
dnn_status graph_call_fits(const dnn_graph *graph, const dnn_layer *layer);

/* graph_ports.c: `inputs`, `outputs` as written, or NULL; `ports` [n] what the data bring. */
dnn_status graph_make_inputs(dnn_graph *graph, const dnn_node *model, const dnn_node *inputs, const dnn_port *ports,
                             size_t n);
dnn_status graph_make_outputs(dnn_graph *graph, const dnn_node *outputs);

/* graph_wires.c: where layer i reads. */
dnn_status graph_wire(const dnn_graph *graph, size_t i, wires *w);
/* graph_split.c: activations of outputs, and those that want whole rows. `all` is replaced by wires for all layers. */
dnn_status graph_split(dnn_graph *graph, wires **all);

/* graph_plan.c: from layers and wires [n_layers] to ops, shapes, plans, segments. */
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
    bool *learned;               /* [n_layers] the weights' gradients do */
    real *again;                 /* gradients of a further use of a layer, to be added */
} shard_memory;

#endif
