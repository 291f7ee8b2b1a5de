/* Values of layers that change a sample's shape, and of norms, from their formulas, for both precisions. */
#include "nn/layer_run.h"

#define VALUES(...) (const real[]){ __VA_ARGS__ }
#define WANTED(...) (const double[]){ __VA_ARGS__ }, sizeof(double[]){ __VA_ARGS__ } / sizeof(double)

/* [2, 3] turned: columns become rows. [2, 1, 3] with the last axis in front: values two apart. */
static void axes_are_put_in_another_order(void **state)
{
    (void)state;
    expect_values("{x: [2, 3]}", "{permute: {dims: [2, 1]}}", VALUES(1, 2, 3, 4, 5, 6), WANTED(1, 4, 2, 5, 3, 6));
    expect_values("{x: [2, 1, 3]}", "{permute: {dims: [3, 1, 2]}}", VALUES(1, 2, 3, 4, 5, 6), WANTED(1, 4, 2, 5, 3, 6));
    expect_values("{x: [2, 2, 2]}", "{permute: {dims: [1, 3, 2]}}", VALUES(1, 2, 3, 4, 5, 6, 7, 8), WANTED(1, 3, 2, 4, 5, 7, 6, 8));
    expect_refused("{x: [2, 3]}", "{permute: {dims: [1]}}", "each of the axes 1 … 2 of the input [2, 3] is wanted once");
    expect_refused("{x: [2, 3]}", "{permute: {dims: [2, 2]}}", "is wanted once");
    expect_refused("{x: [2, 3]}", "{permute: {dims: [1, 3]}}", "is wanted once");
}

static void a_vector_is_repeated_as_rows(void **state)
{
    (void)state;
    expect_values("{x: [2]}", "{repeat_vector: 3}", VALUES(7, 8), WANTED(7, 8, 7, 8, 7, 8));
    expect_values("{x: [2, 1]}", "identity", VALUES(7, 8), WANTED(7, 8));
    expect_refused("{x: [2, 3]}", "{repeat_vector: 3}", "put flatten in front");
}

static void edges_get_zeros_or_are_cut_off(void **state)
{
    (void)state;
    expect_values("{x: [2, 1]}", "zero_padding1d", VALUES(1, 2), WANTED(0, 1, 2, 0));
    expect_values("{x: [1, 2]}", "{zero_padding1d: {padding: [2, 0]}}", VALUES(1, 2), WANTED(0, 0, 0, 0, 1, 2));
    expect_values("{x: [1, 1, 2, 1]}", "{zero_padding3d: {padding: [[0, 1], [1, 0], [1, 0]]}}", VALUES(1, 2),
                  WANTED(0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0));
    expect_values("{x: [4, 1]}", "{cropping1d: {cropping: [2, 1]}}", VALUES(1, 2, 3, 4), WANTED(3));
    expect_values("{x: [4, 1]}", "cropping1d", VALUES(1, 2, 3, 4), WANTED(2, 3));
    expect_values("{x: [2, 3, 1]}", "{cropping2d: {cropping: [[1, 0], [0, 1]]}}", VALUES(1, 2, 3, 4, 5, 6), WANTED(4, 5));
    expect_values("{x: [2, 2, 1]}", "cropping2d", VALUES(1, 2, 3, 4), WANTED(1, 2, 3, 4));
    expect_values("{x: [2, 2, 2, 1]}", "{cropping3d: {cropping: [[0, 1], 0, [1, 0]]}}", VALUES(1, 2, 3, 4, 5, 6, 7, 8), WANTED(2, 4));
    expect_refused("{x: [4, 1]}", "{cropping1d: 2}", "4 cells cut off axis 1 of [4, 1] leave nothing");
    expect_refused("{x: [4, 1]}", "{zero_padding1d: {padding: [1, 2, 3]}}", "two of them as [left, right]");
    expect_refused("{x: [4]}", "cropping1d", "put reshape: {target_shape: [4, 1]} in front");
    expect_refused("{x: [4, 2, 1]}", "cropping3d", "[depth, height, width, channels] are wanted");
}

/* Lines between middles: of cells a and b, twice as large, a, (3 a + b) / 4, (a + 3 b) / 4, b. */
static void cells_are_repeated_or_joined_by_lines(void **state)
{
    (void)state;
    expect_values("{x: [2, 2]}", "up_sampling1d", VALUES(1, 2, 3, 4), WANTED(1, 2, 1, 2, 3, 4, 3, 4));
    expect_values("{x: [2, 2, 1]}", "{up_sampling2d: {size: [1, 2]}}", VALUES(1, 2, 3, 4), WANTED(1, 1, 2, 2, 3, 3, 4, 4));
    expect_values("{x: [1, 2, 1, 1]}", "{up_sampling3d: {size: [2, 1, 2]}}", VALUES(1, 2), WANTED(1, 1, 2, 2, 1, 1, 2, 2));
    expect_values("{x: [1, 2, 1]}", "{up_sampling2d: {size: [1, 2], interpolation: bilinear}}", VALUES(0, 4), WANTED(0, 1, 3, 4));
    expect_values("{x: [2, 2, 1]}", "{up_sampling2d: {interpolation: bilinear}}", VALUES(0, 4, 8, 12),
                  WANTED(0, 1, 3, 4, 2, 3, 5, 6, 6, 7, 9, 10, 8, 9, 11, 12));
    expect_values("{x: [1, 2, 1]}", "{up_sampling2d: {size: [1, 3], interpolation: bilinear}}", VALUES(0, 3), WANTED(0, 0, 1, 2, 3, 3));
    expect_refused("{x: [2, 2, 1]}", "{up_sampling2d: {size: [1, 2, 3]}}", "size has 3 numbers");
    expect_refused("{x: [2, 2]}", "{up_sampling1d: 1.5}", "size = 1.5");
}

/* Groups of two channels over both places: 1, 2, 3, 4 and 0, 0, 0, 4. */
static void group_normalization_takes_neighbouring_channels_together(void **state)
{
    (void)state;
    const double d = sqrt(1.25 + 1e-3), e = sqrt(3 + 1e-3);
    expect_values("{x: [2, 4]}", "{group_normalization: {groups: 2}}", VALUES(1, 2, 0, 0, 3, 4, 0, 4),
                  WANTED(-1.5 / d, -0.5 / d, -1 / e, -1 / e, 0.5 / d, 1.5 / d, -1 / e, 3 / e));
    /* Channels on the first axis, each alone. */
    const double f = sqrt(0.25 + 0.75);
    expect_values("{x: [2, 2]}", "{group_normalization: {groups: -1, axis: 1, epsilon: 0.75}}", VALUES(1, 2, 4, 5),
                  WANTED(-0.5 / f, 0.5 / f, -0.5 / f, 0.5 / f));
    expect_refused("{x: [2, 4]}", "group_normalization", "groups = 32: must divide the 4 channels");
    expect_refused("{x: [2, 4]}", "{group_normalization: {groups: 0}}", "groups = 0");
    expect_refused("{x: [2, 4]}", "{group_normalization: {axis: 0, groups: 2}}", "axis = 0: the input has the axes 1 … 2");
}

static void lengths_are_divided_by(void **state)
{
    (void)state;
    const double d = sqrt(12.5 + 1e-6), e = sqrt(7.5 + 0.5);
    expect_values("{x: [2]}", "rms_normalization", VALUES(3, 4), WANTED(3 / d, 4 / d));
    expect_values("{x: [2, 2]}", "{rms_normalization: {axis: [1, 2], epsilon: 0.5}}", VALUES(1, 2, 3, 4), WANTED(1 / e, 2 / e, 3 / e, 4 / e));
    expect_values("{x: [2]}", "unit_normalization", VALUES(3, 4), WANTED(0.6, 0.8));
    expect_values("{x: [2, 2]}", "{unit_normalization: {axis: 1}}", VALUES(3, 5, 4, 12), WANTED(0.6, 5 / 13.0, 0.8, 12 / 13.0));
    /* Nothing is divided by 0. */
    expect_values("{x: [2]}", "unit_normalization", VALUES(0, 0), WANTED(0, 0));
    expect_values("{x: [2]}", "unit_normalization", VALUES(3e-9, 4e-9), WANTED(3e-3, 4e-3));
    expect_refused("{x: [2]}", "{unit_normalization: {axis: []}}", "at least one axis is wanted");
}

/* 1, 2, 4 by a window of two steps; the last of them alone where it may hang over. */
static void pools_slide_along_sequences(void **state)
{
    (void)state;
    expect_values("{x: [3, 1]}", "max_pooling1d", VALUES(1, 2, 4), WANTED(2));
    expect_values("{x: [3, 1]}", "{average_pooling1d: {padding: same}}", VALUES(1, 2, 4), WANTED(1.5, 4));
    expect_values("{x: [3, 1]}", "{max_pooling1d: {pool_size: 2, strides: 1}}", VALUES(1, 2, 4), WANTED(2, 4));
    expect_values("{x: [2, 2]}", "global_average_pooling1d", VALUES(1, 2, 4, 5), WANTED(2.5, 3.5));
    expect_values("{x: [2, 1, 1, 2]}", "global_max_pooling3d", VALUES(1, 5, 4, 2), WANTED(4, 5));
    expect_refused("{x: [3]}", "max_pooling1d", "put reshape: {target_shape: [3, 1]} in front");
    expect_refused("{x: [3, 1]}", "{max_pooling1d: {pool_size: [1, 2]}}", "pool_size has 2 numbers: one is wanted");
    expect_refused("{x: [3, 1]}", "{max_pooling1d: {pool_size: 4}}", "covers 4 cells of a length of 3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(axes_are_put_in_another_order),
        cmocka_unit_test(a_vector_is_repeated_as_rows),
        cmocka_unit_test(edges_get_zeros_or_are_cut_off),
        cmocka_unit_test(cells_are_repeated_or_joined_by_lines),
        cmocka_unit_test(group_normalization_takes_neighbouring_channels_together),
        cmocka_unit_test(lengths_are_divided_by),
        cmocka_unit_test(pools_slide_along_sequences),
    };
    return cmocka_run_group_tests(tests, NULL, memory_is_balanced);
}
