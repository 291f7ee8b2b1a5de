/* Zeros around sequences, images and volumes, or their edges cut off. Either is the other's derivative. A sequence is a volume of depth and height 1,
 * an image one of depth 1. */
#include <math.h>
#include <string.h>

#include "nn/layers/images.h"

enum { DEPTH, HEIGHT, WIDTH, AXES };

typedef struct { dnn_node *sides; } margins;

#define ROWS(key_, preset_, help_) \
    { { .key = key_, .type = DNN_PARAM_NODE, .offset = offsetof(margins, sides), .preset = preset_, .help = help_ } }
static const dnn_param zero_padding1d_params[] = ROWS("padding", "1", "cells on each side: a number, or [left, right]");
static const dnn_param zero_padding2d_params[] = ROWS("padding", "1", "cells on each side: a number, [height, width], or [[top, bottom], [left, right]]");
static const dnn_param zero_padding3d_params[] =
    ROWS("padding", "1", "cells on each side: a number, [depth, height, width], or a pair in place of each");
static const dnn_param cropping1d_params[] = ROWS("cropping", "1", "cells cut off each side: a number, or [left, right]");
static const dnn_param cropping2d_params[] =
    ROWS("cropping", "0", "cells cut off each side: a number, [height, width], or [[top, bottom], [left, right]]");
static const dnn_param cropping3d_params[] =
    ROWS("cropping", "1", "cells cut off each side: a number, [depth, height, width], or a pair in place of each");

static bool read_one(const dnn_node *node, size_t *out)
{
    const bool number = node->type == DNN_NODE_INT || node->type == DNN_NODE_REAL;
    if (!number || !(node->real >= 0) || node->real != floor(node->real) || node->real > 1e6) return false;
    *out = (size_t)node->real;
    return true;
}

/* A number for both sides, or a pair. */
static bool read_pair(const dnn_node *node, size_t pair[2])
{
    if (node->type != DNN_NODE_LIST) return read_one(node, &pair[0]) && read_one(node, &pair[1]);
    return node->count == 2 && read_one(node->items[0], &pair[0]) && read_one(node->items[1], &pair[1]);
}

/* What is added or cut off in front of and behind each axis; axes that are not there have none. */
typedef struct { size_t at[AXES][2]; } sides;

static bool read_sides(const dnn_layer *l, sides *s)
{
    const dnn_node *node = ((const margins *)l->params)->sides;
    const size_t axes = l->in[0].rank - 1;
    *s = (sides){ 0 };
    if (axes == 1) return read_pair(node, s->at[WIDTH]);
    if (node->type == DNN_NODE_LIST && node->count != axes) return false;
    for (size_t a = 0; a < axes; a++)
        if (!read_pair(node->type == DNN_NODE_LIST ? node->items[a] : node, s->at[AXES - axes + a])) return false;
    return true;
}

static dnn_status plan(const dnn_layer *l, size_t axes, bool cuts, dnn_layer_plan *p)
{
    static const char *const wanted[] = { "a whole number >= 0, or two of them as [left, right], are wanted",
                                          "a whole number >= 0, two of them as [height, width], or four as [[top, bottom], [left, right]], are wanted",
                                          "a whole number >= 0, or three numbers or pairs for depth, height and width, are wanted" };
    const char *key = l->kind->kind.params[0].key;
    char text[80];
    sides s;
    const dnn_status st = image_check(l, axes);
    if (st != DNN_OK) return st;
    p->out = l->in[0];
    dnn_shape_text(&l->in[0], text, sizeof text);
    if (!read_sides(l, &s)) return dnn_fail(DNN_E_CONFIG, "%s: %s", key, wanted[axes - 1]);
    for (size_t a = 0; a < axes; a++) {
        const size_t *side = s.at[AXES - axes + a], both = side[0] + side[1];
        if (cuts && both >= p->out.dim[a])
            return dnn_fail(DNN_E_CONFIG, "%s: %zu cells cut off axis %zu of %s leave nothing", key, both, a + 1, text);
        p->out.dim[a] = cuts ? p->out.dim[a] - both : p->out.dim[a] + both;
    }
    return DNN_OK;
}

static dnn_status plan_zero_padding1d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 1, false, p); }
static dnn_status plan_zero_padding2d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 2, false, p); }
static dnn_status plan_zero_padding3d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 3, false, p); }
static dnn_status plan_cropping1d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 1, true, p); }
static dnn_status plan_cropping2d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 2, true, p); }
static dnn_status plan_cropping3d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 3, true, p); }

/* [depth, height, width, channels] */
static void volume_of(const dnn_shape *shape, size_t dim[4])
{
    const size_t missing = 4 - shape->rank;
    for (size_t i = 0; i < 4; i++) dim[i] = i < missing ? 1 : shape->dim[i - missing];
}

/* Where row (d, h) of the small one lies within the large one. */
static size_t place_of(const sides *s, const size_t large[4], size_t d, size_t h)
{
    return (((d + s->at[DEPTH][0]) * large[1] + h + s->at[HEIGHT][0]) * large[2] + s->at[WIDTH][0]) * large[3];
}

static void surround(const dnn_layer *l, const dnn_pass *p, const dnn_shape *small, const dnn_shape *large, const real *from, real *to)
{
    size_t in[4], out[4];
    sides s;
    read_sides(l, &s);
    volume_of(small, in);
    volume_of(large, out);
    const size_t row = in[2] * in[3], units = dnn_shape_units(large);
    memset(to, 0, p->capacity * units * sizeof *to);
    for (size_t r = 0; r < p->capacity; r++, to += units)
        for (size_t d = 0; d < in[0]; d++)
            for (size_t h = 0; h < in[1]; h++, from += row) memcpy(to + place_of(&s, out, d, h), from, row * sizeof *to);
}

static void cut_out(const dnn_layer *l, const dnn_pass *p, const dnn_shape *large, const dnn_shape *small, const real *from, real *to)
{
    size_t in[4], out[4];
    sides s;
    read_sides(l, &s);
    volume_of(large, in);
    volume_of(small, out);
    const size_t row = out[2] * out[3], units = dnn_shape_units(large);
    for (size_t r = 0; r < p->capacity; r++, from += units)
        for (size_t d = 0; d < out[0]; d++)
            for (size_t h = 0; h < out[1]; h++, to += row) memcpy(to, from + place_of(&s, in, d, h), row * sizeof *to);
}

static void forward_padding(const dnn_layer *l, const dnn_pass *p) { surround(l, p, &l->in[0], &l->out, p->x[0], p->y); }
static void forward_cropping(const dnn_layer *l, const dnn_pass *p) { cut_out(l, p, &l->in[0], &l->out, p->x[0], p->y); }

static void backward_padding(const dnn_layer *l, const dnn_pass *p)
{
    if (p->dx[0]) cut_out(l, p, &l->out, &l->in[0], p->dy, p->dx[0]);
}

static void backward_cropping(const dnn_layer *l, const dnn_pass *p)
{
    if (p->dx[0]) surround(l, p, &l->out, &l->in[0], p->dy, p->dx[0]);
}

/* Of all axes, batch first: what comes before, then what comes behind. */
static dnn_value outline_padding(const dnn_layer *l, dnn_outline *o)
{
    const size_t rank = l->in[0].rank + 1, axes = rank - 2;
    int64_t pads[2 * (AXES + 2)] = { 0 };
    sides s;
    read_sides(l, &s);
    for (size_t a = 0; a < axes; a++)
        for (size_t side = 0; side < 2; side++) pads[side * rank + 1 + a] = (int64_t)s.at[AXES - axes + a][side];
    return dnn_outline_2(o, "Pad", dnn_outline_input(o, 0), dnn_outline_integers(o, 2 * rank, pads));
}

static dnn_value outline_cropping(const dnn_layer *l, dnn_outline *o)
{
    const size_t axes = l->in[0].rank - 1;
    int64_t starts[AXES], ends[AXES];
    sides s;
    read_sides(l, &s);
    for (size_t a = 0; a < axes; a++) {
        starts[a] = (int64_t)s.at[AXES - axes + a][0];
        ends[a] = starts[a] + (int64_t)l->out.dim[a];
    }
    const dnn_value in[4] = { dnn_outline_input(o, 0), dnn_outline_integers(o, axes, starts), dnn_outline_integers(o, axes, ends),
                              dnn_outline_integers(o, axes, (int64_t[]){ 1, 2, 3 }) };
    return dnn_outline_add(o, "Slice", 4, in);
}

#define MARGINS(name, keras, way, help) \
    IMAGE_LAYER(name, keras, help, margins, name##_params, plan_##name, forward_##way, backward_##way, outline_##way)
MARGINS(zero_padding1d, "ZeroPadding1D", padding, "zeros in front of and behind sequences");
MARGINS(zero_padding2d, "ZeroPadding2D", padding, "rows and columns of zeros around images");
MARGINS(zero_padding3d, "ZeroPadding3D", padding, "layers of zeros around volumes");
MARGINS(cropping1d, "Cropping1D", cropping, "sequences without their ends");
MARGINS(cropping2d, "Cropping2D", cropping, "images without rows and columns at their edges");
MARGINS(cropping3d, "Cropping3D", cropping, "volumes without layers at their edges");
