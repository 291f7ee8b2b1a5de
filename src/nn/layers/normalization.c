/* y = (x - mean) / max(sqrt(variance), 1e-7) with statistics of the data: written in the run file, or learned from the
 * training part before the first step and kept with the model (Keras: adapt). Until then they are mean 0 and
 * variance 1. They are summed up about their means and put together by Chan, Golub and LeVeque 1979, equation 2.1. */
#include <math.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/nn/initializer.h"
#include "dnn/nn/layer.h"
#include "nn/layers/axes.h"

typedef struct {
    dnn_numbers axis;
    dnn_node *mean, *variance;
    bool invert;
} normalization;

static const dnn_param params[] = {
    DNN_NUMBERS(normalization, axis, "-1", NULL, "axes with statistics of their own for each place; [] for one of all"),
    DNN_NODE(normalization, mean, "null", "number, or nested lists shaped like the axes; null: learned from the data"),
    DNN_NODE(normalization, variance, "null", "likewise; both or neither"),
    DNN_BOOL(normalization, invert, "false", "the other way: x · deviation + mean"),
};

static const double least_deviation = 1e-7;

/* Numbers of nested lists in order, written from `out` where that is not NULL; SIZE_MAX: something else is there. */
static size_t flatten(const dnn_node *node, double *out)
{
    if (node->type == DNN_NODE_INT || node->type == DNN_NODE_REAL) {
        if (out) *out = node->real;
        return 1;
    }
    if (node->type != DNN_NODE_LIST) return SIZE_MAX;
    size_t count = 0;
    for (size_t i = 0; i < node->count; i++) {
        const size_t n = flatten(node->items[i], out ? out + count : NULL);
        if (n == SIZE_MAX) return n;
        count += n;
    }
    return count;
}

/* Values for the last axes stand for all places of the axes before. */
static dnn_status check_values(const dnn_node *node, const char *key, const dnn_shape *shape)
{
    const size_t count = flatten(node, NULL);
    size_t fits = 1;
    bool found = count == 1;
    char text[80];
    for (size_t i = shape->rank; i-- > 0;) {
        fits *= shape->dim[i];
        found |= count == fits;
    }
    if (found) return DNN_OK;
    return dnn_fail(DNN_E_CONFIG, "%s: a number, or numbers for the shape %s, are wanted", key,
                    dnn_shape_text(shape, text, sizeof text));
}

static const dnn_component *ones(void)
{
    static dnn_component component; /* whoever writes it writes the same */
    component.kind = dnn_family_find(&dnn_initializers, "ones");
    component.family = &dnn_initializers;
    return &component;
}

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    const normalization *n = l->params;
    bool own[DNN_MAX_RANK];
    dnn_status st = axes_read(&n->axis, "axis", &l->in[0], own);
    if (st != DNN_OK) return st;
    const dnn_shape shape = axes_shape(&l->in[0], own, false);
    const bool has_mean = n->mean && n->mean->type != DNN_NODE_NULL,
               has_variance = n->variance && n->variance->type != DNN_NODE_NULL;
    if (has_mean != has_variance)
        return dnn_fail(DNN_E_CONFIG, "%s is not given: mean and variance belong together",
                        has_mean ? "variance" : "mean");
    p->out = l->in[0];
    p->scratch_fixed = 2 * dnn_shape_units(&l->in[0]) + 2 * sizeof(double) / sizeof(real) * dnn_shape_units(&shape);
    if (has_mean) {
        st = check_values(n->mean, "mean", &shape);
        return st == DNN_OK ? check_values(n->variance, "variance", &shape) : st;
    }
    p->weights[0] = (dnn_weight_plan){ .name = "mean", .shape = shape, .statistic = true };
    p->weights[1] = (dnn_weight_plan){ .name = "variance", .shape = shape, .statistic = true, .initializer = ones() };
    p->weights[2] = (dnn_weight_plan){ .name = "count", .statistic = true };  /* Keras keeps it, and uses it no more */
    p->n_weights = 3;
    p->sums = 1 + 2 * dnn_shape_units(&shape);
    return DNN_OK;
}

/* Mean and deviation of each element of a sample. */
static void statistics(const dnn_layer *l, const dnn_pass *p, real **mean, real **deviation)
{
    const normalization *n = l->params;
    const size_t units = dnn_shape_units(&l->in[0]);
    bool own[DNN_MAX_RANK];
    axes_read(&n->axis, "axis", &l->in[0], own);
    const dnn_shape shape = axes_shape(&l->in[0], own, false);
    double *means = (double *)p->scratch_fixed, *variances = means + dnn_shape_units(&shape);
    const size_t written = l->plan.n_weights ? 0 : flatten(n->mean, means);
    const size_t both = l->plan.n_weights ? 0 : flatten(n->variance, variances);
    *mean = (real *)(variances + dnn_shape_units(&shape));
    *deviation = *mean + units;
    for (size_t i = 0; i < units; i++) {
        const size_t place = axes_place(&l->in[0], own, i);
        const double m = written ? means[place % written] : p->w[0][place];
        const double v = both ? variances[place % both] : p->w[1][place];
        (*mean)[i] = (real)m;
        (*deviation)[i] = (real)fmax(sqrt(v), least_deviation);
    }
}

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t units = dnn_shape_units(&l->in[0]);
    const bool invert = ((const normalization *)l->params)->invert;
    real *mean, *deviation;
    statistics(l, p, &mean, &deviation);
    const real *restrict x = p->x[0], *restrict m = mean, *restrict d = deviation;
    real *restrict y = p->y;
    for (size_t r = 0; r < p->capacity; r++, x += units, y += units) {
        if (invert)
            for (size_t i = 0; i < units; i++) y[i] = x[i] * d[i] + m[i];
        else
            for (size_t i = 0; i < units; i++) y[i] = (x[i] - m[i]) / d[i];
    }
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t units = dnn_shape_units(&l->in[0]);
    const bool invert = ((const normalization *)l->params)->invert;
    real *mean, *deviation;
    if (!p->dx[0]) return;
    statistics(l, p, &mean, &deviation);
    const real *restrict dy = p->dy, *restrict d = deviation;
    real *restrict dx = p->dx[0];
    for (size_t r = 0; r < p->capacity; r++, dy += units, dx += units) {
        if (invert)
            for (size_t i = 0; i < units; i++) dx[i] = dy[i] * d[i];
        else
            for (size_t i = 0; i < units; i++) dx[i] = dy[i] / d[i];
    }
}

/* (values of each place, their means, their squares about these) of what the layer reads. */
static void forward_sums(const dnn_layer *l, const dnn_pass *p)
{
    const size_t units = dnn_shape_units(&l->in[0]), places = (l->plan.sums - 1) / 2;
    double *mean = p->sums + 1, *squares = mean + places;
    bool own[DNN_MAX_RANK];
    axes_read(&((const normalization *)l->params)->axis, "axis", &l->in[0], own);
    memset(p->sums, 0, l->plan.sums * sizeof *p->sums);
    if (p->rows == 0) return;
    p->sums[0] = (double)(p->rows * (units / places));
    for (size_t i = 0; i < units; i++)
        for (size_t r = 0; r < p->rows; r++) mean[axes_place(&l->in[0], own, i)] += p->x[0][r * units + i];
    for (size_t j = 0; j < places; j++) mean[j] /= p->sums[0];
    for (size_t i = 0; i < units; i++) {
        const size_t j = axes_place(&l->in[0], own, i);
        for (size_t r = 0; r < p->rows; r++) {
            const double d = p->x[0][r * units + i] - mean[j];
            squares[j] += d * d;
        }
    }
}

static void merge(const dnn_layer *l, bool backward, double *into, const double *from)
{
    const size_t places = (l->plan.sums - 1) / 2;
    const double n = into[0], m = from[0];
    (void)backward;
    if (m == 0) return;
    for (size_t j = 1; j <= places; j++) {
        const double d = from[j] - into[j], share = m / (n + m);
        into[j] += d * share;
        into[places + j] += from[places + j] + d * d * n * share;
    }
    into[0] = n + m;
}

static void move_statistics(const dnn_layer *l, const double *merged, real *const *w)
{
    const size_t places = (l->plan.sums - 1) / 2;
    if (merged[0] == 0) return;
    for (size_t j = 0; j < places; j++) {
        w[0][j] = (real)merged[1 + j];
        w[1][j] = (real)(merged[1 + places + j] / merged[0]);
    }
    w[2][0] = (real)merged[0];
}

/* One statistic of all: null in some files, an empty list in others. */
static dnn_status decode(const dnn_node *config, dnn_node *node)
{
    const dnn_node *axis = dnn_node_find(config, "axis");
    return axis && axis->type == DNN_NODE_NULL ? dnn_node_set(node, "axis", dnn_node_list()) : DNN_OK;
}

/* Mean and deviation as constants that stretch over the axes which share them. */
static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    const normalization *n = l->params;
    bool own[DNN_MAX_RANK];
    axes_read(&n->axis, "axis", &l->in[0], own);
    const dnn_shape shape = axes_shape(&l->in[0], own, true);
    const size_t places = dnn_shape_units(&shape), written = l->plan.n_weights ? 0 : flatten(n->mean, NULL),
                 both = l->plan.n_weights ? 0 : flatten(n->variance, NULL);
    double *means = dnn_alloc(2 * (places + written + both), sizeof *means);
    if (!means) {
        o->status = DNN_E_MEMORY;
        return 0;
    }
    double *deviations = means + places, *m = deviations + places, *v = m + written;
    if (written) flatten(n->mean, m);
    if (both) flatten(n->variance, v);
    for (size_t i = 0; i < places; i++) {
        means[i] = written ? m[i % written] : o->weights[0][i];
        deviations[i] = fmax(sqrt(both ? v[i % both] : o->weights[1][i]), least_deviation);
    }
    const dnn_value x = dnn_outline_input(o, 0), mean = dnn_outline_reals(o, shape.rank, shape.dim, means),
                    deviation = dnn_outline_reals(o, shape.rank, shape.dim, deviations);
    dnn_free(means);
    if (n->invert) return dnn_outline_2(o, "Add", dnn_outline_2(o, "Mul", x, deviation), mean);
    return dnn_outline_2(o, "Div", dnn_outline_2(o, "Sub", x, mean), deviation);
}

const dnn_layer_kind dnn_layer_normalization = {
    .kind = { .name = "normalization",
              .help = "(x - mean) / deviation with statistics of the data",
              .params_size = sizeof(normalization),
              DNN_PARAMS(params),
              .keras = "Normalization",
              .decode = decode },
    .outline = outline,
    .plan = plan,
    .forward = forward,
    .backward = backward,
    .adapts = true,
    .forward_sums = forward_sums,
    .merge = merge,
    .move_statistics = move_statistics,
};
