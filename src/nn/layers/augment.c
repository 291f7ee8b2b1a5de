#include "dnn/base/failpoint.h"
#include "nn/layers/augment.h"

#include <math.h>
#include <string.h>

/* The cell that stands for cell i of an axis of n, or -1 for the constant. */
static long cell_of(long i, long n, augment_fill fill)
{
    if (i >= 0 && i < n) return i;
    switch (fill) {
    case FILL_CONSTANT: return -1;
    case FILL_NEAREST: return i < 0 ? 0 : n - 1;
    case FILL_WRAP: return (i % n + n) % n;
    case FILL_REFLECT: break;
    }
    const long period = 2 * n, at = (i % period + period) % period;
    return at < n ? at : period - 1 - at;
}

/* Up to four cells and their shares; `place` in cells of the image, -1: the constant. */
typedef struct taps { long place[4]; double share[4]; size_t count; } taps;

static taps taps_at(double x, double y, long height, long width, augment_style style)
{
    taps t = { 0 };
    if (style.interpolation == NEAREST) {
        const long row = cell_of((long)floor(y + 0.5), height, style.fill);
        const long column = cell_of((long)floor(x + 0.5), width, style.fill);
        return (taps){ .place = { row < 0 || column < 0 ? -1 : row * width + column }, .share = { 1 }, .count = 1 };
    }
    const double top = floor(y), left = floor(x), down = y - top, right = x - left;
    for (long i = 0; i < 2; i++)
        for (long j = 0; j < 2; j++) {
            const double share = (i ? down : 1 - down) * (j ? right : 1 - right);
            const long row = cell_of((long)top + i, height, style.fill),
                       column = cell_of((long)left + j, width, style.fill);
            if (share == 0) continue;
            t.place[t.count] = row < 0 || column < 0 ? -1 : row * width + column;
            t.share[t.count++] = share;
        }
    return t;
}

static augment_map map_of(const dnn_layer *l, const dnn_pass *p, size_t r, augment_draw *draw)
{
    const dnn_stream stream = { .seed = p->seed, .purpose = DNN_FOR_AUGMENTATION, .item = (uint32_t)l->number };
    uint32_t words[4];
    dnn_random_block(&stream, p->step, (DNN_PLANT(augmentation_by_place_in_shard) ? 0 : p->first_row) + r, words);
    return draw(l, (const float[]){ dnn_unit_float(words[0]), dnn_unit_float(words[1]), dnn_unit_float(words[2]) });
}

void augment_forward(const dnn_layer *l, const dnn_pass *p, augment_draw *draw, augment_style style)
{
    const size_t height = l->in[0].dim[0], width = l->in[0].dim[1], k = l->in[0].dim[2], units = height * width * k;
    const size_t rows = p->training ? p->rows : 0;
    for (size_t r = 0; r < rows; r++) {
        const augment_map m = map_of(l, p, r, draw);
        const real *image = p->x[0] + r * units;
        real *y = p->y + r * units;
        for (size_t i = 0; i < height; i++)
            for (size_t j = 0; j < width; j++, y += k) {
                const double column = (double)j, row = (double)i;
                const taps t = taps_at(m.ax * column + m.bx * row + m.cx, m.ay * column + m.by * row + m.cy,
                                       (long)height, (long)width, style);
                memset(y, 0, k * sizeof *y);
                for (size_t n = 0; n < t.count; n++)
                    for (size_t c = 0; c < k; c++)
                        y[c] +=
                            (real)t.share[n] * (t.place[n] < 0 ? (real)style.value : image[(size_t)t.place[n] * k + c]);
            }
    }
    memcpy(p->y + rows * units, p->x[0] + rows * units, (p->capacity - rows) * units * sizeof *p->y);
}

/* Each output's gradient goes back to the cells it was made from, by their shares. */
void augment_backward(const dnn_layer *l, const dnn_pass *p, augment_draw *draw, augment_style style)
{
    const size_t height = l->in[0].dim[0], width = l->in[0].dim[1], k = l->in[0].dim[2], units = height * width * k;
    const size_t rows = p->training ? p->rows : 0;
    if (!p->dx[0]) return;
    memset(p->dx[0], 0, rows * units * sizeof *p->dx[0]);
    for (size_t r = 0; r < rows; r++) {
        const augment_map m = map_of(l, p, r, draw);
        real *image = p->dx[0] + r * units;
        const real *dy = p->dy + r * units;
        for (size_t i = 0; i < height; i++)
            for (size_t j = 0; j < width; j++, dy += k) {
                const double column = (double)j, row = (double)i;
                const taps t = taps_at(m.ax * column + m.bx * row + m.cx, m.ay * column + m.by * row + m.cy,
                                       (long)height, (long)width, style);
                for (size_t n = 0; n < t.count; n++)
                    for (size_t c = 0; c < k && t.place[n] >= 0; c++)
                        image[(size_t)t.place[n] * k + c] += (real)t.share[n] * dy[c];
            }
    }
    memcpy(p->dx[0] + rows * units, p->dy + rows * units, (p->capacity - rows) * units * sizeof *p->dy);
}

dnn_status augment_range(const dnn_numbers *numbers, const char *key, double range[2])
{
    if (numbers->count < 1 || numbers->count > 2)
        return dnn_fail(DNN_E_CONFIG, "%s has %zu numbers: one, or the two ends of a range, are wanted", key,
                        numbers->count);
    if (numbers->count == 1) {
        range[0] = -fabs(numbers->at[0]);
        range[1] = fabs(numbers->at[0]);
        return DNN_OK;
    }
    range[0] = fmin(numbers->at[0], numbers->at[1]);
    range[1] = fmax(numbers->at[0], numbers->at[1]);
    return DNN_OK;
}

dnn_status augment_encode_range(dnn_node *config, const char *key)
{
    const dnn_node *list = dnn_node_find(config, key);
    if (!list || list->type != DNN_NODE_LIST || list->count > 1) return DNN_OK;
    return dnn_node_set(config, key, list->count ? dnn_node_copy(list->items[0]) : dnn_node_null());
}

/* ---- a factor for each axis ---- */

dnn_status augment_factors_plan(const dnn_layer *l, dnn_layer_plan *p)
{
    const augment_factors *f = l->params;
    double range[2];
    p->out = l->in[0];
    dnn_status st = image_check(l, 2);
    if (st == DNN_OK) st = augment_range(&f->height_factor, "height_factor", range);
    return st == DNN_OK && f->width_factor.count ? augment_range(&f->width_factor, "width_factor", range) : st;
}

augment_style augment_factors_style(const dnn_layer *l)
{
    const augment_factors *f = l->params;
    return (augment_style){ (augment_fill)f->fill_mode, (augment_interpolation)f->interpolation, f->fill_value };
}

dnn_status augment_factors_encode(const void *params, dnn_node *config)
{
    (void)params;
    const dnn_status st = augment_encode_range(config, "height_factor");
    return st == DNN_OK ? augment_encode_range(config, "width_factor") : st;
}
