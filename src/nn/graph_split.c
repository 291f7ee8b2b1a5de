/* Activations that become layers of their own. */
#include <string.h>

#include "dnn/base/memory.h"
#include "nn/graph.h"
#include "nn/layers/activation.h"

static bool is_output(const dnn_graph *g, size_t layer)
{
    for (size_t o = 0; o < g->n_outputs; o++)
        if (g->output_layer[o] == layer) return true;
    return false;
}

/* Of an output, whose loss may be computed from what the activation reads; and where it wants whole rows. */
static bool splits(const dnn_graph *g, size_t i)
{
    const dnn_layer *l = &g->layers[i];
    return l->activation && !l->kind->activation_layer && (l->activation->whole_row || is_output(g, i));
}

static dnn_status split_one(dnn_layer *owner, size_t owner_source, dnn_layer *made, wires *w)
{
    *made = (dnn_layer){ .kind = &dnn_layer_activation,
                         .internal = true,
                         .activation = owner->activation,
                         .activation_params = owner->activation_params,
                         .activity = owner->activity,
                         .component = { .place = owner->component.place } };
    made->name = dnn_format("%s/%s", owner->name, owner->activation->kind.name);
    w->from = dnn_alloc(1, sizeof *w->from);
    if (!made->name || !w->from) return DNN_E_MEMORY;
    *w = (wires){ .from = w->from, .count = 1 };
    w->from[0] = owner_source;
    owner->activation = NULL;
    owner->activation_params = NULL;
    owner->activity = NULL;
    return DNN_OK;
}

/* `all` is replaced by wires for the layers there are then. */
dnn_status graph_split(dnn_graph *g, wires **all)
{
    const size_t old = g->n_layers;
    size_t count = old;
    for (size_t i = 0; i < old; i++) count += splits(g, i);
    dnn_layer *layers = dnn_alloc(count, sizeof *layers);
    wires *more = dnn_alloc(count, sizeof *more);
    size_t *first = dnn_alloc(old, sizeof *first), *last = dnn_alloc(old, sizeof *last);
    dnn_status st = layers && more && first && last ? DNN_OK : DNN_E_MEMORY;
    size_t at = 0;
    for (size_t i = 0; i < old && st == DNN_OK; i++) {
        const bool split = splits(g, i);
        first[i] = at;
        layers[at] = g->layers[i];
        more[at] = (*all)[i];
        g->layers[i] = (dnn_layer){ 0 };
        (*all)[i] = (wires){ 0 };
        last[i] = at++ + split;
        if (!split) continue;
        st = split_one(&layers[first[i]], first[i], &layers[at], &more[at]);
        at++;
    }
    for (size_t k = 0; k < at && st == DNN_OK; k++) {
        layers[k].number = k;
        for (size_t s = 0; s < more[k].count; s++) {
            if (layers[k].internal) more[k].from[s] += g->n_inputs;
            else if (more[k].from[s] >= g->n_inputs)
                more[k].from[s] = g->n_inputs + last[more[k].from[s] - g->n_inputs];
        }
    }
    for (size_t k = 0; k < at && st == DNN_OK; k++)
        if (layers[k].called) layers[k].owner = first[layers[k].owner];
    for (size_t o = 0; o < g->n_outputs && st == DNN_OK; o++) g->output_layer[o] = first[g->output_layer[o]];
    if (layers && more && first && last) {
        for (size_t i = 0; i < old; i++) {  /* what a failure left behind */
            dnn_component_clear(&g->layers[i].component);
            dnn_free(g->layers[i].name);
            dnn_free((*all)[i].from);
        }
        dnn_free(g->layers);
        dnn_free(*all);
        g->layers = layers;
        g->n_layers = at;
        *all = more;
    } else {
        dnn_free(layers);
        dnn_free(more);
    }
    dnn_free(first);
    dnn_free(last);
    return st;
}
