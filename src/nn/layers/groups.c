#include "nn/layers/groups.h"

#include "nn/layers/axes.h"

dnn_status groups_of(const dnn_layer *l, const dnn_numbers *axis, grouping *g)
{
    const dnn_shape *in = &l->in[0];
    const dnn_status st = axes_read(axis, "axis", in, g->together);
    if (st == DNN_OK && axis->count == 0) return dnn_fail(DNN_E_CONFIG, "axis = []: at least one axis is wanted");
    g->in_order = true;
    g->units = dnn_shape_units(in);
    g->members = 1;
    for (size_t i = 0; i < in->rank; i++) {
        if (g->together[i]) g->members *= in->dim[i];
        if (i > 0 && g->together[i - 1] && !g->together[i]) g->in_order = false;
    }
    g->groups = g->units / g->members;
    return st;
}

/* Where element i of a sample stands in the order of groups. */
static size_t place_of(const dnn_layer *l, const grouping *g, size_t i)
{
    bool apart[DNN_MAX_RANK];
    for (size_t a = 0; a < DNN_MAX_RANK; a++) apart[a] = !g->together[a];
    return axes_place(&l->in[0], apart, i) * g->members + axes_place(&l->in[0], g->together, i);
}

const real *groups_gather(const dnn_layer *l, const grouping *g, const real *sample, real *room)
{
    if (g->in_order) return sample;
    for (size_t i = 0; i < g->units; i++) room[place_of(l, g, i)] = sample[i];
    return room;
}

void groups_scatter(const dnn_layer *l, const grouping *g, const real *room, real *sample)
{
    for (size_t i = 0; i < g->units; i++) sample[i] = room[place_of(l, g, i)];
}

dnn_value groups_outline_weight(const dnn_layer *l, const grouping *g, dnn_outline *o, size_t k)
{
    const dnn_shape shape = axes_shape(&l->in[0], g->together, true);
    int64_t dim[DNN_MAX_RANK];
    for (size_t i = 0; i < shape.rank; i++) dim[i] = (int64_t)shape.dim[i];
    const dnn_value w = dnn_outline_weight(o, k, NULL);
    if (l->plan.weights[k].shape.rank == shape.rank) return w;
    return dnn_outline_2(o, "Reshape", w, dnn_outline_integers(o, shape.rank, dim));
}

static size_t axes_of(const dnn_layer *l, const grouping *g, int64_t axes[DNN_MAX_RANK])
{
    size_t count = 0;
    for (size_t i = 0; i < l->in[0].rank; i++)
        if (g->together[i]) axes[count++] = (int64_t)i + 1;
    return count;
}

dnn_value groups_outline_mean(const dnn_layer *l, const grouping *g, dnn_outline *o, dnn_value x)
{
    int64_t axes[DNN_MAX_RANK];
    const size_t count = axes_of(l, g, axes);
    const dnn_value y = dnn_outline_1(o, "ReduceMean", x);
    dnn_outline_set_integers(o, "axes", count, axes);
    dnn_outline_set_integer(o, "keepdims", 1);
    return y;
}

/* Of the operations that reduce it is the one that takes its axes as an input. */
dnn_value groups_outline_sum(const dnn_layer *l, const grouping *g, dnn_outline *o, dnn_value x)
{
    int64_t axes[DNN_MAX_RANK];
    const size_t count = axes_of(l, g, axes);
    const dnn_value y = dnn_outline_2(o, "ReduceSum", x, dnn_outline_integers(o, count, axes));
    dnn_outline_set_integer(o, "keepdims", 1);
    return y;
}
