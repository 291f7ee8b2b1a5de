/* Values along some axes divided by their length: y = x / sqrt(mean x² + epsilon) · scale (rms_normalization: Zhang and Sennrich 2019), or
 * x / sqrt(max(sum x², 1e-12)) (unit_normalization). With r the root and g = dy · scale:
 *     dx = (g - x · sum(g x) / (k r²)) / r, k the number of values or 1, and without the second term where the 1e-12 is the larger. */
#include <math.h>
#include <string.h>

#include "dnn/nn/initializer.h"
#include "nn/layers/axes.h"
#include "nn/layers/groups.h"
#include "nn/layers/keras.h"

typedef struct { dnn_numbers axis; double epsilon; dnn_component scale_initializer; } rms_normalization;
typedef struct { dnn_numbers axis; } unit_normalization;

static const dnn_param rms_normalization_params[] = {
    DNN_NUMBERS(rms_normalization, axis, "-1", NULL, "axes whose values are divided together"),
    DNN_REAL(rms_normalization, epsilon, "1e-6", "> 0", "added to the mean of the squares"),
    DNN_COMPONENT(rms_normalization, scale_initializer, &dnn_initializers, "ones", "start of scale"),
};
static const dnn_param unit_normalization_params[] = {
    DNN_NUMBERS(unit_normalization, axis, "-1", NULL, "axes whose values are divided together"),
};

#define LEAST_SQUARES 1e-12

/* The axes are the first field of both. */
static const dnn_numbers *axis_of(const dnn_layer *l) { return l->params; }
static bool is_rms(const dnn_layer *l) { return l->plan.n_weights > 0; }

static dnn_status plan(const dnn_layer *l, grouping *g, dnn_layer_plan *p)
{
    const dnn_status st = groups_of(l, axis_of(l), g);
    if (st != DNN_OK) return st;
    p->out = l->in[0];
    p->saved = 2 * g->groups;  /* 1 / root, and how much of the second term there is */
    p->scratch_fixed = g->members * (sizeof(double) / sizeof(real)) + 3 * g->units;
    p->backward_wants_x = true;
    return DNN_OK;
}

static dnn_status plan_unit(const dnn_layer *l, dnn_layer_plan *p)
{
    grouping g;
    return plan(l, &g, p);
}

static dnn_status plan_rms(const dnn_layer *l, dnn_layer_plan *p)
{
    grouping g;
    const dnn_status st = plan(l, &g, p);
    if (st != DNN_OK) return st;
    p->n_weights = 1;
    p->weights[0] = (dnn_weight_plan){ .name = "scale", .shape = axes_shape(&l->in[0], g.together, false), .fan_in = g.members, .fan_out = g.members,
                                       .initializer = &((const rms_normalization *)l->params)->scale_initializer };
    return DNN_OK;
}

static void measure(const dnn_layer *l, size_t n, const real *restrict x, real stats[2])
{
    double squares = 0;
    for (size_t i = 0; i < n; i++) squares += (double)x[i] * (double)x[i];
    const double square = is_rms(l) ? squares / (double)n + ((const rms_normalization *)l->params)->epsilon : fmax(squares, LEAST_SQUARES);
    const double share = is_rms(l) ? 1 / (double)n : squares > LEAST_SQUARES;
    stats[0] = (real)(1 / sqrt(square));
    stats[1] = (real)(share / square);
}

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const real *scale = is_rms(l) ? p->w[0] : NULL;
    grouping g;
    groups_of(l, axis_of(l), &g);
    for (size_t r = 0; r < p->capacity; r++) {
        const real *x = groups_gather(l, &g, p->x[0] + r * g.units, p->scratch_fixed);
        real *sample = p->y + r * g.units, *y = g.in_order ? sample : p->scratch_fixed + g.units;
        for (size_t k = 0; k < g.groups; k++) {
            const size_t at = k * g.members;
            real own[2], *stats = p->saved ? p->saved + 2 * (r * g.groups + k) : own;
            measure(l, g.members, x + at, stats);
            for (size_t i = 0; i < g.members; i++) y[at + i] = x[at + i] * stats[0];
            for (size_t i = 0; scale && i < g.members; i++) y[at + i] *= scale[i];
        }
        if (!g.in_order) groups_scatter(l, &g, y, sample);
    }
}

static void backward_group(size_t n, const real stats[2], const real *restrict scale, const real *restrict x, const real *restrict dy,
                           real *restrict dx)
{
    double along = 0;
    for (size_t i = 0; i < n; i++) dx[i] = scale ? dy[i] * scale[i] : dy[i];
    for (size_t i = 0; i < n; i++) along += (double)dx[i] * (double)x[i];
    const real slope = (real)(along * (double)stats[1]);
    for (size_t i = 0; i < n; i++) dx[i] = (dx[i] - x[i] * slope) * stats[0];
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const real *scale = is_rms(l) ? p->w[0] : NULL;
    real *dscale = is_rms(l) ? p->dw[0] : NULL;
    grouping g;
    groups_of(l, axis_of(l), &g);
    double *sum = (double *)p->scratch_fixed;
    real *room = (real *)(sum + g.members);
    memset(sum, 0, g.members * sizeof *sum);
    for (size_t r = 0; r < p->rows; r++) {
        const real *x = groups_gather(l, &g, p->x[0] + r * g.units, room);
        const real *dy = groups_gather(l, &g, p->dy + r * g.units, room + g.units);
        real *sample = p->dx[0] ? p->dx[0] + r * g.units : NULL, *dx = g.in_order ? sample : room + 2 * g.units;
        for (size_t k = 0; k < g.groups; k++) {
            const real *stats = p->saved + 2 * (r * g.groups + k);
            const size_t at = k * g.members;
            for (size_t i = 0; dscale && i < g.members; i++) sum[i] += (double)dy[at + i] * (double)(x[at + i] * stats[0]);
            if (sample) backward_group(g.members, stats, scale, x + at, dy + at, dx + at);
        }
        if (sample && !g.in_order) groups_scatter(l, &g, dx, sample);
    }
    for (size_t i = 0; dscale && i < g.members; i++) dscale[i] = (real)sum[i];
    if (p->dx[0]) memset(p->dx[0] + p->rows * g.units, 0, (p->capacity - p->rows) * g.units * sizeof *p->dx[0]);
}

static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    grouping g;
    groups_of(l, axis_of(l), &g);
    const dnn_value x = dnn_outline_input(o, 0), square = dnn_outline_2(o, "Mul", x, x);
    if (!is_rms(l)) {
        const dnn_value sum = dnn_outline_clip(o, groups_outline_sum(l, &g, o, square), LEAST_SQUARES, INFINITY);
        return dnn_outline_2(o, "Div", x, dnn_outline_1(o, "Sqrt", sum));
    }
    const dnn_value epsilon = dnn_outline_real(o, ((const rms_normalization *)l->params)->epsilon);
    const dnn_value mean = dnn_outline_2(o, "Add", groups_outline_mean(l, &g, o, square), epsilon);
    return dnn_outline_2(o, "Mul", dnn_outline_2(o, "Div", x, dnn_outline_1(o, "Sqrt", mean)), groups_outline_weight(l, &g, o, 0));
}

/* In Keras scale starts with ones in any case, and a lone axis is a number. */
static dnn_status encode(const void *params, dnn_node *config)
{
    dnn_node_remove(config, "scale_initializer");
    return keras_encode_lone(&((const rms_normalization *)params)->axis, "axis", config);
}

const dnn_layer_kind dnn_layer_rms_normalization = {
    .kind = { .name = "rms_normalization",
              .help = "each sample divided by the root of its mean square along axes (Zhang and Sennrich 2019)",
              .params_size = sizeof(rms_normalization),
              DNN_PARAMS(rms_normalization_params),
              .keras = "RMSNormalization",
              .encode = encode },
    .outline = outline,
    .plan = plan_rms,
    .forward = forward,
    .backward = backward,
};

const dnn_layer_kind dnn_layer_unit_normalization = {
    .kind = { .name = "unit_normalization",
              .help = "each sample to length 1 along axes",
              .params_size = sizeof(unit_normalization),
              DNN_PARAMS(unit_normalization_params),
              .keras = "UnitNormalization" },
    .outline = outline,
    .plan = plan_unit,
    .forward = forward,
    .backward = backward,
};
