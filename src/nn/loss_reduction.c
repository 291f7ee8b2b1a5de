/* The reduction of a loss, written among its parameters as in Keras, though it is the objective that reduces. */
#include <string.h>

#include "dnn/nn/loss.h"

const char *const dnn_reduction_names[DNN_REDUCTIONS] = { "sum_over_batch_size", "sum", "mean_with_sample_weight" };

static const char key[] = "reduction";

/* The parameters of a component written as a map of its name to them. */
static dnn_node *params_of(const dnn_node *node)
{
    if (node->type != DNN_NODE_MAP || node->count != 1 || node->items[0]->type != DNN_NODE_MAP) return NULL;
    return node->items[0];
}

static dnn_status read_reduction(const dnn_node *value, dnn_reduction *out)
{
    char text[64];
    if (value->type == DNN_NODE_STRING) {
        for (size_t i = 0; i < DNN_REDUCTIONS; i++)
            if (strcmp(value->text, dnn_reduction_names[i]) == 0) {
                *out = (dnn_reduction)i;
                return DNN_OK;
            }
        if (strcmp(value->text, "mean") == 0) return DNN_OK; /* another name of the first */
    }
    return dnn_node_fail(DNN_E_CONFIG, value, "%s = %s: must be sum_over_batch_size, sum or mean_with_sample_weight", key,
                         dnn_node_describe(value, text, sizeof text));
}

dnn_status dnn_loss_read(const dnn_node *node, dnn_component *loss, dnn_reduction *reduction)
{
    const dnn_node *params = params_of(node), *value = params ? dnn_node_find(params, key) : NULL;
    *reduction = DNN_REDUCTION_MEAN;
    if (!value) return dnn_component_read(&dnn_losses, node, loss);
    *loss = (dnn_component){ 0 };
    dnn_status st = read_reduction(value, reduction);
    if (st != DNN_OK) return st;
    dnn_node *rest = dnn_node_copy(node);
    if (!rest) return DNN_E_MEMORY;
    dnn_node_remove(params_of(rest), key);
    st = dnn_component_read(&dnn_losses, rest, loss);
    dnn_node_destroy(rest);
    if (st == DNN_OK && *reduction != DNN_REDUCTION_MEAN && ((const dnn_loss_kind *)loss->kind)->sums)
        return dnn_node_fail(DNN_E_CONFIG, value, "%s: %s is one value of the whole batch, of which there is nothing to add up", key, loss->kind->name);
    return st;
}

dnn_node *dnn_loss_write(const dnn_component *loss, dnn_reduction reduction)
{
    dnn_node *node = dnn_component_write(loss);
    if (!node || reduction == DNN_REDUCTION_MEAN) return node;
    dnn_status st = DNN_OK;
    if (!params_of(node)) { /* without parameters it is its name */
        dnn_node_destroy(node);
        node = dnn_node_map();
        st = node ? dnn_node_set(node, loss->kind->name, dnn_node_map()) : DNN_E_MEMORY;
    }
    if (st == DNN_OK) st = dnn_node_set(params_of(node), key, dnn_node_string(dnn_reduction_names[reduction]));
    if (st == DNN_OK) return node;
    dnn_node_destroy(node);
    return NULL;
}
