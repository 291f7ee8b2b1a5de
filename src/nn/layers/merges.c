/* Layers that put inputs together element by element. Axes of length 1 are stretched to those of the other inputs, and
 * inputs with fewer axes have such axes in front, as in Keras; the gradient of a stretched input is the sum over its
 * copies. Each kind is a fold over the inputs, its derivative and one row at the end. */
#include <string.h>

#include "dnn/math/vector.h"
#include "dnn/nn/layer.h"

/* ---- stretching ---- */

static bool is_whole(const dnn_layer *l, size_t k) { return dnn_shape_equal(&l->in[k], &l->out); }

/* `shape` with axes of length 1 in front. */
static dnn_shape raised(const dnn_shape *shape, size_t rank)
{
    dnn_shape out = { .rank = rank };
    const size_t more = rank - shape->rank;
    for (size_t a = 0; a < rank; a++) out.dim[a] = a < more ? 1 : shape->dim[a - more];
    return out;
}

/* The element of input k that element i of the output is made from. */
static size_t source_of(const dnn_layer *l, size_t k, size_t i)
{
    size_t place = 0, stride = 1;
    const dnn_shape in = raised(&l->in[k], l->out.rank);
    for (size_t a = l->out.rank; a-- > 0; i /= l->out.dim[a]) {
        if (in.dim[a] > 1) place += i % l->out.dim[a] * stride;
        stride *= in.dim[a];
    }
    return place;
}

/* Input k in the shape of the output: itself, or stretched into `room`. */
static const real *stretched(const dnn_layer *l, const dnn_pass *p, size_t k, real *room)
{
    const size_t units = dnn_shape_units(&l->out), own = dnn_shape_units(&l->in[k]);
    if (is_whole(l, k)) return p->x[k];
    for (size_t i = 0; i < units; i++) {
        const size_t from = source_of(l, k, i);
        for (size_t r = 0; r < p->capacity; r++) room[r * units + i] = p->x[k][r * own + from];
    }
    return room;
}

static void gather(const dnn_layer *l, const dnn_pass *p, size_t k, const real *wide)
{
    const size_t units = dnn_shape_units(&l->out), own = dnn_shape_units(&l->in[k]);
    memset(p->dx[k], 0, p->capacity * own * sizeof *p->dx[k]);
    for (size_t i = 0; i < units; i++) {
        const size_t to = source_of(l, k, i);
        for (size_t r = 0; r < p->capacity; r++) p->dx[k][r * own + to] += wide[r * units + i];
    }
}

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    char a[80], b[80];
    size_t rank = 0;
    for (size_t k = 0; k < l->n_inputs; k++) rank = l->in[k].rank > rank ? l->in[k].rank : rank;
    p->out = raised(&l->in[0], rank);
    for (size_t k = 1; k < l->n_inputs; k++) {
        const dnn_shape in = raised(&l->in[k], rank);
        bool fits = true;
        for (size_t i = 0; fits && i < rank; i++) {
            fits = in.dim[i] == p->out.dim[i] || in.dim[i] == 1 || p->out.dim[i] == 1;
            if (fits && p->out.dim[i] == 1) p->out.dim[i] = in.dim[i];
        }
        if (!fits)
            return dnn_fail(DNN_E_CONFIG, "inputs have shapes %s and %s: all must be equal, or 1 where they differ",
                            dnn_shape_text(&l->in[0], a, sizeof a), dnn_shape_text(&l->in[k], b, sizeof b));
    }
    bool whole = true;
    for (size_t k = 0; k < l->n_inputs; k++) whole &= dnn_shape_equal(&l->in[k], &p->out);
    if (!whole) p->scratch = 2 * dnn_shape_units(&p->out);
    return DNN_OK;
}

static dnn_status plan_of_two(const dnn_layer *l, dnn_layer_plan *p)
{
    if (l->n_inputs != 2) return dnn_fail(DNN_E_CONFIG, "has %zu inputs: exactly two are wanted", l->n_inputs);
    return plan(l, p);
}

static dnn_status plan_of_factors(const dnn_layer *l, dnn_layer_plan *p)
{
    p->backward_wants_x = true;
    return plan(l, p);
}

static dnn_status plan_of_choice(const dnn_layer *l, dnn_layer_plan *p)
{
    p->backward_wants_x = p->backward_wants_y = true;
    return plan(l, p);
}

/* ---- forward ---- */

typedef void fold(size_t n, const real *restrict x, real *restrict y);

static void fold_sum(size_t n, const real *restrict x, real *restrict y)
{
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

static void fold_difference(size_t n, const real *restrict x, real *restrict y)
{
    for (size_t i = 0; i < n; i++) y[i] -= x[i];
}

static void fold_product(size_t n, const real *restrict x, real *restrict y)
{
    for (size_t i = 0; i < n; i++) y[i] *= x[i];
}

static void fold_maximum(size_t n, const real *restrict x, real *restrict y)
{
    for (size_t i = 0; i < n; i++) y[i] = dnn_select((x[i] > y[i]) | (x[i] != x[i]), x[i], y[i]);
}

static void fold_minimum(size_t n, const real *restrict x, real *restrict y)
{
    for (size_t i = 0; i < n; i++) y[i] = dnn_select((x[i] < y[i]) | (x[i] != x[i]), x[i], y[i]);
}

static void forward(const dnn_layer *l, const dnn_pass *p, fold *one)
{
    const size_t n = p->capacity * dnn_shape_units(&l->out);
    const real *first = stretched(l, p, 0, p->y);
    if (first != p->y) memcpy(p->y, first, n * sizeof *p->y);
    for (size_t k = 1; k < l->n_inputs; k++) one(n, stretched(l, p, k, p->scratch), p->y);
}

static void forward_add(const dnn_layer *l, const dnn_pass *p) { forward(l, p, fold_sum); }
static void forward_subtract(const dnn_layer *l, const dnn_pass *p) { forward(l, p, fold_difference); }
static void forward_multiply(const dnn_layer *l, const dnn_pass *p) { forward(l, p, fold_product); }
static void forward_maximum(const dnn_layer *l, const dnn_pass *p) { forward(l, p, fold_maximum); }
static void forward_minimum(const dnn_layer *l, const dnn_pass *p) { forward(l, p, fold_minimum); }

static void forward_average(const dnn_layer *l, const dnn_pass *p)
{
    const size_t n = p->capacity * dnn_shape_units(&l->out);
    const real inputs = (real)l->n_inputs;
    forward(l, p, fold_sum);
    for (size_t i = 0; i < n; i++) p->y[i] /= inputs;
}

/* ---- backward ---- */

/* dx = share dy for input k. */
static void pass_on(const dnn_layer *l, const dnn_pass *p, size_t k, real share)
{
    const size_t n = p->capacity * dnn_shape_units(&l->out);
    if (!p->dx[k]) return;
    real *restrict wide = is_whole(l, k) ? p->dx[k] : p->scratch;
    for (size_t i = 0; i < n; i++) wide[i] = p->dy[i] * share;
    if (!is_whole(l, k)) gather(l, p, k, wide);
}

static void backward_add(const dnn_layer *l, const dnn_pass *p)
{
    for (size_t k = 0; k < l->n_inputs; k++) pass_on(l, p, k, 1);
}

static void backward_subtract(const dnn_layer *l, const dnn_pass *p)
{
    pass_on(l, p, 0, 1);
    pass_on(l, p, 1, -1);
}

static void backward_average(const dnn_layer *l, const dnn_pass *p)
{
    for (size_t k = 0; k < l->n_inputs; k++) pass_on(l, p, k, 1 / (real)l->n_inputs);
}

/* dy times all factors but the k-th. */
static void backward_multiply(const dnn_layer *l, const dnn_pass *p)
{
    const size_t n = p->capacity * dnn_shape_units(&l->out);
    for (size_t k = 0; k < l->n_inputs; k++) {
        if (!p->dx[k]) continue;
        real *wide = is_whole(l, k) ? p->dx[k] : p->scratch;
        memcpy(wide, p->dy, n * sizeof *wide);
        for (size_t j = 0; j < l->n_inputs; j++)
            if (j != k) fold_product(n, stretched(l, p, j, p->scratch + n), wide);
        if (!is_whole(l, k)) gather(l, p, k, wide);
    }
}

/* Maximum, minimum: the first of the inputs that are the output gets all of dy. What an input gets is taken from dy. */
static void backward_choice(const dnn_layer *l, const dnn_pass *p)
{
    const size_t n = p->capacity * dnn_shape_units(&l->out);
    const real *restrict y = p->y;
    real *restrict dy = p->dy;
    for (size_t k = 0; k < l->n_inputs; k++) {
        const real *restrict x = stretched(l, p, k, p->scratch + n);
        real *restrict wide = p->dx[k] && is_whole(l, k) ? p->dx[k] : p->scratch;
        for (size_t i = 0; i < n; i++) {
            const real taken = dnn_select(x[i] == y[i], dy[i], 0), left = dnn_select(x[i] == y[i], 0, dy[i]);
            if (p->dx[k]) wide[i] = taken;
            dy[i] = left;
        }
        if (p->dx[k] && !is_whole(l, k)) gather(l, p, k, wide);
    }
}

/* Stretching is that of ONNX as well, but for axes in front, where the batch is. */
static dnn_value outline_input(const dnn_layer *l, dnn_outline *o, size_t k)
{
    const dnn_value x = dnn_outline_input(o, k);
    const dnn_shape shape = raised(&l->in[k], l->out.rank);
    return l->in[k].rank == l->out.rank ? x : dnn_outline_reshape(o, x, &shape);
}

static dnn_value outline_fold(const dnn_layer *l, dnn_outline *o, const char *operation)
{
    dnn_value y = outline_input(l, o, 0);
    for (size_t k = 1; k < l->n_inputs; k++) y = dnn_outline_2(o, operation, y, outline_input(l, o, k));
    return y;
}

static dnn_value outline_add(const dnn_layer *l, dnn_outline *o) { return outline_fold(l, o, "Add"); }
static dnn_value outline_subtract(const dnn_layer *l, dnn_outline *o) { return outline_fold(l, o, "Sub"); }
static dnn_value outline_multiply(const dnn_layer *l, dnn_outline *o) { return outline_fold(l, o, "Mul"); }
static dnn_value outline_maximum(const dnn_layer *l, dnn_outline *o) { return outline_fold(l, o, "Max"); }
static dnn_value outline_minimum(const dnn_layer *l, dnn_outline *o) { return outline_fold(l, o, "Min"); }

static dnn_value outline_average(const dnn_layer *l, dnn_outline *o)
{
    return dnn_outline_2(o, "Div", outline_fold(l, o, "Add"), dnn_outline_real(o, (double)l->n_inputs));
}

#define MERGE(name_, keras_, plan_, backward_, help_)                                                                  \
    const dnn_layer_kind dnn_layer_##name_ = {                                                                         \
        .kind = { .name = #name_, .help = help_, .keras = keras_ },                                                    \
        .merges = true,                                                                                                \
        .plan = plan_,                                                                                                 \
        .forward = forward_##name_,                                                                                    \
        .outline = outline_##name_,                                                                                    \
        .backward = backward_,                                                                                         \
    }
MERGE(add, "Add", plan, backward_add, "sum of two or more inputs: skip connections (He et al. 2016)");
MERGE(subtract, "Subtract", plan_of_two, backward_subtract, "the first input less the second");
MERGE(multiply, "Multiply", plan_of_factors, backward_multiply, "product of two or more inputs");
MERGE(average, "Average", plan, backward_average, "mean of two or more inputs");
MERGE(maximum, "Maximum", plan_of_choice, backward_choice, "largest of two or more inputs");
MERGE(minimum, "Minimum", plan_of_choice, backward_choice, "smallest of two or more inputs");
