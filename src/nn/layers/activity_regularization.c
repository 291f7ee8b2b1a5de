/* y = x; what the input costs is added to the loss (nn/activity.c). */
#include <string.h>

#include "nn/activity.h"

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
    memcpy(p->y, p->x[0], p->capacity * units * sizeof *p->y);
    if (p->penalty) *p->penalty += activity_penalty(a->l1, a->l2, p->rows * units, p->x[0]);
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const activity_regularization *a = l->params;
    const size_t units = dnn_shape_units(&l->out), n = p->rows * units;
    if (!p->dx[0]) return;
    activity_gradient(a->l1, a->l2, n, p->x[0], p->dy, p->dx[0]);
    memset(p->dx[0] + n, 0, (p->capacity - p->rows) * units * sizeof *p->dy);
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
