/** A model as a part of another: its layers among those of the other, as if they had been written there, each under the part's name: "encoder.dense".
 * Weights, freezing, summary and model files then know nothing of parts. Local. */
#ifndef DNN_EXCHANGE_NESTED_H
#define DNN_EXCHANGE_NESTED_H

#include "dnn/base/node.h"

typedef struct dnn_nesting {
    const char *name;             /**< of this use of the model */
    const char *const *sources;   /**< names of what its inputs read, in the order of its inputs; NULL: the layer above, for a model of one input */
    size_t n_sources;
    const char *calls;            /**< name of the first use, whose weights this one shares; NULL: this is the first */
    bool frozen;                  /**< none of its weights is trained */
} dnn_nesting;

/** Appends the layers of `architecture` (a `model` section whose layers all have names) to the list `layers`. `outputs` (a list) gets the names that
 * its outputs have there, in order. DNN_E_CONFIG where sources and inputs differ in number. */
dnn_status dnn_model_nest(const dnn_node *architecture, const dnn_nesting *use, dnn_node *layers, dnn_node *outputs);

#endif
