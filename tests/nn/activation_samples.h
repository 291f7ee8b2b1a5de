/* Activations with default parameters, or with some where there are no defaults. */
#ifndef DNN_TESTS_NN_ACTIVATION_SAMPLES_H
#define DNN_TESTS_NN_ACTIVATION_SAMPLES_H

#include "dnn/nn/activation.h"
#include "nn/flow.h"

static inline const dnn_activation_kind *sample_activation(const char *name, dnn_component *c)
{
    dnn_node *node = flow(strcmp(name, "threshold") == 0 ? "{threshold: {threshold: 0.5, default_value: -2}}" : name);
    assert_int_equal(dnn_component_read(&dnn_activations, node, c), DNN_OK);
    dnn_node_destroy(node);
    return (const dnn_activation_kind *)c->kind;
}

#endif
