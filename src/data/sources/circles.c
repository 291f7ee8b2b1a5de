/* A circle within a circle: sklearn.datasets.make_circles. */
#include <math.h>

#include "data/sources/made.h"

typedef struct circles {
    size_t n_samples;
    double noise;
    double factor;
    int64_t random_state;
    bool shuffle;
} circles;

static const dnn_param params[] = {
    DNN_SIZE(circles, n_samples, "100", ">= 1",
             "rows; half of them (the odd one more) belong to the inner circle, class 1"),
    DNN_REAL(circles, noise, "null", ">= 0", "standard deviation of the normal noise added to both coordinates"),
    DNN_REAL(circles, factor, "0.8", "[0, 1)", "radius of the inner circle; that of the outer one is 1"),
    DNN_INT(circles, random_state, "0", "[0, 4294967295]",
            "seed of NumPy's legacy stream; the rows are scikit-learn's"),
    DNN_BOOL(circles, shuffle, "true", "puts the rows in random order"),
};

static dnn_status open(const void *parameters, dnn_source_info *info, void **state)
{
    const circles *p = parameters;
    dnn_made *made;
    const dnn_status st = dnn_made_create(p->n_samples, 2, true, &made);
    if (st != DNN_OK) return st;
    const size_t outer = p->n_samples / 2;
    for (size_t i = 0; i < p->n_samples; i++) {
        const bool inside = i >= outer;
        const double angle = inside ? dnn_made_linspace(0.0, 2.0 * M_PI, p->n_samples - outer, false, i - outer)
                                    : dnn_made_linspace(0.0, 2.0 * M_PI, outer, false, i);
        const double radius = inside ? p->factor : 1.0;
        made->x[2 * i] = cos(angle) * radius;
        made->x[2 * i + 1] = sin(angle) * radius;
        made->y[i] = inside;
    }
    return dnn_made_finish(made, p->random_state, p->shuffle, p->noise, info, state);
}

const dnn_source_kind dnn_source_circles = {
    .kind = {.name = "circles",
             .help = "a circle within a circle; scikit-learn's make_circles, row for row",
             .params_size = sizeof(circles),
             DNN_PARAMS(params)},
    .open = open,
    .read = dnn_made_read,
    .close = dnn_made_close,
};
