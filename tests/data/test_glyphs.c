/* Drawn digits: images by position alone, ten balanced classes, recognizable but not trivially so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "data/source.h"
#include "dnn/base/memory.h"

enum { PIXELS = 28 * 28, CLASSES = 10 };

typedef struct opened {
    dnn_component component;
    const dnn_source_kind *kind;
    dnn_source_info info;
    void *state;
} opened;

static opened open_glyphs(int64_t train, int64_t test, int64_t seed, double noise, double distortion)
{
    dnn_node *node = dnn_node_map(), *p = dnn_node_map();
    dnn_status st = dnn_node_set(p, "train", dnn_node_int(train));
    if (st == DNN_OK) st = dnn_node_set(p, "test", dnn_node_int(test));
    if (st == DNN_OK) st = dnn_node_set(p, "seed", dnn_node_int(seed));
    if (st == DNN_OK) st = dnn_node_set(p, "noise", dnn_node_real(noise));
    if (st == DNN_OK) st = dnn_node_set(p, "distortion", dnn_node_real(distortion));
    if (st == DNN_OK) st = dnn_node_set(node, "glyphs", p);
    opened o = { 0 };
    if (st == DNN_OK) st = dnn_component_read(&dnn_sources, node, &o.component);
    if (st != DNN_OK) fail_msg("%s", dnn_fail_text());
    dnn_node_destroy(node);
    o.kind = (const dnn_source_kind *)o.component.kind;
    assert_int_equal(o.kind->open(o.component.params, &o.info, &o.state), DNN_OK);
    return o;
}

static void close_glyphs(opened *o)
{
    o->kind->close(o->state);
    dnn_component_clear(&o->component);
}

static void read_rows(const opened *o, dnn_part part, uint64_t first, size_t rows, uint8_t *x, int32_t *y)
{
    assert_int_equal(o->kind->read(o->state, part, first, rows, (void *[]){ x }, (void *[]){ y }, NULL), DNN_OK);
}

static void a_source_of_digits_says_what_it_brings(void **state)
{
    (void)state;
    opened o = open_glyphs(70, 30, 1, 0.3, 1.0);
    assert_int_equal(o.info.rows[DNN_TRAIN], 70);
    assert_int_equal(o.info.rows[DNN_VALIDATION], 0);
    assert_int_equal(o.info.rows[DNN_TEST], 30);
    assert_int_equal(o.info.x[0].shape.rank, 2);
    assert_int_equal(dnn_shape_units(&o.info.x[0].shape), PIXELS);
    assert_int_equal(o.info.x[0].type, DNN_VALUE_UINT8);
    assert_true(o.info.y[0].labels);
    close_glyphs(&o);
}

static void any_range_in_any_order_gives_the_same_rows(void **state)
{
    (void)state;
    enum { ROWS = 57 };
    static uint8_t whole[ROWS * PIXELS], parts[ROWS * PIXELS];
    int32_t y[ROWS], y_parts[ROWS];
    opened o = open_glyphs(ROWS, 0, 3, 0.3, 1.0);
    read_rows(&o, DNN_TRAIN, 0, ROWS, whole, y);
    for (size_t end = ROWS; end > 0;) {
        const size_t n = end < 13 ? end : 13;
        end -= n;
        read_rows(&o, DNN_TRAIN, end, n, parts + end * PIXELS, y_parts + end);
    }
    close_glyphs(&o);
    assert_memory_equal(whole, parts, sizeof whole);
    assert_memory_equal(y, y_parts, sizeof y);
}

static void each_ten_rows_show_every_digit_once(void **state)
{
    (void)state;
    enum { ROWS = 400 };
    static uint8_t x[ROWS * PIXELS];
    int32_t y[ROWS];
    opened o = open_glyphs(ROWS, ROWS, 0, 0.3, 1.0);
    for (int part = 0; part < 2; part++) {
        read_rows(&o, part ? DNN_TEST : DNN_TRAIN, 0, ROWS, x, y);
        size_t in_order = 0;
        for (size_t i = 0; i < ROWS; i += CLASSES) {
            unsigned seen = 0;
            for (size_t k = 0; k < CLASSES; k++) seen |= 1u << y[i + k], in_order += y[i + k] == (int32_t)k;
            assert_int_equal(seen, 0x3FF);
        }
        assert_true(in_order < ROWS / 4);  /* a shuffled order keeps one in ten in place */
    }
    close_glyphs(&o);
}

static void test_images_do_not_depend_on_the_size_of_the_training_part(void **state)
{
    (void)state;
    static uint8_t a[5 * PIXELS], b[5 * PIXELS], train[5 * PIXELS];
    int32_t y[5];
    opened small = open_glyphs(10, 5, 0, 0.3, 1.0), large = open_glyphs(100000, 5, 0, 0.3, 1.0);
    read_rows(&small, DNN_TEST, 0, 5, a, y);
    read_rows(&large, DNN_TEST, 0, 5, b, y);
    read_rows(&small, DNN_TRAIN, 0, 5, train, y);
    close_glyphs(&small);
    close_glyphs(&large);
    assert_memory_equal(a, b, sizeof a);
    assert_true(memcmp(a, train, sizeof a) != 0);
}

static void another_seed_draws_other_images(void **state)
{
    (void)state;
    static uint8_t a[PIXELS], b[PIXELS];
    int32_t y;
    opened one = open_glyphs(1, 0, 1, 0.0, 1.0), two = open_glyphs(1, 0, 2, 0.0, 1.0);
    read_rows(&one, DNN_TRAIN, 0, 1, a, &y);
    read_rows(&two, DNN_TRAIN, 0, 1, b, &y);
    close_glyphs(&one);
    close_glyphs(&two);
    assert_true(memcmp(a, b, sizeof a) != 0);
}

static void without_distortion_and_noise_every_digit_has_one_image(void **state)
{
    (void)state;
    enum { ROWS = 50 };
    static uint8_t x[ROWS * PIXELS];
    int32_t y[ROWS];
    const uint8_t *first[CLASSES] = { NULL };
    opened o = open_glyphs(ROWS, 0, 9, 0.0, 0.0);
    read_rows(&o, DNN_TRAIN, 0, ROWS, x, y);
    close_glyphs(&o);
    for (size_t i = 0; i < ROWS; i++) {
        if (!first[y[i]]) first[y[i]] = x + i * PIXELS;
        assert_memory_equal(first[y[i]], x + i * PIXELS, PIXELS);
    }
    for (size_t k = 1; k < CLASSES; k++) assert_true(memcmp(first[0], first[k], PIXELS) != 0);
}

static void every_image_has_ink_in_the_middle_and_room_at_the_edge(void **state)
{
    (void)state;
    enum { ROWS = 500 };
    static uint8_t x[ROWS * PIXELS];
    int32_t y[ROWS];
    opened o = open_glyphs(ROWS, 0, 0, 0.0, 1.0);
    read_rows(&o, DNN_TRAIN, 0, ROWS, x, y);
    close_glyphs(&o);
    for (size_t i = 0; i < ROWS; i++) {
        size_t bright = 0, edge = 0;
        for (size_t k = 0; k < PIXELS; k++) {
            if (x[i * PIXELS + k] < 100) continue;
            bright++;
            edge += k / 28 == 0 || k / 28 == 27 || k % 28 == 0 || k % 28 == 27;
        }
        assert_in_range(bright, 15, 400);
        assert_true(edge <= bright / 4);  /* no digit is mostly cut off */
    }
}

/* Share of test images whose nearest class mean, in squared distance, is that of their own class. */
static double nearest_mean_accuracy(double distortion)
{
    enum { TRAIN = 3000, TEST = 1000 };
    uint8_t *x = malloc((size_t)TRAIN * PIXELS);
    int32_t *y = malloc(TRAIN * sizeof *y);
    static double mean[CLASSES][PIXELS];
    size_t right = 0;
    opened o = open_glyphs(TRAIN, TEST, 0, 0.3, distortion);
    read_rows(&o, DNN_TRAIN, 0, TRAIN, x, y);
    memset(mean, 0, sizeof mean);
    for (size_t i = 0; i < TRAIN; i++)
        for (size_t k = 0; k < PIXELS; k++) mean[y[i]][k] += x[i * PIXELS + k] / (double)(TRAIN / CLASSES);
    read_rows(&o, DNN_TEST, 0, TEST, x, y);
    for (size_t i = 0; i < TEST; i++) {
        double best = 1e300;
        int32_t nearest = -1;
        for (int32_t c = 0; c < CLASSES; c++) {
            double square = 0.0;
            for (size_t k = 0; k < PIXELS; k++) square += (x[i * PIXELS + k] - mean[c][k]) * (x[i * PIXELS + k] - mean[c][k]);
            if (square < best) best = square, nearest = c;
        }
        right += nearest == y[i];
    }
    close_glyphs(&o);
    free(x);
    free(y);
    return (double)right / TEST;
}

static void class_means_tell_digits_apart_but_not_well(void **state)
{
    (void)state;
    const double easy = nearest_mean_accuracy(0.2), usual = nearest_mean_accuracy(1.0), hard = nearest_mean_accuracy(1.6);
    assert_true(easy > 0.97);
    assert_true(usual > 0.6 && usual < 0.8);
    assert_true(hard < usual);
}

static void nothing_stays_allocated(void **state)
{
    (void)state;
    dnn_place_forget();
    assert_int_equal(dnn_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_source_of_digits_says_what_it_brings),
        cmocka_unit_test(any_range_in_any_order_gives_the_same_rows),
        cmocka_unit_test(each_ten_rows_show_every_digit_once),
        cmocka_unit_test(test_images_do_not_depend_on_the_size_of_the_training_part),
        cmocka_unit_test(another_seed_draws_other_images),
        cmocka_unit_test(without_distortion_and_noise_every_digit_has_one_image),
        cmocka_unit_test(every_image_has_ink_in_the_middle_and_room_at_the_edge),
        cmocka_unit_test(class_means_tell_digits_apart_but_not_well),
        cmocka_unit_test(nothing_stays_allocated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
