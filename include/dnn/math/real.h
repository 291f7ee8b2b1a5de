/** `real`: the number type of `math` and `nn`. These rooms are built twice from the same sources: in float for training,
 * in double (DNN_DOUBLE) as the reference that finite differences, `check --gradients` and `verify` measure against. */
#ifndef DNN_MATH_REAL_H
#define DNN_MATH_REAL_H

#ifdef DNN_DOUBLE
typedef double real;
#define DNN_REAL_EPSILON 0x1p-52
#else
typedef float real;
#define DNN_REAL_EPSILON 0x1p-23
#endif

#endif
