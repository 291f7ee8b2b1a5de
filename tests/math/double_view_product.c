/* Products with views in double. */
#include "math/view_product.h"
