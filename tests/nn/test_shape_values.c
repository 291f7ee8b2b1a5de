/* Shapes and norms in float. */
#include "nn/shape_values.h"
