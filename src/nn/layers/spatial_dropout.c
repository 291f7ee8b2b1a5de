/* Dropout of whole channels: all places of a sample's channel are zeroed together, because neighbouring places say nearly the same (Tompson et al.
 * 2015). Scaled up as in dropout. */
#include <string.h>

#include "nn/layers/images.h"
#include "nn/layers/positions.h"

typedef struct { double rate; } spatial_dropout;

static const dnn_param params[] = {
    DNN_REAL(spatial_dropout, rate, "0.5", "[0, 1)", "fraction of channels zeroed while training"),
};

static dnn_status plan(const dnn_layer *l, size_t axes, dnn_layer_plan *p)
{
    const dnn_status st = image_check(l, axes);
    if (st != DNN_OK) return st;
    p->out = l->in[0];
    p->saved = dnn_shape_last(&l->in[0]);    /* what each channel was multiplied by */
    p->scratch = dnn_shape_last(&l->in[0]);  /* the same where no backward follows */
    return DNN_OK;
}

static dnn_status plan_1d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 1, p); }
static dnn_status plan_2d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 2, p); }
static dnn_status plan_3d(const dnn_layer *l, dnn_layer_plan *p) { return plan(l, 3, p); }

static bool is_on(const dnn_layer *l, const dnn_pass *p) { return p->training && ((const spatial_dropout *)l->params)->rate > 0; }

static void multiply(const dnn_layer *l, const dnn_pass *p, const real *restrict from, const real *restrict mask, real *restrict to)
{
    const size_t channels = dnn_shape_last(&l->out), units = dnn_shape_units(&l->out);
    for (size_t r = 0; r < p->capacity; r++, mask += channels)
        for (size_t i = r * units; i < (r + 1) * units; i += channels)
            for (size_t c = 0; c < channels; c++) to[i + c] = from[i + c] * mask[c];
}

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const double rate = ((const spatial_dropout *)l->params)->rate;
    real *mask = p->saved ? p->saved : p->scratch;
    if (!is_on(l, p)) {
        memcpy(p->y, p->x[0], p->capacity * dnn_shape_units(&l->out) * sizeof *p->y);
        return;
    }
    positions_mask(l, p, dnn_shape_last(&l->out), rate, (real)(1 / (1 - rate)), 0, mask);
    multiply(l, p, p->x[0], mask, p->y);
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    if (!p->dx[0]) return;
    if (is_on(l, p)) multiply(l, p, p->dy, p->saved, p->dx[0]);
    else memcpy(p->dx[0], p->dy, p->capacity * dnn_shape_units(&l->out) * sizeof *p->dy);
}

#define SPATIAL_DROPOUT(name, keras, axes, help) \
    IMAGE_LAYER(name, keras, help, spatial_dropout, params, plan_##axes, forward, backward, dnn_outline_pass)
SPATIAL_DROPOUT(spatial_dropout1d, "SpatialDropout1D", 1d, "zeroes whole channels of sequences at random while training (Tompson et al. 2015)");
SPATIAL_DROPOUT(spatial_dropout2d, "SpatialDropout2D", 2d, "zeroes whole channels of images at random while training (Tompson et al. 2015)");
SPATIAL_DROPOUT(spatial_dropout3d, "SpatialDropout3D", 3d, "zeroes whole channels of volumes at random while training (Tompson et al. 2015)");
