/* Images mirrored while training, each with probability 1/2; in both directions at once where both are asked for, as
 * Keras does it. */
#include "nn/layers/augment.h"

typedef struct { int mode; } random_flip;
enum { BOTH, HORIZONTAL, VERTICAL };

static const dnn_param params[] = {
    DNN_CHOICE(random_flip, mode, "horizontal_and_vertical", "horizontal_and_vertical|horizontal|vertical",
               "left for right, top for bottom, or both at once"),
};

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    p->out = l->in[0];
    return image_check(l, 2);
}

static augment_map draw(const dnn_layer *l, const float numbers[3])
{
    const int mode = ((const random_flip *)l->params)->mode;
    const double right = (double)l->in[0].dim[1] - 1, bottom = (double)l->in[0].dim[0] - 1;
    augment_map m = { .ax = 1, .by = 1 };
    if (numbers[0] > 0.5f) return m;
    if (mode != VERTICAL) m.ax = -1, m.cx = right;
    if (mode != HORIZONTAL) m.by = -1, m.cy = bottom;
    return m;
}

static const augment_style style = { .interpolation = NEAREST };

static void forward(const dnn_layer *l, const dnn_pass *p) { augment_forward(l, p, draw, style); }
static void backward(const dnn_layer *l, const dnn_pass *p) { augment_backward(l, p, draw, style); }

IMAGE_LAYER(random_flip, "RandomFlip", "mirrors images at random while training", random_flip, params, plan, forward, backward,
            dnn_outline_pass);
