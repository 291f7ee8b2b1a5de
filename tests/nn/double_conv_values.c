/* Convolutions in double. */
#include "nn/conv_values.h"
