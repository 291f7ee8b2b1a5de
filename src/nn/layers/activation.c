/* An activation as a layer of its own; also what the graph splits off from other layers. */
#include "nn/layers/activation.h"

typedef struct { dnn_component activation; } activation;

static const dnn_param params[] = {
    DNN_COMPONENT(activation, activation, &dnn_activations, NULL, "activation"),
};

dnn_status activation_plan(const dnn_layer *l, dnn_layer_plan *p)
{
    *p = (dnn_layer_plan){ .out = l->in[0], .view = !l->activation };
    if (l->activation) {
        p->backward_wants_x = l->activation->from_input;
        p->backward_wants_y = !l->activation->from_input;
    }
    return DNN_OK;
}

static size_t rows(const dnn_layer *l, const dnn_pass *p)
{
    return p->capacity * (dnn_shape_units(&l->out) / dnn_shape_last(&l->out));
}

void activation_forward(const dnn_layer *l, const dnn_pass *p)
{
    l->activation->forward(l->activation_params, rows(l, p), dnn_shape_last(&l->out), p->x[0], p->y);
}

void activation_backward(const dnn_layer *l, const dnn_pass *p)
{
    if (!p->dx[0]) return;
    l->activation->backward(l->activation_params, rows(l, p), dnn_shape_last(&l->out),
                            l->activation->from_input ? p->x[0] : p->y, p->dy, p->dx[0]);
}

const dnn_layer_kind dnn_layer_activation = {
    .kind = { .name = "activation",
              .help = "an activation as a layer of its own",
              .params_size = sizeof(activation),
              DNN_PARAMS(params),
              .keras = "Activation" },
    .activation_layer = true,
    .plan = activation_plan,
    .forward = activation_forward,
    .backward = activation_backward,
};
