/* All axes of a sample to one. The same memory seen with another shape. */
#include "dnn/nn/layer.h"
#include "nn/layers/keras.h"

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    *p = (dnn_layer_plan){ .out = dnn_shape_1(dnn_shape_units(&l->in[0])), .view = true };
    return DNN_OK;
}

/* `data_format` asks for another order of axes only where it is channels_first. */
static dnn_status decode(const dnn_node *config, dnn_node *node)
{
    static const char *const neutral[] = { "data_format" };
    (void)config;
    keras_drop(node, neutral, 1);
    return DNN_OK;
}

const dnn_layer_kind dnn_layer_flatten = {
    .kind = { .name = "flatten",
              .help = "all axes of a sample to one, row-major",
              .keras = "Flatten",
              .decode = decode },
    .plan = plan,
};
