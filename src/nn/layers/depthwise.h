/* The products of convolutions that have kernels of their own for each channel: z[i, j, c, q] = sum over s, t of x[…, c] W[s, t, c, q], as in conv.h
 * with as many groups as channels, whose filters are the q. They are sums over channels side by side, not products of matrices. Private to the layers. */
#ifndef DNN_NN_LAYERS_DEPTHWISE_H
#define DNN_NN_LAYERS_DEPTHWISE_H

#include "nn/layers/conv.h"

/* Of one image; each adds: to z [rows, columns, channels, multiplier], to dw [height, width, channels, multiplier], to dx. */
void depthwise_forward(const conv_geometry *g, const real *image, const real *w, real *z);
void depthwise_kernel_gradient(const conv_geometry *g, const real *image, const real *dz, real *dw);
void depthwise_image_gradient(const conv_geometry *g, const real *w, const real *dz, real *dx);

#endif
