/* Between our nodes and Keras's config. Names of classes come from the descriptors (`keras`), keys from the parameter
 * rows; what differs beyond that is in the hooks of the kinds. Private to exchange. */
#ifndef DNN_EXCHANGE_KERAS_H
#define DNN_EXCHANGE_KERAS_H

#include "dnn/nn/graph.h"
#include "dnn/optim/optimizer.h"

/** The version whose layout we write. */
#define KERAS_VERSION "3.15.1"

/* ---- to Keras: keras_encode.c ---- */

/** The component as Keras writes it: a name, a number, null, or {class_name, config}. */
dnn_status keras_encode_component(const dnn_component *component, dnn_node **out);
/** Its config alone: the rows, then the kind's hook. */
dnn_status keras_encode_config(const dnn_component *component, dnn_node **config);
/** "RMSprop" to "rm_sprop", as Keras names the variables of a class; `out` [64]. */
const char *keras_snake_case(const char *class_name, char out[64]);

/* ---- from Keras: keras_decode.c ---- */

typedef struct keras_source {
    int major; /**< 2 or 3: the version that wrote it; they differ in defaults */
} keras_source;

/** Anything Keras writes for a component of `family` to the node our reader takes. `where` begins messages: "layer
 * 'd1'". DNN_E_MODEL. */
dnn_status keras_decode_component(const keras_source *source, const dnn_family *family, const dnn_node *node,
                                  const char *where, dnn_node **out);
/** A config to the parameter map of `kind`. Keys that change nothing are left out; others that we do not have fail with
 * layer, key, value. */
dnn_status keras_decode_config(const keras_source *source, const dnn_kind *kind, const dnn_family *family,
                               const dnn_node *config, const char *where, dnn_node **params);
/** keras_names.c: the kind that a class name means in `family`, or NULL. */
const dnn_kind *keras_find_class(const dnn_family *family, const char *class_name);
/** The text under a key; NULL where there is none. */
const char *keras_text_at(const dnn_node *map, const char *key);
/** "key = value" with the value as JSON, cut where it is long; returns `out`. */
const char *keras_show(const dnn_node *value, char *out, size_t size);

/* ---- whole parts ---- */

/** A path from one input to one output: Keras's Sequential. */
bool keras_is_sequential(const dnn_graph *graph);
/** The operation of a layer as written. */
const dnn_op *keras_op_of(const dnn_graph *graph, size_t layer);
/** keras_order.c: inputs (i < n_inputs) and layers (n_inputs + layer; no calls, nothing made inside) in the order that they have in Keras's model;
 * `*order` [*count] is owned by the caller. DNN_E_MEMORY. */
dnn_status keras_order_make(const dnn_graph *graph, size_t **order, size_t *count);
/** keras_model_write.c: the content of `model_config`. */
dnn_status keras_model_write(const dnn_graph *graph, dnn_node **config);
/** keras_model_read.c: `model_config` to a `model` section, its inputs included. Layers of models that are layers themselves come in their place,
 * named <model>_<layer>; `models`, owned by the caller, maps each such model to the names of what it has become. */
dnn_status keras_model_read(const keras_source *source, const dnn_node *config, dnn_node **model, dnn_node **models);

/** keras_training.c: the content of `training_config`. `learning_rate` stands in for schedules that Keras does not
 * have. */
dnn_status keras_training_write(const dnn_graph *graph, const dnn_node *training, const dnn_component *optimizer,
                                double learning_rate, dnn_node **config);
/** What can be taken over, as a `training` section; what cannot is left out with a warning that begins with `file`. */
dnn_status keras_training_read(const keras_source *source, const dnn_node *config, const char *file,
                               const dnn_graph *graph, dnn_node **training);

#endif
