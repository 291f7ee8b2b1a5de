/* From a style to pixels: bend the strokes, place them, lay ink along them, add what a scan adds. */
#include "data/sources/glyph.h"

#include <math.h>
#include <stdbool.h>

#include "dnn/base/random.h"

/* What numbers are drawn for, as items of the stream. */
enum { ITEM_ORDER, ITEM_SHAPE, ITEM_NOISE };

/* Numbers of one image in the order the code below asks for them: the state lives no longer than the image. */
typedef struct dice {
    dnn_stream stream;
    uint64_t number, block;
    uint32_t words[4];
    unsigned left;
} dice;

static dice dice_of(const glyph_look *look, uint64_t number, uint32_t item)
{
    return (dice){ .stream = { .seed = look->seed, .purpose = DNN_FOR_DATA, .item = item }, .number = number };
}

static float unit(dice *d)
{
    if (d->left == 0) {
        dnn_random_block(&d->stream, d->number, d->block++, d->words);
        d->left = 4;
    }
    return dnn_unit_float(d->words[--d->left]);
}

static float between(dice *d, float low, float high) { return low + (high - low) * unit(d); }
/* Around 0, within ±1 and mostly near 0: three dice of sd 1/3. */
static float bell(dice *d) { return (unit(d) + unit(d) + unit(d)) * (2.0f / 3.0f) - 1.0f; }

typedef struct point { float x, y; } point;

/* Where a point of the box of 100 by 100 comes to lie on the image: a bending field on a grid of 3 by 3, then an affine map. */
enum { FIELD = 3 };
typedef struct hand {
    point field[FIELD][FIELD];
    float xx, xy, yx, yy, x0, y0;
    float radius;   /* of the pen, in pixels */
    float ink;      /* brightness, 0 to 1 */
} hand;

static hand hand_of(dice *d, float distortion)
{
    hand h;
    for (int i = 0; i < FIELD; i++)
        for (int j = 0; j < FIELD; j++) h.field[i][j] = (point){ 10.5f * distortion * bell(d), 10.5f * distortion * bell(d) };
    /* The tangent of half the angle gives sine and cosine without libm. */
    const float t = 0.26f * distortion * bell(d), c = (1 - t * t) / (1 + t * t), s = 2 * t / (1 + t * t);
    const float shear = 0.53f * distortion * bell(d);
    const float height = 0.20f * (1 + 0.26f * distortion * bell(d)), width = height * (0.92f + 0.35f * distortion * bell(d));
    h.xx = c * width, h.xy = (-s + c * shear) * height;
    h.yx = s * width, h.yy = (c + s * shear) * height;
    h.x0 = 14.0f + 4.0f * distortion * bell(d);
    h.y0 = 14.0f + 3.5f * distortion * bell(d);
    h.radius = 1.15f + 0.7f * distortion * bell(d);
    h.ink = 1.0f - 0.5f * distortion * unit(d);
    return h;
}

static point place(const hand *h, point p)
{
    const float gx = p.x * (0.01f * (FIELD - 1)), gy = p.y * (0.01f * (FIELD - 1));
    const int i = gx < FIELD - 2 ? (int)gx : FIELD - 2, j = gy < FIELD - 2 ? (int)gy : FIELD - 2;
    const float u = gx - (float)i, v = gy - (float)j;
    const point a = h->field[j][i], b = h->field[j][i + 1], e = h->field[j + 1][i], f = h->field[j + 1][i + 1];
    const float x = p.x - 50 + (1 - v) * ((1 - u) * a.x + u * b.x) + v * ((1 - u) * e.x + u * f.x);
    const float y = p.y - 50 + (1 - v) * ((1 - u) * a.y + u * b.y) + v * ((1 - u) * e.y + u * f.y);
    return (point){ h->x0 + h->xx * x + h->xy * y, h->y0 + h->yx * x + h->yy * y };
}

/* Ink on each pixel by its distance from the line a b: full within the pen, none a pixel further, straight in between. */
static void ink_line(float *canvas, point a, point b, float radius, float ink)
{
    const float reach = radius + 0.5f, dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy;
    const float inverse = square > 1e-12f ? 1.0f / square : 0.0f;
    const float left = fminf(a.x, b.x) - reach, right = fmaxf(a.x, b.x) + reach;
    const float top = fminf(a.y, b.y) - reach, bottom = fmaxf(a.y, b.y) + reach;
    const int x0 = left > 0 ? (int)left : 0, x1 = right < GLYPH_SIDE - 1 ? (int)right : GLYPH_SIDE - 1;
    const int y0 = top > 0 ? (int)top : 0, y1 = bottom < GLYPH_SIDE - 1 ? (int)bottom : GLYPH_SIDE - 1;
    for (int y = y0; y <= y1; y++)
        for (int x = x0; x <= x1; x++) {
            const float px = (float)x - a.x, py = (float)y - a.y;
            float along = (px * dx + py * dy) * inverse;
            along = along < 0 ? 0 : along > 1 ? 1 : along;
            const float ex = px - along * dx, ey = py - along * dy;
            float cover = reach - sqrtf(ex * ex + ey * ey);
            cover = (cover < 0 ? 0 : cover > 1 ? 1 : cover) * ink;
            float *pixel = &canvas[y * GLYPH_SIDE + x];
            if (cover > *pixel) *pixel = cover;
        }
}

/* The Catmull-Rom spline through b and c, with a before and d after them. */
static point spline(point a, point b, point c, point d, float t)
{
    const float t2 = t * t, t3 = t2 * t;
    const float wa = 0.5f * (-t3 + 2 * t2 - t), wb = 0.5f * (3 * t3 - 5 * t2 + 2);
    const float wc = 0.5f * (-3 * t3 + 4 * t2 + t), wd = 0.5f * (t3 - t2);
    return (point){ wa * a.x + wb * b.x + wc * c.x + wd * d.x, wa * a.y + wb * b.y + wc * c.y + wd * d.y };
}

static void ink_stroke(float *canvas, const hand *h, const unsigned char stroke[GLYPH_POINTS][2])
{
    point at[GLYPH_POINTS];
    int n = 0;
    while (n < GLYPH_POINTS && (stroke[n][0] || stroke[n][1])) {
        at[n] = (point){ stroke[n][0], stroke[n][1] };
        n++;
    }
    if (n < 2) return;
    const bool closed = stroke[0][0] == stroke[n - 1][0] && stroke[0][1] == stroke[n - 1][1];
    enum { PIECES = 5 };
    point from = place(h, at[0]);
    for (int i = 0; i + 1 < n; i++) {
        const point before = i > 0 ? at[i - 1] : closed ? at[n - 2] : at[0];
        const point after = i + 2 < n ? at[i + 2] : closed ? at[1] : at[n - 1];
        for (int k = 1; k <= PIECES; k++) {
            const point to = place(h, spline(before, at[i], at[i + 1], after, (float)k / PIECES));
            ink_line(canvas, from, to, h->radius, h->ink);
            from = to;
        }
    }
}

/* Specks and dashes that belong to no digit. */
static void ink_clutter(float *canvas, dice *d, float noise)
{
    const int count = (int)(4.0f * noise * unit(d) + unit(d));
    for (int i = 0; i < count; i++) {
        const point a = { between(d, 0, GLYPH_SIDE), between(d, 0, GLYPH_SIDE) };
        const point b = { a.x + between(d, -4, 4), a.y + between(d, -4, 4) };
        ink_line(canvas, a, b, between(d, 0.2f, 0.8f), between(d, 0.2f, 0.8f));
    }
}

int glyph_digit(const glyph_look *look, uint64_t number)
{
    const dnn_stream stream = { .seed = look->seed, .purpose = DNN_FOR_DATA, .item = ITEM_ORDER };
    return (int)dnn_shuffle_at(&stream, number / GLYPH_DIGITS, GLYPH_DIGITS, number % GLYPH_DIGITS);
}

void glyph_draw(const glyph_look *look, uint64_t number, uint8_t out[GLYPH_PIXELS])
{
    float canvas[GLYPH_PIXELS] = { 0.0f };
    const int digit = glyph_digit(look, number);
    const size_t first = glyph_first_style[digit], count = glyph_first_style[digit + 1] - first;
    dice d = dice_of(look, number, ITEM_SHAPE);
    const float choice = unit(&d) * (float)count;
    const glyph_style *style = &glyph_styles[first + (look->distortion > 0 ? (size_t)choice : 0)];
    const hand h = hand_of(&d, look->distortion);
    for (int s = 0; s < GLYPH_STROKES; s++) ink_stroke(canvas, &h, style->stroke[s]);
    if (look->noise > 0) ink_clutter(canvas, &d, look->noise);
    dice grain = dice_of(look, number, ITEM_NOISE);
    for (int i = 0; i < GLYPH_PIXELS; i++) {
        float value = canvas[i] * 255.0f;
        if (look->noise > 0) value += 255.0f * look->noise * (unit(&grain) - 0.5f);
        out[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value + 0.5f);
    }
}
