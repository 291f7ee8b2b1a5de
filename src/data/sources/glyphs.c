/* Digits drawn inside: data that need no download. 28 by 28 bytes like MNIST, as many as wanted. */
#include "dnn/base/memory.h"
#include "data/source.h"
#include "data/sources/glyph.h"

typedef struct glyphs {
    size_t train, test;
    int64_t seed;
    double noise, distortion;
} glyphs;

static const dnn_param params[] = {
    DNN_SIZE(glyphs, train, "20000", "[1, 100000000000]", "images of the training part"),
    DNN_SIZE(glyphs, test, "4000", "[0, 100000000000]", "images of the test part"),
    DNN_INT(glyphs, seed, "0", ">= 0", "of the drawing; the images do not depend on the run's own seed"),
    DNN_REAL(glyphs, noise, "0.3", "[0, 1]", "grain and clutter: 0 clean, 1 as loud as the ink"),
    DNN_REAL(glyphs, distortion, "1", "[0, 2]", "how far writing differs: 0 every digit alike, 1 as people write"),
};

/* Test images are numbered from here on, so that they stay the same whatever the size of the training part. A multiple of ten, like the
 * groups that show every digit once, and below 2^40, where steps of a random stream end. */
#define FIRST_TEST_NUMBER UINT64_C(100000000000)

static dnn_status open(const void *params_, dnn_source_info *info, void **state)
{
    const glyphs *p = params_;
    glyph_look *look = dnn_alloc(1, sizeof *look);
    if (!look) return DNN_E_MEMORY;
    *look = (glyph_look){ .seed = (uint64_t)p->seed, .distortion = (float)p->distortion, .noise = (float)p->noise };
    info->rows[DNN_TRAIN] = p->train;
    info->rows[DNN_TEST] = p->test;
    info->n_x = info->n_y = 1;
    info->x[0] = (dnn_source_array){ .name = "x", .shape = { .rank = 2, .dim = { GLYPH_SIDE, GLYPH_SIDE } }, .type = DNN_VALUE_UINT8 };
    info->y[0] = (dnn_source_array){ .name = "y", .type = DNN_VALUE_INT32, .labels = true };
    *state = look;
    return DNN_OK;
}

static dnn_status read(void *state, dnn_part part, uint64_t first, size_t rows, void *const *x, void *const *y, float *weight)
{
    (void)weight;
    const glyph_look *look = state;
    const uint64_t number = (part == DNN_TEST ? FIRST_TEST_NUMBER : 0) + first;
    uint8_t *images = x[0];
    int32_t *labels = y[0];
    for (size_t i = 0; i < rows; i++) {
        glyph_draw(look, number + i, images + i * GLYPH_PIXELS);
        labels[i] = glyph_digit(look, number + i);
    }
    return DNN_OK;
}

static void close(void *state) { dnn_free(state); }

const dnn_source_kind dnn_source_glyphs = {
    .kind = { .name = "glyphs", .help = "digits drawn inside, [28, 28] bytes, ten classes: no file needed",
              .params_size = sizeof(glyphs), DNN_PARAMS(params) },
    .open = open, .read = read, .close = close,
};
