/* Batch normalization in float, as training has it. */
#include "nn/batch_norm.h"
