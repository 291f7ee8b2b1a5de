/* All axes of a sample to one. The same memory seen with another shape. */
#include <string.h>

#include "dnn/nn/layer.h"

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    *p = (dnn_layer_plan){ .out = dnn_shape_1(dnn_shape_units(&l->in[0])), .view = true };
    return DNN_OK;
}

/* channels_first, which stays and is refused, would ask for another order. */
static dnn_status decode(const dnn_node *config, dnn_node *node)
{
    const dnn_node *format = dnn_node_find(config, "data_format");
    if (format && format->type == DNN_NODE_STRING && strcmp(format->text, "channels_last") == 0)
        dnn_node_remove(node, "data_format");
    return DNN_OK;
}

const dnn_layer_kind dnn_layer_flatten = {
    .kind = { .name = "flatten",
              .help = "all axes of a sample to one, row-major",
              .keras = "Flatten",
              .decode = decode },
    .plan = plan,
};
