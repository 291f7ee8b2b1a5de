#include "nn/layers/axes.h"

#include <math.h>

dnn_status axes_read(const dnn_numbers *axes, const char *key, const dnn_shape *shape, bool named[DNN_MAX_RANK])
{
    char text[80];
    for (size_t i = 0; i < DNN_MAX_RANK; i++) named[i] = false;
    for (size_t i = 0; i < axes->count; i++) {
        const double axis = axes->at[i], place = axis < 0 ? (double)shape->rank + axis : axis - 1;
        if (axis != floor(axis) || axis == 0 || !(place >= 0 && place < (double)shape->rank))
            return dnn_fail(DNN_E_CONFIG, "%s = %g: an input of shape %s has the axes 1 … %zu, or -%zu … -1", key, axis,
                            dnn_shape_text(shape, text, sizeof text), shape->rank, shape->rank);
        if (named[(size_t)place]) return dnn_fail(DNN_E_CONFIG, "%s names axis %g twice", key, axis);
        named[(size_t)place] = true;
    }
    return DNN_OK;
}

dnn_shape axes_shape(const dnn_shape *shape, const bool named[DNN_MAX_RANK], bool keep_rank)
{
    dnn_shape out = { 0 };
    for (size_t i = 0; i < shape->rank; i++) {
        if (named[i]) out.dim[out.rank++] = shape->dim[i];
        else if (keep_rank) out.dim[out.rank++] = 1;
    }
    return out;
}

size_t axes_place(const dnn_shape *shape, const bool named[DNN_MAX_RANK], size_t index)
{
    size_t place = 0, stride = 1;
    for (size_t i = shape->rank; i-- > 0; index /= shape->dim[i]) {
        if (!named[i]) continue;
        place += index % shape->dim[i] * stride;
        stride *= shape->dim[i];
    }
    return place;
}
