/* Layers used at more than one place: `call: {layer: NAME, inputs: …}` stands for another use of that layer, with the same parameters and the same
 * weights, as a layer of Keras's functional API that is called twice. A call is a layer of its own wherever shapes, memory and masks are
 * concerned; its weights are the owner's. */
#include <string.h>

#include "dnn/base/memory.h"
#include "nn/graph.h"

typedef struct call { char *layer; } call;

static const dnn_param params[] = {
    DNN_STRING(call, layer, NULL, "name of the layer that is used once more, with its weights"),
};

static const dnn_param common[] = {
    DNN_STRING(dnn_layer_common, name, "null", "name; left out: that of the layer with _call behind it"),
    DNN_STRINGS(dnn_layer_common, inputs, "[]", "names of the layers or inputs that it reads; left out: the layer above"),
};

static const dnn_layer_kind kind = {
    .kind = { .name = "call", .help = "another use of a layer, with its weights", .params_size = sizeof(call), DNN_PARAMS(params) },
};

static const dnn_kind *const kinds[] = { &kind.kind };
const dnn_family graph_calls = {
    .name = "layer", .kinds = kinds, .count = 1, .common = common, .n_common = sizeof common / sizeof *common, .common_size = sizeof(dnn_layer_common),
};

bool graph_is_call(const dnn_layer *l) { return l->component.kind == &kind.kind; }

/* Name, name_1, … of the first that is free. */
static dnn_status name_after(dnn_graph *g, dnn_layer *l, const char *owner)
{
    for (size_t k = 0; !l->name; k++) {
        char *name = k ? dnn_format("%s_call_%zu", owner, k) : dnn_format("%s_call", owner);
        if (!name) return DNN_E_MEMORY;
        if (graph_find_layer(g, name) == SIZE_MAX && graph_find_input(g, name) == SIZE_MAX) l->name = name;
        else dnn_free(name);
    }
    return DNN_OK;
}

static dnn_status unknown(const dnn_graph *g, const dnn_layer *l, const char *wanted)
{
    const char **names = dnn_alloc(g->n_layers, sizeof *names);
    size_t count = 0;
    if (!names) return DNN_E_MEMORY;
    for (size_t i = 0; i < g->n_layers; i++)
        if (g->layers[i].name) names[count++] = g->layers[i].name;
    const char *near = dnn_nearest(wanted, names, count);
    const dnn_status st = dnn_place_fail(DNN_E_CONFIG, l->component.place, "call.layer = \"%s\": there is no such layer%s%s%s", wanted,
                                         near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    dnn_free(names);
    return st;
}

dnn_status graph_resolve_calls(dnn_graph *g)
{
    for (size_t i = 0; i < g->n_layers; i++) {
        dnn_layer *l = &g->layers[i];
        if (!graph_is_call(l)) continue;
        const char *wanted = ((const call *)l->component.params)->layer;
        const size_t owner = graph_find_layer(g, wanted);
        if (owner == SIZE_MAX) return unknown(g, l, wanted);
        const dnn_layer *o = &g->layers[owner];
        if (graph_is_call(o)) return dnn_place_fail(DNN_E_CONFIG, l->component.place, "call.layer = \"%s\": is a call itself; name the layer that it calls", wanted);
        if (o->kind->input_shape) return dnn_place_fail(DNN_E_CONFIG, l->component.place, "call.layer = \"%s\": is an input", wanted);
        l->kind = o->kind;
        l->params = o->params;
        l->activation = o->activation;
        l->activation_params = o->activation_params;
        l->frozen = o->frozen;
        l->called = true;
        l->owner = owner;
        g->layers[owner].shared = true;
        const dnn_status st = name_after(g, l, o->name);
        if (st != DNN_OK) return st;
    }
    return DNN_OK;
}

dnn_status graph_call_fits(const dnn_graph *g, const dnn_layer *l)
{
    const dnn_layer *o = &g->layers[l->owner];
    for (size_t w = 0; w < l->plan.n_weights; w++) {
        const dnn_shape *mine = &l->plan.weights[w].shape, *theirs = &o->plan.weights[w].shape;
        char a[128], b[128];
        if (!dnn_shape_equal(mine, theirs))
            return dnn_place_fail(DNN_E_CONFIG, l->component.place, "%s: the %s of '%s' is %s; on what is read here it would be %s", l->name,
                                  l->plan.weights[w].name, o->name, dnn_shape_text(theirs, a, sizeof a), dnn_shape_text(mine, b, sizeof b));
    }
    return DNN_OK;
}
