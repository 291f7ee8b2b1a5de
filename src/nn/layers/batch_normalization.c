/* y = gamma (x - mean) / sqrt(variance + epsilon) + beta, per feature of one axis (Ioffe and Szegedy 2015,
 * algorithm 1 and the gradients of section 3). Training: mean and biased variance of the global batch, so both
 * directions come in two halves: sums of a shard, then what needs the merged sums. Inference, and a layer that is
 * frozen: the moving statistics.
 *
 * The computation is in batch_normalization_columns.c. Where the axis is not the last one a sample is put in the order [places, features] for
 * its time. */
#include "nn/layers/batch_normalization.h"

#include <math.h>

#include "dnn/base/memory.h"
#include "dnn/nn/constraint.h"
#include "dnn/nn/initializer.h"
#include "dnn/nn/regularizer.h"
#include "nn/layers/keras.h"

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

size_t batch_normalization_axis(const dnn_layer *l)
{
    const int64_t axis = ((const batch_normalization *)l->params)->axis, rank = (int64_t)l->in[0].rank;
    if (axis < 0) return axis >= -rank ? (size_t)(rank + axis) : (size_t)rank;
    return axis >= 1 && axis <= rank ? (size_t)axis - 1 : (size_t)rank;
}

static bool in_order(const dnn_layer *l) { return l->in[0].rank == 0 || batch_normalization_axis(l) + 1 == l->in[0].rank; }

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    const batch_normalization *b = l->params;
    const size_t rank = l->in[0].rank;
    if (rank > 0 && batch_normalization_axis(l) == rank)
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

/* ---- features on another axis than the last ---- */

/* Samples [features, behind] under each place before the axis to [behind, features], or `back`. */
static void turn(const dnn_layer *l, const dnn_pass *p, bool back, const real *restrict from, real *restrict to)
{
    const size_t k = features_of(l);
    size_t behind = 1;
    for (size_t a = batch_normalization_axis(l) + 1; a < l->in[0].rank; a++) behind *= l->in[0].dim[a];
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
    if (compute == batch_normalization_backward && dx[0]) turn(l, p, true, dx[0], p->dx[0]);
}

static void forward_sums(const dnn_layer *l, const dnn_pass *p) { in_turn(l, p, batch_normalization_forward_sums, false, false); }
static void forward(const dnn_layer *l, const dnn_pass *p) { in_turn(l, p, batch_normalization_forward, true, false); }
static void backward_sums(const dnn_layer *l, const dnn_pass *p) { in_turn(l, p, batch_normalization_backward_sums, false, true); }
static void backward(const dnn_layer *l, const dnn_pass *p) { in_turn(l, p, batch_normalization_backward, false, true); }

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
    if (l->in[0].rank > 0 && batch_normalization_axis(l) == 0) {
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
        const size_t rank = l->in[0].rank ? l->in[0].rank - batch_normalization_axis(l) : 1;
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
    .merge = batch_normalization_merge,
    .move_statistics = move_statistics,
};
