#include "nn/layers/images.h"

#include <math.h>
#include <string.h>

dnn_status image_check(const dnn_layer *l, size_t axes)
{
    char text[80];
    const dnn_shape *in = &l->in[0];
    static const char *const forms[] = { "sequences [length, channels]", "images [height, width, channels]", "volumes [depth, height, width, channels]" };
    const char *wanted = forms[axes - 1];
    if (in->rank == axes + 1) return DNN_OK;
    dnn_shape_text(in, text, sizeof text);
    if (in->rank != axes || axes == 3) return dnn_fail(DNN_E_CONFIG, "its input has shape %s: %s are wanted", text, wanted);
    if (axes == 1)
        return dnn_fail(DNN_E_CONFIG, "its input has shape %s: %s are wanted; put reshape: {target_shape: [%zu, 1]} in front", text, wanted, in->dim[0]);
    return dnn_fail(DNN_E_CONFIG,
                    "its input has shape %s: %s are wanted; put reshape: "
                    "{target_shape: [%zu, %zu, 1]} in front",
                    text, wanted, in->dim[0], in->dim[1]);
}

dnn_status image_pair(const dnn_numbers *numbers, const char *key, size_t preset, size_t axes, size_t pair[2])
{
    pair[0] = axes == 1 ? 1 : preset;
    pair[1] = preset;
    if (numbers->count == 0 && preset > 0) return DNN_OK;
    if (numbers->count < 1 || numbers->count > axes)
        return dnn_fail(DNN_E_CONFIG, "%s has %zu numbers: one%s wanted", key, numbers->count,
                        axes == 1 ? " is" : ", or two for height and width, are");
    for (size_t i = 2 - axes; i < 2; i++) {
        const double n = numbers->at[numbers->count == 2 ? i : 0];
        if (!(n >= 1) || n != floor(n) || n > 1e6)
            return dnn_fail(DNN_E_CONFIG, "%s = %g: must be a whole number >= 1", key, n);
        pair[i] = (size_t)n;
    }
    return DNN_OK;
}

dnn_status image_slide(image_window *w, image_padding padding, const char *key, const char *axis)
{
    const size_t covered = (w->size - 1) * w->dilation + 1;
    w->before = 0;
    if (padding == IMAGE_VALID) {
        if (w->in < covered)
            return dnn_fail(DNN_E_CONFIG, "%s covers %zu cells of a %s of %zu: smaller, or padding: same, would fit",
                            key, covered, axis, w->in);
        w->out = (w->in - covered) / w->stride + 1;
        return DNN_OK;
    }
    w->out = (w->in + w->stride - 1) / w->stride;
    const size_t needed = (w->out - 1) * w->stride + covered;
    if (padding == IMAGE_CAUSAL) w->before = covered - 1;
    else if (needed > w->in) w->before = (needed - w->in) / 2;
    return DNN_OK;
}

void image_cells(const image_window *w, size_t position, size_t *first, size_t *end)
{
    const size_t start = position * w->stride;
    *first = start < w->before ? w->before - start : 0;
    *end = w->in + w->before - start < w->size ? w->in + w->before - start : w->size;
}

dnn_value image_outline_first(dnn_outline *o, dnn_value x, size_t axes)
{
    return dnn_outline_transpose(o, x, axes + 2, axes == 1 ? (int64_t[]){ 0, 2, 1 } : (int64_t[]){ 0, 3, 1, 2 });
}

dnn_value image_outline_last(dnn_outline *o, dnn_value x, size_t axes)
{
    return dnn_outline_transpose(o, x, axes + 2, axes == 1 ? (int64_t[]){ 0, 2, 1 } : (int64_t[]){ 0, 2, 3, 1 });
}

static int64_t beyond(const image_window *w)
{
    const size_t needed = (w->out - 1) * w->stride + (w->size - 1) * w->dilation + 1, there = w->in + w->before;
    return needed > there ? (int64_t)(needed - there) : 0;
}

void image_outline_windows(dnn_outline *o, size_t axes, const image_window *rows, const image_window *columns)
{
    const image_window *windows[] = { rows, columns };
    int64_t sizes[2], strides[2], pads[4];
    for (size_t i = 0; i < axes; i++) {
        const image_window *w = windows[2 - axes + i];
        sizes[i] = (int64_t)w->size;
        strides[i] = (int64_t)w->stride;
        pads[i] = (int64_t)w->before;
        pads[axes + i] = beyond(w);
    }
    dnn_outline_set_integers(o, "kernel_shape", axes, sizes);
    dnn_outline_set_integers(o, "strides", axes, strides);
    dnn_outline_set_integers(o, "pads", 2 * axes, pads);
}

dnn_status image_encode_pair(dnn_node *config, const char *key)
{
    dnn_node *list = dnn_node_find(config, key);
    if (!list || list->type != DNN_NODE_LIST || list->count != 1) return DNN_OK;
    return dnn_node_append(list, dnn_node_copy(list->items[0]));
}

dnn_status image_decode(const dnn_node *config, dnn_node *node)
{
    const dnn_node *format = dnn_node_find(config, "data_format");
    if (format && format->type == DNN_NODE_STRING && strcmp(format->text, "channels_last") == 0)
        dnn_node_remove(node, "data_format");
    return DNN_OK;
}
