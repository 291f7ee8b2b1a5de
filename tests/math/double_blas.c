/* The product in the double build: the same cases to the bounds of double. */
#include "math/test_blas.c"
