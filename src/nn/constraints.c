/* Constraints as Keras defines them. A norm is the root of the sum of squares along `axis`; what shares all other positions is a group. */
#include "dnn/nn/constraint.h"

#include <math.h>

typedef struct norm { double max_value, min_value, rate; dnn_numbers axis; } norm;

static const dnn_param max_norm_rows[] = {
    DNN_REAL(norm, max_value, "2", ">= 0", "largest norm"),
    DNN_NUMBERS(norm, axis, "0", NULL, "axes along which the norm is taken: 0 for dense kernels, [0, 1, 2] for convolutions; -1 is the last"),
};
static const dnn_param unit_norm_rows[] = {
    DNN_NUMBERS(norm, axis, "0", NULL, "axes along which the norm is taken: 0 for dense kernels, [0, 1, 2] for convolutions; -1 is the last"),
};
static const dnn_param min_max_norm_rows[] = {
    DNN_REAL(norm, min_value, "0", ">= 0", "smallest norm"),
    DNN_REAL(norm, max_value, "1", ">= 0", "largest norm"),
    DNN_REAL(norm, rate, "1", "[0, 1]", "share of the way to the norm that is gone at a step"),
    DNN_NUMBERS(norm, axis, "0", NULL, "axes along which the norm is taken: 0 for dense kernels, [0, 1, 2] for convolutions; -1 is the last"),
};

static const double epsilon = 1e-7;

static bool along(const norm *p, const dnn_shape *shape, size_t axis)
{
    for (size_t i = 0; i < p->axis.count; i++)
        if (p->axis.at[i] == (double)axis || p->axis.at[i] + (double)shape->rank == (double)axis) return true;
    return false;
}

static dnn_status norm_fits(const void *params, const dnn_shape *shape)
{
    const norm *p = params;
    char text[64];
    for (size_t i = 0; i < p->axis.count; i++)
        if (!(p->axis.at[i] >= -(double)shape->rank && p->axis.at[i] < (double)shape->rank) || p->axis.at[i] != floor(p->axis.at[i]))
            return dnn_fail(DNN_E_CONFIG, "axis = %g: the weight has the axes 0 to %zu, shape %s", p->axis.at[i], shape->rank - 1,
                            dnn_shape_text(shape, text, sizeof text));
    return DNN_OK;
}

/* Positions of the axes that are `inside` the norm, or of those that are not. */
static size_t positions(const norm *p, const dnn_shape *shape, bool inside)
{
    size_t n = 1;
    for (size_t a = 0; a < shape->rank; a++)
        if (along(p, shape, a) == inside) n *= shape->dim[a];
    return n;
}

static size_t norm_groups(const void *params, const dnn_shape *shape) { return positions(params, shape, false); }

/* Offset of the `number`th position over the axes inside or outside the norm. */
static size_t offset_of(const norm *p, const dnn_shape *shape, bool inside, size_t number)
{
    size_t offset = 0, stride = 1;
    for (size_t a = shape->rank; a-- > 0; stride *= shape->dim[a]) {
        if (along(p, shape, a) != inside) continue;
        offset += number % shape->dim[a] * stride;
        number /= shape->dim[a];
    }
    return offset;
}

/* w · (rate · clip(norm, low, high) + (1 - rate) · norm) / (epsilon + norm) for each group. */
static void clip_norms(const norm *p, double low, double high, double rate, const dnn_shape *shape, size_t first, size_t end, float *w)
{
    const size_t members = positions(p, shape, true);
    for (size_t g = first; g < end; g++) {
        float *group = w + offset_of(p, shape, false, g);
        double squares = 0.0;
        for (size_t m = 0; m < members; m++) {
            const double x = (double)group[offset_of(p, shape, true, m)];
            squares += x * x;
        }
        const double length = sqrt(squares), wanted = fmin(fmax(length, low), high);
        const float factor = (float)((rate * wanted + (1.0 - rate) * length) / (epsilon + length));
        for (size_t m = 0; m < members; m++) group[offset_of(p, shape, true, m)] *= factor;
    }
}

#define APPLY const void *params, const dnn_shape *shape, size_t first, size_t end, float *w

static void max_norm_apply(APPLY)
{
    const norm *p = params;
    clip_norms(p, 0.0, p->max_value, 1.0, shape, first, end, w);
}

static void unit_norm_apply(APPLY) { clip_norms(params, 1.0, 1.0, 1.0, shape, first, end, w); }

static void min_max_norm_apply(APPLY)
{
    const norm *p = params;
    clip_norms(p, p->min_value, p->max_value, p->rate, shape, first, end, w);
}

static size_t each_element(const void *params, const dnn_shape *shape)
{
    (void)params;
    return dnn_shape_units(shape);
}

static void non_neg_apply(APPLY)
{
    (void)params, (void)shape;
    for (size_t i = first; i < end; i++)
        if (w[i] < 0.0f) w[i] = 0.0f;
}

static size_t each_kernel(const void *params, const dnn_shape *shape)
{
    (void)params;
    return shape->dim[2] * shape->dim[3];
}

static dnn_status is_kernel(const void *params, const dnn_shape *shape)
{
    char text[64];
    (void)params;
    if (shape->rank == 4 && shape->dim[0] == shape->dim[1]) return DNN_OK;
    return dnn_fail(DNN_E_CONFIG, "a square convolution kernel [k, k, in, out] is wanted, the weight has shape %s",
                    dnn_shape_text(shape, text, sizeof text));
}

/* The place on the diagonal that a ring takes its value from: from the centre towards the lower right corner. The centre of an even kernel, its
 * four middle cells, takes that of its upper left one, as the constraint of Keras 2 does. */
static size_t source_of_ring(size_t k, size_t ring)
{
    if (k % 2 == 0 && ring == 0) return k / 2 - 1;
    return k / 2 + ring;
}

static void radial_apply(APPLY)
{
    (void)params;
    const size_t k = shape->dim[0], kernels = shape->dim[2] * shape->dim[3], rings = (k + 1) / 2;
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++) {
            const size_t top = i < k - 1 - i ? i : k - 1 - i, left = j < k - 1 - j ? j : k - 1 - j;
            const size_t source = source_of_ring(k, rings - 1 - (top < left ? top : left));
            for (size_t c = first; c < end; c++) w[(i * k + j) * kernels + c] = w[(source * k + source) * kernels + c];
        }
}

/* One axis is a number in Keras: not all of its backends take a list for it. */
static dnn_status norm_encode(const void *params, dnn_node *config)
{
    const norm *p = params;
    return p->axis.count == 1 ? dnn_node_set(config, "axis", dnn_node_int((int64_t)p->axis.at[0])) : DNN_OK;
}

#define KIND(name_, keras_, help_) .kind = { .name = name_, .help = help_, .keras = keras_
#define NORM(rows_) , .params_size = sizeof(norm), DNN_PARAMS(rows_), .encode = norm_encode }, .groups = norm_groups, .fits = norm_fits
static const dnn_constraint_kind max_norm = { KIND("max_norm", "MaxNorm", "norms at most max_value (Srebro et al. 2005)") NORM(max_norm_rows), .apply = max_norm_apply };
static const dnn_constraint_kind unit_norm = { KIND("unit_norm", "UnitNorm", "norms 1") NORM(unit_norm_rows), .apply = unit_norm_apply };
static const dnn_constraint_kind min_max_norm = { KIND("min_max_norm", "MinMaxNorm", "norms between two values") NORM(min_max_norm_rows), .apply = min_max_norm_apply };
static const dnn_constraint_kind non_neg = { KIND("non_neg", "NonNeg", "negative weights become 0") }, .groups = each_element, .apply = non_neg_apply };
static const dnn_constraint_kind radial_constraint = { KIND("radial_constraint", "RadialConstraint", "convolution kernels that depend on the distance from the centre alone") },
    .groups = each_kernel, .apply = radial_apply, .fits = is_kernel };

static const dnn_kind *const kinds[] = { &max_norm.kind, &unit_norm.kind, &min_max_norm.kind, &non_neg.kind, &radial_constraint.kind };

dnn_family dnn_constraints = { .name = "constraint", .kinds = kinds, .count = sizeof kinds / sizeof *kinds };
