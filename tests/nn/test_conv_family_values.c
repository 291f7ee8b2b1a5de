/* The family of convolutions in float. */
#include "nn/conv_family_values.h"
