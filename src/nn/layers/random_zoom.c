/* Images seen from nearer or further while training: a factor above 0 zooms out, as in Keras. */
#include "nn/layers/augment.h"

static const dnn_param params[] = {
    DNN_NUMBERS(augment_factors, height_factor, NULL, "[-1, 1]", "f for -f … f, or [from, to]; 0.2 shows a fifth more"),
    DNN_NUMBERS(augment_factors, width_factor, "null", "[-1, 1]", "likewise for the width; null: the same as the height"),
    DNN_CHOICE(augment_factors, fill_mode, "reflect", AUGMENT_FILLS, AUGMENT_FILL_HELP),
    DNN_CHOICE(augment_factors, interpolation, "bilinear", AUGMENT_INTERPOLATIONS, "between cells"),
    DNN_REAL(augment_factors, fill_value, "0", NULL, "the constant beyond the edge"),
};

static augment_map draw(const dnn_layer *l, const float numbers[3])
{
    const augment_factors *t = l->params;
    double height[2], width[2];
    augment_range(&t->height_factor, "height_factor", height);
    const double down = 1 + augment_between(height, numbers[0]);
    double across = down;
    if (t->width_factor.count) {
        augment_range(&t->width_factor, "width_factor", width);
        across = 1 + augment_between(width, numbers[1]);
    }
    const double x = ((double)l->in[0].dim[1] - 1) / 2, y = ((double)l->in[0].dim[0] - 1) / 2;
    return (augment_map){ .ax = across, .cx = x * (1 - across), .by = down, .cy = y * (1 - down) };
}

static void forward(const dnn_layer *l, const dnn_pass *p) { augment_forward(l, p, draw, augment_factors_style(l)); }
static void backward(const dnn_layer *l, const dnn_pass *p) { augment_backward(l, p, draw, augment_factors_style(l)); }

IMAGE_LAYER(random_zoom, "RandomZoom", "shows images from nearer or further at random while training", augment_factors, params, augment_factors_plan, forward, backward,
            dnn_outline_pass, .encode = augment_factors_encode);
