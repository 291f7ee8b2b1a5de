/* y = gamma (x - mean) / sqrt(variance + epsilon) + beta with mean and biased variance of each sample over a group of neighbouring channels and all
 * their places (Wu and He 2018, equations 1 to 3). With g = gamma dy and x̂ the normalized x:
 *     dx = (g - mean of g - x̂ · mean of g x̂) / sqrt(variance + epsilon)
 * A sample is [before, channels, behind]. */
#include <math.h>
#include <string.h>

#include "dnn/nn/constraint.h"
#include "dnn/nn/initializer.h"
#include "dnn/nn/layer.h"
#include "dnn/nn/regularizer.h"

typedef struct {
    int64_t groups, axis;
    double epsilon;
    bool center, scale;
    dnn_component beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint;
} group_normalization;

static const dnn_param params[] = {
    DNN_INT(group_normalization, groups, "32", NULL, "groups of channels, a divisor of their number; -1: each channel alone"),
    DNN_INT(group_normalization, axis, "-1", NULL, "axis of the channels, counted as in Keras: 0 is the batch, -1 the last"),
    DNN_REAL(group_normalization, epsilon, "0.001", "> 0", "added to the variance"),
    DNN_BOOL(group_normalization, center, "true", "add a learned beta"),
    DNN_BOOL(group_normalization, scale, "true", "multiply by a learned gamma"),
    DNN_COMPONENT(group_normalization, beta_initializer, &dnn_initializers, "zeros", "start of beta"),
    DNN_COMPONENT(group_normalization, gamma_initializer, &dnn_initializers, "ones", "start of gamma"),
    DNN_COMPONENT(group_normalization, beta_regularizer, &dnn_regularizers, "null", "penalty on beta"),
    DNN_COMPONENT(group_normalization, gamma_regularizer, &dnn_regularizers, "null", "penalty on gamma"),
    DNN_COMPONENT(group_normalization, beta_constraint, &dnn_constraints, "null", "projection of beta after each update"),
    DNN_COMPONENT(group_normalization, gamma_constraint, &dnn_constraints, "null", "projection of gamma after each update"),
};

typedef struct { size_t before, channels, behind, groups, own /* channels of a group */, axis; } cut;

static dnn_status cut_of(const dnn_layer *l, cut *c)
{
    const group_normalization *n = l->params;
    const dnn_shape *in = &l->in[0];
    const int64_t rank = (int64_t)in->rank, axis = n->axis < 0 ? rank + n->axis : n->axis - 1;
    *c = (cut){ .before = 1, .behind = 1 };
    if (n->axis == 0 || axis < 0 || axis >= rank)
        return dnn_fail(DNN_E_CONFIG, "axis = %lld: the input has the axes 1 … %zu, or -%zu … -1", (long long)n->axis, in->rank, in->rank);
    c->axis = (size_t)axis;
    c->channels = in->dim[c->axis];
    for (size_t a = 0; a < c->axis; a++) c->before *= in->dim[a];
    for (size_t a = c->axis + 1; a < in->rank; a++) c->behind *= in->dim[a];
    if (n->groups != -1 && (n->groups < 1 || c->channels % (size_t)n->groups != 0))
        return dnn_fail(DNN_E_CONFIG, "groups = %lld: must divide the %zu channels, or be -1 for groups of one", (long long)n->groups, c->channels);
    c->groups = n->groups == -1 ? c->channels : (size_t)n->groups;
    c->own = c->channels / c->groups;
    return DNN_OK;
}

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    const group_normalization *n = l->params;
    cut c;
    const dnn_status st = cut_of(l, &c);
    if (st != DNN_OK) return st;
    if (n->scale)
        p->weights[p->n_weights++] = (dnn_weight_plan){ .name = "gamma", .initializer = &n->gamma_initializer, .regularizer = &n->gamma_regularizer,
                                                        .constraint = &n->gamma_constraint };
    if (n->center)
        p->weights[p->n_weights++] = (dnn_weight_plan){ .name = "beta", .initializer = &n->beta_initializer, .regularizer = &n->beta_regularizer,
                                                        .constraint = &n->beta_constraint };
    for (size_t w = 0; w < p->n_weights; w++) {
        p->weights[w].shape = dnn_shape_1(c.channels);
        p->weights[w].fan_in = p->weights[w].fan_out = c.channels;
    }
    p->out = l->in[0];
    p->saved = 2 * c.groups;  /* mean and 1 / deviation */
    p->scratch_fixed = 2 * c.channels * (sizeof(double) / sizeof(real));
    p->backward_wants_x = true;
    return DNN_OK;
}

/* Offset of the `behind` values of channel `o` under place `b`. */
static size_t place(const cut *c, size_t b, size_t o) { return (b * c->channels + o) * c->behind; }

static void measure(const cut *c, size_t group, double epsilon, const real *x, real stats[2])
{
    const size_t first = group * c->own, end = first + c->own;
    const double n = (double)(c->before * c->own * c->behind);
    double sum = 0, squares = 0;
    for (size_t b = 0; b < c->before; b++)
        for (size_t i = place(c, b, first); i < place(c, b, end); i++) sum += x[i];
    const double mean = sum / n;
    for (size_t b = 0; b < c->before; b++)
        for (size_t i = place(c, b, first); i < place(c, b, end); i++) squares += (x[i] - mean) * (x[i] - mean);
    stats[0] = (real)mean;
    stats[1] = (real)(1 / sqrt(squares / n + epsilon));
}

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const group_normalization *n = l->params;
    const real *gamma = n->scale ? p->w[0] : NULL, *beta = n->center ? p->w[n->scale] : NULL;
    const size_t units = dnn_shape_units(&l->in[0]);
    cut c;
    cut_of(l, &c);
    for (size_t r = 0; r < p->capacity; r++) {
        const real *x = p->x[0] + r * units;
        real *y = p->y + r * units;
        for (size_t k = 0; k < c.groups; k++) {
            real own[2], *stats = p->saved ? p->saved + 2 * (r * c.groups + k) : own;
            measure(&c, k, n->epsilon, x, stats);
            for (size_t b = 0; b < c.before; b++)
                for (size_t o = k * c.own; o < (k + 1) * c.own; o++) {
                    const real slope = gamma ? gamma[o] : 1, shift = beta ? beta[o] : 0;
                    for (size_t i = place(&c, b, o); i < place(&c, b, o + 1); i++) y[i] = (x[i] - stats[0]) * stats[1] * slope + shift;
                }
        }
    }
}

/* Sums of dy x̂ and dy of each channel of a sample, and from these the gradient of its input. */
static void backward_sample(const cut *c, const real *stats, const real *gamma, const real *x, const real *dy, double *dgamma, double *dbeta, real *dx)
{
    const double n = (double)(c->before * c->own * c->behind);
    for (size_t k = 0; k < c->groups; k++) {
        const real mean = stats[2 * k], inverse = stats[2 * k + 1];
        double plain = 0, hat = 0;
        for (size_t o = k * c->own; o < (k + 1) * c->own; o++) {
            const double slope = gamma ? (double)gamma[o] : 1;
            double sum = 0, sum_hat = 0;
            for (size_t b = 0; b < c->before; b++)
                for (size_t i = place(c, b, o); i < place(c, b, o + 1); i++) {
                    sum += dy[i];
                    sum_hat += (double)dy[i] * ((x[i] - mean) * inverse);
                }
            dgamma[o] += sum_hat;
            dbeta[o] += sum;
            plain += slope * sum;
            hat += slope * sum_hat;
        }
        const real shift = (real)(plain / n), bend = (real)(hat / n);
        for (size_t b = 0; dx && b < c->before; b++)
            for (size_t o = k * c->own; o < (k + 1) * c->own; o++) {
                const real slope = gamma ? gamma[o] : 1;
                for (size_t i = place(c, b, o); i < place(c, b, o + 1); i++)
                    dx[i] = (dy[i] * slope - shift - (x[i] - mean) * inverse * bend) * inverse;
            }
    }
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const group_normalization *n = l->params;
    const size_t units = dnn_shape_units(&l->in[0]);
    real *dw_gamma = n->scale ? p->dw[0] : NULL, *dw_beta = n->center ? p->dw[n->scale] : NULL;
    cut c;
    cut_of(l, &c);
    double *dgamma = (double *)p->scratch_fixed, *dbeta = dgamma + c.channels;
    memset(dgamma, 0, 2 * c.channels * sizeof *dgamma);
    for (size_t r = 0; r < p->rows; r++)
        backward_sample(&c, p->saved + 2 * r * c.groups, n->scale ? p->w[0] : NULL, p->x[0] + r * units, p->dy + r * units, dgamma, dbeta,
                        p->dx[0] ? p->dx[0] + r * units : NULL);
    for (size_t i = 0; i < c.channels && dw_gamma; i++) dw_gamma[i] = (real)dgamma[i];
    for (size_t i = 0; i < c.channels && dw_beta; i++) dw_beta[i] = (real)dbeta[i];
    if (p->dx[0]) memset(p->dx[0] + p->rows * units, 0, (p->capacity - p->rows) * units * sizeof *p->dx[0]);
}

static dnn_value mean_of(dnn_outline *o, dnn_value x)
{
    const dnn_value y = dnn_outline_1(o, "ReduceMean", x);
    dnn_outline_set_integers(o, "axes", 3, (int64_t[]){ 1, 3, 4 });
    dnn_outline_set_integer(o, "keepdims", 1);
    return y;
}

/* gamma and beta with axes of length 1 behind them, to stretch along those behind the channels. */
static dnn_value stretching(const dnn_layer *l, const cut *c, dnn_outline *o, size_t k)
{
    int64_t dim[DNN_MAX_RANK] = { (int64_t)c->channels, 1, 1, 1, 1, 1 };
    return dnn_outline_2(o, "Reshape", dnn_outline_weight(o, k, NULL), dnn_outline_integers(o, l->in[0].rank - c->axis, dim));
}

static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    const group_normalization *n = l->params;
    cut c;
    cut_of(l, &c);
    const dnn_shape apart = dnn_shape_of(4, (size_t[]){ c.before, c.groups, c.own, c.behind });
    const dnn_value x = dnn_outline_reshape(o, dnn_outline_input(o, 0), &apart), centred = dnn_outline_2(o, "Sub", x, mean_of(o, x)),
                    variance = mean_of(o, dnn_outline_2(o, "Mul", centred, centred)),
                    deviation = dnn_outline_1(o, "Sqrt", dnn_outline_2(o, "Add", variance, dnn_outline_real(o, n->epsilon)));
    dnn_value y = dnn_outline_reshape(o, dnn_outline_2(o, "Div", centred, deviation), &l->in[0]);
    if (n->scale) y = dnn_outline_2(o, "Mul", y, stretching(l, &c, o, 0));
    return n->center ? dnn_outline_2(o, "Add", y, stretching(l, &c, o, n->scale)) : y;
}

const dnn_layer_kind dnn_layer_group_normalization = {
    .kind = { .name = "group_normalization",
              .help = "groups of a sample's channels to mean 0 and variance 1 (Wu and He 2018)",
              .params_size = sizeof(group_normalization),
              DNN_PARAMS(params),
              .keras = "GroupNormalization" },
    .outline = outline,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
