/* Two interleaving half circles: sklearn.datasets.make_moons. */
#include <math.h>

#include "data/sources/made.h"

typedef struct moons {
    dnn_numbers n_samples;
    double noise;
    int64_t random_state;
    bool shuffle;
} moons;

static const dnn_param params[] = {
    DNN_NUMBERS(moons, n_samples, "100", ">= 0",
                "rows; half of them (the odd one more) belong to the inner moon, class 1; or a list of two: of the outer and of the inner one"),
    DNN_REAL(moons, noise, "null", ">= 0", "standard deviation of the normal noise added to both coordinates"),
    DNN_INT(moons, random_state, "0", "[0, 4294967295]", "seed of NumPy's legacy stream; the rows are scikit-learn's"),
    DNN_BOOL(moons, shuffle, "true", "puts the rows in random order"),
};

static dnn_status open(const void *parameters, dnn_source_info *info, void **state)
{
    const moons *p = parameters;
    dnn_made *made;
    size_t outer = 0, inner = 0;
    dnn_status st = dnn_made_halves("moons", &p->n_samples, &outer, &inner);
    if (st == DNN_OK) st = dnn_made_create(outer + inner, 2, 1, true, &made);
    if (st != DNN_OK) return st;
    for (size_t i = 0; i < outer; i++) {
        const double angle = dnn_made_linspace(0.0, M_PI, outer, true, i);
        made->x[2 * i] = cos(angle);
        made->x[2 * i + 1] = sin(angle);
    }
    for (size_t i = 0; i < inner; i++) {
        const double angle = dnn_made_linspace(0.0, M_PI, inner, true, i);
        made->x[2 * (outer + i)] = 1.0 - cos(angle);
        made->x[2 * (outer + i) + 1] = 1.0 - sin(angle) - 0.5;
        made->y[outer + i] = 1.0;
    }
    return dnn_made_finish(made, p->random_state, p->shuffle, p->noise, info, state);
}

const dnn_source_kind dnn_source_moons = {
    .kind = {.name = "moons",
             .help = "two interleaving half circles; scikit-learn's make_moons, row for row",
             .params_size = sizeof(moons),
             DNN_PARAMS(params)},
    .open = open,
    .read = dnn_made_read,
    .close = dnn_made_close,
};
