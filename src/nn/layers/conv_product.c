/* The products of conv2d (conv2d.h): all three are products of views (math/view_product.h) of one image at a time, so that no patches are copied and an
 * image's values stay in the second cache. */
#include "nn/layers/conv.h"

#include <string.h>

#include "dnn/math/view_product.h"

/* Output rows at once: what one loop wrote the next still finds in a near cache. */
size_t conv_rows_at_once(const conv_geometry *g, size_t values)
{
    const size_t rows = values / g->output_row;
    return rows < 1 ? 1 : rows < g->rows.out ? rows : g->rows.out;
}

/* Whether all values under one row of the kernel lie side by side. */
static bool is_dense(const conv_geometry *g) { return g->groups == 1 && g->columns.dilation == 1; }

/* Where in a framed image the cells for output row `i` and row `s` of the kernel begin. */
static size_t frame_place(const conv_geometry *g, size_t i, size_t s)
{
    return (i * g->rows.stride + s * g->rows.dilation) * g->frame_width * g->channels;
}

/* Filters [first, first + n) of group `group` at output row i, added to y. */
void conv_forward_row(const conv_geometry *g, const real *image, const real *w, size_t i, size_t group, size_t first,
                        size_t n, real *y)
{
    const size_t kernel_row = g->columns.size * g->own_channels * g->filters, at = group * g->own_filters + first;
    dnn_view_product product = { .m = g->columns.out, .n = n, .a_row = g->columns.stride * g->channels, .a_inner = 1,
                                 .b_inner = g->filters, .c = y + at, .c_row = g->filters, .add = true };
    if (is_dense(g)) {
        product.outer = g->rows.size;
        product.inner = g->columns.size * g->channels;
        product.a = image + frame_place(g, i, 0);
        product.a_outer = g->rows.dilation * g->frame_width * g->channels;
        product.b = w + at;
        product.b_outer = kernel_row;
        dnn_view_product_run(&product);
        return;
    }
    product.outer = g->columns.size;
    product.inner = g->own_channels;
    product.a_outer = g->columns.dilation * g->channels;
    product.b_outer = g->own_channels * g->filters;
    for (size_t s = 0; s < g->rows.size; s++) {
        product.a = image + frame_place(g, i, s) + group * g->own_channels;
        product.b = w + s * kernel_row + at;
        dnn_view_product_run(&product);
    }
}

/* Adds what output rows [i, i + n) say about the kernel. */
void conv_kernel_gradient(const conv_geometry *g, const real *image, const real *dz, size_t i, size_t n, real *dw)
{
    const size_t cell = g->own_channels * g->filters;
    dnn_view_product product = { .n = g->own_filters, .outer = n, .inner = g->columns.out, .a_row = 1,
                                 .a_outer = frame_place(g, 1, 0), .a_inner = g->columns.stride * g->channels,
                                 .b_outer = g->output_row, .b_inner = g->filters, .c_row = g->filters, .add = true };
    for (size_t s = 0; s < g->rows.size; s++) {
        const real *cells = image + frame_place(g, i, s);
        real *dw_row = dw + s * g->columns.size * cell;
        if (is_dense(g)) {
            product.m = g->columns.size * g->channels;
            product.a = cells;
            product.b = dz;
            product.c = dw_row;
            dnn_view_product_run(&product);
            continue;
        }
        product.m = g->own_channels;
        for (size_t t = 0; t < g->columns.size; t++)
            for (size_t group = 0; group < g->groups; group++) {
                product.a = cells + t * g->columns.dilation * g->channels + group * g->own_channels;
                product.b = dz + group * g->own_filters;
                product.c = dw_row + t * cell + group * g->own_filters;
                dnn_view_product_run(&product);
            }
    }
}

/* [rows from the last to the first, columns, filters, channels] from [rows, columns, channels, filters]. */
void conv_transpose_kernel(const conv_geometry *g, const real *restrict w, real *restrict out)
{
    for (size_t s = 0; s < g->rows.size; s++)
        for (size_t t = 0; t < g->columns.size; t++) {
            const real *restrict from = w + (s * g->columns.size + t) * g->own_channels * g->filters;
            real *restrict to = out + ((g->rows.size - 1 - s) * g->columns.size + t) * g->filters * g->own_channels;
            for (size_t c = 0; c < g->own_channels; c++)
                for (size_t o = 0; o < g->filters; o++) to[o * g->own_channels + c] = from[c * g->filters + o];
        }
}

/* What meets on one row of the image: output rows first, first + step, … (count of them) with rows of the transposed
 * kernel from `kernel` on, `kernel_step` apart. */
typedef struct meeting { size_t first, step, count, kernel, kernel_step; } meeting;

/* Row `i` lies under row s of the kernel at output row o where i + before = o·stride + s·dilation; one of stride and
 * dilation is 1, so that a step of one of o and s is a fixed step of the other. */
static meeting meeting_on(const image_window *w, size_t i)
{
    const size_t at = i + w->before;
    meeting m = { .step = w->dilation, .kernel_step = w->stride };
    /* The largest s, hence the smallest o. */
    size_t s = w->stride > 1 ? at % w->stride : 0, o;
    if (at < s * w->dilation || s >= w->size) return m;
    o = (at - s * w->dilation) / w->stride;
    size_t steps = (w->size - 1 - s) / w->stride;
    if (steps > o / w->dilation) steps = o / w->dilation;
    o -= steps * w->dilation;
    s += steps * w->stride;
    /* Back down to s = 0, or the last o there is. */
    m.first = o;
    m.kernel = w->size - 1 - s;
    m.count = o < w->out ? (w->out - 1 - o) / w->dilation + 1 : 0;
    if (m.count > s / w->stride + 1) m.count = s / w->stride + 1;
    return m;
}

/* Positions [first, end) of the window at which its cell t lies on the axis. */
void conv_positions(const image_window *w, size_t t, size_t *first, size_t *end)
{
    const size_t cell = t * w->dilation;
    *first = cell < w->before ? (w->before - cell + w->stride - 1) / w->stride : 0;
    *end = w->in + w->before > cell ? (w->in + w->before - cell - 1) / w->stride + 1 : 0;
    if (*end > w->out) *end = w->out;
    if (*first > *end) *first = *end;
}

/* dx of one image, row by row: under each column of the kernel all its rows at once. */
void conv_image_gradient(const conv_geometry *g, const real *transposed, const real *dz, real *dx)
{
    const size_t cell = g->filters * g->own_channels, kernel_row = g->columns.size * cell;
    memset(dx, 0, g->image * sizeof *dx);
    for (size_t t = 0; t < g->columns.size; t++) {
        size_t left, right;
        conv_positions(&g->columns, t, &left, &right);
        if (left == right) continue;
        const size_t x = left * g->columns.stride + t * g->columns.dilation - g->columns.before;
        for (size_t i = 0; i < g->rows.in; i++) {
            const meeting m = meeting_on(&g->rows, i);
            for (size_t group = 0; group < g->groups && m.count > 0; group++) {
                const dnn_view_product product = {
                    .m = right - left, .n = g->own_channels, .outer = m.count, .inner = g->own_filters,
                    .a = dz + m.first * g->output_row + left * g->filters + group * g->own_filters, .a_row = g->filters,
                    .a_outer = m.step * g->output_row, .a_inner = 1,
                    .b = transposed + m.kernel * kernel_row + t * cell + group * g->own_filters * g->own_channels,
                    .b_outer = m.kernel_step * kernel_row, .b_inner = g->own_channels,
                    .c = dx + (i * g->columns.in + x) * g->channels + group * g->own_channels,
                    .c_row = g->columns.stride * g->channels, .add = true };
                dnn_view_product_run(&product);
            }
        }
    }
}
