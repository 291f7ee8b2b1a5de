/* The same in the double build, to the bounds of double. */
#include "nn/test_losses.c"
