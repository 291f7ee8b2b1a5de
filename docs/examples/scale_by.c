/* scale_by - a layer: y = a·x with a learned number a per unit. */
#include "dnn/train/plugin.h"

typedef struct scale_by { dnn_component initializer; } scale_by;

static const dnn_param params[] = {
    DNN_COMPONENT(scale_by, initializer, &dnn_initializers, "ones", "start of the learned numbers"),
};

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    const scale_by *s = l->params;
    p->out = l->in[0];
    p->n_weights = 1;
    p->weights[0] = (dnn_weight_plan){ .name = "a", .shape = dnn_shape_1(dnn_shape_units(&l->in[0])), .initializer = &s->initializer };
    p->backward_wants_x = true;
    return DNN_OK;
}

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t units = dnn_shape_units(&l->out);
    const real *a = p->w[0], *x = p->x[0];
    for (size_t i = 0; i < p->capacity; i++)
        for (size_t u = 0; u < units; u++) p->y[i * units + u] = a[u] * x[i * units + u];
}

/* da is the sum over rows of dy·x, dx is a·dy. Either may not be wanted: then it is NULL. */
static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t units = dnn_shape_units(&l->out);
    const real *a = p->w[0], *x = p->x[0], *dy = p->dy;
    for (size_t u = 0; p->dw[0] && u < units; u++) {
        real sum = 0;
        for (size_t i = 0; i < p->rows; i++) sum += dy[i * units + u] * x[i * units + u];
        p->dw[0][u] = sum;
    }
    for (size_t i = 0; p->dx[0] && i < p->capacity * units; i++) p->dx[0][i] = a[i % units] * dy[i];
}

static const dnn_layer_kind layer = {
    .kind = { .name = "scale_by", .help = "multiplies by a learned number per unit", .params_size = sizeof(scale_by), DNN_PARAMS(params) },
    .plan = plan, .forward = forward, .backward = backward,
};

DNN_PLUGIN(.layers = DNN_KINDS(dnn_layer_kind, &layer))
