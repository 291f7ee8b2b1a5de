/* Rows and columns of zeros around images. */
#include <math.h>
#include <string.h>

#include "nn/layers/images.h"

typedef struct { dnn_node *padding; } zero_padding2d;

static const dnn_param params[] = {
    DNN_NODE(zero_padding2d, padding, "1",
             "cells on each side: a number, [height, width], or [[top, bottom], [left, right]]"),
};

static bool read_one(const dnn_node *node, size_t *out)
{
    const bool number = node->type == DNN_NODE_INT || node->type == DNN_NODE_REAL;
    if (!number || !(node->real >= 0) || node->real != floor(node->real) || node->real > 1e6) return false;
    *out = (size_t)node->real;
    return true;
}

/* [2][2]: top, bottom; left, right. */
static bool read_padding(const dnn_node *node, size_t sides[2][2])
{
    for (size_t axis = 0; axis < 2; axis++) {
        const dnn_node *one = node;
        if (node->type == DNN_NODE_LIST) {
            if (node->count != 2) return false;
            one = node->items[axis];
        }
        for (size_t side = 0; side < 2; side++) {
            const dnn_node *number = one;
            if (one != node && one->type == DNN_NODE_LIST) {
                if (one->count != 2) return false;
                number = one->items[side];
            }
            if (!read_one(number, &sides[axis][side])) return false;
        }
    }
    return true;
}

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    size_t sides[2][2];
    const dnn_status st = image_check(l);
    if (st != DNN_OK) return st;
    if (!read_padding(((const zero_padding2d *)l->params)->padding, sides))
        return dnn_fail(DNN_E_CONFIG, "padding: a whole number >= 0, two of them as [height, width], or four as [[top, "
                                      "bottom], [left, right]], are wanted");
    p->out = l->in[0];
    for (size_t axis = 0; axis < 2; axis++) p->out.dim[axis] += sides[axis][0] + sides[axis][1];
    return DNN_OK;
}

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t height = l->in[0].dim[0], row = l->in[0].dim[1] * l->in[0].dim[2],
                 wide = l->out.dim[1] * l->out.dim[2];
    const size_t units = l->out.dim[0] * wide;
    size_t sides[2][2];
    read_padding(((const zero_padding2d *)l->params)->padding, sides);
    const real *x = p->x[0];
    memset(p->y, 0, p->capacity * units * sizeof *p->y);
    for (size_t r = 0; r < p->capacity; r++)
        for (size_t h = 0; h < height; h++, x += row)
            memcpy(p->y + r * units + (sides[0][0] + h) * wide + sides[1][0] * l->out.dim[2], x, row * sizeof *x);
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t height = l->in[0].dim[0], row = l->in[0].dim[1] * l->in[0].dim[2],
                 wide = l->out.dim[1] * l->out.dim[2];
    const size_t units = l->out.dim[0] * wide;
    size_t sides[2][2];
    read_padding(((const zero_padding2d *)l->params)->padding, sides);
    real *dx = p->dx[0];
    for (size_t r = 0; dx && r < p->capacity; r++)
        for (size_t h = 0; h < height; h++, dx += row)
            memcpy(dx, p->dy + r * units + (sides[0][0] + h) * wide + sides[1][0] * l->out.dim[2], row * sizeof *dx);
}

/* Of all four axes, batch first: what comes before, then what comes behind. */
static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    size_t sides[2][2];
    read_padding(((const zero_padding2d *)l->params)->padding, sides);
    const int64_t pads[8] = { 0, (int64_t)sides[0][0], (int64_t)sides[1][0], 0, 0, (int64_t)sides[0][1], (int64_t)sides[1][1], 0 };
    return dnn_outline_2(o, "Pad", dnn_outline_input(o, 0), dnn_outline_integers(o, 8, pads));
}

const dnn_layer_kind dnn_layer_zero_padding2d = {
    .kind = { .name = "zero_padding2d",
              .help = "rows and columns of zeros around images",
              .params_size = sizeof(zero_padding2d),
              DNN_PARAMS(params),
              .keras = "ZeroPadding2D",
              .decode = image_decode },
    .outline = outline,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
