/* The family of initializers. The named ones of Glorot, He and LeCun are rows of variance scaling. All draw float by position, so that
 * every rank and both builds start from the same weights. */
#include "dnn/nn/initializer.h"

#include <math.h>

#include "dnn/base/memory.h"
#include "dnn/math/distribution.h"
#include "dnn/math/orthogonal.h"

#define FILL_ARGUMENTS \
    const void *params, const dnn_stream *stream, const dnn_shape *shape, size_t fan_in, size_t fan_out, float *w
#define UNUSED_FANS (void)fan_in, (void)fan_out

typedef enum fan { FAN_IN, FAN_OUT, FAN_AVG } fan;
typedef enum distribution { TRUNCATED_NORMAL, UNTRUNCATED_NORMAL, UNIFORM } distribution;

/* Standard deviation of a standard normal cut at -2 and 2. */
#define DEVIATION_AFTER_CUT .87962566103423978

/* Variance scale / n, where n is the number of inputs, outputs or their mean. */
static dnn_status scale_variance(double scale, fan mode, distribution d, const dnn_stream *stream, const dnn_shape *shape,
                                 size_t fan_in, size_t fan_out, float *w)
{
    const double n = mode == FAN_IN ? (double)fan_in : mode == FAN_OUT ? (double)fan_out : ((double)fan_in + (double)fan_out) / 2;
    const double variance = scale / (n < 1 ? 1 : n), limit = sqrt(3 * variance), deviation = sqrt(variance);
    const size_t units = dnn_shape_units(shape);
    if (d == UNIFORM) dnn_fill_uniform(stream, 0, 0, units, (float)-limit, (float)limit, w);
    else if (d == UNTRUNCATED_NORMAL) dnn_fill_normal(stream, 0, 0, units, 0, (float)deviation, w);
    else dnn_fill_truncated_normal(stream, 0, 0, units, 0, (float)(deviation / DEVIATION_AFTER_CUT), w);
    return DNN_OK;
}

typedef struct variance_scaling { double scale; int mode, distribution; } variance_scaling;

static const dnn_param variance_scaling_params[] = {
    DNN_REAL(variance_scaling, scale, "1", "> 0", "variance times the number of units"),
    DNN_CHOICE(variance_scaling, mode, "fan_in", "fan_in|fan_out|fan_avg", "which units are counted"),
    DNN_CHOICE(variance_scaling, distribution, "truncated_normal", "truncated_normal|untruncated_normal|uniform",
               "shape of the distribution"),
};

static dnn_status variance_scaling_fill(FILL_ARGUMENTS)
{
    const variance_scaling *p = params;
    return scale_variance(p->scale, (fan)p->mode, (distribution)p->distribution, stream, shape, fan_in, fan_out, w);
}

#define SCALED(name, scale, mode, distribution)                                                     \
    static dnn_status name##_fill(FILL_ARGUMENTS)                                                   \
    {                                                                                               \
        (void)params;                                                                               \
        return scale_variance(scale, mode, distribution, stream, shape, fan_in, fan_out, w);        \
    }

SCALED(glorot_uniform, 1, FAN_AVG, UNIFORM)
SCALED(glorot_normal, 1, FAN_AVG, TRUNCATED_NORMAL)
SCALED(he_uniform, 2, FAN_IN, UNIFORM)
SCALED(he_normal, 2, FAN_IN, TRUNCATED_NORMAL)
SCALED(lecun_uniform, 1, FAN_IN, UNIFORM)
SCALED(lecun_normal, 1, FAN_IN, TRUNCATED_NORMAL)

typedef struct random_uniform { double minval, maxval; } random_uniform;

static const dnn_param random_uniform_params[] = {
    DNN_REAL(random_uniform, minval, "-0.05", NULL, "smallest value"),
    DNN_REAL(random_uniform, maxval, "0.05", NULL, "end of the range, itself never drawn"),
};

static dnn_status random_uniform_fill(FILL_ARGUMENTS)
{
    UNUSED_FANS;
    const random_uniform *p = params;
    if (!(p->minval <= p->maxval))
        return dnn_fail(DNN_E_CONFIG, "random_uniform: minval = %g: must not be above maxval = %g", p->minval, p->maxval);
    dnn_fill_uniform(stream, 0, 0, dnn_shape_units(shape), (float)p->minval, (float)p->maxval, w);
    return DNN_OK;
}

/* random_normal and truncated_normal */
typedef struct normal { double mean, stddev; } normal;

static const dnn_param normal_params[] = {
    DNN_REAL(normal, mean, "0", NULL, "mean"),
    DNN_REAL(normal, stddev, "0.05", ">= 0", "standard deviation (before the cut)"),
};

static dnn_status random_normal_fill(FILL_ARGUMENTS)
{
    UNUSED_FANS;
    const normal *p = params;
    dnn_fill_normal(stream, 0, 0, dnn_shape_units(shape), (float)p->mean, (float)p->stddev, w);
    return DNN_OK;
}

static dnn_status truncated_normal_fill(FILL_ARGUMENTS)
{
    UNUSED_FANS;
    const normal *p = params;
    dnn_fill_truncated_normal(stream, 0, 0, dnn_shape_units(shape), (float)p->mean, (float)p->stddev, w);
    return DNN_OK;
}

static dnn_status fill_with(double value, const dnn_shape *shape, float *w)
{
    const size_t units = dnn_shape_units(shape);
    for (size_t i = 0; i < units; i++) w[i] = (float)value;
    return DNN_OK;
}

typedef struct constant { double value; } constant;

static const dnn_param constant_params[] = {
    DNN_REAL(constant, value, "0", NULL, "value of every element"),
};

static dnn_status constant_fill(FILL_ARGUMENTS)
{
    UNUSED_FANS, (void)stream;
    return fill_with(((const constant *)params)->value, shape, w);
}

static dnn_status zeros_fill(FILL_ARGUMENTS)
{
    UNUSED_FANS, (void)stream, (void)params;
    return fill_with(0, shape, w);
}

static dnn_status ones_fill(FILL_ARGUMENTS)
{
    UNUSED_FANS, (void)stream, (void)params;
    return fill_with(1, shape, w);
}

typedef struct gain { double gain; } gain;

static const dnn_param gain_params[] = {
    DNN_REAL(gain, gain, "1", NULL, "factor of the matrix"),
};

static dnn_status refuse_shape(const char *name, const char *axes, const dnn_shape *shape)
{
    char text[128];
    return dnn_fail(DNN_E_CONFIG, "%s: a weight of shape %s: it fits weights of %s only", name,
                    dnn_shape_text(shape, text, sizeof text), axes);
}

static dnn_status identity_fill(FILL_ARGUMENTS)
{
    UNUSED_FANS, (void)stream;
    if (shape->rank != 2) return refuse_shape("identity", "two axes", shape);
    fill_with(0, shape, w);
    for (size_t i = 0; i < shape->dim[0] && i < shape->dim[1]; i++)
        w[i * shape->dim[1] + i] = (float)((const gain *)params)->gain;
    return DNN_OK;
}

/* Saxe, McClelland and Ganguli 2014: all axes but the last are rows. The shorter side's vectors are orthonormal. */
static dnn_status orthogonal_fill(FILL_ARGUMENTS)
{
    UNUSED_FANS;
    if (shape->rank < 2) return refuse_shape("orthogonal", "two or more axes", shape);
    const size_t columns = dnn_shape_last(shape), units = dnn_shape_units(shape), rows = columns ? units / columns : 0;
    const size_t count = rows < columns ? rows : columns, length = rows < columns ? columns : rows;
    double *v = dnn_alloc(units, sizeof *v);
    if (v == NULL) return DNN_E_MEMORY;
    dnn_fill_normal(stream, 0, 0, units, 0, 1, w);
    for (size_t i = 0; i < units; i++) v[i] = w[i];
    dnn_orthonormalize(v, count, length);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            w[i * columns + j] = (float)(((const gain *)params)->gain * v[rows < columns ? i * length + j : j * length + i]);
    dnn_free(v);
    return DNN_OK;
}

#define WITH(name) .params_size = sizeof(name), DNN_PARAMS(name##_params)
#define ROW(name, keras_, help, ...) \
    &((const dnn_initializer_kind){ .kind = { #name, help, .keras = keras_, __VA_ARGS__ }, .fill = name##_fill }).kind

static const dnn_kind *const kinds[] = {
    ROW(glorot_uniform, "GlorotUniform", "uniform, variance 2 / (inputs + outputs) (Glorot and Bengio 2010)"),
    ROW(glorot_normal, "GlorotNormal", "normal cut at 2 sd, variance 2 / (inputs + outputs) (Glorot and Bengio 2010)"),
    ROW(he_uniform, "HeUniform", "uniform, variance 2 / inputs (He et al. 2015); for relu and its kin"),
    ROW(he_normal, "HeNormal", "normal cut at 2 sd, variance 2 / inputs (He et al. 2015); for relu and its kin"),
    ROW(lecun_uniform, "LecunUniform", "uniform, variance 1 / inputs (LeCun et al. 1998)"),
    ROW(lecun_normal, "LecunNormal", "normal cut at 2 sd, variance 1 / inputs (LeCun et al. 1998); for selu"),
    ROW(variance_scaling, "VarianceScaling", "variance scale / number of units", WITH(variance_scaling)),
    ROW(random_uniform, "RandomUniform", "uniform between two values", WITH(random_uniform)),
    ROW(random_normal, "RandomNormal", "normal", WITH(normal)),
    ROW(truncated_normal, "TruncatedNormal", "normal, redrawn outside 2 standard deviations", WITH(normal)),
    ROW(constant, "Constant", "one value everywhere", WITH(constant)),
    ROW(zeros, "Zeros", "0 everywhere"),
    ROW(ones, "Ones", "1 everywhere"),
    ROW(identity, "Identity", "gain on the diagonal, else 0", WITH(gain)),
    ROW(orthogonal, "OrthogonalInitializer", "orthonormal rows or columns times gain (Saxe et al. 2014)", WITH(gain)),
};

dnn_family dnn_initializers = { .name = "initializer", .kinds = kinds, .count = sizeof kinds / sizeof *kinds };
