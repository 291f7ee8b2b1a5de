/* Layers that are one activation: they share these functions. Private to the layers. */
#ifndef DNN_NN_LAYERS_ACTIVATION_H
#define DNN_NN_LAYERS_ACTIVATION_H

#include "dnn/nn/layer.h"

/* Applies l->activation, which is all that a layer made by the graph has. */
extern const dnn_layer_kind dnn_layer_activation;

dnn_status activation_plan(const dnn_layer *l, dnn_layer_plan *p);
void activation_forward(const dnn_layer *l, const dnn_pass *p);
void activation_backward(const dnn_layer *l, const dnn_pass *p);

#endif
