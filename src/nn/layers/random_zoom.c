/* Images seen from nearer or further while training: a factor above 0 zooms out, as in Keras. */
#include "nn/layers/augment.h"

typedef struct {
    dnn_numbers height_factor, width_factor;
    int fill_mode, interpolation;
    double fill_value;
} random_zoom;

static const dnn_param params[] = {
    DNN_NUMBERS(random_zoom, height_factor, NULL, "[-1, 1]", "f for -f … f, or [from, to]; 0.2 shows a fifth more"),
    DNN_NUMBERS(random_zoom, width_factor, "null", "[-1, 1]", "likewise for the width; null: the same as the height"),
    DNN_CHOICE(random_zoom, fill_mode, "reflect", AUGMENT_FILLS, AUGMENT_FILL_HELP),
    DNN_CHOICE(random_zoom, interpolation, "bilinear", AUGMENT_INTERPOLATIONS, "between cells"),
    DNN_REAL(random_zoom, fill_value, "0", NULL, "the constant beyond the edge"),
};

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    const random_zoom *t = l->params;
    double range[2];
    p->out = l->in[0];
    dnn_status st = image_check(l);
    if (st == DNN_OK) st = augment_range(&t->height_factor, "height_factor", range);
    return st == DNN_OK && t->width_factor.count ? augment_range(&t->width_factor, "width_factor", range) : st;
}

static augment_map draw(const dnn_layer *l, const float numbers[3])
{
    const random_zoom *t = l->params;
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

static augment_style style_of(const dnn_layer *l)
{
    const random_zoom *t = l->params;
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

const dnn_layer_kind dnn_layer_random_zoom = {
    .kind = { .name = "random_zoom",
              .help = "shows images from nearer or further at random while training",
              .params_size = sizeof(random_zoom),
              DNN_PARAMS(params),
              .keras = "RandomZoom",
              .encode = encode,
              .decode = image_decode },
    .outline = dnn_outline_pass,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
