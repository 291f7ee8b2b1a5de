/* Normal clouds around centers: sklearn.datasets.make_blobs. */
#include "dnn/base/memory.h"
#include "data/sources/made.h"

typedef struct blobs {
    size_t n_samples, n_features, centers;
    double cluster_std;
    dnn_numbers center_box;
    int64_t random_state;
    bool shuffle;
} blobs;

static const dnn_param params[] = {
    DNN_SIZE(blobs, n_samples, "100", ">= 1",
             "rows, shared evenly among the classes, the first ones taking what is left over"),
    DNN_SIZE(blobs, n_features, "2", ">= 1", "coordinates of a row"),
    DNN_SIZE(blobs, centers, "3", ">= 1", "clouds, each a class"),
    DNN_REAL(blobs, cluster_std, "1.0", ">= 0", "standard deviation of each cloud"),
    DNN_NUMBERS(blobs, center_box, "[-10.0, 10.0]", NULL, "lower and upper bound of the centers, drawn uniformly"),
    DNN_INT(blobs, random_state, "0", "[0, 4294967295]", "seed of NumPy's legacy stream; the rows are scikit-learn's"),
    DNN_BOOL(blobs, shuffle, "true", "puts the rows in random order"),
};

static void draw(const blobs *p, dnn_legacy_random *random, double *centers, dnn_made *made)
{
    for (size_t i = 0; i < p->centers * p->n_features; i++)
        centers[i] = dnn_legacy_uniform(random, p->center_box.at[0], p->center_box.at[1]);
    size_t row = 0;
    for (size_t c = 0; c < p->centers; c++) {
        const size_t count = p->n_samples / p->centers + (c < p->n_samples % p->centers);
        for (size_t k = 0; k < count; k++, row++) {
            for (size_t j = 0; j < p->n_features; j++)
                made->x[row * p->n_features + j] =
                    centers[c * p->n_features + j] + p->cluster_std * dnn_legacy_normal(random);
            made->y[row] = (double)c;
        }
    }
}

static dnn_status open(const void *parameters, dnn_source_info *info, void **state)
{
    const blobs *p = parameters;
    if (p->center_box.count != 2 || p->center_box.at[0] > p->center_box.at[1])
        return dnn_fail(DNN_E_CONFIG, "data.source.blobs.center_box: must be two numbers, the lower bound first");
    if (p->centers > SIZE_MAX / sizeof(double) / p->n_features)
        return dnn_fail(DNN_E_CONFIG, "data.source.blobs: %zu centers of %zu features are too many", p->centers,
                        p->n_features);
    dnn_made *made;
    dnn_status st = dnn_made_create(p->n_samples, p->n_features, true, &made);
    if (st != DNN_OK) return st;
    double *centers = dnn_alloc(p->centers * p->n_features, sizeof *centers);
    if (centers == NULL) st = DNN_E_MEMORY;
    if (st == DNN_OK) {
        dnn_legacy_random random;
        dnn_legacy_seed(&random, (uint32_t)p->random_state);
        draw(p, &random, centers, made);
        if (p->shuffle) st = dnn_made_shuffle(made, &random);
    }
    dnn_free(centers);
    if (st != DNN_OK) {
        dnn_made_close(made);
        return st;
    }
    dnn_made_describe(made, info);
    *state = made;
    return DNN_OK;
}

const dnn_source_kind dnn_source_blobs = {
    .kind = {.name = "blobs",
             .help = "normal clouds around random centers; scikit-learn's make_blobs, row for row",
             .params_size = sizeof(blobs),
             DNN_PARAMS(params)},
    .open = open,
    .read = dnn_made_read,
    .close = dnn_made_close,
};
