/* The family of layers: what kinds.def lists, and the keys that every layer takes. */
#include "dnn/nn/layer.h"

#define X(name) extern const dnn_layer_kind dnn_layer_##name;
#include "nn/layers/kinds.def"
#undef X

static const dnn_kind *const kinds[] = {
#define X(name) &dnn_layer_##name.kind,
#include "nn/layers/kinds.def"
#undef X
};

static const dnn_param common[] = {
    DNN_STRING(dnn_layer_common, name, "null",
               "name; left out: the type, numbered from the second on (dense, dense_1, …)"),
    DNN_STRINGS(dnn_layer_common, inputs, "[]",
                "names of the layers or inputs that it reads; left out: the layer above"),
    DNN_BOOL(dnn_layer_common, trainable, "true", "false: its weights stay as they are"),
};

dnn_family dnn_layers = {
    .name = "layer", .kinds = kinds, .count = sizeof kinds / sizeof *kinds,
    .common = common, .n_common = sizeof common / sizeof *common, .common_size = sizeof(dnn_layer_common),
};
