/* What layers share that treat the values of a sample along some axes together, one group beside the other. Private to the layers. */
#ifndef DNN_NN_LAYERS_GROUPS_H
#define DNN_NN_LAYERS_GROUPS_H

#include "dnn/nn/layer.h"

/* A sample is `groups` times `members` values that belong together. */
typedef struct grouping {
    size_t units, groups, members;
    bool together[DNN_MAX_RANK], in_order;  /* in_order: a sample is [groups, members] as it is */
} grouping;

/* By the axes that Keras counts. DNN_E_CONFIG names `axis`. */
dnn_status groups_of(const dnn_layer *l, const dnn_numbers *axis, grouping *g);
/* A sample in the order [groups, members]: itself, or in `room` [units]. */
const real *groups_gather(const dnn_layer *l, const grouping *g, const real *sample, real *room);
/* Back from `room`, where the order is another one. */
void groups_scatter(const dnn_layer *l, const grouping *g, const real *room, real *sample);

/* Weight k, of the axes that belong together, with the others as axes of length 1, so that it stretches along them. */
dnn_value groups_outline_weight(const dnn_layer *l, const grouping *g, dnn_outline *o, size_t k);
/* ReduceMean or the like along those axes, which stay with length 1. */
dnn_value groups_outline_mean(const dnn_layer *l, const grouping *g, dnn_outline *o, dnn_value x);
dnn_value groups_outline_sum(const dnn_layer *l, const grouping *g, dnn_outline *o, dnn_value x);

#endif
