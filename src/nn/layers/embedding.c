/* y = row x of a learned matrix, for each of the input's whole numbers x (others: without their fraction, as in Keras). A number that names no row gives
 * NaN, which stops the training with a word about it. The matrix's gradient is the sum of the rows' dy where they came from. */
#include <math.h>
#include <string.h>

#include "dnn/nn/constraint.h"
#include "dnn/nn/initializer.h"
#include "dnn/nn/layer.h"
#include "dnn/nn/regularizer.h"
#include "nn/layers/keras.h"

typedef struct {
    size_t input_dim, output_dim;
    dnn_component embeddings_initializer, embeddings_regularizer, activity_regularizer, embeddings_constraint;
} embedding;

static const dnn_param params[] = {
    DNN_SIZE(embedding, input_dim, NULL, ">= 1", "rows of the matrix: inputs are 0 … input_dim - 1"),
    DNN_SIZE(embedding, output_dim, NULL, ">= 1", "values of a row"),
    DNN_COMPONENT(embedding, embeddings_initializer, &dnn_initializers, "random_uniform", "start of the matrix [input_dim, output_dim]"),
    DNN_COMPONENT(embedding, embeddings_regularizer, &dnn_regularizers, "null", "penalty on the matrix"),
    DNN_COMPONENT(embedding, activity_regularizer, &dnn_regularizers, "null", "penalty on the outputs, as a mean over the batch"),
    DNN_COMPONENT(embedding, embeddings_constraint, &dnn_constraints, "null", "projection of the matrix after each update"),
};

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    const embedding *e = l->params;
    if (l->in[0].rank == DNN_MAX_RANK) return dnn_fail(DNN_E_CONFIG, "its input has %d axes: one more is not possible", DNN_MAX_RANK);
    if (e->input_dim > (size_t)1 << 24) return dnn_fail(DNN_E_CONFIG, "input_dim = %zu: inputs are floats, which count to 2^24", e->input_dim);
    p->out = l->in[0];
    p->out.dim[p->out.rank++] = e->output_dim;
    p->n_weights = 1;
    p->weights[0] = (dnn_weight_plan){ .name = "embeddings",
                                       .shape = dnn_shape_of(2, (size_t[]){ e->input_dim, e->output_dim }),
                                       .fan_in = e->input_dim,
                                       .fan_out = e->output_dim,
                                       .initializer = &e->embeddings_initializer,
                                       .regularizer = &e->embeddings_regularizer,
                                       .constraint = &e->embeddings_constraint };
    p->backward_wants_x = true;
    return DNN_OK;
}

/* input_dim where there is none. */
static size_t row_of(const embedding *e, real x) { return x > -1 && x < (real)e->input_dim ? (size_t)(x < 0 ? 0 : x) : e->input_dim; }

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const embedding *e = l->params;
    const size_t n = dnn_shape_units(&l->in[0]), k = e->output_dim;
    for (size_t i = 0; i < p->rows * n; i++) {
        const size_t row = row_of(e, p->x[0][i]);
        for (size_t j = 0; j < k; j++) p->y[i * k + j] = row < e->input_dim ? p->w[0][row * k + j] : (real)NAN;
    }
    memset(p->y + p->rows * n * k, 0, (p->capacity - p->rows) * n * k * sizeof *p->y);
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const embedding *e = l->params;
    const size_t n = dnn_shape_units(&l->in[0]), k = e->output_dim;
    real *dw = p->dw[0];
    if (p->dx[0]) memset(p->dx[0], 0, p->capacity * n * sizeof *p->dx[0]);
    if (!dw) return;
    memset(dw, 0, e->input_dim * k * sizeof *dw);
    for (size_t i = 0; i < p->rows * n; i++) {
        const size_t row = row_of(e, p->x[0][i]);
        for (size_t j = 0; row < e->input_dim && j < k; j++) dw[row * k + j] += p->dy[i * k + j];
    }
}

/* Masks, which stay and are refused, would change what later layers see. */
static dnn_status decode(const dnn_node *config, dnn_node *node)
{
    static const char *const neutral[] = { "input_length" };
    const dnn_node *mask = dnn_node_find(config, "mask_zero");
    keras_drop(node, neutral, 1);
    if (mask && mask->type == DNN_NODE_BOOL && !mask->boolean) dnn_node_remove(node, "mask_zero");
    return DNN_OK;
}

static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    enum { INT64 = 7 };
    (void)l;
    const dnn_value rows = dnn_outline_1(o, "Cast", dnn_outline_input(o, 0));
    dnn_outline_set_integer(o, "to", INT64);
    return dnn_outline_2(o, "Gather", dnn_outline_weight(o, 0, NULL), rows);
}

const dnn_layer_kind dnn_layer_embedding = {
    .kind = { .name = "embedding",
              .help = "the row of a learned matrix that a whole number names",
              .params_size = sizeof(embedding),
              DNN_PARAMS(params),
              .keras = "Embedding",
              .encode = keras_encode_activity,
              .decode = decode },
    .outline = outline,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
