/* Convolutions against their sum written out in seven loops, for every combination of padding, strides, dilation and
 * groups, both ways; and numbers worked out by hand. For both precisions. */
#include "nn/layer_run.h"

enum { IMAGES = 3, MOST_VALUES = 120000 };

typedef struct setting {
    size_t height, width, channels, filters, kernel[2], strides[2], dilation[2], groups;
    bool same;
} setting;

/* Positions, and the zeros in front: what Keras says of `same`, with the odd one behind. */
static size_t places(const setting *c, size_t axis, size_t in, long *before)
{
    const size_t covered = (c->kernel[axis] - 1) * c->dilation[axis] + 1;
    *before = 0;
    if (!c->same) return (in - covered) / c->strides[axis] + 1;
    const size_t out = (in + c->strides[axis] - 1) / c->strides[axis];
    const long missing = (long)((out - 1) * c->strides[axis] + covered) - (long)in;
    if (missing > 0) *before = missing / 2;
    return out;
}

/* y, and with dy given dw [kernel] and dx: all in double. */
static void written_out(const setting *c, const double *x, const double *w, const double *b, const double *dy,
                        double *y, double *dw, double *dx)
{
    long top, left;
    const size_t rows = places(c, 0, c->height, &top), columns = places(c, 1, c->width, &left);
    const size_t own = c->channels / c->groups, filters = c->filters / c->groups;
    for (size_t n = 0; n < IMAGES; n++)
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < columns; j++)
                for (size_t o = 0; o < c->filters; o++) {
                    const size_t out = ((n * rows + i) * columns + j) * c->filters + o;
                    double sum = b[o];
                    for (size_t s = 0; s < c->kernel[0]; s++)
                        for (size_t t = 0; t < c->kernel[1]; t++)
                            for (size_t k = 0; k < own; k++) {
                                const long row = (long)(i * c->strides[0] + s * c->dilation[0]) - top;
                                const long column = (long)(j * c->strides[1] + t * c->dilation[1]) - left;
                                if (row < 0 || column < 0 || row >= (long)c->height || column >= (long)c->width)
                                    continue;
                                const size_t at =
                                    ((n * c->height + (size_t)row) * c->width + (size_t)column) * c->channels +
                                    o / filters * own + k;
                                const size_t tap = ((s * c->kernel[1] + t) * own + k) * c->filters + o;
                                sum += x[at] * w[tap];
                                dw[tap] += x[at] * dy[out];
                                dx[at] += w[tap] * dy[out];
                            }
                    y[out] = sum;
                }
}

static double spread(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-53 * 2 - 1;
}

/* The same numbers in both precisions: multiples of 1/64. */
static void draw(uint64_t *state, size_t n, double *at, real *as_real)
{
    assert_true(n <= MOST_VALUES);
    for (size_t i = 0; i < n; i++) {
        at[i] = round(spread(state) * 64) / 64;
        as_real[i] = (real)at[i];
    }
}

static void compare(const char *layer, const char *what, const real *got, const double *want, size_t n, double slack)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) <= slack))
            fail_msg("%s: %s[%zu] is %.9g, not %.9g", layer, what, i, (double)got[i], want[i]);
}

static double x[MOST_VALUES], w[MOST_VALUES], b[MOST_VALUES], dy[MOST_VALUES], y[MOST_VALUES], dw[MOST_VALUES],
    dx[MOST_VALUES], db[MOST_VALUES];
static real rx[MOST_VALUES], rw[MOST_VALUES], rb[MOST_VALUES], rdy[MOST_VALUES], ry[MOST_VALUES], rdw[MOST_VALUES],
    rdx[MOST_VALUES], rdb[MOST_VALUES];

static void check(const setting *c)
{
    char inputs[64], layer[256];
    uint64_t seed = 5;
    snprintf(inputs, sizeof inputs, "{x: [%zu, %zu, %zu]}", c->height, c->width, c->channels);
    snprintf(
        layer, sizeof layer,
        "{conv2d: {filters: %zu, kernel_size: [%zu, %zu], strides: [%zu, %zu], dilation_rate: [%zu, %zu], groups: %zu, "
        "padding: %s}}",
        c->filters, c->kernel[0], c->kernel[1], c->strides[0], c->strides[1], c->dilation[0], c->dilation[1], c->groups,
        c->same ? "same" : "valid");
    layer_run r;
    layer_open(inputs, layer, IMAGES, &r);
    const dnn_layer *l = &r.graph->layers[0];
    const size_t in = IMAGES * dnn_shape_units(&l->in[0]), out = IMAGES * dnn_shape_units(&l->out);
    const size_t taps = dnn_shape_units(&l->plan.weights[0].shape);
    draw(&seed, in, x, rx);
    draw(&seed, taps, w, rw);
    draw(&seed, c->filters, b, rb);
    draw(&seed, out, dy, rdy);
    memset(dw, 0, sizeof dw);
    memset(dx, 0, sizeof dx);
    memset(db, 0, sizeof db);
    for (size_t i = 0; i < out; i++) db[i % c->filters] += dy[i];
    written_out(c, x, w, b, dy, y, dw, dx);
    real *scratch = dnn_alloc(l->plan.scratch_fixed + 1, sizeof *scratch);
    const real *xs[] = { rx }, *ws[] = { rw, rb };
    real *dxs[] = { rdx }, *dws[] = { rdw, rdb };
    const dnn_pass p = { .training = true, .rows = IMAGES, .capacity = IMAGES, .x = xs, .y = ry, .dy = rdy, .dx = dxs,
                         .w = ws, .dw = dws, .scratch_fixed = scratch };
    l->kind->forward(l, &p);
    l->kind->backward(l, &p);
    /* Sums of at most `terms` products below 1. */
    const double terms = (double)(out / c->filters + taps), slack = terms * DNN_REAL_EPSILON;
    compare(layer, "y", ry, y, out, slack);
    compare(layer, "dw", rdw, dw, taps, slack);
    compare(layer, "db", rdb, db, c->filters, slack);
    compare(layer, "dx", rdx, dx, in, slack);
    dnn_free(scratch);
    layer_close(&r);
}

static void every_combination_gives_the_sum_written_out(void **state)
{
    static const size_t kernels[][2] = { { 1, 1 }, { 3, 3 }, { 2, 3 }, { 4, 1 } };
    static const size_t strides[][2] = { { 1, 1 }, { 2, 2 }, { 1, 3 } };
    static const size_t dilations[][2] = { { 1, 1 }, { 2, 2 }, { 1, 2 } };
    static const size_t groups[] = { 1, 2, 4 };
    size_t tried = 0;
    (void)state;
    for (size_t k = 0; k < 4; k++)
        for (size_t s = 0; s < 3; s++)
            for (size_t d = 0; d < 3; d++)
                for (size_t g = 0; g < 3; g++)
                    for (int same = 0; same < 2; same++) {
                        if (s > 0 && d > 0) continue;
                        const setting c = { .height = 7, .width = 9, .channels = 4, .filters = 8,
                                            .kernel = { kernels[k][0], kernels[k][1] },
                                            .strides = { strides[s][0], strides[s][1] },
                                            .dilation = { dilations[d][0], dilations[d][1] }, .groups = groups[g],
                                            .same = same };
                        check(&c);
                        tried++;
                    }
    assert_int_equal(tried, 4 * 5 * 3 * 2);
}

/* 120 channels by 100 filters: more kernels than a cache is asked to hold; 70: not a multiple of anything. */
static void sizes_of_whole_and_broken_tiles_give_it_too(void **state)
{
    (void)state;
    static const setting settings[] = {
        { 9, 9, 1, 32, { 3, 3 }, { 1, 1 }, { 1, 1 }, 1, false },
        { 8, 8, 32, 64, { 3, 3 }, { 1, 1 }, { 1, 1 }, 1, false },
        { 6, 6, 40, 70, { 3, 3 }, { 1, 1 }, { 1, 1 }, 1, true },
        { 4, 5, 120, 100, { 3, 3 }, { 1, 1 }, { 1, 1 }, 1, true },
        { 30, 30, 2, 20, { 5, 5 }, { 1, 1 }, { 1, 1 }, 1, true },
        { 5, 5, 8, 16, { 5, 5 }, { 1, 1 }, { 1, 1 }, 1, false },
        { 3, 3, 1, 1, { 1, 1 }, { 1, 1 }, { 1, 1 }, 1, true },
        { 2, 2, 3, 5, { 5, 5 }, { 2, 2 }, { 1, 1 }, 1, true },
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) check(&settings[i]);
}

/* Two by two ones on 1 … 9: sums of four neighbours; `same` puts the odd zeros behind. */
static void sums_of_neighbours_come_out(void **state)
{
    static const real image[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    (void)state;
#define ONES ", kernel_initializer: ones"
    expect_values("{x: [3, 3, 1]}", "{conv2d: {filters: 1, kernel_size: 2" ONES "}}", image,
                  (const double[]){ 12, 16, 24, 28 }, 4);
    expect_values("{x: [3, 3, 1]}", "{conv2d: {filters: 1, kernel_size: 2, padding: same" ONES "}}", image,
                  (const double[]){ 12, 16, 9, 24, 28, 15, 15, 17, 9 }, 9);
    expect_values("{x: [3, 3, 1]}", "{conv2d: {filters: 1, kernel_size: 2, strides: 2, padding: same" ONES "}}", image,
                  (const double[]){ 12, 9, 15, 9 }, 4);
    expect_values("{x: [3, 3, 1]}",
                  "{conv2d: {filters: 1, kernel_size: 2, dilation_rate: 2, activation: relu" ONES
                  ", bias_initializer: {constant: -21}}}",
                  image, (const double[]){ 0 }, 1);
    expect_values("{x: [3, 3, 1]}", "{conv2d: {filters: 2, kernel_size: 3" ONES ", activation: softmax}}", image,
                  (const double[]){ 0.5, 0.5 }, 2);
}

static void pools_take_the_largest_or_the_mean_of_real_cells(void **state)
{
    static const real image[] = { -1, -2, -3, -4, -5, -6, -7, -8, -9 };
    (void)state;
    expect_values("{x: [3, 3, 1]}", "max_pooling2d", image, (const double[]){ -1 }, 1);
    expect_values("{x: [3, 3, 1]}", "{max_pooling2d: {strides: 1}}", image, (const double[]){ -1, -2, -4, -5 }, 4);
    /* Beyond the edge lies nothing, not 0. */
    expect_values("{x: [3, 3, 1]}", "{max_pooling2d: {padding: same}}", image, (const double[]){ -1, -3, -7, -9 }, 4);
    expect_values("{x: [3, 3, 1]}", "{average_pooling2d: {padding: same}}", image,
                  (const double[]){ -3, -4.5, -7.5, -9 }, 4);
    expect_values("{x: [3, 3, 1]}", "{average_pooling2d: {pool_size: 3, strides: 2, padding: same}}", image,
                  (const double[]){ -3, -4, -6, -7 }, 4);
    expect_values("{x: [1, 4, 2]}", "{average_pooling2d: {pool_size: [1, 2]}}",
                  (const real[]){ 1, 2, 3, 4, 5, 6, 7, 9 }, (const double[]){ 2, 3, 6, 7.5 }, 4);
    expect_values("{x: [1, 4, 2]}", "global_average_pooling2d", (const real[]){ 1, 2, 3, 4, 5, 6, 7, 8 },
                  (const double[]){ 4, 5 }, 2);
    expect_values("{x: [2, 2, 2]}", "global_max_pooling2d", (const real[]){ -1, 2, -3, 8, -5, 6, -7, 4 },
                  (const double[]){ -1, 8 }, 2);
    expect_refused("{x: [3, 3, 1]}", "{max_pooling2d: {pool_size: 4}}", "pool_size covers 4 cells of a height of 3");
}

static void expect_shares(const char *layer, const real *image, size_t in, const real *want)
{
    layer_run r;
    real outputs[8], gradients[8] = { 12, 12, 12, 12, 12, 12, 12, 12 }, shares[8], scratch[8];
    layer_open("{x: [2, 2, 1]}", layer, 1, &r);
    const dnn_layer *l = &r.graph->layers[0];
    const real *xs[] = { image };
    real *dxs[] = { shares };
    const dnn_pass p = { .training = true, .rows = 1, .capacity = 1, .x = xs, .y = outputs, .dy = gradients, .dx = dxs,
                         .scratch_fixed = scratch };
    l->kind->forward(l, &p);
    l->kind->backward(l, &p);
    for (size_t i = 0; i < in; i++) assert_true(shares[i] == want[i]);
    layer_close(&r);
}

/* As in Keras: under a window the first takes all, of a whole image equal cells share. */
static void equal_cells_share_as_in_keras(void **state)
{
    static const real image[] = { 1, 3, 3, 3 };
    (void)state;
    expect_shares("max_pooling2d", image, 4, (const real[]){ 0, 12, 0, 0 });
    expect_shares("{max_pooling2d: {pool_size: [1, 2], strides: 1}}", image, 4, (const real[]){ 0, 12, 12, 0 });
    expect_shares("global_max_pooling2d", image, 4, (const real[]){ 0, 4, 4, 4 });
    expect_shares("global_average_pooling2d", image, 4, (const real[]){ 3, 3, 3, 3 });
    expect_shares("{average_pooling2d: {pool_size: [1, 2], strides: 1, padding: same}}", image, 4,
                  (const real[]){ 6, 18, 6, 18 });
}

static void kernels_and_fans_are_those_of_keras(void **state)
{
    layer_run r;
    (void)state;
    layer_open("{x: [8, 8, 6]}", "{conv2d: {filters: 10, kernel_size: [3, 2], groups: 2}}", 1, &r);
    const dnn_segment *kernel = &r.graph->segments.at[0];
    const size_t shape[] = { 3, 2, 3, 10 };
    assert_int_equal(kernel->shape.rank, 4);
    assert_memory_equal(kernel->shape.dim, shape, sizeof shape);
    assert_int_equal(kernel->fan_in, 3 * 2 * 3);
    assert_int_equal(kernel->fan_out, 3 * 2 * 10);
    assert_int_equal(r.graph->segments.at[1].length, 10);
    layer_close(&r);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    expect_refused("{x: [28, 28]}", "{conv2d: {filters: 1, kernel_size: 3}}", "target_shape: [28, 28, 1]");
    expect_refused("{x: [5]}", "{conv2d: {filters: 1, kernel_size: 3}}", "[height, width, channels] are wanted");
    expect_refused("{x: [2, 8, 1]}", "{conv2d: {filters: 1, kernel_size: 3}}",
                   "kernel_size covers 3 cells of a height of 2");
    expect_refused("{x: [8, 8, 3]}", "{conv2d: {filters: 4, kernel_size: 3, groups: 2}}",
                   "does not divide the 3 channels");
    expect_refused("{x: [8, 8, 4]}", "{conv2d: {filters: 5, kernel_size: 3, groups: 2}}",
                   "does not divide the 5 filters");
    expect_refused("{x: [8, 8, 4]}", "{conv2d: {filters: 5, kernel_size: 3, strides: 2, dilation_rate: [1, 2]}}",
                   "both above 1");
    expect_refused("{x: [8, 8, 4]}", "{conv2d: {filters: 5, kernel_size: [3, 3, 3]}}", "kernel_size has 3 numbers");
    expect_refused("{x: [8, 8, 4]}", "{conv2d: {filters: 5, kernel_size: 2.5}}", "kernel_size = 2.5");
    expect_refused("{x: [8, 8, 4]}", "{conv2d: {filters: 5, kernel_size: [1000000, 1000000], padding: same}}",
                   "more than can be");
    expect_refused("{x: [8, 8, 4]}", "{conv2d: {filters: 1000000000, kernel_size: 1000, padding: same}}", "kernel has shape");
    /* Without wrapping round to a size that memory has. */
    expect_refused("{x: [8, 8, 32]}", "{conv2d: {filters: 1, kernel_size: 1000, dilation_rate: 1000000, padding: same}}", "more than can be");
    expect_refused("{x: [8, 8, 32]}", "{depthwise_conv2d: {kernel_size: 1, depth_multiplier: 576460752303423489}}", "or too many");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_gives_the_sum_written_out),
        cmocka_unit_test(sizes_of_whole_and_broken_tiles_give_it_too),
        cmocka_unit_test(sums_of_neighbours_come_out),
        cmocka_unit_test(pools_take_the_largest_or_the_mean_of_real_cells),
        cmocka_unit_test(equal_cells_share_as_in_keras),
        cmocka_unit_test(kernels_and_fans_are_those_of_keras),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, memory_is_balanced);
}
