/* From layers and wires to operations in order, shapes and weights. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/nn/constraint.h"
#include "nn/graph.h"
#include "nn/layers/shapes.h"

/* ---- order ---- */

/* A layer that waits, as this one does. */
static size_t waits_for(const dnn_graph *g, const wires *w, const size_t *tensor_of)
{
    size_t s = 0;
    while (w->from[s] < g->n_inputs || tensor_of[w->from[s] - g->n_inputs] != SIZE_MAX) s++;
    return w->from[s] - g->n_inputs;
}

static dnn_status cycle(const dnn_graph *g, const wires *all, const size_t *tensor_of)
{
    size_t at = 0, used = 0;
    char text[512];
    while (tensor_of[at] != SIZE_MAX) at++;
    /* As many steps as there are layers end on the cycle; told from its first layer on. */
    for (size_t step = 0; step < g->n_layers; step++) at = waits_for(g, &all[at], tensor_of);
    size_t start = at;
    for (size_t next = waits_for(g, &all[at], tensor_of); next != at; next = waits_for(g, &all[next], tensor_of))
        if (next < start) start = next;
    at = start;
    used = (size_t)snprintf(text, sizeof text, "%s", g->layers[at].name);
    do {
        at = waits_for(g, &all[at], tensor_of);
        if (used < sizeof text)
            used += (size_t)snprintf(text + used, sizeof text - used, " reads %s%s", g->layers[at].name,
                                     at == start ? "" : ", which");
    } while (at != start);
    return dnn_place_fail(DNN_E_CONFIG, g->layers[start].component.place, "%s.inputs: a cycle: %s",
                          g->layers[start].name, text);
}

static bool ready(const dnn_graph *g, const wires *w, const size_t *tensor_of)
{
    for (size_t s = 0; s < w->count; s++)
        if (w->from[s] >= g->n_inputs && tensor_of[w->from[s] - g->n_inputs] == SIZE_MAX) return false;
    return true;
}

static dnn_status add_op(dnn_graph *g, size_t layer, const wires *w, const size_t *tensor_of)
{
    dnn_op *op = &g->ops[g->n_ops];
    op->in = dnn_alloc(w->count, sizeof *op->in);
    if (!op->in) return DNN_E_MEMORY;
    for (size_t s = 0; s < w->count; s++)
        op->in[s] = w->from[s] < g->n_inputs ? w->from[s] : tensor_of[w->from[s] - g->n_inputs];
    op->layer = layer;
    op->out = g->n_inputs + g->n_ops++;
    g->layers[layer].n_inputs = w->count;
    return DNN_OK;
}

/* The last layer that works for the one written at `layer`. */
static size_t last_of(const dnn_graph *g, size_t layer)
{
    while (layer + 1 < g->n_layers && g->layers[layer + 1].internal) layer++;
    return layer;
}

static dnn_status check_used(const dnn_graph *g, const size_t *tensor_of)
{
    bool *used = dnn_alloc(g->n_inputs + g->n_ops, sizeof *used);
    if (!used) return DNN_E_MEMORY;
    for (size_t o = 0; o < g->n_outputs; o++) used[tensor_of[last_of(g, g->output_layer[o])]] = true;
    for (size_t k = g->n_ops; k-- > 0;)
        for (size_t i = 0; used[g->ops[k].out] && i < g->layers[g->ops[k].layer].n_inputs; i++)
            used[g->ops[k].in[i]] = true;
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < g->n_layers && st == DNN_OK; i++)
        if (!used[tensor_of[i]])
            st = dnn_place_fail(
                DNN_E_CONFIG, g->layers[i].component.place,
                "%s: its output is not used; let another layer read it, name it in outputs, or remove it",
                g->layers[i].name);
    for (size_t p = 0; p < g->n_inputs && st == DNN_OK; p++)
        if (!used[p])
            st = dnn_place_fail(DNN_E_CONFIG, g->layers[0].component.place, "input '%s' is read by no layer",
                                g->inputs[p].name);
    dnn_free(used);
    return st;
}

/* Rounds over the layers as written, each time those whose inputs are there; a list written in order takes one. */
dnn_status graph_order(dnn_graph *g, const wires *all)
{
    size_t *tensor_of = dnn_alloc(g->n_layers, sizeof *tensor_of);
    g->ops = dnn_alloc(g->n_layers, sizeof *g->ops);
    dnn_status st = tensor_of && g->ops ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < g->n_layers && st == DNN_OK; i++) tensor_of[i] = SIZE_MAX;
    for (size_t before = SIZE_MAX; st == DNN_OK && g->n_ops < g->n_layers;) {
        if (g->n_ops == before) {
            st = cycle(g, all, tensor_of);
            break;
        }
        before = g->n_ops;
        for (size_t i = 0; i < g->n_layers && st == DNN_OK; i++) {
            if (tensor_of[i] != SIZE_MAX || !ready(g, &all[i], tensor_of)) continue;
            st = add_op(g, i, &all[i], tensor_of);
            if (st == DNN_OK) tensor_of[i] = g->ops[g->n_ops - 1].out;
        }
    }
    g->n_tensors = g->n_inputs + g->n_ops;
    if (st == DNN_OK) st = check_used(g, tensor_of);
    dnn_free(tensor_of);
    return st;
}

/* ---- shapes and weights ---- */

static dnn_status too_large(const dnn_layer *l, const char *what, const dnn_shape *shape)
{
    char text[128];
    return graph_fail_in(l, dnn_fail(DNN_E_CONFIG, "%s has shape %s: it holds no values, or too many", what,
                                     dnn_shape_text(shape, text, sizeof text)));
}

static const dnn_component *if_chosen(const dnn_component *c) { return c && c->kind ? c : NULL; }

static dnn_status constraint_fits(const dnn_layer *l, const dnn_weight_plan *w)
{
    const dnn_component *c = if_chosen(w->constraint);
    const dnn_constraint_kind *kind = c ? (const dnn_constraint_kind *)c->kind : NULL;
    const dnn_status st = kind && kind->fits ? kind->fits(c->params, &w->shape) : DNN_OK;
    return st == DNN_OK ? st : graph_fail_in(l, dnn_fail_in(st, "%s of %s", kind->kind.name, w->name));
}

static dnn_status plan_layer(dnn_graph *g, const dnn_op *op)
{
    dnn_layer *l = &g->layers[op->layer];
    l->in = dnn_alloc(l->n_inputs, sizeof *l->in);
    if (!l->in) return DNN_E_MEMORY;
    for (size_t i = 0; i < l->n_inputs; i++)
        l->in[i] =
            op->in[i] < g->n_inputs ? g->inputs[op->in[i]].shape : g->layers[g->ops[op->in[i] - g->n_inputs].layer].out;
    const dnn_status st = l->kind->plan(l, &l->plan);
    if (st != DNN_OK) return graph_fail_in(l, st);
    if (l->activity) l->plan.backward_wants_y = true;
    l->out = l->plan.out;
    if (shape_units_checked(&l->out) == 0) return too_large(l, "its output", &l->out);
    for (size_t w = 0; w < l->plan.n_weights; w++)
        if (shape_units_checked(&l->plan.weights[w].shape) == 0)
            return too_large(l, l->plan.weights[w].name, &l->plan.weights[w].shape);
    for (size_t w = 0; w < l->plan.n_weights; w++) {
        const dnn_status fits = constraint_fits(l, &l->plan.weights[w]);
        if (fits != DNN_OK) return fits;
    }
    if (l->plan.sums > g->max_sums) g->max_sums = l->plan.sums;
    return DNN_OK;
}

static dnn_status add_segment(dnn_graph *g, size_t layer, const dnn_weight_plan *w)
{
    dnn_segment *s = &g->segments.at[g->segments.count];
    *s = (dnn_segment){ .shape = w->shape,
                        .offset = g->segments.total,
                        .length = dnn_shape_units(&w->shape),
                        .weight = !w->statistic,
                        .trainable = !w->statistic && !g->layers[layer].frozen,
                        .layer = layer,
                        .fan_in = w->fan_in,
                        .fan_out = w->fan_out,
                        .initializer = w->initializer,
                        .regularizer = if_chosen(w->regularizer),
                        .constraint = if_chosen(w->constraint) };
    s->name = dnn_format("%s/%s", g->layers[layer].name, w->name);
    if (!s->name) return DNN_E_MEMORY;
    g->segments.count++;
    g->segments.total += (s->length + 15) / 16 * 16;
    return DNN_OK;
}

static dnn_status make_segments(dnn_graph *g)
{
    size_t count = 0;
    for (size_t i = 0; i < g->n_layers; i++) count += g->layers[i].called ? 0 : g->layers[i].plan.n_weights;
    g->segments.at = dnn_alloc(count, sizeof *g->segments.at);
    size_t *first = dnn_alloc(g->n_layers, sizeof *first);
    dnn_status st = g->segments.at && first ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < g->n_layers && st == DNN_OK; i++) {
        first[i] = g->segments.count;
        for (size_t w = 0; !g->layers[i].called && w < g->layers[i].plan.n_weights && st == DNN_OK; w++)
            st = add_segment(g, i, &g->layers[i].plan.weights[w]);
    }
    for (size_t k = 0; k < g->n_ops && st == DNN_OK; k++) {
        const dnn_layer *l = &g->layers[g->ops[k].layer];
        g->ops[k].first_segment = first[l->called ? l->owner : g->ops[k].layer];
    }
    dnn_free(first);
    return st;
}

dnn_status graph_shapes(dnn_graph *g)
{
    dnn_status st = DNN_OK;
    for (size_t k = 0; k < g->n_ops && st == DNN_OK; k++) st = plan_layer(g, &g->ops[k]);
    for (size_t i = 0; i < g->n_layers && st == DNN_OK; i++)
        if (g->layers[i].called) st = graph_call_fits(g, &g->layers[i]);
    return st == DNN_OK ? make_segments(g) : st;
}

/* ---- outputs ---- */

/* The tensor whose values these are, seen through views. */
static size_t root_of(const dnn_graph *g, size_t t)
{
    while (t >= g->n_inputs && g->layers[g->ops[t - g->n_inputs].layer].plan.view) t = g->ops[t - g->n_inputs].in[0];
    return t;
}

static const dnn_op *op_of_layer(const dnn_graph *g, size_t layer)
{
    const dnn_op *op = g->ops;
    while (op->layer != layer) op++;
    return op;
}

dnn_status graph_outputs(dnn_graph *g)
{
    for (size_t o = 0; o < g->n_outputs; o++) {
        const dnn_layer *named = &g->layers[g->output_layer[o]];
        const dnn_op *op = op_of_layer(g, last_of(g, g->output_layer[o]));
        g->output_tensor[o] = op->out;
        g->outputs[o].shape = named->out;
        for (size_t other = 0; other < o; other++)
            if (root_of(g, g->output_tensor[other]) == root_of(g, op->out))
                return dnn_place_fail(DNN_E_CONFIG, named->component.place, "outputs: '%s' has the same values as '%s'",
                                      g->outputs[o].name, g->outputs[other].name);
    }
    for (size_t o = 0; o < g->n_outputs; o++) {
        const dnn_op *op =
            &g->ops[g->output_tensor[o] - g->n_inputs]; /* an output is a layer's, never an input as such */
        const dnn_layer *l = &g->layers[op->layer];
        g->logits_tensor[o] = l->kind->activation_layer && l->activation && !l->plan.along_others ? op->in[0] : SIZE_MAX;
        /* Logits that are an output themselves have a gradient of their own. */
        for (size_t other = 0; other < g->n_outputs && g->logits_tensor[o] != SIZE_MAX; other++)
            if (root_of(g, g->output_tensor[other]) == root_of(g, g->logits_tensor[o])) g->logits_tensor[o] = SIZE_MAX;
    }
    return DNN_OK;
}

const char *dnn_graph_tensor_name(const dnn_graph *g, size_t t)
{
    if (t < g->n_inputs) return g->inputs[t].name;
    size_t layer = g->ops[t - g->n_inputs].layer;
    while (g->layers[layer].internal) layer--;
    return g->layers[layer].name;
}
