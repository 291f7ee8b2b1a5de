/* What the random image layers share: while training every image is seen through a map of its own, drawn by its place
 * in the global batch; in inference they change nothing. Private to the layers. */
#ifndef DNN_NN_LAYERS_AUGMENT_H
#define DNN_NN_LAYERS_AUGMENT_H

#include "nn/layers/images.h"

typedef enum augment_fill { FILL_REFLECT, FILL_CONSTANT, FILL_NEAREST, FILL_WRAP } augment_fill;
typedef enum augment_interpolation { BILINEAR, NEAREST } augment_interpolation;
#define AUGMENT_FILLS "reflect|constant|nearest|wrap"
#define AUGMENT_INTERPOLATIONS "bilinear|nearest"
#define AUGMENT_FILL_HELP                                                                                              \
    "beyond the edge: (d c b a | a b c d | d c b a), a constant, (a a | a b c d | d d), or (c d | a b c d | a b)"

/* Cell (x, y) of the output is what the input has at (ax x + bx y + cx, ay x + by y + cy). */
typedef struct augment_map { double ax, bx, cx, ay, by, cy; } augment_map;

typedef struct augment_style { augment_fill fill; augment_interpolation interpolation; double value; } augment_style;

/* Makes the map of one image from three numbers in [0, 1) drawn for it. */
typedef augment_map augment_draw(const dnn_layer *l, const float numbers[3]);

void augment_forward(const dnn_layer *l, const dnn_pass *p, augment_draw *draw, augment_style style);
void augment_backward(const dnn_layer *l, const dnn_pass *p, augment_draw *draw, augment_style style);

/* One number f for [-f, f], or the two ends; within [-1, 1]. DNN_E_CONFIG names `key`. */
dnn_status augment_range(const dnn_numbers *numbers, const char *key, double range[2]);
/* Keras takes one number as such, not as a list of one. */
dnn_status augment_encode_range(dnn_node *config, const char *key);
/* Parameters of layers with a factor for each axis. The functions below serve their kinds. */
typedef struct augment_factors {
    dnn_numbers height_factor, width_factor;
    int fill_mode, interpolation;
    double fill_value;
} augment_factors;
/* An image layer whose factors are ranges; a width_factor that may be left out is one of no numbers. */
dnn_status augment_factors_plan(const dnn_layer *l, dnn_layer_plan *p);
augment_style augment_factors_style(const dnn_layer *l);
dnn_status augment_factors_encode(const void *params, dnn_node *config);

static inline double augment_between(const double range[2], float number)
{
    return range[0] + (range[1] - range[0]) * (double)number;
}

#endif
