/** What the sources made inside have in common: rows of doubles drawn as scikit-learn draws them, put in order, kept as
 * floats with one label or value each. Local. */
#ifndef DNN_DATA_MADE_H
#define DNN_DATA_MADE_H

#include "data/legacy_random.h"
#include "data/source.h"
#include "dnn/base/param.h"

typedef struct dnn_made {
    size_t rows, features;
    size_t targets;
    double *x; /**< [rows, features] */
    double *y; /**< [rows, targets] labels or values */
    bool labels;
} dnn_made;

/** Zeroed arrays; DNN_E_MEMORY. */
dnn_status dnn_made_create(size_t rows, size_t features, size_t targets, bool labels, dnn_made **out);
/** `n_samples` of a source as whole numbers with a sum that can be counted: DNN_E_CONFIG names `kind`. */
dnn_status dnn_made_count(const char *kind, const dnn_numbers *n_samples, size_t *sum);
/** Rows of the outer and the inner of two figures: halves, the odd one more inside, or two numbers as they are. */
dnn_status dnn_made_halves(const char *kind, const dnn_numbers *n_samples, size_t *outer, size_t *inner);
/** Puts rows of x and y in the order that sklearn.utils.shuffle gives. */
dnn_status dnn_made_shuffle(dnn_made *made, dnn_legacy_random *random);
/** Adds normal(scale) to all of x, row by row; nothing where `scale` is NaN. */
void dnn_made_add_noise(dnn_made *made, dnn_legacy_random *random, double scale);
/** The end of a figure in the plane: order, noise and description; `made` becomes `*state`, or is closed where that fails. */
dnn_status dnn_made_finish(dnn_made *made, int64_t random_state, bool shuffle, double noise, dnn_source_info *info, void **state);
/** One training part with all rows. */
void dnn_made_describe(const dnn_made *made, dnn_source_info *info);

dnn_status dnn_made_read(void *state, dnn_part part, uint64_t first, size_t rows, void *const *x, void *const *y,
                         float *weight);
void dnn_made_close(void *state);

/** x [rows, features] of about `rank` large singular values: sklearn.datasets.make_low_rank_matrix. */
dnn_status dnn_made_low_rank(dnn_made *made, double rank, double tail, dnn_legacy_random *random);

/** Point i of numpy.linspace(start, stop, count, endpoint). */
double dnn_made_linspace(double start, double stop, size_t count, bool endpoint, size_t i);

#endif
