/* Convolutions in float. */
#include "nn/conv_values.h"
