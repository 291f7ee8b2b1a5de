/* The same values with another shape; one dimension may be left open. */
#include "dnn/nn/layer.h"
#include "nn/layers/keras.h"
#include "nn/layers/shapes.h"

typedef struct { dnn_numbers target_shape; } reshape;

static const dnn_param params[] = {
    DNN_NUMBERS(reshape, target_shape, NULL, NULL, "shape of one sample; one dimension may be -1: what remains"),
};

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    *p = (dnn_layer_plan){ .view = true };
    const size_t have = dnn_shape_units(&l->in[0]);
    dnn_status st = shape_read(&((const reshape *)l->params)->target_shape, "target_shape", true, &p->out);
    if (st != DNN_OK) return st;
    const dnn_shape written = p->out;
    size_t known = 1, open = DNN_MAX_RANK;
    for (size_t i = 0; i < p->out.rank; i++) {
        if (p->out.dim[i] == 0) open = i;
        else if (__builtin_mul_overflow(known, p->out.dim[i], &known)) known = 0;
    }
    if (open < DNN_MAX_RANK && known && have % known == 0) {
        p->out.dim[open] = have / known;
        known = have;
    } else if (open < DNN_MAX_RANK) {
        known = 0;
    }
    if (known == have) return DNN_OK;
    char from[80], to[80];
    return dnn_fail(DNN_E_CONFIG, "target_shape = %s does not hold the %zu values of the input %s%s",
                    dnn_shape_text(&written, to, sizeof to), have, dnn_shape_text(&l->in[0], from, sizeof from),
                    open < DNN_MAX_RANK ? " (0 stands for the open one)" : "");
}

/* Old files carry the batch axis in front. */
static dnn_status decode(const dnn_node *config, dnn_node *node)
{
    const dnn_node *shape = dnn_node_find(config, "target_shape");
    if (!shape || shape->count == 0 || shape->items[0]->type != DNN_NODE_NULL) return DNN_OK;
    return dnn_node_set(node, "target_shape", keras_without_batch(shape));
}

const dnn_layer_kind dnn_layer_reshape = {
    .kind = { .name = "reshape",
              .help = "the same values, row-major, with another shape",
              .params_size = sizeof(reshape),
              DNN_PARAMS(params),
              .keras = "Reshape",
              .decode = decode },
    .plan = plan,
};
