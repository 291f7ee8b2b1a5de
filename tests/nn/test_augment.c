/* Random image layers: with both ends of a range equal nothing is random, and the values can be told. */
#include "nn/layer_run.h"

static void expect_seen(const char *inputs, const char *layer, const real *x, const double *want, size_t n)
{
    layer_run r;
    layer_open(inputs, layer, 1, &r);
    r.run.training = true;
    r.shard.x[0] = x;
    const real *y = layer_forward(&r);
    for (size_t i = 0; i < n; i++)
        if (!(fabs(y[i] - want[i]) <= 1e-5)) fail_msg("%s: y[%zu] is %.9g, not %.9g", layer, i, (double)y[i], want[i]);
    layer_close(&r);
}

static const real letters[] = { 1, 2, 3, 4 }, square[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };

static void what_lies_beyond_the_edge_is_as_asked(void **state)
{
    (void)state;
#define SHIFTED(by, fill)                                                                                              \
    "{random_translation: {height_factor: 0, width_factor: [" by ", " by "], fill_mode: " fill "}}"
    const char *row = "{x: [1, 4, 1]}";
    expect_seen(row, SHIFTED("0.5", "reflect"), letters, (const double[]){ 2, 1, 1, 2 }, 4);
    expect_seen(row, SHIFTED("-0.5", "reflect"), letters, (const double[]){ 3, 4, 4, 3 }, 4);
    expect_seen(row, SHIFTED("-1", "reflect"), letters, (const double[]){ 4, 3, 2, 1 }, 4);
    expect_seen(row, SHIFTED("0.5", "nearest"), letters, (const double[]){ 1, 1, 1, 2 }, 4);
    expect_seen(row, SHIFTED("0.5", "wrap"), letters, (const double[]){ 3, 4, 1, 2 }, 4);
    expect_seen(row, SHIFTED("-0.25", "wrap"), letters, (const double[]){ 2, 3, 4, 1 }, 4);
    expect_seen(row, SHIFTED("0.25", "constant, fill_value: 9"), letters, (const double[]){ 9, 1, 2, 3 }, 4);
    /* Half a cell: the mean of neighbours, or the nearest. */
    expect_seen(row, SHIFTED("0.125", "constant"), letters, (const double[]){ 0.5, 1.5, 2.5, 3.5 }, 4);
    expect_seen(row, SHIFTED("0.0625", "reflect, interpolation: nearest"), letters, (const double[]){ 1, 2, 3, 4 }, 4);
    expect_seen("{x: [4, 1, 1]}",
                "{random_translation: {height_factor: [0.25, 0.25], width_factor: 0, fill_mode: wrap}}", letters,
                (const double[]){ 4, 1, 2, 3 }, 4);
}

static void a_quarter_turn_is_counter_clockwise(void **state)
{
    (void)state;
    expect_seen("{x: [3, 3, 1]}", "{random_rotation: [0.25, 0.25]}", square,
                (const double[]){ 3, 6, 9, 2, 5, 8, 1, 4, 7 }, 9);
    expect_seen("{x: [3, 3, 1]}", "{random_rotation: [-0.25, -0.25]}", square,
                (const double[]){ 7, 4, 1, 8, 5, 2, 9, 6, 3 }, 9);
    expect_seen("{x: [3, 3, 1]}", "{random_rotation: {factor: [0.5, 0.5], interpolation: nearest}}", square,
                (const double[]){ 9, 8, 7, 6, 5, 4, 3, 2, 1 }, 9);
}

/* Twice as far away about the middle: columns -1, 1, 3 of a reflected row; and half as far. */
static void a_factor_above_0_zooms_out(void **state)
{
    (void)state;
    expect_seen("{x: [3, 3, 1]}", "{random_zoom: {height_factor: 0, width_factor: [1, 1]}}", square,
                (const double[]){ 1, 2, 3, 4, 5, 6, 7, 8, 9 }, 9);
    expect_seen("{x: [3, 3, 1]}", "{random_zoom: {height_factor: 0, width_factor: [1, 1], fill_mode: constant}}",
                square, (const double[]){ 0, 2, 0, 0, 5, 0, 0, 8, 0 }, 9);
    expect_seen("{x: [3, 3, 1]}", "{random_zoom: {height_factor: [1, 1], fill_mode: constant}}", square,
                (const double[]){ 0, 0, 0, 0, 5, 0, 0, 0, 0 }, 9);
    expect_seen("{x: [3, 3, 1]}", "{random_zoom: {height_factor: [-0.5, -0.5], width_factor: 0}}", square,
                (const double[]){ 2.5, 3.5, 4.5, 4, 5, 6, 5.5, 6.5, 7.5 }, 9);
}

static void channels_stay_together(void **state)
{
    (void)state;
    expect_seen("{x: [1, 2, 2]}", "{random_translation: {height_factor: 0, width_factor: [0.5, 0.5], fill_mode: wrap}}",
                letters, (const double[]){ 3, 4, 1, 2 }, 4);
}

/* Half of the images; top and bottom change places together with left and right. */
static void images_are_flipped_half_of_the_time(void **state)
{
    enum { ROWS = 2000 };
    static real x[ROWS * 4];
    static const struct { const char *layer; real flipped[4]; } modes[] = {
        { "random_flip", { 4, 3, 2, 1 } },
        { "{random_flip: horizontal}", { 2, 1, 4, 3 } },
        { "{random_flip: vertical}", { 3, 4, 1, 2 } },
    };
    (void)state;
    for (size_t i = 0; i < ROWS * 4; i++) x[i] = letters[i % 4];
    for (size_t m = 0; m < 3; m++) {
        layer_run r;
        size_t flipped = 0;
        layer_open("{x: [2, 2, 1]}", modes[m].layer, ROWS, &r);
        r.run.training = true;
        r.shard.x[0] = x;
        const real *y = layer_forward(&r);
        for (size_t i = 0; i < ROWS; i++) {
            const bool is_flipped = memcmp(y + 4 * i, modes[m].flipped, sizeof modes[m].flipped) == 0;
            assert_true(is_flipped || memcmp(y + 4 * i, letters, sizeof letters) == 0);
            flipped += is_flipped;
        }
        /* Six standard deviations of 22. */
        assert_true(flipped > ROWS / 2 - 134 && flipped < ROWS / 2 + 134);
        layer_close(&r);
    }
}

/* Shifts of a ramp can be read off: they fill their range evenly. */
static void shifts_are_drawn_from_the_whole_range(void **state)
{
    enum { ROWS = 2000, WIDTH = 64 };
    static real x[ROWS * WIDTH];
    double sum = 0, squares = 0;
    layer_run r;
    (void)state;
    for (size_t i = 0; i < ROWS * WIDTH; i++) x[i] = (real)(i % WIDTH);
    layer_open("{x: [1, 64, 1]}", "{random_translation: {height_factor: 0, width_factor: 0.25}}", ROWS, &r);
    r.run.training = true;
    r.shard.x[0] = x;
    const real *y = layer_forward(&r);
    for (size_t i = 0; i < ROWS; i++) {
        const double shift = (WIDTH / 2 - y[i * WIDTH + WIDTH / 2]) / WIDTH;
        assert_true(shift >= -0.25 - 1e-6 && shift <= 0.25 + 1e-6);
        sum += shift;
        squares += shift * shift;
    }
    /* Of a uniform on ±1/4: variance 1/48; six standard deviations. */
    assert_true(fabs(sum / ROWS) < 6 * sqrt(1 / 48.0 / ROWS));
    assert_true(fabs(squares / ROWS - 1 / 48.0) < 6 * sqrt(0.8 / ROWS) / 48);
    layer_close(&r);
}

static void ranges_are_one_number_or_two(void **state)
{
    (void)state;
    expect_refused("{x: [3, 3, 1]}", "{random_rotation: {factor: [0.1, 0.2, 0.3]}}", "factor has 3 numbers");
    expect_refused("{x: [3, 3, 1]}", "{random_zoom: 1.5}", "height_factor = 1.5");
    expect_refused("{x: [3, 3]}", "random_flip", "target_shape: [3, 3, 1]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_lies_beyond_the_edge_is_as_asked),
        cmocka_unit_test(a_quarter_turn_is_counter_clockwise),
        cmocka_unit_test(a_factor_above_0_zooms_out),
        cmocka_unit_test(channels_stay_together),
        cmocka_unit_test(images_are_flipped_half_of_the_time),
        cmocka_unit_test(shifts_are_drawn_from_the_whole_range),
        cmocka_unit_test(ranges_are_one_number_or_two),
    };
    return cmocka_run_group_tests(tests, NULL, memory_is_balanced);
}
