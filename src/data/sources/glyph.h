/** Drawn digits: one image at a time, each a pure function of (seed, number). Used by the source `glyphs`. Local. */
#ifndef DNN_DATA_GLYPH_H
#define DNN_DATA_GLYPH_H

#include <stddef.h>
#include <stdint.h>

enum { GLYPH_SIDE = 28, GLYPH_PIXELS = GLYPH_SIDE * GLYPH_SIDE, GLYPH_DIGITS = 10, GLYPH_STROKES = 4, GLYPH_POINTS = 14 };

/** A way of writing a digit: strokes as points that a smooth line goes through, in a box of 100 by 100, y downward. A stroke ends
 * before the first (0, 0); two points are a straight line; a corner is the end of one stroke and the start of the
 * next; a stroke that ends where it began is closed without a corner. */
typedef struct glyph_style {
    int digit;
    unsigned char stroke[GLYPH_STROKES][GLYPH_POINTS][2];
} glyph_style;

/** All ways of writing digit d lie at [glyph_first_style[d], glyph_first_style[d + 1]). */
extern const glyph_style glyph_styles[];
extern const size_t glyph_first_style[GLYPH_DIGITS + 1];

typedef struct glyph_look {
    uint64_t seed;
    float distortion;  /**< 0: as in the table, every digit alike; 1: as people write */
    float noise;       /**< 0: clean; 1: as loud as the ink */
} glyph_look;

/** The digit that image `number` shows: each ten numbers from a multiple of ten on show every digit once. */
int glyph_digit(const glyph_look *look, uint64_t number);
/** Draws image `number`, light on dark, row-major. No libm function but the square root is used, so the bytes are
 * the same on every machine. */
void glyph_draw(const glyph_look *look, uint64_t number, uint8_t out[GLYPH_PIXELS]);

#endif
