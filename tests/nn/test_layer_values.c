/* Values of layers in float. */
#include "nn/layer_values.h"
