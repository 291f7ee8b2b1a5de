/* What layers on images [height, width, channels] and on sequences [length, channels] share; a sequence is an image of one row. Private to the
 * layers. */
#ifndef DNN_NN_LAYERS_IMAGES_H
#define DNN_NN_LAYERS_IMAGES_H

#include "dnn/nn/layer.h"

/* The first input is an image (axes 2), a sequence (1) or a volume (3); DNN_E_CONFIG says what to do where it is not. */
dnn_status image_check(const dnn_layer *l, size_t axes);

typedef struct image_size { size_t height, width, channels; } image_size;

static inline image_size image_size_of(const dnn_shape *shape)
{
    const bool sequence = shape->rank == 2;
    return (image_size){ sequence ? 1 : shape->dim[0], shape->dim[shape->rank - 2], shape->dim[shape->rank - 1] };
}

/* As many axes as `like` has. */
static inline dnn_shape image_shape(const dnn_shape *like, size_t height, size_t width, size_t channels)
{
    return like->rank == 2 ? dnn_shape_of(2, (size_t[]){ width, channels }) : dnn_shape_of(3, (size_t[]){ height, width, channels });
}

/* One whole number for both directions, or two: height, width; for a sequence (axes 1) one, the height being 1. `preset` 0: there must be some.
 * DNN_E_CONFIG names `key`. */
dnn_status image_pair(const dnn_numbers *numbers, const char *key, size_t preset, size_t axes, size_t pair[2]);

typedef enum image_padding { IMAGE_VALID, IMAGE_SAME, IMAGE_CAUSAL } image_padding;  /* in the order of the rows: "valid|same|causal" */

/* A window that slides along one axis: position o covers the cells o·stride + t·dilation - before, t < size. */
typedef struct image_window { size_t in, out, size, stride, dilation, before; } image_window;

/* Fills out and before from the others: valid: windows inside; same: ceil(in / stride) of them, what they need beyond
 * the edges shared out with the smaller part in front; causal: as many, all of it in front. DNN_E_CONFIG where no window fits; `key` and `axis` ("height")
 * are for the text. */
dnn_status image_slide(image_window *w, image_padding padding, const char *key, const char *axis);
/* Cells t in [first, end) of the window at `position` lie on the axis; for dilation 1. */
void image_cells(const image_window *w, size_t position, size_t *first, size_t *end);

/* Channels to the front and back behind: ONNX has images [channels, height, width]. `axes` as above. */
dnn_value image_outline_first(dnn_outline *o, dnn_value x, size_t axes);
dnn_value image_outline_last(dnn_outline *o, dnn_value x, size_t axes);
/* kernel_shape, strides and pads of the operation added last; of a sequence the columns alone. */
void image_outline_windows(dnn_outline *o, size_t axes, const image_window *rows, const image_window *columns);

/* Keras wants as many numbers as there are axes where one number may be written here; and channels_last, which is all there is, is not kept:
 * another data_format stays, to be refused. */
dnn_status image_encode_pair(dnn_node *config, const char *key);
dnn_status image_decode(const dnn_node *config, dnn_node *node);

/* The descriptor of such a layer; the last are what else `kind` has: .encode. */
#define IMAGE_LAYER(...) IMAGE_LAYER_READ_BY(image_decode, __VA_ARGS__)
#define IMAGE_LAYER_READ_BY(decode_, name_, keras_, help_, struct_, rows, plan_, forward_, backward_, outline_, ...)    \
    const dnn_layer_kind dnn_layer_##name_ = {                                                                         \
        .kind = { .name = #name_, .help = help_, .params_size = sizeof(struct_), DNN_PARAMS(rows), .keras = keras_,    \
                  .decode = decode_, __VA_ARGS__ },                                                               \
        .outline = outline_, .plan = plan_, .forward = forward_, .backward = backward_,                                \
    }

#endif
