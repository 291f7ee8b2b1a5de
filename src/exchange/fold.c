/* Batch normalizations taken into the layers beside them, one after the other: the network is written as a run file
 * would say it, without the layer, built anew, and its weights are those of the old one but for the layer that took the
 * normalization over. */
#include "dnn/exchange/export.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"

/* y = scale x + shift by feature, and the layer that takes it: before (or after) the normalization. */
typedef struct folding {
    const dnn_graph *graph;
    const float *weights;
    const dnn_op *norm, *taker;
    bool before;
    size_t features;
    double *scale, *shift; /* [features] */
} folding;

static const dnn_layer *layer_of(const dnn_graph *g, const dnn_op *op) { return &g->layers[op->layer]; }

static bool is_kind(const dnn_graph *g, const dnn_op *op, const char *name)
{
    return strcmp(layer_of(g, op)->kind->kind.name, name) == 0;
}

/* The op that alone reads a tensor, which is no output of the network; else NULL. */
static const dnn_op *only_reader(const dnn_graph *g, size_t tensor)
{
    const dnn_op *reader = NULL;
    for (size_t o = 0; o < g->n_outputs; o++)
        if (g->output_tensor[o] == tensor) return NULL;
    for (size_t i = 0; i < g->n_ops; i++)
        for (size_t k = 0; k < layer_of(g, &g->ops[i])->n_inputs; k++) {
            if (g->ops[i].in[k] != tensor) continue;
            if (reader) return NULL;
            reader = &g->ops[i];
        }
    return reader;
}

static const dnn_op *taker_before(const dnn_graph *g, const dnn_op *norm)
{
    const size_t tensor = norm->in[0];
    if (tensor < g->n_inputs || only_reader(g, tensor) != norm) return NULL;
    const dnn_op *op = &g->ops[tensor - g->n_inputs];
    const bool linear = !layer_of(g, op)->activation && !layer_of(g, op)->internal;
    return linear && (is_kind(g, op, "dense") || is_kind(g, op, "conv2d")) ? op : NULL;
}

/* Behind layers that in inference pass on what they read, or only show it in another shape. The features lie side by
 * side in memory, so they repeat along the dense layer's last axis where that is made of whole sets of them. */
static const dnn_op *taker_after(const dnn_graph *g, const dnn_op *norm)
{
    const dnn_op *op = only_reader(g, norm->out);
    while (op && (layer_of(g, op)->plan.view || layer_of(g, op)->kind->outline == dnn_outline_pass)) op = only_reader(g, op->out);
    if (!op || !is_kind(g, op, "dense")) return NULL;
    return dnn_shape_last(&layer_of(g, op)->in[0]) % dnn_shape_last(&layer_of(g, norm)->in[0]) == 0 ? op : NULL;
}

static const float *weight_of(const folding *f, const dnn_op *op, const char *name)
{
    const dnn_layer *l = layer_of(f->graph, op);
    for (size_t k = 0; k < l->plan.n_weights; k++)
        if (strcmp(l->plan.weights[k].name, name) == 0)
            return f->weights + f->graph->segments.at[op->first_segment + k].offset;
    return NULL;
}

static double param_of(const dnn_layer *l, const char *key)
{
    dnn_node *params = dnn_params_write(l->kind->kind.params, l->kind->kind.n_params, l->params);
    const dnn_node *param = params ? dnn_node_find(params, key) : NULL;
    const double value = param ? param->real : NAN;
    dnn_node_destroy(params);
    return value;
}

/* Its features are the last axis, which is what dense and conv2d give and take. */
static bool normalizes_last(const dnn_layer *l)
{
    const double axis = param_of(l, "axis");
    return axis == -1 || axis == (double)l->in[0].rank;
}

/* Used at more than one place: what is folded into it here would show there. */
static bool is_shared(const dnn_graph *g, const dnn_op *op)
{
    if (g->layers[op->layer].called) return true;
    for (size_t i = 0; i < g->n_layers; i++)
        if (g->layers[i].called && g->layers[i].owner == op->layer) return true;
    return false;
}

static dnn_status find(const dnn_graph *g, const float *weights, folding *f)
{
    *f = (folding){ .graph = g, .weights = weights };
    for (size_t i = 0; i < g->n_ops && !f->norm; i++)
        if (is_kind(g, &g->ops[i], "batch_normalization")) f->norm = &g->ops[i];
    if (!f->norm) return DNN_OK;
    const bool last = normalizes_last(layer_of(g, f->norm));
    f->taker = last ? taker_before(g, f->norm) : NULL;
    f->before = f->taker != NULL;
    if (last && !f->taker) f->taker = taker_after(g, f->norm);
    if (!f->taker)
        return dnn_fail(DNN_E_MODEL, "batch normalization '%s' cannot be folded: before it must stand a dense or conv2d "
                        "layer without activation that nothing else reads, or after it a dense layer, and it must normalize the last axis", layer_of(g, f->norm)->name);
    if (is_shared(g, f->norm) || is_shared(g, f->taker))
        return dnn_fail(DNN_E_MODEL, "batch normalization '%s' cannot be folded into '%s': one of them is used at more than one place", layer_of(g, f->norm)->name,
                        layer_of(g, f->taker)->name);
    f->features = dnn_shape_last(&layer_of(g, f->norm)->in[0]);
    f->scale = dnn_alloc(2 * f->features, sizeof *f->scale);
    if (!f->scale) return DNN_E_MEMORY;
    f->shift = f->scale + f->features;
    const float *gamma = weight_of(f, f->norm, "gamma"), *beta = weight_of(f, f->norm, "beta");
    const float *mean = weight_of(f, f->norm, "moving_mean"), *variance = weight_of(f, f->norm, "moving_variance");
    const double epsilon = param_of(layer_of(g, f->norm), "epsilon");
    for (size_t i = 0; i < f->features; i++) {
        f->scale[i] = (gamma ? gamma[i] : 1.0) / sqrt(variance[i] + epsilon);
        f->shift[i] = (beta ? beta[i] : 0.0) - mean[i] * f->scale[i];
    }
    return DNN_OK;
}

/* ---- the network without it ---- */

static dnn_node *params_of(const dnn_node *layer) { return layer->items[0]; }

static bool is_named(const dnn_node *layer, const char *name)
{
    const dnn_node *own = dnn_node_find(params_of(layer), "name");
    return own && strcmp(own->text, name) == 0;
}

static void take_out(dnn_node *list, size_t i)
{
    dnn_node_destroy(list->items[i]);
    list->count--;
    memmove(list->items + i, list->items + i + 1, (list->count - i) * sizeof *list->items);
}

static dnn_status name_source(dnn_node *params, const char *source)
{
    dnn_node *list = dnn_node_list();
    dnn_status st = list ? dnn_node_append(list, dnn_node_string(source)) : DNN_E_MEMORY;
    if (st == DNN_OK) return dnn_node_set(params, "inputs", list);
    dnn_node_destroy(list);
    return st;
}

/* Who named the layer that goes now names what it read. */
static dnn_status rename_in(dnn_node *names, const char *from, const char *to)
{
    for (size_t i = 0; names && i < names->count; i++) {
        dnn_node *name = names->items[i];
        if (name->type != DNN_NODE_STRING || strcmp(name->text, from) != 0) continue;
        dnn_free(name->text);
        name->text = dnn_strdup(to);
        if (!name->text) return DNN_E_MEMORY;
    }
    return DNN_OK;
}

static dnn_status model_without(const folding *f, dnn_node *model)
{
    const char *name = layer_of(f->graph, f->norm)->name, *source = dnn_graph_tensor_name(f->graph, f->norm->in[0]);
    dnn_node *layers = dnn_node_find(model, "layers");
    dnn_status st = rename_in(dnn_node_find(model, "outputs"), name, source);
    for (size_t i = 0; i < layers->count && st == DNN_OK; i++) {
        dnn_node *params = params_of(layers->items[i]);
        const bool behind = i > 0 && is_named(layers->items[i - 1], name);
        if (behind && !dnn_node_find(params, "inputs")) st = name_source(params, source);
        if (st == DNN_OK) st = rename_in(dnn_node_find(params, "inputs"), name, source);
        if (st == DNN_OK && is_named(layers->items[i], layer_of(f->graph, f->taker)->name))
            st = dnn_node_set(params, "use_bias", dnn_node_bool(true));
    }
    for (size_t i = 0; i < layers->count && st == DNN_OK; i++)
        if (is_named(layers->items[i], name)) {
            take_out(layers, i);
            break;
        }
    return st;
}

/* ---- its weights ---- */

static const dnn_segment *segment_of(const dnn_graph *g, const char *name)
{
    for (size_t i = 0; i < g->segments.count; i++)
        if (strcmp(g->segments.at[i].name, name) == 0) return &g->segments.at[i];
    return NULL;
}

static void copy_weights(const folding *f, const dnn_graph *to, float *weights)
{
    for (size_t i = 0; i < to->segments.count; i++) {
        const dnn_segment *s = &to->segments.at[i], *old = segment_of(f->graph, s->name);
        if (old) memcpy(weights + s->offset, f->weights + old->offset, s->length * sizeof *weights);
    }
}

/* Kernels are [all inputs, units], convolution's as well. */
static void fold_before(const folding *f, const float *bias, size_t inputs, float *w, float *b)
{
    for (size_t i = 0; i < inputs; i++)
        for (size_t o = 0; o < f->features; o++) w[i * f->features + o] = (float)(w[i * f->features + o] * f->scale[o]);
    for (size_t o = 0; o < f->features; o++) b[o] = (float)((bias ? bias[o] : 0.0) * f->scale[o] + f->shift[o]);
}

static void fold_after(const folding *f, const float *bias, size_t inputs, size_t units, float *w, float *b)
{
    for (size_t o = 0; o < units; o++) {
        double sum = bias ? bias[o] : 0.0;
        for (size_t i = 0; i < inputs; i++) sum += f->shift[i % f->features] * w[i * units + o];
        b[o] = (float)sum;
    }
    for (size_t i = 0; i < inputs; i++)
        for (size_t o = 0; o < units; o++) w[i * units + o] = (float)(w[i * units + o] * f->scale[i % f->features]);
}

static dnn_status fold_weights(const folding *f, const dnn_graph *to, float *weights)
{
    char name[512];
    const char *taker = layer_of(f->graph, f->taker)->name;
    copy_weights(f, to, weights);
    snprintf(name, sizeof name, "%s/kernel", taker);
    const dnn_segment *kernel = segment_of(to, name);
    snprintf(name, sizeof name, "%s/bias", taker);
    const dnn_segment *own = segment_of(to, name);
    if (!kernel || !own) return dnn_fail(DNN_E_INTERNAL, "layer '%s' has no kernel and bias after folding", taker);
    const float *bias = weight_of(f, f->taker, "bias");
    const size_t units = own->length, inputs = kernel->length / units;
    if (f->before) fold_before(f, bias, inputs, weights + kernel->offset, weights + own->offset);
    else fold_after(f, bias, inputs, units, weights + kernel->offset, weights + own->offset);
    return DNN_OK;
}

static dnn_status fold_one(const folding *f, dnn_graph **graph, float **weights)
{
    dnn_node *model = dnn_graph_write(f->graph);
    dnn_status st = model ? model_without(f, model) : DNN_E_MEMORY;
    if (st == DNN_OK) st = dnn_graph_create(model, NULL, 0, graph);
    if (st == DNN_OK) {
        *weights = dnn_alloc((*graph)->segments.total, sizeof **weights);
        st = *weights ? fold_weights(f, *graph, *weights) : DNN_E_MEMORY;
    }
    dnn_node_destroy(model);
    return st;
}

dnn_status dnn_fold_batch_norms(const dnn_graph *graph, const float *weights, dnn_graph **folded, float **folded_weights,
                                size_t *count)
{
    *folded = NULL;
    *folded_weights = NULL;
    *count = 0;
    dnn_status st = DNN_OK;
    for (;;) {
        folding f;
        dnn_graph *next = NULL;
        float *next_weights = NULL;
        st = find(*folded ? *folded : graph, *folded ? *folded_weights : weights, &f);
        if (st == DNN_OK && f.norm) st = fold_one(&f, &next, &next_weights);
        dnn_free(f.scale);
        if (st != DNN_OK || !f.norm) {
            dnn_graph_destroy(next);
            dnn_free(next_weights);
            break;
        }
        dnn_graph_destroy(*folded);
        dnn_free(*folded_weights);
        *folded = next;
        *folded_weights = next_weights;
        ++*count;
    }
    if (st == DNN_OK) return st;
    dnn_graph_destroy(*folded);
    dnn_free(*folded_weights);
    *folded = NULL;
    *folded_weights = NULL;
    return st;
}
