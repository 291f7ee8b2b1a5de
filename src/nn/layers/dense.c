/* y = f(x W + b) along the last axis. With dz = dy f': dW = xᵀ dz, db = sum of the rows of dz, dx = dz Wᵀ. */
#include <string.h>

#include "dnn/math/blas.h"
#include "dnn/nn/constraint.h"
#include "dnn/nn/initializer.h"
#include "dnn/nn/layer.h"
#include "dnn/nn/regularizer.h"
#include "nn/layers/keras.h"

typedef struct {
    size_t units;
    dnn_component activation;
    bool use_bias;
    dnn_component kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint;
} dense;

static const dnn_param params[] = {
    DNN_SIZE(dense, units, NULL, ">= 1", "outputs"),
    DNN_COMPONENT(dense, activation, &dnn_activations, "linear", "applied to the outputs"),
    DNN_BOOL(dense, use_bias, "true", "false: no bias, as in front of a batch normalization"),
    DNN_COMPONENT(dense, kernel_initializer, &dnn_initializers, "glorot_uniform",
                  "start of the kernel [inputs, units]"),
    DNN_COMPONENT(dense, bias_initializer, &dnn_initializers, "zeros", "start of the bias [units]"),
    DNN_COMPONENT(dense, kernel_regularizer, &dnn_regularizers, "null", "penalty on the kernel"),
    DNN_COMPONENT(dense, bias_regularizer, &dnn_regularizers, "null", "penalty on the bias"),
    DNN_COMPONENT(dense, activity_regularizer, &dnn_regularizers, "null", "penalty on the outputs, behind the activation, as a mean over the batch"),
    DNN_COMPONENT(dense, kernel_constraint, &dnn_constraints, "null", "projection of the kernel after each update"),
    DNN_COMPONENT(dense, bias_constraint, &dnn_constraints, "null", "projection of the bias after each update"),
};

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    const dense *d = l->params;
    const size_t inputs = dnn_shape_last(&l->in[0]);
    p->out = l->in[0];
    if (p->out.rank == 0) p->out.rank = 1;
    p->out.dim[p->out.rank - 1] = d->units;
    p->weights[p->n_weights++] = (dnn_weight_plan){ .name = "kernel",
                                                    .shape = dnn_shape_of(2, (size_t[]){ inputs, d->units }),
                                                    .fan_in = inputs,
                                                    .fan_out = d->units,
                                                    .initializer = &d->kernel_initializer,
                                                    .regularizer = &d->kernel_regularizer, .constraint = &d->kernel_constraint };
    if (d->use_bias)
        p->weights[p->n_weights++] = (dnn_weight_plan){ .name = "bias",
                                                        .shape = dnn_shape_1(d->units),
                                                        .fan_in = d->units,
                                                        .fan_out = d->units,
                                                        .initializer = &d->bias_initializer,
                                                        .regularizer = &d->bias_regularizer, .constraint = &d->bias_constraint };
    p->backward_wants_x = true;
    if (l->activation) {
        p->backward_wants_y = !l->activation->from_input;
        p->saved = l->activation->from_input ? dnn_shape_units(&p->out) : 0;
    }
    p->scratch_fixed = 2 * d->units; /* sums of some rows; the bias's gradient before it is added */
    return DNN_OK;
}

/* So many rows that what one loop wrote the next still finds in the first cache. */
static size_t rows_at_once(size_t units)
{
    const size_t rows = 4096 / units;
    return rows < 4 ? 4 : rows;
}

static void add_bias(size_t rows, size_t units, const real *restrict b, real *restrict y)
{
    for (size_t r = 0; r < rows; r++, y += units)
        for (size_t j = 0; j < units; j++) y[j] += b[j];
}

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const dense *d = l->params;
    const size_t inputs = dnn_shape_last(&l->in[0]), units = d->units, step = rows_at_once(units);
    const size_t rows = p->capacity * (dnn_shape_units(&l->out) / units);
    dnn_gemm(false, false, rows, units, inputs, 1, p->x[0], inputs, p->w[0], units, 0, p->y, units);
    if (!d->use_bias && !l->activation) return;
    for (size_t r = 0; r < rows; r += step) {
        const size_t n = rows - r < step ? rows - r : step;
        real *y = p->y + r * units;
        if (d->use_bias) add_bias(n, units, p->w[1], y);
        if (!l->activation) continue;
        if (l->activation->from_input && p->saved) memcpy(p->saved + r * units, y, n * units * sizeof *y);
        l->activation->forward(l->activation_params, n, units, y, y);
    }
}

static void sum_rows(size_t rows, size_t units, const real *restrict dz, real *restrict sum)
{
    memcpy(sum, dz, units * sizeof *sum);
    for (size_t r = 1; r < rows; r++)
        for (size_t j = 0; j < units; j++) sum[j] += dz[r * units + j];
}

/* dy becomes dz, and db its column sums: first within a few rows, then over these, which also keeps long sums of floats
 * exact. */
static void output_gradient(const dnn_layer *l, const dnn_pass *p, size_t rows, size_t units, real *db)
{
    const size_t step = rows_at_once(units);
    const real *seen = l->activation && l->activation->from_input ? p->saved : p->y;
    if (db && rows == 0) memset(db, 0, units * sizeof *db);
    if (!db && !l->activation) return;
    for (size_t r = 0; r < rows; r += step) {
        const size_t n = rows - r < step ? rows - r : step;
        real *dz = p->dy + r * units;
        if (l->activation) l->activation->backward(l->activation_params, n, units, seen + r * units, dz, dz);
        if (!db) continue;
        sum_rows(n, units, dz, r == 0 ? db : p->scratch_fixed);
        if (r > 0) add_bias(1, units, p->scratch_fixed, db);
    }
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const dense *d = l->params;
    const size_t inputs = dnn_shape_last(&l->in[0]), units = d->units;
    const size_t rows = p->capacity * (dnn_shape_units(&l->out) / units);
    real *const db = d->use_bias ? p->dw[1] : NULL, *const own = db && p->adds ? p->scratch_fixed + units : db;
    output_gradient(l, p, rows, units, own);
    if (own != db) add_bias(1, units, own, db);
    if (p->dw[0]) dnn_gemm(true, false, inputs, units, rows, 1, p->x[0], inputs, p->dy, units, p->adds, p->dw[0], units);
    if (p->dx[0]) dnn_gemm(false, true, rows, inputs, units, 1, p->dy, units, p->w[0], units, 0, p->dx[0], inputs);
}

/* Gemm takes matrices; along the last of several axes it is MatMul that multiplies. */
static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    const bool use_bias = ((const dense *)l->params)->use_bias;
    dnn_value in[3] = { dnn_outline_input(o, 0), dnn_outline_weight(o, 0, NULL) };
    const dnn_shape single = dnn_shape_1(1);
    if (l->in[0].rank == 0) in[0] = dnn_outline_reshape(o, in[0], &single);
    if (use_bias) in[2] = dnn_outline_weight(o, 1, NULL);
    if (l->out.rank == 1) return dnn_outline_add(o, "Gemm", use_bias ? 3 : 2, in);
    const dnn_value y = dnn_outline_add(o, "MatMul", 2, in);
    return use_bias ? dnn_outline_2(o, "Add", y, in[2]) : y;
}

const dnn_layer_kind dnn_layer_dense = {
    .kind = { .name = "dense",
              .help = "f(x W + b) along the last axis",
              .params_size = sizeof(dense),
              DNN_PARAMS(params),
              .keras = "Dense",
              .encode = keras_encode_activity },
    .adds = true,
    .outline = outline,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
