/* What the files that read `model_config` share: keras_model_read.c walks through models, keras_inputs.c finds the shapes of inputs, keras_layers.c
 * makes layers. Private to exchange. */
#ifndef DNN_EXCHANGE_KERAS_READER_H
#define DNN_EXCHANGE_KERAS_READER_H

#include "exchange/keras.h"
#include "exchange/keras_nodes.h"

typedef struct keras_reader {
    const keras_source *source;
    dnn_node *inputs, *layers, *outputs; /* owned */
    dnn_node *models; /* owned; the layers that each model used as a layer has become */
    dnn_node *model;  /* that of the outermost model we are in; NULL: in none */
    char *above;      /* owned; the layer or input that was read last, for the next one of a Sequential */
} keras_reader;

/* Where we are: within the model itself, or within one that is a layer of it. */
typedef struct keras_place {
    keras_scope scope;
    bool frozen;      /* a model above says trainable: false */
    const char *calls; /* prefix of the layers of the first use, whose weights this use of a model has; NULL: this is the first */
} keras_place;

/** The list under a key; NULL where there is none. */
const dnn_node *keras_list_at(const dnn_node *map, const char *key);

/* ---- keras_inputs.c ---- */

/** What was read last, for the next layer of a Sequential. */
dnn_status keras_note_above(keras_reader *r, const char *name);
dnn_status keras_input_read(keras_reader *r, const char *name, const dnn_node *config);
/** A Sequential without an InputLayer says its input at the first layer, or only as the shape it was built with. */
dnn_status keras_implied_input_read(keras_reader *r, const dnn_node *model, const char *first, const dnn_node *entry, const dnn_node *config);
/** Ports in the order of input_layers: that is the order of the model's arguments. */
dnn_status keras_inputs_order(keras_reader *r, const keras_place *at, const dnn_node *config);

/* ---- keras_layers.c ---- */

/** A layer that is no model; `sources` (taken over; NULL: the layer above) go in as inputs. */
dnn_status keras_layer_read(keras_reader *r, const keras_place *at, const char *class_name, const char *name, const dnn_node *config,
                            dnn_node *sources);
/** Use `number` of a layer, or any use of it within a model that is called again. Takes `sources` over. */
dnn_status keras_layer_call(keras_reader *r, const keras_place *at, const char *name, size_t number, dnn_node *sources);

#endif
