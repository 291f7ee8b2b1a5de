/* Shapes and norms in double. */
#include "nn/shape_values.h"
