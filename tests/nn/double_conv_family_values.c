/* The family of convolutions in double. */
#include "nn/conv_family_values.h"
