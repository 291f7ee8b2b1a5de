/* The largest or the mean of what lies under a window that slides over an image or along a sequence, for each channel.
 * Cells beyond the edge count for nothing: `same` gives means of real cells alone. */
#include <string.h>

#include "dnn/math/vector.h"
#include "nn/layers/images.h"

typedef struct { dnn_numbers pool_size, strides; int padding; } pooling;

#define PARAMS(size_help)                                                                                              \
    {                                                                                                                  \
        DNN_NUMBERS(pooling, pool_size, "2", ">= 1", size_help),                                                       \
        DNN_NUMBERS(pooling, strides, "null", ">= 1", "cells from one window to the next; null: the size of the window"), \
        DNN_CHOICE(pooling, padding, "valid", "valid|same", "same: windows may hang over the edge, for places / strides"), \
    }
static const dnn_param params_1d[] = PARAMS("cells of the window"), params_2d[] = PARAMS("cells of the window: a number, or [height, width]");

typedef struct geometry { image_window rows, columns; size_t channels, in, out; } geometry;

static dnn_status geometry_of(const dnn_layer *l, geometry *g)
{
    const pooling *c = l->params;
    const image_size in = image_size_of(&l->in[0]);
    const size_t axes = l->in[0].rank - 1;
    size_t size[2], strides[2];
    dnn_status st = image_pair(&c->pool_size, "pool_size", 0, axes, size);
    if (st == DNN_OK && c->strides.count) st = image_pair(&c->strides, "strides", 0, axes, strides);
    if (st != DNN_OK) return st;
    if (c->strides.count == 0) memcpy(strides, size, sizeof size);
    *g = (geometry){ .channels = in.channels, .in = dnn_shape_units(&l->in[0]) };
    g->rows = (image_window){ .in = in.height, .size = size[0], .stride = strides[0], .dilation = 1 };
    g->columns = (image_window){ .in = in.width, .size = size[1], .stride = strides[1], .dilation = 1 };
    st = image_slide(&g->rows, (image_padding)c->padding, "pool_size", "height");
    if (st == DNN_OK) st = image_slide(&g->columns, (image_padding)c->padding, "pool_size", axes == 1 ? "length" : "width");
    g->out = g->rows.out * g->columns.out * g->channels;
    return st;
}

static dnn_status plan(const dnn_layer *l, size_t axes, dnn_layer_plan *p)
{
    geometry g;
    dnn_status st = image_check(l, axes);
    if (st == DNN_OK) st = geometry_of(l, &g);
    if (st != DNN_OK) return st;
    p->out = image_shape(&l->in[0], g.rows.out, g.columns.out, g.channels);
    return DNN_OK;
}

static dnn_status plan_of_largest(const dnn_layer *l, size_t axes, dnn_layer_plan *p)
{
    p->backward_wants_x = p->backward_wants_y = true;
    return plan(l, axes, p);
}

static dnn_status plan_largest_1d(const dnn_layer *l, dnn_layer_plan *p) { return plan_of_largest(l, 1, p); }
static dnn_status plan_largest_2d(const dnn_layer *l, dnn_layer_plan *p) { return plan_of_largest(l, 2, p); }
static dnn_status plan_mean_1d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 1, p); }
static dnn_status plan_mean_2d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 2, p); }

/* The cells of one window: [top, bottom) by [left, right), never none. */
typedef struct cells { size_t top, bottom, left, right; } cells;

static cells cells_at(const geometry *g, size_t i, size_t j)
{
    cells c;
    size_t first, end;
    image_cells(&g->rows, i, &first, &end);
    c.top = i * g->rows.stride + first - g->rows.before;
    c.bottom = c.top + (end - first);
    image_cells(&g->columns, j, &first, &end);
    c.left = j * g->columns.stride + first - g->columns.before;
    c.right = c.left + (end - first);
    return c;
}

/* What is done with the channels of one cell and those of its window. */
typedef void fold(size_t n, const real *restrict x, real *restrict y);

static inline __attribute__((always_inline)) void each_window(const geometry *g, const real *image, real *y, fold *one,
                                                              bool mean)
{
    const size_t k = g->channels;
    for (size_t i = 0; i < g->rows.out; i++)
        for (size_t j = 0; j < g->columns.out; j++, y += k) {
            const cells c = cells_at(g, i, j);
            memcpy(y, image + (c.top * g->columns.in + c.left) * k, k * sizeof *y);
            for (size_t row = c.top; row < c.bottom; row++)
                for (size_t column = c.left + (row == c.top); column < c.right; column++)
                    one(k, image + (row * g->columns.in + column) * k, y);
            const real count = (real)((c.bottom - c.top) * (c.right - c.left));
            for (size_t o = 0; mean && o < k; o++) y[o] /= count;
        }
}

/* NaN stays one. */
static inline void larger(size_t n, const real *restrict x, real *restrict y)
{
    for (size_t i = 0; i < n; i++) y[i] = dnn_select((x[i] > y[i]) | (x[i] != x[i]), x[i], y[i]);
}

static inline void sum(size_t n, const real *restrict x, real *restrict y)
{
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

static void clear_masked(const dnn_pass *p, real *at, size_t units)
{
    memset(at + p->rows * units, 0, (p->capacity - p->rows) * units * sizeof *at);
}

static void forward_largest(const dnn_layer *l, const dnn_pass *p)
{
    geometry g;
    geometry_of(l, &g);
    for (size_t r = 0; r < p->rows; r++) each_window(&g, p->x[0] + r * g.in, p->y + r * g.out, larger, false);
    clear_masked(p, p->y, g.out);
}

static void forward_mean(const dnn_layer *l, const dnn_pass *p)
{
    geometry g;
    geometry_of(l, &g);
    for (size_t r = 0; r < p->rows; r++) each_window(&g, p->x[0] + r * g.in, p->y + r * g.out, sum, true);
    clear_masked(p, p->y, g.out);
}

/* The first of the largest cells gets all of dy; what one has got is taken from dy. `add` false: dx holds nothing yet.
 */
static inline __attribute__((always_inline)) void hand_out(size_t n, bool add, const real *restrict x,
                                                           const real *restrict y, real *restrict dy, real *restrict dx)
{
    for (size_t i = 0; i < n; i++) {
        const int largest = x[i] == y[i];
        const real share = dnn_select(largest, dy[i], 0);
        dx[i] = add ? dx[i] + share : share;
        dy[i] = dnn_select(largest, 0, dy[i]);
    }
}

static inline __attribute__((always_inline)) void largest_image(const geometry *g, bool add, const real *x,
                                                                const real *y, real *dy, real *dx)
{
    const size_t k = g->channels;
    for (size_t i = 0; i < g->rows.out; i++)
        for (size_t j = 0; j < g->columns.out; j++, y += k, dy += k) {
            const cells c = cells_at(g, i, j);
            for (size_t row = c.top; row < c.bottom; row++)
                for (size_t column = c.left; column < c.right; column++) {
                    const size_t at = (row * g->columns.in + column) * k;
                    hand_out(k, add, x + at, y, dy, dx + at);
                }
        }
}

/* Every cell lies under exactly one window. */
static bool tiles(const image_window *w)
{
    return w->stride == w->size && w->out * w->size >= w->in + w->before;
}

static void backward_largest(const dnn_layer *l, const dnn_pass *p)
{
    geometry g;
    geometry_of(l, &g);
    const bool once = tiles(&g.rows) && tiles(&g.columns);
    if (!p->dx[0]) return;
    clear_masked(p, p->dx[0], g.in);
    for (size_t r = 0; r < p->rows; r++) {
        const real *x = p->x[0] + r * g.in, *y = p->y + r * g.out;
        real *dx = p->dx[0] + r * g.in, *dy = p->dy + r * g.out;
        if (once) {
            largest_image(&g, false, x, y, dy, dx);
            continue;
        }
        memset(dx, 0, g.in * sizeof *dx);
        largest_image(&g, true, x, y, dy, dx);
    }
}

static void backward_mean(const dnn_layer *l, const dnn_pass *p)
{
    geometry g;
    geometry_of(l, &g);
    const size_t k = g.channels;
    if (!p->dx[0]) return;
    clear_masked(p, p->dx[0], g.in);
    for (size_t r = 0; r < p->rows; r++) {
        real *dx = p->dx[0] + r * g.in, *dy = p->dy + r * g.out;
        memset(dx, 0, g.in * sizeof *dx);
        for (size_t i = 0; i < g.rows.out; i++)
            for (size_t j = 0; j < g.columns.out; j++, dy += k) {
                const cells c = cells_at(&g, i, j);
                const real count = (real)((c.bottom - c.top) * (c.right - c.left));
                for (size_t o = 0; o < k; o++) dy[o] /= count;
                for (size_t row = c.top; row < c.bottom; row++)
                    for (size_t column = c.left; column < c.right; column++)
                        sum(k, dy, dx + (row * g.columns.in + column) * k);
            }
    }
}

/* Without strides those of the window: null. */
static dnn_status encode(const void *params, dnn_node *config)
{
    const dnn_node *strides = dnn_node_find(config, "strides");
    (void)params;
    return strides && strides->count == 0 ? dnn_node_set(config, "strides", dnn_node_null()) : DNN_OK;
}

static dnn_status encode_2d(const void *params, dnn_node *config)
{
    dnn_status st = image_encode_pair(config, "pool_size");
    if (st == DNN_OK) st = image_encode_pair(config, "strides");
    return st == DNN_OK ? encode(params, config) : st;
}

static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    const size_t axes = l->in[0].rank - 1;
    geometry g;
    geometry_of(l, &g);
    const dnn_value y = dnn_outline_1(o, l->kind->forward == forward_largest ? "MaxPool" : "AveragePool",
                                      image_outline_first(o, dnn_outline_input(o, 0), axes));
    image_outline_windows(o, axes, &g.rows, &g.columns);
    return image_outline_last(o, y, axes);
}

#define POOLING(name, keras, axes, encode_, way, help) \
    IMAGE_LAYER(name, keras, help, pooling, params_##axes, plan_##way##_##axes, forward_##way, backward_##way, outline, .encode = encode_)
POOLING(max_pooling1d, "MaxPooling1D", 1d, encode, largest, "largest value under a window that slides along a sequence, by channel");
POOLING(max_pooling2d, "MaxPooling2D", 2d, encode_2d, largest, "largest value under a sliding window, by channel");
POOLING(average_pooling1d, "AveragePooling1D", 1d, encode, mean, "mean of the values under a window that slides along a sequence, by channel");
POOLING(average_pooling2d, "AveragePooling2D", 2d, encode_2d, mean, "mean of the values under a sliding window, by channel");
