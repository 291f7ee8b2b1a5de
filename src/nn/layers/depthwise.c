#include "nn/layers/depthwise.h"

/* One cell under one cell of the kernel: `channels` values of x, `channels` times `multiplier` of w and z. */
typedef void meeting(size_t channels, size_t multiplier, real *restrict x, real *restrict w, real *restrict z);

static inline void add_output(size_t channels, size_t multiplier, real *restrict x, real *restrict w, real *restrict z)
{
    if (multiplier == 1)
        for (size_t c = 0; c < channels; c++) z[c] += x[c] * w[c];
    else
        for (size_t c = 0; c < channels; c++)
            for (size_t q = c * multiplier; q < (c + 1) * multiplier; q++) z[q] += x[c] * w[q];
}

static inline void add_kernel(size_t channels, size_t multiplier, real *restrict x, real *restrict w, real *restrict z)
{
    if (multiplier == 1)
        for (size_t c = 0; c < channels; c++) w[c] += x[c] * z[c];
    else
        for (size_t c = 0; c < channels; c++)
            for (size_t q = c * multiplier; q < (c + 1) * multiplier; q++) w[q] += x[c] * z[q];
}

static inline void add_image(size_t channels, size_t multiplier, real *restrict x, real *restrict w, real *restrict z)
{
    if (multiplier == 1)
        for (size_t c = 0; c < channels; c++) x[c] += w[c] * z[c];
    else
        for (size_t c = 0; c < channels; c++)
            for (size_t q = c * multiplier; q < (c + 1) * multiplier; q++) x[c] += w[q] * z[q];
}

static inline __attribute__((always_inline)) void each_meeting(const conv_geometry *g, real *x, real *w, real *z, meeting *meet)
{
    const size_t multiplier = g->own_filters, tap = g->channels * multiplier;
    for (size_t s = 0; s < g->rows.size; s++)
        for (size_t t = 0; t < g->columns.size; t++) {
            size_t top, bottom, left, right;
            conv_positions(&g->rows, s, &top, &bottom);
            conv_positions(&g->columns, t, &left, &right);
            for (size_t i = top; i < bottom; i++) {
                const size_t row = i * g->rows.stride + s * g->rows.dilation - g->rows.before;
                for (size_t j = left; j < right; j++) {
                    const size_t column = j * g->columns.stride + t * g->columns.dilation - g->columns.before;
                    meet(g->channels, multiplier, x + (row * g->columns.in + column) * g->channels, w + (s * g->columns.size + t) * tap,
                         z + (i * g->columns.out + j) * tap);
                }
            }
        }
}

/* Of the three only the last is written to. */
void depthwise_forward(const conv_geometry *g, const real *image, const real *w, real *z)
{
    each_meeting(g, (real *)image, (real *)w, z, add_output);
}

void depthwise_kernel_gradient(const conv_geometry *g, const real *image, const real *dz, real *dw)
{
    each_meeting(g, (real *)image, dw, (real *)dz, add_kernel);
}

void depthwise_image_gradient(const conv_geometry *g, const real *w, const real *dz, real *dx)
{
    each_meeting(g, dx, (real *)w, (real *)dz, add_image);
}
