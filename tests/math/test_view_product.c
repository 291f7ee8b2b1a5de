/* Products with views in float. */
#include "math/view_product.h"
