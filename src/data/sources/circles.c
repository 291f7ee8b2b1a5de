/* A circle within a circle: sklearn.datasets.make_circles. */
#include <math.h>

#include "data/sources/made.h"

typedef struct circles {
    dnn_numbers n_samples;
    double noise;
    double factor;
    int64_t random_state;
    bool shuffle;
} circles;

static const dnn_param params[] = {
    DNN_NUMBERS(circles, n_samples, "100", ">= 0",
                "rows; half of them (the odd one more) belong to the inner circle, class 1; or a list of two: of the outer and of the inner one"),
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
    size_t outer = 0, inner = 0;
    dnn_status st = dnn_made_halves("circles", &p->n_samples, &outer, &inner);
    if (st == DNN_OK) st = dnn_made_create(outer + inner, 2, 1, true, &made);
    if (st != DNN_OK) return st;
    for (size_t i = 0; i < outer + inner; i++) {
        const bool inside = i >= outer;
        const double angle = inside ? dnn_made_linspace(0.0, 2.0 * M_PI, inner, false, i - outer)
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
