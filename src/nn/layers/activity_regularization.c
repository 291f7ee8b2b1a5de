/* y = x; l1·sum |x| + l2·sum x² of each sample is added to its loss, so that the mean over the batch is taken of both.
 * As with penalties on weights there is no half: dx = dy + l1 sign(x) + 2 l2 x. */
#include <math.h>
#include <string.h>

#include "dnn/nn/layer.h"

typedef struct { double l1, l2; } activity_regularization;

static const dnn_param params[] = {
    DNN_REAL(activity_regularization, l1, "0", ">= 0", "factor of the sum of magnitudes"),
    DNN_REAL(activity_regularization, l2, "0", ">= 0", "factor of the sum of squares"),
};

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    p->out = l->in[0];
    p->backward_wants_x = true;
    return DNN_OK;
}

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const activity_regularization *a = l->params;
    const size_t units = dnn_shape_units(&l->out);
    double magnitudes = 0, squares = 0;
    memcpy(p->y, p->x[0], p->capacity * units * sizeof *p->y);
    for (size_t i = 0; p->penalty && i < p->rows * units; i++) {
        const double x = p->x[0][i];
        magnitudes += fabs(x);
        squares += x * x;
    }
    if (p->penalty) *p->penalty += a->l1 * magnitudes + a->l2 * squares;
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const activity_regularization *a = l->params;
    const size_t units = dnn_shape_units(&l->out), n = p->rows * units;
    const real l1 = (real)a->l1, l2 = (real)(2 * a->l2), *restrict x = p->x[0], *restrict dy = p->dy;
    real *restrict dx = p->dx[0];
    if (!dx) return;
    for (size_t i = 0; i < n; i++) dx[i] = dy[i] + l1 * (real)((x[i] > 0) - (x[i] < 0)) + l2 * x[i];
    memset(dx + n, 0, (p->capacity - p->rows) * units * sizeof *dx);
}

const dnn_layer_kind dnn_layer_activity_regularization = {
    .kind = { .name = "activity_regularization",
              .help = "passes its input on and adds a penalty on it to the loss",
              .params_size = sizeof(activity_regularization),
              DNN_PARAMS(params),
              .keras = "ActivityRegularization" },
    .penalizes = true,
    .outline = dnn_outline_pass,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
