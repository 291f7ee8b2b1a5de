/* Images shifted while training, by shares of their height and width: positive is down and to the right. */
#include "nn/layers/augment.h"

typedef struct {
    dnn_numbers height_factor, width_factor;
    int fill_mode, interpolation;
    double fill_value;
} random_translation;

static const dnn_param params[] = {
    DNN_NUMBERS(random_translation, height_factor, NULL, "[-1, 1]", "share of the height: f for -f … f, or [from, to]"),
    DNN_NUMBERS(random_translation, width_factor, NULL, "[-1, 1]", "share of the width: f for -f … f, or [from, to]"),
    DNN_CHOICE(random_translation, fill_mode, "reflect", AUGMENT_FILLS, AUGMENT_FILL_HELP),
    DNN_CHOICE(random_translation, interpolation, "bilinear", AUGMENT_INTERPOLATIONS, "between cells"),
    DNN_REAL(random_translation, fill_value, "0", NULL, "the constant beyond the edge"),
};

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    const random_translation *t = l->params;
    double range[2];
    p->out = l->in[0];
    dnn_status st = image_check(l);
    if (st == DNN_OK) st = augment_range(&t->height_factor, "height_factor", range);
    return st == DNN_OK ? augment_range(&t->width_factor, "width_factor", range) : st;
}

static augment_map draw(const dnn_layer *l, const float numbers[3])
{
    const random_translation *t = l->params;
    double height[2], width[2];
    augment_range(&t->height_factor, "height_factor", height);
    augment_range(&t->width_factor, "width_factor", width);
    return (augment_map){ .ax = 1, .by = 1, .cx = -augment_between(width, numbers[1]) * (double)l->in[0].dim[1],
                          .cy = -augment_between(height, numbers[0]) * (double)l->in[0].dim[0] };
}

static augment_style style_of(const dnn_layer *l)
{
    const random_translation *t = l->params;
    return (augment_style){ (augment_fill)t->fill_mode, (augment_interpolation)t->interpolation, t->fill_value };
}

static void forward(const dnn_layer *l, const dnn_pass *p) { augment_forward(l, p, draw, style_of(l)); }
static void backward(const dnn_layer *l, const dnn_pass *p) { augment_backward(l, p, draw, style_of(l)); }

static dnn_status encode(const void *params_, dnn_node *config)
{
    (void)params_;
    const dnn_status st = augment_encode_range(config, "height_factor");
    return st == DNN_OK ? augment_encode_range(config, "width_factor") : st;
}

const dnn_layer_kind dnn_layer_random_translation = {
    .kind = { .name = "random_translation",
              .help = "shifts images at random while training",
              .params_size = sizeof(random_translation),
              DNN_PARAMS(params),
              .keras = "RandomTranslation",
              .encode = encode,
              .decode = image_decode },
    .outline = dnn_outline_pass,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
