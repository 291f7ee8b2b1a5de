/* y = x, below 0 alpha·x with a learned alpha for each element of a sample, or one along shared axes (He et al. 2015,
 * equations 1 and 9). At 0 the derivative is 0, as in Keras. */
#include <string.h>

#include "dnn/math/vector.h"
#include "dnn/nn/constraint.h"
#include "dnn/nn/initializer.h"
#include "dnn/nn/layer.h"
#include "dnn/nn/regularizer.h"
#include "nn/layers/axes.h"

typedef struct {
    dnn_component alpha_initializer, alpha_regularizer, alpha_constraint;
    dnn_numbers shared_axes;
} prelu;

static const dnn_param params[] = {
    DNN_COMPONENT(prelu, alpha_initializer, &dnn_initializers, "zeros", "start of the slopes"),
    DNN_COMPONENT(prelu, alpha_regularizer, &dnn_regularizers, "null", "penalty on the slopes"),
    DNN_COMPONENT(prelu, alpha_constraint, &dnn_constraints, "null", "projection of the slopes after each update"),
    DNN_NUMBERS(prelu, shared_axes, "null", NULL,
                "axes along which slopes are shared: [1, 2] for one a channel of an image"),
};

/* own[i]: slopes differ along axis i of a sample. */
static dnn_status own_axes(const dnn_layer *l, bool own[DNN_MAX_RANK])
{
    const dnn_status st = axes_read(&((const prelu *)l->params)->shared_axes, "shared_axes", &l->in[0], own);
    for (size_t i = 0; i < DNN_MAX_RANK; i++) own[i] = !own[i];
    return st;
}

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    const prelu *a = l->params;
    bool own[DNN_MAX_RANK];
    const dnn_status st = own_axes(l, own);
    if (st != DNN_OK) return st;
    const dnn_shape shape = axes_shape(&l->in[0], own, true);
    const size_t units = dnn_shape_units(&l->in[0]), slopes = dnn_shape_units(&shape);
    p->out = l->in[0];
    p->weights[p->n_weights++] = (dnn_weight_plan){ .name = "alpha",
                                                    .shape = shape,
                                                    .fan_in = slopes,
                                                    .fan_out = slopes,
                                                    .initializer = &a->alpha_initializer,
                                                    .regularizer = &a->alpha_regularizer,
                                                    .constraint = &a->alpha_constraint };
    p->scratch_fixed = units * (1 + sizeof(double) / sizeof(real));
    p->backward_wants_x = true;
    return DNN_OK;
}

/* The slope of each element of a sample: the weights themselves, or shared ones spread out. */
static const real *slopes_of(const dnn_layer *l, const dnn_pass *p, real *room)
{
    const size_t units = dnn_shape_units(&l->in[0]);
    bool own[DNN_MAX_RANK];
    if (dnn_shape_units(&l->plan.weights[0].shape) == units) return p->w[0];
    own_axes(l, own);
    for (size_t i = 0; i < units; i++) room[i] = p->w[0][axes_place(&l->in[0], own, i)];
    return room;
}

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t units = dnn_shape_units(&l->in[0]);
    const real *restrict alpha = slopes_of(l, p, p->scratch_fixed), *restrict x = p->x[0];
    real *restrict y = p->y;
    for (size_t r = 0; r < p->capacity; r++, x += units, y += units)
        for (size_t i = 0; i < units; i++) {
            const real below = alpha[i] * x[i];
            y[i] = dnn_select(x[i] > 0, x[i], below);
        }
}

/* Each element's sum over the samples, then those that share a slope. */
static void slope_gradient(const dnn_layer *l, const dnn_pass *p, double *restrict sums)
{
    const size_t units = dnn_shape_units(&l->in[0]), slopes = dnn_shape_units(&l->plan.weights[0].shape);
    const real *restrict x = p->x[0], *restrict dy = p->dy;
    bool own[DNN_MAX_RANK];
    memset(sums, 0, units * sizeof *sums);
    for (size_t r = 0; r < p->rows; r++, x += units, dy += units)
        for (size_t i = 0; i < units; i++) sums[i] += x[i] < 0 ? (double)dy[i] * x[i] : 0;
    own_axes(l, own);
    /* A slope's own place lies at or before each of its elements. */
    for (size_t i = 0; slopes < units && i < units; i++) {
        const size_t place = axes_place(&l->in[0], own, i);
        const double sum = sums[i];
        sums[i] = 0;
        sums[place] += sum;
    }
    for (size_t i = 0; i < slopes; i++) p->dw[0][i] = (real)sums[i];
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t units = dnn_shape_units(&l->in[0]);
    double *sums = (double *)p->scratch_fixed;
    if (p->dw[0]) slope_gradient(l, p, sums);
    if (!p->dx[0]) return;
    const real *restrict alpha = slopes_of(l, p, (real *)(sums + units)), *restrict x = p->x[0], *restrict dy = p->dy;
    real *restrict dx = p->dx[0];
    for (size_t r = 0; r < p->capacity; r++, x += units, dy += units, dx += units)
        for (size_t i = 0; i < units; i++) {
            const real below = dnn_select(x[i] < 0, alpha[i], 0), slope = dnn_select(x[i] > 0, 1, below);
            dx[i] = dy[i] * slope;
        }
}

/* No shared axes: null. */
static dnn_status encode(const void *params_, dnn_node *config)
{
    const dnn_node *axes = dnn_node_find(config, "shared_axes");
    (void)params_;
    return axes && axes->count == 0 ? dnn_node_set(config, "shared_axes", dnn_node_null()) : DNN_OK;
}

static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    (void)l;
    return dnn_outline_2(o, "PRelu", dnn_outline_input(o, 0), dnn_outline_weight(o, 0, NULL));
}

const dnn_layer_kind dnn_layer_prelu = {
    .kind = { .name = "prelu",
              .help = "x, below 0 alpha·x with a learned alpha (He et al. 2015)",
              .params_size = sizeof(prelu),
              DNN_PARAMS(params),
              .keras = "PReLU",
              .encode = encode },
    .outline = outline,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
