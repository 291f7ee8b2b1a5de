/* y = gamma (x - mean) / sqrt(variance + epsilon) + beta with mean and biased variance of each sample along `axis` (Ba,
 * Kiros and Hinton 2016). With g = gamma dy and x̂ the normalized x:
 *     dx = (g - mean of g - x̂ · mean of g x̂) / sqrt(variance + epsilon)
 * Where the axes are not the last ones a sample is put in the order [groups, members] for the time of the computation.
 */
#include <math.h>
#include <string.h>

#include "dnn/nn/constraint.h"
#include "dnn/nn/initializer.h"
#include "dnn/nn/layer.h"
#include "dnn/nn/regularizer.h"
#include "nn/layers/axes.h"
#include "nn/layers/groups.h"

typedef struct {
    dnn_numbers axis;
    double epsilon;
    bool center, scale;
    dnn_component beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint,
        gamma_constraint;
} layer_normalization;

static const dnn_param params[] = {
    DNN_NUMBERS(layer_normalization, axis, "-1", NULL, "axes whose values are normalized together"),
    DNN_REAL(layer_normalization, epsilon, "0.001", "> 0", "added to the variance"),
    DNN_BOOL(layer_normalization, center, "true", "add a learned beta"),
    DNN_BOOL(layer_normalization, scale, "true", "multiply by a learned gamma"),
    DNN_COMPONENT(layer_normalization, beta_initializer, &dnn_initializers, "zeros", "start of beta"),
    DNN_COMPONENT(layer_normalization, gamma_initializer, &dnn_initializers, "ones", "start of gamma"),
    DNN_COMPONENT(layer_normalization, beta_regularizer, &dnn_regularizers, "null", "penalty on beta"),
    DNN_COMPONENT(layer_normalization, gamma_regularizer, &dnn_regularizers, "null", "penalty on gamma"),
    DNN_COMPONENT(layer_normalization, beta_constraint, &dnn_constraints, "null",
                  "projection of beta after each update"),
    DNN_COMPONENT(layer_normalization, gamma_constraint, &dnn_constraints, "null",
                  "projection of gamma after each update"),
};

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    const layer_normalization *n = l->params;
    grouping c;
    const dnn_status st = groups_of(l, &n->axis, &c);
    if (st != DNN_OK) return st;
    const dnn_weight_plan one = { .shape = axes_shape(&l->in[0], c.together, false),
                                  .fan_in = c.members,
                                  .fan_out = c.members };
    if (n->scale) {
        dnn_weight_plan *gamma = &p->weights[p->n_weights++];
        *gamma = one;
        gamma->name = "gamma";
        gamma->initializer = &n->gamma_initializer;
        gamma->regularizer = &n->gamma_regularizer;
        gamma->constraint = &n->gamma_constraint;
    }
    if (n->center) {
        dnn_weight_plan *beta = &p->weights[p->n_weights++];
        *beta = one;
        beta->name = "beta";
        beta->initializer = &n->beta_initializer;
        beta->regularizer = &n->beta_regularizer;
        beta->constraint = &n->beta_constraint;
    }
    p->out = l->in[0];
    p->saved = 2 * c.groups;  /* mean and 1 / deviation */
    p->scratch_fixed = 2 * c.members * (sizeof(double) / sizeof(real)) + 3 * c.units;
    p->backward_wants_x = true;
    return DNN_OK;
}

static void measure(size_t n, double epsilon, const real *restrict x, real stats[2])
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) sum += x[i];
    const double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) squares += (x[i] - mean) * (x[i] - mean);
    stats[0] = (real)mean;
    stats[1] = (real)(1 / sqrt(squares / (double)n + epsilon));
}

static void forward_group(size_t n, const real stats[2], const real *restrict gamma, const real *restrict beta,
                          const real *restrict x, real *restrict y)
{
    const real mean = stats[0], inverse = stats[1];
    for (size_t i = 0; i < n; i++) y[i] = (x[i] - mean) * inverse;
    for (size_t i = 0; gamma && i < n; i++) y[i] *= gamma[i];
    for (size_t i = 0; beta && i < n; i++) y[i] += beta[i];
}

static void add_sums(size_t n, const real stats[2], const real *restrict x, const real *restrict dy,
                     double *restrict dgamma, double *restrict dbeta)
{
    const real mean = stats[0], inverse = stats[1];
    for (size_t i = 0; i < n; i++) {
        dgamma[i] += (double)dy[i] * ((x[i] - mean) * inverse);
        dbeta[i] += dy[i];
    }
}

static void backward_group(size_t n, const real stats[2], const real *restrict gamma, const real *restrict x,
                           const real *restrict dy, real *restrict dx)
{
    const real mean = stats[0], inverse = stats[1];
    double plain = 0, hat = 0;
    for (size_t i = 0; i < n; i++) dx[i] = gamma ? dy[i] * gamma[i] : dy[i];
    for (size_t i = 0; i < n; i++) {
        plain += dx[i];
        hat += (double)dx[i] * ((x[i] - mean) * inverse);
    }
    const real shift = (real)(plain / (double)n), slope = (real)(hat / (double)n);
    for (size_t i = 0; i < n; i++) dx[i] = (dx[i] - shift - (x[i] - mean) * inverse * slope) * inverse;
}

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const layer_normalization *n = l->params;
    const real *gamma = n->scale ? p->w[0] : NULL, *beta = n->center ? p->w[n->scale] : NULL;
    grouping c;
    groups_of(l, &n->axis, &c);
    for (size_t r = 0; r < p->capacity; r++) {
        const real *x = groups_gather(l, &c, p->x[0] + r * c.units, p->scratch_fixed);
        real *sample = p->y + r * c.units, *y = c.in_order ? sample : p->scratch_fixed + c.units;
        for (size_t g = 0; g < c.groups; g++) {
            real own[2], *stats = p->saved ? p->saved + 2 * (r * c.groups + g) : own;
            measure(c.members, n->epsilon, x + g * c.members, stats);
            forward_group(c.members, stats, gamma, beta, x + g * c.members, y + g * c.members);
        }
        if (!c.in_order) groups_scatter(l, &c, y, sample);
    }
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const layer_normalization *n = l->params;
    real *dw_gamma = n->scale ? p->dw[0] : NULL, *dw_beta = n->center ? p->dw[n->scale] : NULL;
    grouping c;
    groups_of(l, &n->axis, &c);
    double *dgamma = (double *)p->scratch_fixed, *dbeta = dgamma + c.members;
    real *room = (real *)(dbeta + c.members);
    memset(dgamma, 0, 2 * c.members * sizeof *dgamma);
    for (size_t r = 0; r < p->rows; r++) {
        const real *x = groups_gather(l, &c, p->x[0] + r * c.units, room);
        const real *dy = groups_gather(l, &c, p->dy + r * c.units, room + c.units);
        real *sample = p->dx[0] ? p->dx[0] + r * c.units : NULL, *dx = c.in_order ? sample : room + 2 * c.units;
        for (size_t g = 0; g < c.groups; g++) {
            const real *stats = p->saved + 2 * (r * c.groups + g);
            const size_t at = g * c.members;
            if (dw_gamma || dw_beta) add_sums(c.members, stats, x + at, dy + at, dgamma, dbeta);
            if (sample) backward_group(c.members, stats, n->scale ? p->w[0] : NULL, x + at, dy + at, dx + at);
        }
        if (sample && !c.in_order) groups_scatter(l, &c, dx, sample);
    }
    for (size_t i = 0; i < c.members && dw_gamma; i++) dw_gamma[i] = (real)dgamma[i];
    for (size_t i = 0; i < c.members && dw_beta; i++) dw_beta[i] = (real)dbeta[i];
    if (p->dx[0]) memset(p->dx[0] + p->rows * c.units, 0, (p->capacity - p->rows) * c.units * sizeof *p->dx[0]);
}

static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    const layer_normalization *n = l->params;
    grouping c;
    groups_of(l, &n->axis, &c);
    const dnn_value x = dnn_outline_input(o, 0), centred = dnn_outline_2(o, "Sub", x, groups_outline_mean(l, &c, o, x)),
                    variance = groups_outline_mean(l, &c, o, dnn_outline_2(o, "Mul", centred, centred)),
                    deviation = dnn_outline_1(o, "Sqrt", dnn_outline_2(o, "Add", variance, dnn_outline_real(o, n->epsilon)));
    dnn_value y = dnn_outline_2(o, "Div", centred, deviation);
    if (n->scale) y = dnn_outline_2(o, "Mul", y, groups_outline_weight(l, &c, o, 0));
    return n->center ? dnn_outline_2(o, "Add", y, groups_outline_weight(l, &c, o, n->scale)) : y;
}

const dnn_layer_kind dnn_layer_layer_normalization = {
    .kind = { .name = "layer_normalization",
              .help = "each sample to mean 0 and variance 1 along axes (Ba et al. 2016)",
              .params_size = sizeof(layer_normalization),
              DNN_PARAMS(params),
              .keras = "LayerNormalization" },
    .outline = outline,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
