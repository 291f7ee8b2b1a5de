#include "nn/layers/shapes.h"

#include <math.h>

#include "dnn/nn/layer.h"

dnn_status shape_read(const dnn_numbers *numbers, const char *key, bool open, dnn_shape *shape)
{
    *shape = (dnn_shape){ .rank = numbers->count };
    if (numbers->count > DNN_MAX_RANK)
        return dnn_fail(DNN_E_CONFIG, "%s has %zu dimensions: at most %d are possible", key, numbers->count,
                        DNN_MAX_RANK);
    bool opened = false;
    for (size_t i = 0; i < numbers->count; i++) {
        const double d = numbers->at[i];
        if (open && d == -1 && !opened) {
            opened = true;
            continue;
        }
        if (!(d >= 1) || d != floor(d) || d > (double)DNN_MAX_VALUES_OF_TENSOR)
            return dnn_fail(DNN_E_CONFIG, "%s: dimension %g must be a whole number >= 1%s", key, d,
                            open ? "; a single one may be -1, for what remains" : "");
        shape->dim[i] = (size_t)d;
    }
    return DNN_OK;
}

size_t shape_units_checked(const dnn_shape *shape)
{
    size_t units = 1;
    for (size_t i = 0; i < shape->rank; i++)
        if (__builtin_mul_overflow(units, shape->dim[i], &units) || units > DNN_MAX_VALUES_OF_TENSOR) return 0;
    return units;
}
