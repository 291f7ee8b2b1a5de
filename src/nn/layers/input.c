/* A named input of the network, where it is written among the layers. Says its shape; computes nothing. */
#include "dnn/nn/layer.h"
#include "nn/layers/keras.h"
#include "nn/layers/shapes.h"

typedef struct { dnn_numbers shape; } input;

static const dnn_param params[] = {
    DNN_NUMBERS(input, shape, NULL, NULL, "shape of one sample, without the batch axis"),
};

static dnn_status input_shape(const dnn_layer *l, dnn_shape *shape)
{
    return shape_read(&((const input *)l->params)->shape, "shape", false, shape);
}

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    *p = (dnn_layer_plan){ .out = l->in[0], .view = true };
    return DNN_OK;
}

static dnn_status encode(const void *params_, dnn_node *config)
{
    (void)params_;
    const dnn_node *shape = dnn_node_find(config, "shape");
    dnn_node *full = dnn_node_list();
    dnn_status st = dnn_node_append(full, dnn_node_null());
    for (size_t i = 0; shape && i < shape->count && st == DNN_OK; i++)
        st = dnn_node_append(full, dnn_node_copy(shape->items[i]));
    if (st != DNN_OK) {
        dnn_node_destroy(full);
        return st;
    }
    dnn_node_remove(config, "shape");
    return dnn_node_set(config, "batch_input_shape", full);
}

static dnn_status decode(const dnn_node *config, dnn_node *node)
{
    static const char *const neutral[] = { "batch_shape", "batch_input_shape", "sparse", "ragged", "optional" };
    const dnn_node *full = dnn_node_find(config, "batch_shape");
    if (!full) full = dnn_node_find(config, "batch_input_shape");
    dnn_status st = DNN_OK;
    if (full) st = dnn_node_set(node, "shape", keras_without_batch(full));
    keras_drop(node, neutral, sizeof neutral / sizeof *neutral);
    return st;
}

const dnn_layer_kind dnn_layer_input = {
    .kind = { .name = "input",
              .help = "a named input with the shape of one sample",
              .params_size = sizeof(input),
              DNN_PARAMS(params),
              .keras = "InputLayer",
              .encode = encode,
              .decode = decode },
    .input_shape = input_shape,
    .outline = dnn_outline_pass,
    .plan = plan,
};
