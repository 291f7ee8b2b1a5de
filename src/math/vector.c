/* The functions of vector.h over arrays. */
#include "dnn/math/vector.h"

/* ivdep: x == y is allowed, and would otherwise send the loop to its scalar version at run time. */
#define ARRAY_OF(function)                                      \
    void dnn_vector_##function(size_t n, const real *x, real *y) \
    {                                                           \
        _Pragma("GCC ivdep") for (size_t i = 0; i < n; i++) y[i] = dnn_##function(x[i]); \
    }

ARRAY_OF(exp)
ARRAY_OF(log)
ARRAY_OF(log1p)
ARRAY_OF(expm1)
ARRAY_OF(tanh)
ARRAY_OF(erf)
ARRAY_OF(sigmoid)
ARRAY_OF(softplus)
