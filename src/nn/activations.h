/* What the files of activations share. Private to nn. */
#ifndef DNN_NN_ACTIVATIONS_H
#define DNN_NN_ACTIVATIONS_H

#include "dnn/nn/activation.h"

/* ivdep: input and output may be the same array. Parameters are read before the loop: in the double build they could
 * otherwise be taken for part of the output. */
#define EACH(i, n) _Pragma("GCC ivdep") for (size_t i = 0; i < (n); i++)

/* The descriptor of an activation by its functions, all but its end: what else there is to say (`.from_input = true`) and the closing brace
 * stand where it is used. Its name is that in Keras. */
#define KIND_OF(name_, forward_, backward_, outline_, help_, ...) \
    const dnn_activation_kind dnn_activation_##name_ = { .kind = { .name = #name_, .help = help_, .keras = #name_, __VA_ARGS__ }, \
                                                         .forward = forward_, .backward = backward_, .outline = outline_,
/* Its functions are <name>_forward, <name>_backward and <name>_outline. */
#define KIND(name, help, ...) KIND_OF(name, name##_forward, name##_backward, name##_outline, help, __VA_ARGS__)
/* Another name of the same function. */
#define ALIAS(name, of) KIND_OF(name, of##_forward, of##_backward, of##_outline, "another name of " #of, )
/* Parameters: the struct <name> and the rows <name>_params. */
#define WITH(name) .params_size = sizeof(name), DNN_PARAMS(name##_params)

#endif
