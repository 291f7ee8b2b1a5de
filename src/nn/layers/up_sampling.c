/* Sequences, images and volumes made larger: each cell repeated along the axes, or for images by lines between the cells' middles
 * (bilinear). A sequence is a volume of depth and height 1, an image one of depth 1. */
#include <math.h>
#include <string.h>

#include "nn/layers/images.h"
#include "nn/layers/keras.h"

enum { DEPTH, HEIGHT, WIDTH, AXES };
enum { NEAREST, BILINEAR };

typedef struct { dnn_numbers size; int interpolation; } up_sampling;

static const dnn_param params_1d[] = {
    DNN_NUMBERS(up_sampling, size, "2", ">= 1", "how many times as long"),
};
static const dnn_param params_2d[] = {
    DNN_NUMBERS(up_sampling, size, "2", ">= 1", "how many times as large: a number, or [height, width]"),
    DNN_CHOICE(up_sampling, interpolation, "nearest", "nearest|bilinear", "nearest: cells are repeated; bilinear: lines between their middles"),
};
static const dnn_param params_3d[] = {
    DNN_NUMBERS(up_sampling, size, "2", ">= 1", "how many times as large: a number, or [depth, height, width]"),
};

/* The number of the last axes; those that are not there have 1. */
static void factors_of(const dnn_layer *l, size_t factor[AXES])
{
    const dnn_numbers *size = &((const up_sampling *)l->params)->size;
    const size_t axes = l->in[0].rank - 1;
    for (size_t a = 0; a < AXES; a++) {
        const bool there = a + axes >= AXES;
        factor[a] = there ? (size_t)size->at[size->count > 1 ? a + axes - AXES : 0] : 1;
    }
}

static dnn_status plan(const dnn_layer *l, size_t axes, dnn_layer_plan *p)
{
    const dnn_numbers *size = &((const up_sampling *)l->params)->size;
    const dnn_status st = image_check(l, axes);
    if (st != DNN_OK) return st;
    if (size->count != 1 && size->count != axes)
        return dnn_fail(DNN_E_CONFIG, "size has %zu numbers: one, or one for each of %zu axes, is wanted", size->count, axes);
    for (size_t i = 0; i < size->count; i++)
        if (size->at[i] != floor(size->at[i]) || size->at[i] > 1e6)
            return dnn_fail(DNN_E_CONFIG, "size = %g: must be a whole number >= 1", size->at[i]);
    size_t factor[AXES];
    factors_of(l, factor);
    p->out = l->in[0];
    for (size_t a = 0; a < axes; a++) p->out.dim[a] *= factor[AXES - axes + a];
    return DNN_OK;
}

static dnn_status plan_1d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 1, p); }
static dnn_status plan_2d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 2, p); }
static dnn_status plan_3d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 3, p); }

/* The two cells of an axis of n that position `i` lies between, and the share of the second: its middle is at (i + 1/2) / factor. */
typedef struct { size_t at[2]; real share[2]; } taps;

static taps taps_at(size_t n, size_t factor, bool lines, size_t i)
{
    if (!lines) return (taps){ { i / factor, i / factor }, { 1, 0 } };
    const double middle = ((double)i + 0.5) / (double)factor - 0.5, low = floor(middle), share = middle - low;
    const size_t first = low < 0 ? 0 : (size_t)low, second = low + 1 > (double)(n - 1) ? n - 1 : (size_t)(low + 1);
    return (taps){ { first, second }, { (real)(1 - share), (real)share } };
}

/* y += share x, or with `back` x += share y, for the channels of one cell. */
static void blend(size_t channels, bool back, real share, real *restrict x, real *restrict y)
{
    if (back)
        for (size_t c = 0; c < channels; c++) x[c] += share * y[c];
    else
        for (size_t c = 0; c < channels; c++) y[c] += share * x[c];
}

/* One output cell with the cells it is made from; depths are repeated in any case. */
static void cell(const size_t in[4], bool back, size_t depth, taps row, taps column, real *x, real *y)
{
    for (size_t a = 0; a < 2; a++)
        for (size_t b = 0; b < 2; b++) {
            const real share = row.share[a] * column.share[b];
            if (share != 0) blend(in[3], back, share, x + ((depth * in[1] + row.at[a]) * in[2] + column.at[b]) * in[3], y);
        }
}

static void walk(const dnn_layer *l, const dnn_pass *p, bool back, real *x, real *y)
{
    const bool lines = ((const up_sampling *)l->params)->interpolation == BILINEAR;
    const size_t missing = 4 - l->in[0].rank, units = dnn_shape_units(&l->in[0]);
    size_t factor[AXES], in[4];
    factors_of(l, factor);
    for (size_t i = 0; i < 4; i++) in[i] = i < missing ? 1 : l->in[0].dim[i - missing];
    for (size_t r = 0; r < p->capacity; r++, x += units)
        for (size_t d = 0; d < in[DEPTH] * factor[DEPTH]; d++)
            for (size_t h = 0; h < in[HEIGHT] * factor[HEIGHT]; h++) {
                const taps row = taps_at(in[HEIGHT], factor[HEIGHT], lines, h);
                for (size_t w = 0; w < in[WIDTH] * factor[WIDTH]; w++, y += in[3])
                    cell(in, back, d / factor[DEPTH], row, taps_at(in[WIDTH], factor[WIDTH], lines, w), x, y);
            }
}

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    memset(p->y, 0, p->capacity * dnn_shape_units(&l->out) * sizeof *p->y);
    walk(l, p, false, (real *)p->x[0], p->y);
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    if (!p->dx[0]) return;
    memset(p->dx[0], 0, p->capacity * dnn_shape_units(&l->in[0]) * sizeof *p->dx[0]);
    walk(l, p, true, p->dx[0], p->dy);
}

static dnn_status encode_1d(const void *params, dnn_node *config) { return keras_encode_lone(&((const up_sampling *)params)->size, "size", config); }

static dnn_status encode_2d(const void *params, dnn_node *config)
{
    (void)params;
    return image_encode_pair(config, "size");
}

static dnn_status encode_3d(const void *params, dnn_node *config)
{
    dnn_status st = encode_2d(params, config);
    return st == DNN_OK ? encode_2d(params, config) : st;
}

/* Channels in front; scales are those of all axes, batch and channels too. */
static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    const up_sampling *u = l->params;
    const size_t axes = l->in[0].rank - 1, rank = axes + 2;
    size_t factor[AXES];
    int64_t first[5] = { 0, (int64_t)axes + 1 }, last[5] = { 0 };
    double scales[5] = { 1, 1 };
    factors_of(l, factor);
    for (size_t a = 0; a < axes; a++) {
        first[2 + a] = (int64_t)a + 1;
        last[1 + a] = (int64_t)a + 2;
        scales[2 + a] = (double)factor[AXES - axes + a];
    }
    last[axes + 1] = 1;
    const dnn_value x = dnn_outline_transpose(o, dnn_outline_input(o, 0), rank, first);
    const size_t none = 0;
    const dnn_value in[3] = { x, dnn_outline_reals(o, 1, &none, NULL), dnn_outline_reals(o, 1, &rank, scales) };
    const dnn_value y = dnn_outline_add(o, "Resize", 3, in);
    dnn_outline_set_text(o, "mode", u->interpolation == BILINEAR ? "linear" : "nearest");
    dnn_outline_set_text(o, "coordinate_transformation_mode", u->interpolation == BILINEAR ? "half_pixel" : "asymmetric");
    if (u->interpolation != BILINEAR) dnn_outline_set_text(o, "nearest_mode", "floor");
    return dnn_outline_transpose(o, y, rank, last);
}

#define UP_SAMPLING(name, keras, axes, help) \
    IMAGE_LAYER(name, keras, help, up_sampling, params_##axes, plan_##axes, forward, backward, outline, .encode = encode_##axes)
UP_SAMPLING(up_sampling1d, "UpSampling1D", 1d, "sequences with each cell repeated");
UP_SAMPLING(up_sampling2d, "UpSampling2D", 2d, "images made larger by repeated cells or lines between them");
UP_SAMPLING(up_sampling3d, "UpSampling3D", 3d, "volumes with each cell repeated");
