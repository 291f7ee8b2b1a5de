/* Values of layers in double. */
#include "nn/layer_values.h"
