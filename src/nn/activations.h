/* Activations whose functions stand in other files than the family's table. Private to nn. */
#ifndef DNN_NN_ACTIVATIONS_H
#define DNN_NN_ACTIVATIONS_H

#include "dnn/nn/activation.h"

/* ivdep: input and output may be the same array. Parameters are read before the loop: in the double build they could
 * otherwise be taken for part of the output. */
#define EACH(i, n) _Pragma("GCC ivdep") for (size_t i = 0; i < (n); i++)

/* activations_further.c */
extern const dnn_activation_kind activation_relu6, activation_celu, activation_hard_silu, activation_hard_swish, activation_hard_tanh,
    activation_tanh_shrink, activation_hard_shrink, activation_soft_shrink, activation_log_sigmoid, activation_log_softmax,
    activation_squareplus, activation_sparse_plus, activation_sparse_sigmoid;

#endif
