/* Normal clouds around centers: sklearn.datasets.make_blobs. */
#include <string.h>

#include "dnn/base/memory.h"
#include "data/sources/made.h"

typedef struct blobs {
    dnn_numbers n_samples;
    size_t n_features;
    dnn_node *centers;
    dnn_numbers cluster_std, center_box;
    int64_t random_state;
    bool shuffle;
} blobs;

static const dnn_param params[] = {
    DNN_NUMBERS(blobs, n_samples, "100", ">= 0",
                "rows, shared evenly among the classes, the first ones taking what is left over; or a list: of each class"),
    DNN_SIZE(blobs, n_features, "2", ">= 1", "coordinates of a row; where centers are given those of a center"),
    DNN_NODE(blobs, centers, "null",
             "number of clouds, each a class, or a list of their centers, each a list of coordinates; null: 3, or as many as n_samples lists"),
    DNN_NUMBERS(blobs, cluster_std, "1.0", ">= 0", "standard deviation of the clouds, or a list: of each"),
    DNN_NUMBERS(blobs, center_box, "[-10.0, 10.0]", NULL, "lower and upper bound of the centers, drawn uniformly"),
    DNN_INT(blobs, random_state, "0", "[0, 4294967295]", "seed of NumPy's legacy stream; the rows are scikit-learn's"),
    DNN_BOOL(blobs, shuffle, "true", "puts the rows in random order"),
};

typedef struct clouds {
    size_t count, features, rows;
    const dnn_node *given; /* list of centers; NULL: drawn */
} clouds;

static bool is_number(const dnn_node *node) { return node->type == DNN_NODE_INT || node->type == DNN_NODE_REAL; }

/* Lists of numbers, all of one length. */
static bool are_centers(const dnn_node *node)
{
    bool good = node->type == DNN_NODE_LIST && node->count > 0;
    for (size_t c = 0; good && c < node->count; c++) {
        const dnn_node *const center = node->items[c];
        good = center->type == DNN_NODE_LIST && center->count > 0 && center->count == node->items[0]->count;
        for (size_t j = 0; good && j < center->count; j++) good = is_number(center->items[j]);
    }
    return good;
}

static dnn_status plan(const blobs *p, clouds *c)
{
    const dnn_node *const centers = p->centers;
    *c = (clouds){.count = p->n_samples.count > 1 ? p->n_samples.count : 3, .features = p->n_features};
    const dnn_status st = dnn_made_count("blobs", &p->n_samples, &c->rows);
    if (st != DNN_OK) return st;
    if (centers != NULL && centers->type == DNN_NODE_INT && centers->integer >= 1) {
        c->count = (size_t)centers->integer;
    } else if (centers != NULL && are_centers(centers)) {
        c->given = centers;
        c->count = centers->count;
        c->features = centers->items[0]->count;
    } else if (centers != NULL && centers->type != DNN_NODE_NULL) {
        return dnn_node_fail(DNN_E_CONFIG, centers, "data.source.blobs.centers: must be a number of clouds, or a list of centers such as [[0, 0], [3, 1]]");
    }
    if (p->n_samples.count > 1 && p->n_samples.count != c->count)
        return dnn_fail(DNN_E_CONFIG, "data.source.blobs.n_samples: lists %zu classes, but there are %zu centers", p->n_samples.count, c->count);
    if (p->cluster_std.count != 1 && p->cluster_std.count != c->count)
        return dnn_fail(DNN_E_CONFIG, "data.source.blobs.cluster_std: lists %zu clouds, but there are %zu centers", p->cluster_std.count, c->count);
    if (c->count > SIZE_MAX / sizeof(double) / c->features)
        return dnn_fail(DNN_E_CONFIG, "data.source.blobs: %zu centers of %zu features are too many", c->count, c->features);
    return DNN_OK;
}

static void place_centers(const blobs *p, const clouds *c, dnn_legacy_random *random, double *centers)
{
    for (size_t i = 0; i < c->count * c->features; i++)
        centers[i] = c->given != NULL ? c->given->items[i / c->features]->items[i % c->features]->real
                                      : dnn_legacy_uniform(random, p->center_box.at[0], p->center_box.at[1]);
}

static void draw(const blobs *p, const clouds *c, dnn_legacy_random *random, const double *centers, dnn_made *made)
{
    size_t row = 0;
    for (size_t k = 0; k < c->count; k++) {
        const size_t even = c->rows / c->count + (k < c->rows % c->count);
        const size_t count = p->n_samples.count > 1 ? (size_t)p->n_samples.at[k] : even;
        const double spread = p->cluster_std.at[p->cluster_std.count > 1 ? k : 0];
        for (size_t i = 0; i < count; i++, row++) {
            for (size_t j = 0; j < c->features; j++)
                made->x[row * c->features + j] = centers[k * c->features + j] + spread * dnn_legacy_normal(random);
            made->y[row] = (double)k;
        }
    }
}

static dnn_status open(const void *parameters, dnn_source_info *info, void **state)
{
    const blobs *p = parameters;
    clouds c;
    dnn_made *made;
    if (p->center_box.count != 2 || p->center_box.at[0] > p->center_box.at[1])
        return dnn_fail(DNN_E_CONFIG, "data.source.blobs.center_box: must be two numbers, the lower bound first");
    dnn_status st = plan(p, &c);
    if (st == DNN_OK) st = dnn_made_create(c.rows, c.features, 1, true, &made);
    if (st != DNN_OK) return st;
    double *centers = dnn_alloc(c.count * c.features, sizeof *centers);
    if (centers == NULL) st = DNN_E_MEMORY;
    if (st == DNN_OK) {
        dnn_legacy_random random;
        dnn_legacy_seed(&random, (uint32_t)p->random_state);
        place_centers(p, &c, &random, centers);
        draw(p, &c, &random, centers, made);
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
