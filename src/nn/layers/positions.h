/* Random numbers of a layer by the position of an element in the global batch: a mask is the same however many ranks
 * share the batch. Private to the layers. */
#ifndef DNN_NN_LAYERS_POSITIONS_H
#define DNN_NN_LAYERS_POSITIONS_H

#include "dnn/nn/layer.h"

/* mask [capacity, units]: `kept` with probability 1 - rate, else `dropped`. */
void positions_mask(const dnn_layer *l, const dnn_pass *p, size_t units, double rate, real kept, real dropped, real *mask);

#endif
