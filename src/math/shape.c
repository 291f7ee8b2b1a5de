/* Shapes of one sample. */
#include "dnn/math/shape.h"
#include <stdio.h>
#include <string.h>
#include "dnn/base/status.h"

dnn_shape dnn_shape_of(size_t rank, const size_t *dim)
{
    DNN_ASSERT(rank <= DNN_MAX_RANK);
    dnn_shape shape = {.rank = rank};
    if (rank > 0) memcpy(shape.dim, dim, rank * sizeof *dim);
    return shape;
}

size_t dnn_shape_units(const dnn_shape *shape)
{
    size_t units = 1;
    for (size_t i = 0; i < shape->rank; i++) units *= shape->dim[i];
    return units;
}

size_t dnn_shape_last(const dnn_shape *shape) { return shape->rank == 0 ? 1 : shape->dim[shape->rank - 1]; }

bool dnn_shape_equal(const dnn_shape *a, const dnn_shape *b)
{
    if (a->rank != b->rank) return false;
    for (size_t i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i]) return false;
    return true;
}

const char *dnn_shape_text(const dnn_shape *shape, char *out, size_t size)
{
    size_t used = 0;
    if (size == 0) return out;
    out[0] = '\0';
    for (size_t i = 0; i <= shape->rank && used < size; i++) {
        const char *head = i == 0 ? "[" : i < shape->rank ? ", " : "";
        const int wrote = i < shape->rank ? snprintf(out + used, size - used, "%s%zu", head, shape->dim[i])
                                          : snprintf(out + used, size - used, "%s]", head);
        if (wrote > 0) used += (size_t)wrote;
    }
    return out;
}
