/* What comes in goes out: a place to hold on to, or to leave out. */
#include "dnn/nn/layer.h"

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    *p = (dnn_layer_plan){ .out = l->in[0], .view = true };
    return DNN_OK;
}

const dnn_layer_kind dnn_layer_identity = {
    .kind = { .name = "identity", .help = "what comes in goes out", .keras = "Identity" },
    .plan = plan,
};
