/* The family of activations. Derivatives are taken from the output where that is as good as the input, because the input then need not be
 * kept. */
#include "dnn/nn/activation.h"

#define X(name) extern const dnn_activation_kind dnn_activation_##name;
#include "nn/activations/kinds.def"
#undef X

static const dnn_kind *const kinds[] = {
#define X(name) &dnn_activation_##name.kind,
#include "nn/activations/kinds.def"
#undef X
};

dnn_family dnn_activations = { .name = "activation", .kinds = kinds, .count = sizeof kinds / sizeof *kinds };
