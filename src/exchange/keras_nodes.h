/* Which tensors a layer of a Functional is called on. Names are those within one model; a model that is used as a layer is a scope of its own,
 * whose layers get the model's name in front: dense in encoder is encoder_dense here. Private to exchange. */
#ifndef DNN_EXCHANGE_KERAS_NODES_H
#define DNN_EXCHANGE_KERAS_NODES_H

#include "dnn/base/node.h"

/** The names of one model. */
typedef struct keras_scope {
    const char *prefix;  /**< of its layers: "" or "encoder_" */
    dnn_node *ends;      /**< map from names to layers of ours where a name means another layer than prefix and name: the inputs of a
                              model within, and models whose outputs are layers within ("m", "m:1", of its second use "m@1:1"); owned
                              by the reader */
    const dnn_node *layers; /**< entries of a Functional; NULL: a path */
} keras_scope;

/** Output `tensor` of use `node` of the model called `name` is our layer `layer`; likewise an input of a model within. */
dnn_status keras_scope_set(keras_scope *scope, const char *name, size_t node, size_t tensor, const char *layer);
/** How often the layer of an entry is called; 1 in a path. */
size_t keras_uses(const dnn_node *entry);
/** What use `node` of a layer is called here: "h", "h_call", "h_call_1" … New; NULL when out of memory. */
char *keras_use_name(const char *name, size_t node);
/** The layers that use `number` of an entry of `layers` reads, by our names; a list, owned by the caller. DNN_E_MODEL. */
dnn_status keras_sources_read(const keras_scope *scope, const dnn_node *entry, size_t number, const char *layer, dnn_node **sources);
/** Appends what `input_layers` or `output_layers` names. */
dnn_status keras_ends_read(const keras_scope *scope, const dnn_node *ends, const char *key, dnn_node *names);

#endif
