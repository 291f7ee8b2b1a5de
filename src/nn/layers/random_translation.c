/* Images shifted while training, by shares of their height and width: positive is down and to the right. */
#include "nn/layers/augment.h"

static const dnn_param params[] = {
    DNN_NUMBERS(augment_factors, height_factor, NULL, "[-1, 1]", "share of the height: f for -f … f, or [from, to]"),
    DNN_NUMBERS(augment_factors, width_factor, NULL, "[-1, 1]", "share of the width: f for -f … f, or [from, to]"),
    DNN_CHOICE(augment_factors, fill_mode, "reflect", AUGMENT_FILLS, AUGMENT_FILL_HELP),
    DNN_CHOICE(augment_factors, interpolation, "bilinear", AUGMENT_INTERPOLATIONS, "between cells"),
    DNN_REAL(augment_factors, fill_value, "0", NULL, "the constant beyond the edge"),
};

static augment_map draw(const dnn_layer *l, const float numbers[3])
{
    const augment_factors *t = l->params;
    double height[2], width[2];
    augment_range(&t->height_factor, "height_factor", height);
    augment_range(&t->width_factor, "width_factor", width);
    return (augment_map){ .ax = 1, .by = 1, .cx = -augment_between(width, numbers[1]) * (double)l->in[0].dim[1],
                          .cy = -augment_between(height, numbers[0]) * (double)l->in[0].dim[0] };
}

static void forward(const dnn_layer *l, const dnn_pass *p) { augment_forward(l, p, draw, augment_factors_style(l)); }
static void backward(const dnn_layer *l, const dnn_pass *p) { augment_backward(l, p, draw, augment_factors_style(l)); }

IMAGE_LAYER(random_translation, "RandomTranslation", "shifts images at random while training", augment_factors, params, augment_factors_plan, forward, backward,
            dnn_outline_pass, .encode = augment_factors_encode);
