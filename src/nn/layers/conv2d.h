/* Between the layer conv2d and its products. Private to the layers.
 *
 * At (i, j) for filter o: z = b[o] + sum over s, t, c of x[i·stride + s·dilation - before, j·stride + t·dilation - before, c] W[s, t, c, o]. With dz:
 * dW[s, t, c, o] = sum over images and places of x dz, dx the same sum the other way round. Rows of pixels times kernels; rows of the
 * kernel times pixels; and for a row of dx the rows of dz that meet on it times one column of the transposed kernel. */
#ifndef DNN_NN_LAYERS_CONV2D_H
#define DNN_NN_LAYERS_CONV2D_H

#include "nn/layers/images.h"

/* Sizes in cells, or in reals. */
typedef struct conv2d_geometry {
    image_window rows, columns;
    size_t channels, filters, groups, own_channels, own_filters;
    size_t frame_width, frame;  /* the image with its zeros, [frame / (frame_width channels), frame_width, channels] */
    size_t image, output, output_row, kernel;
    bool framed;
} conv2d_geometry;

/* Output rows that hold about so many values: what one loop wrote the next still finds in a near cache. */
size_t conv2d_rows_at_once(const conv2d_geometry *g, size_t values);
/* Filters [first, first + n) of group `group` at output row i of a framed image, added to y [columns, filters]. */
void conv2d_forward_row(const conv2d_geometry *g, const real *image, const real *w, size_t i, size_t group, size_t first, size_t n, real *y);
/* Adds what output rows [i, i + n) of a framed image, dz [n, columns, filters], say about the kernel. */
void conv2d_kernel_gradient(const conv2d_geometry *g, const real *image, const real *dz, size_t i, size_t n, real *dw);
/* [rows from the last to the first, columns, filters, channels] from [rows, columns, channels, filters]. */
void conv2d_transpose_kernel(const conv2d_geometry *g, const real *restrict w, real *restrict out);
/* dx of one image from its dz and the transposed kernel. */
void conv2d_image_gradient(const conv2d_geometry *g, const real *transposed, const real *dz, real *dx);

#endif
