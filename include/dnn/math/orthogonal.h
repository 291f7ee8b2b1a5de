/** Orthogonal bases. Local. */
#ifndef DNN_MATH_ORTHOGONAL_H
#define DNN_MATH_ORTHOGONAL_H

#include <stddef.h>

/** Makes the `count` vectors v [count, length], count <= length, orthonormal to double precision, by Gram and Schmidt: the Q of
 * the QR factorization of the matrix with these columns, with the signs for which the diagonal of R is positive. They must be linearly
 * independent. In double in both builds, additions in a fixed order. */
void dnn_orthonormalize(double *v, size_t count, size_t length);

#endif
