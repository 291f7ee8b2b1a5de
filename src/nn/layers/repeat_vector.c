/* A vector n times over: [units] becomes [n, units]. */
#include <string.h>

#include "dnn/nn/layer.h"

typedef struct { size_t n; } repeat_vector;

static const dnn_param params[] = {
    DNN_SIZE(repeat_vector, n, NULL, ">= 1", "copies"),
};

static dnn_status plan(const dnn_layer *l, dnn_layer_plan *p)
{
    char text[80];
    if (l->in[0].rank != 1)
        return dnn_fail(DNN_E_CONFIG, "its input has shape %s: vectors [units] are wanted; put flatten in front",
                        dnn_shape_text(&l->in[0], text, sizeof text));
    p->out = dnn_shape_of(2, (size_t[]){ ((const repeat_vector *)l->params)->n, l->in[0].dim[0] });
    return DNN_OK;
}

static void forward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t n = l->out.dim[0], units = l->out.dim[1];
    for (size_t i = 0; i < p->capacity * n; i++) memcpy(p->y + i * units, p->x[0] + i / n * units, units * sizeof *p->y);
}

static void backward(const dnn_layer *l, const dnn_pass *p)
{
    const size_t n = l->out.dim[0], units = l->out.dim[1];
    for (size_t r = 0; p->dx[0] && r < p->capacity; r++)
        for (size_t u = 0; u < units; u++) {
            double sum = 0;
            for (size_t i = 0; i < n; i++) sum += (double)p->dy[(r * n + i) * units + u];
            p->dx[0][r * units + u] = (real)sum;
        }
}

static dnn_value outline(const dnn_layer *l, dnn_outline *o)
{
    const int64_t axis = 1, repeats[] = { 1, (int64_t)l->out.dim[0], 1 };
    const dnn_value x = dnn_outline_2(o, "Unsqueeze", dnn_outline_input(o, 0), dnn_outline_integers(o, 1, &axis));
    return dnn_outline_2(o, "Tile", x, dnn_outline_integers(o, 3, repeats));
}

const dnn_layer_kind dnn_layer_repeat_vector = {
    .kind = { .name = "repeat_vector", .help = "a vector n times over", .params_size = sizeof(repeat_vector), DNN_PARAMS(params), .keras = "RepeatVector" },
    .outline = outline,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
