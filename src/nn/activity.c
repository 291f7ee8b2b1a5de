/* l1·sum |y| + l2·sum y² of each sample is added to its loss, so that the mean over the batch is taken of both. As with penalties on weights there is no
 * half: the gradient is l1 sign(y) + 2 l2 y. */
#include "nn/activity.h"

#include <math.h>

#include "dnn/nn/regularizer.h"

double activity_penalty(double l1, double l2, size_t n, const real *values)
{
    double magnitudes = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        const double x = values[i];
        magnitudes += fabs(x);
        squares += x * x;
    }
    return l1 * magnitudes + l2 * squares;
}

void activity_gradient(double l1, double l2, size_t n, const real *values, const real *dy, real *out)
{
    const real a = (real)l1, b = (real)(2 * l2);
    for (size_t i = 0; i < n; i++) out[i] = dy[i] + a * (real)((values[i] > 0) - (values[i] < 0)) + b * values[i];
}

static const dnn_regularizer_kind *kind_of(const dnn_component *c) { return (const dnn_regularizer_kind *)c->kind; }

dnn_status activity_set(dnn_layer *l)
{
    const dnn_kind *kind = &l->kind->kind;
    const dnn_param *row = dnn_params_find(kind->params, kind->n_params, "activity_regularizer");
    const dnn_component *chosen = row ? (const dnn_component *)((const char *)l->params + row->offset) : NULL;
    if (!chosen || !chosen->kind) return DNN_OK;
    if (!kind_of(chosen)->factors)
        return dnn_place_fail(DNN_E_CONFIG, chosen->place, "%s.activity_regularizer: %s works on weights alone; l1, l2 and l1_l2 work on outputs", kind->name,
                              chosen->kind->name);
    l->activity = chosen;
    return DNN_OK;
}

double activity_of(const dnn_layer *l, size_t rows, const real *y)
{
    double l1, l2;
    kind_of(l->activity)->factors(l->activity->params, &l1, &l2);
    return activity_penalty(l1, l2, rows * dnn_shape_units(&l->out), y);
}

void activity_back(const dnn_layer *l, size_t rows, const real *y, real *dy)
{
    double l1, l2;
    kind_of(l->activity)->factors(l->activity->params, &l1, &l2);
    activity_gradient(l1, l2, rows * dnn_shape_units(&l->out), y, dy, dy);
}
