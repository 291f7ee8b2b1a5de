/* Which tensors a layer of a Functional is called on. Names are those within one model; a model that is used as a layer is a scope of its own,
 * whose layers get the model's name in front: dense in encoder is encoder_dense here. Private to exchange. */
#ifndef DNN_EXCHANGE_KERAS_NODES_H
#define DNN_EXCHANGE_KERAS_NODES_H

#include "dnn/base/node.h"

/** The names of one model. */
typedef struct keras_scope {
    const char *prefix;  /**< of its layers: "" or "encoder_" */
    dnn_node *ends;      /**< map from names to layers of ours where a name means another layer than prefix and name: the inputs of a
                              model within, and models whose outputs are layers within ("m", "m:1"); owned by the reader */
} keras_scope;

/** Output `tensor` of the model called `name` is our layer `layer`; likewise an input of a model within. */
dnn_status keras_scope_set(keras_scope *scope, const char *name, size_t tensor, const char *layer);
/** The layers that an entry of `layers` reads, by our names; a list, owned by the caller. DNN_E_MODEL. */
dnn_status keras_sources_read(const keras_scope *scope, const dnn_node *entry, const char *layer, dnn_node **sources);
/** Appends what `input_layers` or `output_layers` names. */
dnn_status keras_ends_read(const keras_scope *scope, const dnn_node *ends, const char *key, dnn_node *names);

#endif
