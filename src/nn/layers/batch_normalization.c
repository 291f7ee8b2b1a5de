/* y = gamma (x - mean) / sqrt(variance + epsilon) + beta, per feature of one axis (Ioffe and Szegedy 2015,
 * algorithm 1 and the gradients of section 3). Training: mean and biased variance of the global batch, so both
 * directions come in two halves: sums of a shard, then what needs the merged sums. Inference, and a layer that is
 * frozen: the moving statistics.
 *
 * Sums are centred: (count, means, sums of squares about the mean), merged by Chan, Golub and LeVeque 1979,
 * equation 2.1; never E[x²] - E[x]², which cancels. Where the axis is not the last one a sample is put in the order
 * [places, features] for the time of the computation. */
#include <math.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/base/failpoint.h"
#include "dnn/nn/constraint.h"
#include "dnn/nn/initializer.h"
#include "dnn/nn/layer.h"
#include "dnn/nn/regularizer.h"
#include "nn/layers/keras.h"

typedef struct {
    int64_t axis;
    double momentum, epsilon;
    bool center, scale;
    dnn_component beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer;
    dnn_component beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint;
    bool synchronized;
} batch_normalization;

static const dnn_param params[] = {
    DNN_INT(batch_normalization, axis, "-1", NULL, "axis of the features, counted as in Keras: 0 is the batch, -1 the last"),
    DNN_REAL(batch_normalization, momentum, "0.99", "[0, 1]",
             "share of its old value that a moving statistic keeps at a step"),
    DNN_REAL(batch_normalization, epsilon, "0.001", "> 0", "added to the variance"),
    DNN_BOOL(batch_normalization, center, "true", "add a learned beta"),
    DNN_BOOL(batch_normalization, scale, "true", "multiply by a learned gamma"),
    DNN_COMPONENT(batch_normalization, beta_initializer, &dnn_initializers, "zeros", "start of beta"),
    DNN_COMPONENT(batch_normalization, gamma_initializer, &dnn_initializers, "ones", "start of gamma"),
    DNN_COMPONENT(batch_normalization, moving_mean_initializer, &dnn_initializers, "zeros", "start of the moving mean"),
    DNN_COMPONENT(batch_normalization, moving_variance_initializer, &dnn_initializers, "ones",
                  "start of the moving variance"),
    DNN_COMPONENT(batch_normalization, beta_regularizer, &dnn_regularizers, "null", "penalty on beta"),
    DNN_COMPONENT(batch_normalization, gamma_regularizer, &dnn_regularizers, "null", "penalty on gamma"),
    DNN_COMPONENT(batch_normalization, beta_constraint, &dnn_constraints, "null", "projection of beta after each update"),
    DNN_COMPONENT(batch_normalization, gamma_constraint, &dnn_constraints, "null", "projection of gamma after each update"),
    DNN_BOOL(batch_normalization, synchronized, "true",
             "false: a shard of the batch is normalized by its own statistics; moving ones stay global"),
};

/* Places of the weights; what is not there has none. */
typedef struct { size_t features, gamma, beta, mean, variance; } places;
enum { NOWHERE = DNN_MAX_WEIGHTS };

/* Axis of the features within a sample's shape; its rank where there is no such axis. */
static size_t axis_of(const dnn_layer *l)
{
    const int64_t axis = ((const batch_normalization *)l->params)->axis, rank = (int64_t)l->in[0].rank;
    if (axis < 0) return axis >= -rank ? (size_t)(rank + axis) : (size_t)rank;
    return axis >= 1 && axis <= rank ? (size_t)axis - 1 : (size_t)rank;
}

static size_t features_of(const dnn_layer *l) { return l->in[0].rank ? l->in[0].dim[axis_of(l)] : 1; }

static places places_of(const dnn_layer *l)
{
    const batch_normalization *b = l->params;
    const size_t learned = (size_t)b->scale + b->center;
    return (places){ .features = features_of(l),
                     .gamma = b->scale ? 0 : NOWHERE,
                     .beta = b->center ? learned - 1 : NOWHERE,
                     .mean = learned,
                     .variance = learned + 1 };
}

static bool in_order(const dnn_layer *l) { return l->in[0].rank == 0 || axis_of(l) + 1 == l->in[0].rank; }

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    const batch_normalization *b = l->params;
    const size_t rank = l->in[0].rank;
    if (rank > 0 && axis_of(l) == rank)
        return dnn_fail(DNN_E_CONFIG, "axis = %lld: the input has the axes 1 … %zu, or -%zu … -1", (long long)b->axis, rank, rank);
    const places at = places_of(l);
    const size_t k = at.features;
    p->out = l->in[0];
    p->n_weights = at.variance + 1;
    for (size_t i = 0; i < p->n_weights; i++)
        p->weights[i] =
            (dnn_weight_plan){ .shape = dnn_shape_1(k), .fan_in = k, .fan_out = k, .statistic = i >= at.mean };
    if (b->scale) p->weights[at.gamma].name = "gamma", p->weights[at.gamma].initializer = &b->gamma_initializer,
                  p->weights[at.gamma].regularizer = &b->gamma_regularizer, p->weights[at.gamma].constraint = &b->gamma_constraint;
    if (b->center) p->weights[at.beta].name = "beta", p->weights[at.beta].initializer = &b->beta_initializer,
                   p->weights[at.beta].regularizer = &b->beta_regularizer, p->weights[at.beta].constraint = &b->beta_constraint;
    p->weights[at.mean].name = "moving_mean", p->weights[at.mean].initializer = &b->moving_mean_initializer;
    p->weights[at.variance].name = "moving_variance",
    p->weights[at.variance].initializer = &b->moving_variance_initializer;
    p->sums = 1 + 2 * k;
    p->saved_fixed = 2 * k;
    p->scratch_fixed = (2 * k + 1) * (sizeof(double) / sizeof(real));
    p->backward_wants_x = true;
    if (!in_order(l)) p->scratch = 3 * dnn_shape_units(&l->in[0]);
    return DNN_OK;
}

static bool uses_batch(const dnn_layer *l, const dnn_pass *p) { return p->training && !l->frozen; }

static size_t inner(const dnn_layer *l) { return dnn_shape_units(&l->in[0]) / features_of(l); }

/* Mean and centred squares of the columns of x [rows, k]; rows >= 1. */
static void measure(size_t rows, size_t k, const real *restrict x, double *restrict mean, double *restrict squares)
{
    for (size_t j = 0; j < k; j++) mean[j] = x[j], squares[j] = 0;
    for (size_t r = 1; r < rows; r++)
        for (size_t j = 0; j < k; j++) mean[j] += x[r * k + j];
    const double share = 1.0 / (double)rows;
    for (size_t j = 0; j < k; j++) mean[j] *= share;
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < k; j++) {
            const double d = x[r * k + j] - mean[j];
            squares[j] += d * d;
        }
}

/* Puts a second part (m rows) to a first one (n rows, n + m > 0). */
static void combine(size_t k, double n, double *restrict mean, double *restrict squares, double m,
                    const double *restrict other_mean, const double *restrict other_squares)
{
    const double share = DNN_PLANT(mean_of_batch_means) ? 0.5 : m / (n + m), both = n * share;
    for (size_t j = 0; j < k; j++) {
        const double d = other_mean[j] - mean[j];
        mean[j] += d * share;
        squares[j] += other_squares[j] + d * d * both;
    }
}

static void forward_sums_ordered(const dnn_layer *l, const dnn_pass *p)
{
    const size_t k = features_of(l), rows = p->rows * inner(l);
    /* Both passes over some rows find them in the second cache. */
    const size_t most = k < 65536 / 32 ? 65536 / k : 32;
    double *mean = p->sums + 1, *squares = mean + k, *part = (double *)p->scratch_fixed;
    p->sums[0] = (double)rows;
    if (rows == 0) memset(mean, 0, 2 * k * sizeof *mean);
    for (size_t r = 0; r < rows; r += most) {
        const size_t n = rows - r < most ? rows - r : most;
        measure(n, k, p->x[0] + r * k, r ? part : mean, r ? part + k : squares);
        if (r) combine(k, (double)r, mean, squares, (double)n, part, part + k);
    }
}

static void merge(const dnn_layer *l, bool backward, double *into, const double *from)
{
    const size_t k = features_of(l);
    if (backward) {
        for (size_t j = 0; j < 1 + 2 * k; j++) into[j] += from[j];
    } else if (into[0] == 0) {
        memcpy(into, from, (1 + 2 * k) * sizeof *into);
    } else if (from[0] > 0) {
        combine(k, into[0], into + 1, into + 1 + k, from[0], from + 1, from + 1 + k);
        into[0] += from[0];
    }
}

/* The mean and 1 / standard deviation to normalize by. */
static void statistics(const dnn_layer *l, const dnn_pass *p, real *restrict mean, real *restrict inverse)
{
    const batch_normalization *b = l->params;
    const places at = places_of(l);
    const size_t k = at.features;
    if (!uses_batch(l, p)) {
        memcpy(mean, p->w[at.mean], k * sizeof *mean);
        for (size_t j = 0; j < k; j++) inverse[j] = (real)(1 / sqrt((double)p->w[at.variance][j] + b->epsilon));
        return;
    }
    const double *sums = b->synchronized && !DNN_PLANT(local_batch_statistics) ? p->merged : p->sums, *squares = sums + 1 + k;
    const double share = sums[0] > 0 ? 1 / sums[0] : 0;
    for (size_t j = 0; j < k; j++) {
        mean[j] = (real)sums[1 + j];
        inverse[j] = (real)(1 / sqrt(squares[j] * share + b->epsilon));
    }
}

static void forward_ordered(const dnn_layer *l, const dnn_pass *p)
{
    const places at = places_of(l);
    const size_t k = at.features, rows = p->capacity * inner(l);
    real *mean = p->saved_fixed ? p->saved_fixed : p->scratch_fixed;
    statistics(l, p, mean, mean + k);
    const real *restrict m = mean, *restrict inverse = mean + k, *restrict x = p->x[0];
    real *restrict y = p->y;
    const real *restrict gamma = at.gamma == NOWHERE ? NULL : p->w[at.gamma], *restrict beta = at.beta == NOWHERE
                                                                                                   ? NULL
                                                                                                   : p->w[at.beta];
    /* The deviation first: x·a + (beta - mean·a) would cancel where the mean is large. */
    for (size_t r = 0; r < rows; r++, x += k, y += k) {
        for (size_t j = 0; j < k; j++) y[j] = (x[j] - m[j]) * inverse[j];
        if (gamma && beta)
            for (size_t j = 0; j < k; j++) y[j] = y[j] * gamma[j] + beta[j];
        else if (gamma)
            for (size_t j = 0; j < k; j++) y[j] *= gamma[j];
        else if (beta)
            for (size_t j = 0; j < k; j++) y[j] += beta[j];
    }
}

/* (count, sums of dy, sums of dy x̂) */
static void gradient_sums(const dnn_layer *l, const dnn_pass *p, double *sums)
{
    const size_t k = features_of(l), rows = p->rows * inner(l);
    const real *restrict mean = p->saved_fixed, *restrict inverse = mean + k, *restrict x = p->x[0],
                         *restrict dy = p->dy;
    double *restrict plain = sums + 1, *restrict hat = sums + 1 + k;
    sums[0] = (double)rows;
    memset(plain, 0, 2 * k * sizeof *plain);
    for (size_t r = 0; r < rows; r++, x += k, dy += k)
        for (size_t j = 0; j < k; j++) {
            plain[j] += dy[j];
            hat[j] += (double)dy[j] * ((x[j] - mean[j]) * inverse[j]);
        }
}

static void backward_sums_ordered(const dnn_layer *l, const dnn_pass *p) { gradient_sums(l, p, p->sums); }

static void round_into(size_t k, const double *restrict from, real *restrict to)
{
    for (size_t j = 0; j < k; j++) to[j] = (real)from[j];
}

/* dx = gamma / sd · (dy - sum dy / n - x̂ · sum dy x̂ / n); with fixed statistics gamma / sd · dy. `sums` NULL: fixed. */
static void input_gradient(const dnn_layer *l, const dnn_pass *p, const double *sums)
{
    const places at = places_of(l);
    const size_t k = at.features, rows = p->rows * inner(l);
    const real *restrict mean = p->saved_fixed, *restrict inverse = mean + k, *restrict x = p->x[0], *restrict dy = p->dy;
    const real *gamma = at.gamma == NOWHERE ? NULL : p->w[at.gamma];
    real *restrict dx = p->dx[0], *restrict slope = p->scratch_fixed, *restrict shift = slope + k;
    double share = sums && sums[0] > 0 ? 1 / sums[0] : 0;
    if (DNN_PLANT(batch_count_of_shard)) share = rows > 0 ? 1 / (double)rows : 0;
    for (size_t j = 0; j < k; j++) {
        shift[j] = sums ? (real)(sums[1 + j] * share) : 0;
        slope[j] = sums ? (real)(sums[1 + k + j] * share * inverse[j]) : 0;
    }
    for (size_t r = 0; r < rows; r++, x += k, dy += k, dx += k) {
        if (sums)
            for (size_t j = 0; j < k; j++) dx[j] = ((dy[j] - shift[j]) - (x[j] - mean[j]) * slope[j]) * inverse[j];
        else
            for (size_t j = 0; j < k; j++) dx[j] = dy[j] * inverse[j];
        if (gamma)
            for (size_t j = 0; j < k; j++) dx[j] *= gamma[j];
    }
    /* The sums' share must not reach rows that are not there. */
    memset(dx, 0, (p->capacity - p->rows) * inner(l) * k * sizeof *dx);
}

static void backward_ordered(const dnn_layer *l, const dnn_pass *p)
{
    const batch_normalization *b = l->params;
    const places at = places_of(l);
    real *dgamma = at.gamma == NOWHERE ? NULL : p->dw[at.gamma], *dbeta = at.beta == NOWHERE ? NULL : p->dw[at.beta];
    const bool batch = uses_batch(l, p);
    const double *own = p->sums;
    if (!batch && (dgamma || dbeta)) {
        gradient_sums(l, p, (double *)p->scratch_fixed);
        own = (const double *)p->scratch_fixed;
    }
    if (dgamma) round_into(at.features, own + 1 + at.features, dgamma);
    if (dbeta) round_into(at.features, own + 1, dbeta);
    if (p->dx[0]) input_gradient(l, p, !batch ? NULL : b->synchronized && !DNN_PLANT(local_batch_sums_backward) ? p->merged : p->sums);
}

/* ---- features on another axis than the last ---- */

/* Samples [features, behind] under each place before the axis to [behind, features], or `back`. */
static void turn(const dnn_layer *l, const dnn_pass *p, bool back, const real *restrict from, real *restrict to)
{
    const size_t k = features_of(l);
    size_t behind = 1;
    for (size_t a = axis_of(l) + 1; a < l->in[0].rank; a++) behind *= l->in[0].dim[a];
    const size_t blocks = p->capacity * dnn_shape_units(&l->in[0]) / (k * behind);
    for (size_t b = 0; b < blocks; b++, from += k * behind, to += k * behind)
        for (size_t j = 0; j < k; j++)
            for (size_t i = 0; i < behind; i++) {
                if (back) to[j * behind + i] = from[i * k + j];
                else to[i * k + j] = from[j * behind + i];
            }
}

typedef void computation(const dnn_layer *l, const dnn_pass *p);

/* Runs `compute` on x, and y or dy and dx, in the order that it wants. */
static void in_turn(const dnn_layer *l, const dnn_pass *p, computation *compute, bool to_y, bool from_dy)
{
    const size_t n = p->capacity * dnn_shape_units(&l->in[0]);
    if (in_order(l)) {
        compute(l, p);
        return;
    }
    dnn_pass turned = *p;
    const real *x[] = { p->scratch };
    real *dx[] = { p->dx && p->dx[0] ? p->scratch + 2 * n : NULL };
    turn(l, p, false, p->x[0], p->scratch);
    if (from_dy) turn(l, p, false, p->dy, p->scratch + n);
    turned.x = x;
    turned.y = turned.dy = p->scratch + n;
    turned.dx = dx;
    compute(l, &turned);
    if (to_y) turn(l, p, true, turned.y, p->y);
    if (compute == backward_ordered && dx[0]) turn(l, p, true, dx[0], p->dx[0]);
}

static void forward_sums(const dnn_layer *l, const dnn_pass *p) { in_turn(l, p, forward_sums_ordered, false, false); }
static void forward(const dnn_layer *l, const dnn_pass *p) { in_turn(l, p, forward_ordered, true, false); }
static void backward_sums(const dnn_layer *l, const dnn_pass *p) { in_turn(l, p, backward_sums_ordered, false, true); }
static void backward(const dnn_layer *l, const dnn_pass *p) { in_turn(l, p, backward_ordered, false, true); }

static void move_statistics(const dnn_layer *l, const double *merged, real *const *w)
{
    const batch_normalization *b = l->params;
    const places at = places_of(l);
    const size_t k = at.features;
    if (merged[0] == 0) return;
    const double keep = b->momentum, take = 1 - b->momentum, share = 1 / merged[0];
    real *restrict mean = w[at.mean], *restrict variance = w[at.variance];
    for (size_t j = 0; j < k; j++) {
        mean[j] = (real)(mean[j] * keep + merged[1 + j] * take);
        variance[j] = (real)(variance[j] * keep + merged[1 + k + j] * share * take);
    }
}

/* Keras writes synchronized: false by default, where it says nothing about ranks; hence it is neither read nor written. */
static dnn_status encode(const void *params_, dnn_node *config)
{
    (void)params_;
    dnn_node_remove(config, "synchronized");
    return DNN_OK;
}

static dnn_status decode(const dnn_node *config, dnn_node *node)
{
    static const char *const neutral[] = { "synchronized", "renorm_momentum", "fused" };
    const dnn_node *axis = dnn_node_find(config, "axis");
    keras_drop(node, neutral, sizeof neutral / sizeof *neutral);
    /* Old files: a list of one axis. */
    if (axis && axis->type == DNN_NODE_LIST && axis->count == 1)
        return dnn_node_set(node, "axis", dnn_node_copy(axis->items[0]));
    return DNN_OK;
}

/* ONNX has the features as the first axis of a sample; elsewhere it is a product and a sum that stretch along the other
 * axes. */
static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    const batch_normalization *b = l->params;
    const places at = places_of(l);
    double *scale = dnn_alloc(2 * at.features, sizeof *scale), *shift = scale + at.features;
    if (!scale) {
        o->status = DNN_E_MEMORY;
        return 0;
    }
    for (size_t i = 0; i < at.features; i++) {
        scale[i] = b->scale ? o->weights[at.gamma][i] : 1.0;
        shift[i] = b->center ? o->weights[at.beta][i] : 0.0;
    }
    dnn_value y;
    if (l->in[0].rank > 0 && axis_of(l) == 0) {
        const dnn_value in[5] = { dnn_outline_input(o, 0), dnn_outline_reals(o, 1, &at.features, scale),
                                  dnn_outline_reals(o, 1, &at.features, shift), dnn_outline_weight(o, at.mean, NULL),
                                  dnn_outline_weight(o, at.variance, NULL) };
        y = dnn_outline_add(o, "BatchNormalization", 5, in);
        dnn_outline_set_real(o, "epsilon", b->epsilon);
    } else {
        for (size_t i = 0; i < at.features; i++) {
            scale[i] /= sqrt(o->weights[at.variance][i] + b->epsilon);
            shift[i] -= o->weights[at.mean][i] * scale[i];
        }
        const size_t dim[DNN_MAX_RANK] = { at.features, 1, 1, 1, 1, 1 };
        const size_t rank = l->in[0].rank ? l->in[0].rank - axis_of(l) : 1;
        y = dnn_outline_2(o, "Mul", dnn_outline_input(o, 0), dnn_outline_reals(o, rank, dim, scale));
        y = dnn_outline_2(o, "Add", y, dnn_outline_reals(o, rank, dim, shift));
    }
    dnn_free(scale);
    return y;
}

const dnn_layer_kind dnn_layer_batch_normalization = {
    .kind = { .name = "batch_normalization",
              .help = "features to mean 0 and variance 1 over the batch (Ioffe and Szegedy 2015)",
              .params_size = sizeof(batch_normalization),
              DNN_PARAMS(params),
              .keras = "BatchNormalization",
              .encode = encode,
              .decode = decode },
    .outline = outline,
    .plan = plan,
    .forward = forward,
    .backward = backward,
    .forward_sums = forward_sums,
    .backward_sums = backward_sums,
    .merge = merge,
    .move_statistics = move_statistics,
};
