/* Images turned about their centre while training; angles in turns, positive is counter-clockwise. */
#include <math.h>

#include "nn/layers/augment.h"

typedef struct {
    dnn_numbers factor;
    int fill_mode, interpolation;
    double fill_value;
} random_rotation;

static const dnn_param params[] = {
    DNN_NUMBERS(random_rotation, factor, NULL, "[-1, 1]", "turns: f for -f … f, or [from, to]; 0.1 is 36 degrees"),
    DNN_CHOICE(random_rotation, fill_mode, "reflect", AUGMENT_FILLS, AUGMENT_FILL_HELP),
    DNN_CHOICE(random_rotation, interpolation, "bilinear", AUGMENT_INTERPOLATIONS, "between cells"),
    DNN_REAL(random_rotation, fill_value, "0", NULL, "the constant beyond the edge"),
};

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    double range[2];
    p->out = l->in[0];
    const dnn_status st = image_check(l, 2);
    return st == DNN_OK ? augment_range(&((const random_rotation *)l->params)->factor, "factor", range) : st;
}

static augment_map draw(const dnn_layer *l, const float numbers[3])
{
    double range[2];
    augment_range(&((const random_rotation *)l->params)->factor, "factor", range);
    const double angle = 2 * acos(-1) * augment_between(range, numbers[0]), c = cos(angle), s = sin(angle);
    const double x = ((double)l->in[0].dim[1] - 1) / 2, y = ((double)l->in[0].dim[0] - 1) / 2;
    return (augment_map){ .ax = c, .bx = -s, .cx = x - c * x + s * y, .ay = s, .by = c, .cy = y - s * x - c * y };
}

static augment_style style_of(const dnn_layer *l)
{
    const random_rotation *t = l->params;
    return (augment_style){ (augment_fill)t->fill_mode, (augment_interpolation)t->interpolation, t->fill_value };
}

static void forward(const dnn_layer *l, const dnn_pass *p) { augment_forward(l, p, draw, style_of(l)); }
static void backward(const dnn_layer *l, const dnn_pass *p) { augment_backward(l, p, draw, style_of(l)); }

static dnn_status encode(const void *params_, dnn_node *config)
{
    (void)params_;
    return augment_encode_range(config, "factor");
}

IMAGE_LAYER(random_rotation, "RandomRotation", "turns images at random while training", random_rotation, params, plan, forward, backward,
            dnn_outline_pass, .encode = encode);
