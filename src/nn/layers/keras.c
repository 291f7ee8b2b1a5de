#include "nn/layers/keras.h"

#include <math.h>

void keras_drop(dnn_node *params, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) dnn_node_remove(params, keys[i]);
}

dnn_status keras_rename(dnn_node *params, const char *from, const char *to)
{
    const dnn_node *value = dnn_node_find(params, from);
    dnn_status st = DNN_OK;
    if (!value) return DNN_OK;
    if (!dnn_node_find(params, to)) st = dnn_node_set(params, to, dnn_node_copy(value));
    dnn_node_remove(params, from);
    return st;
}

dnn_status keras_encode_activity(const void *params, dnn_node *config)
{
    static const char key[] = "activity_regularizer";
    const dnn_node *value = dnn_node_find(config, key);
    (void)params;
    if (value && value->type == DNN_NODE_NULL) dnn_node_remove(config, key);
    return DNN_OK;
}

dnn_node *keras_without_batch(const dnn_node *shape)
{
    dnn_node *list = dnn_node_list();
    if (!list) return NULL;
    for (size_t i = 0; i < shape->count; i++) {
        if (i == 0 && shape->items[i]->type == DNN_NODE_NULL) continue;
        if (dnn_node_append(list, dnn_node_copy(shape->items[i])) != DNN_OK) {
            dnn_node_destroy(list);
            return NULL;
        }
    }
    return list;
}

dnn_status keras_encode_lone(const dnn_numbers *numbers, const char *key, dnn_node *config)
{
    if (numbers->count != 1) return DNN_OK;
    const double value = numbers->at[0];
    const bool whole = value == floor(value) && fabs(value) < 0x1p53;
    return dnn_node_set(config, key, whole ? dnn_node_int((int64_t)value) : dnn_node_real(value));
}
