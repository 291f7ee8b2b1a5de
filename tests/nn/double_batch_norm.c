/* Batch normalization in double, as the reference has it. */
#include "nn/batch_norm.h"
