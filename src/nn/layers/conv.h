/* What the convolutions share: their geometry, their products and the way from these to a layer. A sequence is an image of one row. Private to the
 * layers.
 *
 * At (i, j) for filter o: z = b[o] + sum over s, t, c of x[i·stride + s·dilation - before, j·stride + t·dilation - before, c] W[s, t, c, o]. With dz:
 * dW[s, t, c, o] = sum over images and places of x dz, dx the same sum the other way round. Rows of pixels times kernels; rows of the
 * kernel times pixels; and for a row of dx the rows of dz that meet on it times one column of the transposed kernel. */
#ifndef DNN_NN_LAYERS_CONV_H
#define DNN_NN_LAYERS_CONV_H

#include "nn/layers/images.h"

/* Sizes in cells, or in reals. */
typedef struct conv_geometry {
    image_window rows, columns;
    size_t channels, filters, groups, own_channels, own_filters;
    size_t frame_width, frame;  /* the image with its zeros, [frame / (frame_width channels), frame_width, channels] */
    size_t image, output, output_row, kernel;
    bool framed;
} conv_geometry;

/* What a run file says of it. `strides` and `dilation_rate` of no numbers are 1. */
typedef struct conv_form {
    const dnn_numbers *kernel_size, *strides, *dilation_rate;
    image_padding padding;
    size_t filters, groups;
} conv_form;

/* Of images [height, width, channels] or sequences [length, channels]. DNN_E_CONFIG names the key; sizes that no memory has are refused. */
dnn_status conv_geometry_of(const dnn_shape *in, const conv_form *form, conv_geometry *g);
/* Rows of Keras's pairs that are numbers here; and its activity_regularizer. */
dnn_status conv_encode(const void *params, dnn_node *config, size_t axes);
/* image_decode without what Keras 2 wrote of convolutions that have it not: a single group, a kernel's start and so on beside those of its parts. */
dnn_status conv_decode(const dnn_node *config, dnn_node *node);

/* What a regularizer and a constraint are beside a start. */
typedef struct conv_weight { const dnn_component *initializer, *regularizer, *constraint; } conv_weight;

/* Adds a kernel, whose four dimensions are those of images (a sequence's has no height), or the bias to the plan. Fans are those of Keras, who counts
 * by the places of a kernel's axes: cells times the last axis but one, cells times the last. */
void conv_plan_kernel(dnn_layer_plan *p, const char *name, size_t axes, const size_t dim[4], conv_weight w);
void conv_plan_bias(dnn_layer_plan *p, size_t filters, conv_weight w);
/* Output [pixels, filters]: becomes f(z) from z without its bias; dz from dy. What f's derivative wants of z is in `saved` (conv_plan_output). */
void conv_plan_output(const dnn_layer *l, size_t outputs, dnn_layer_plan *p);
/* Rows all of whose values are the bias, or 0. */
void conv_fill(const real *bias, size_t pixels, size_t filters, real *y);
/* Pixels become dz in place; db grows by their sums, made apart in `sum` [filters], which keeps long sums of floats exact. `seen`: y or z. */
void conv_output_gradient(const dnn_layer *l, const real *seen, size_t pixels, size_t filters, real *dz, real *db, real *sum);
/* The image in a frame of zeros where it needs one; `room` [frame], whose margins are zeros already. */
const real *conv_framed(const conv_geometry *g, const real *image, real *room);
/* y = f(y), the values before kept in `saved` where it is not NULL. */
void conv_activate(const dnn_layer *l, size_t pixels, size_t filters, real *y, real *saved);
/* All filters of a framed image, added to y [rows, columns, filters]. */
void conv_forward_image(const conv_geometry *g, const real *image, const real *w, real *y);


/* Positions [first, end) of the window at which its cell t lies on the axis. */
void conv_positions(const image_window *w, size_t t, size_t *first, size_t *end);
/* Output rows that hold about so many values: what one loop wrote the next still finds in a near cache. */
size_t conv_rows_at_once(const conv_geometry *g, size_t values);
/* Filters [first, first + n) of group `group` at output row i of a framed image, added to y [columns, filters]. */
void conv_forward_row(const conv_geometry *g, const real *image, const real *w, size_t i, size_t group, size_t first, size_t n, real *y);
/* Adds what output rows [i, i + n) of a framed image, dz [n, columns, filters], say about the kernel. */
void conv_kernel_gradient(const conv_geometry *g, const real *image, const real *dz, size_t i, size_t n, real *dw);
/* [rows from the last to the first, columns, filters, channels] from [rows, columns, channels, filters]. */
void conv_transpose_kernel(const conv_geometry *g, const real *restrict w, real *restrict out);
/* dx of one image from its dz and the transposed kernel. */
void conv_image_gradient(const conv_geometry *g, const real *transposed, const real *dz, real *dx);

#endif
