/* y = x_1 + x_2 + …: skip connections (He et al. 2016). */
#include <string.h>

#include "dnn/nn/layer.h"

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    for (size_t i = 1; i < l->n_inputs; i++)
        if (!dnn_shape_equal(&l->in[0], &l->in[i])) {
            char a[80], b[80];
            return dnn_fail(DNN_E_CONFIG, "inputs have shapes %s and %s: all must be equal",
                            dnn_shape_text(&l->in[0], a, sizeof a), dnn_shape_text(&l->in[i], b, sizeof b));
        }
    *p = (dnn_layer_plan){ .out = l->in[0] };
    return DNN_OK;
}

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t n = p->capacity * dnn_shape_units(&l->out);
    const real *restrict first = p->x[0], *restrict second = p->x[1];
    real *restrict y = p->y;
    for (size_t i = 0; i < n; i++) y[i] = first[i] + second[i];
    for (size_t k = 2; k < l->n_inputs; k++) {
        const real *restrict x = p->x[k];
        for (size_t i = 0; i < n; i++) y[i] += x[i];
    }
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t n = p->capacity * dnn_shape_units(&l->out);
    for (size_t k = 0; k < l->n_inputs; k++)
        if (p->dx[k]) memcpy(p->dx[k], p->dy, n * sizeof(real));
}

const dnn_layer_kind dnn_layer_add = {
    .kind = { .name = "add", .help = "sum of two or more inputs of one shape", .keras = "Add" },
    .merges = true, .plan = plan, .forward = forward, .backward = backward,
};
