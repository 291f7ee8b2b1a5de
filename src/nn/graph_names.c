/* Names of layers: as written, or the type's with a number. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "nn/graph.h"

size_t graph_find_layer(const dnn_graph *g, const char *name)
{
    for (size_t i = 0; i < g->n_layers; i++)
        if (g->layers[i].name && strcmp(g->layers[i].name, name) == 0) return i;
    return SIZE_MAX;
}

size_t graph_find_input(const dnn_graph *g, const char *name)
{
    for (size_t i = 0; i < g->n_inputs; i++)
        if (strcmp(g->inputs[i].name, name) == 0) return i;
    return SIZE_MAX;
}

/* Names become parts of paths in model files and columns of tables. */
bool graph_name_is_fit(const char *name)
{
    const size_t length = strlen(name);
    if (length == 0 || length >= sizeof ((dnn_port *)0)->name || name[0] == '.') return false;
    for (size_t i = 0; i < length; i++)
        if (name[i] == '/' || name[i] == ',' || name[i] == '"' || (unsigned char)name[i] < ' ') return false;
    return true;
}

dnn_status graph_unfit_name(dnn_place place, const char *name)
{
    return dnn_place_fail(
        DNN_E_CONFIG, place,
        "name = \"%s\": must have 1 to %zu characters, none of them '/', ',' or '\"', no '.' in front", name,
        sizeof((dnn_port *)0)->name - 1);
}

dnn_status graph_take_names(dnn_graph *g)
{
    for (size_t i = 0; i < g->n_layers; i++) {
        dnn_layer *l = &g->layers[i];
        const char *written = ((const dnn_layer_common *)l->component.common)->name;
        if (!written) continue;
        if (!graph_name_is_fit(written)) return graph_unfit_name(l->component.place, written);
        const size_t other = graph_find_layer(g, written);
        if (other != SIZE_MAX) {
            char place[512];
            dnn_place_text(g->layers[other].component.place, place, sizeof place);
            return dnn_place_fail(DNN_E_CONFIG, l->component.place, "name = \"%s\": another layer has it already%s%s%s",
                                  written, *place ? " (" : "", place, *place ? ")" : "");
        }
        if (!(l->name = dnn_strdup(written))) return DNN_E_MEMORY;
    }
    return DNN_OK;
}

/* dense, dense_1, … in the order of the layers, past names that are taken. */
dnn_status graph_make_names(dnn_graph *g)
{
    size_t *next = dnn_alloc(dnn_layers.count, sizeof *next);
    dnn_status st = next ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < g->n_layers && st == DNN_OK; i++) {
        dnn_layer *l = &g->layers[i];
        size_t kind = 0;
        if (graph_is_call(l)) continue; /* named after its layer, which must have its name first */
        while (dnn_layers.kinds[kind] != &l->kind->kind) kind++;
        while (!l->name && st == DNN_OK) {
            char *name =
                next[kind] ? dnn_format("%s_%zu", l->kind->kind.name, next[kind]) : dnn_strdup(l->kind->kind.name);
            next[kind]++;
            if (!name) st = DNN_E_MEMORY;
            else if (graph_find_layer(g, name) == SIZE_MAX && graph_find_input(g, name) == SIZE_MAX) l->name = name;
            else dnn_free(name);
        }
    }
    dnn_free(next);
    return st;
}

/* A layer must not be named like an input, unless it is that input. */
dnn_status graph_names_apart(const dnn_graph *g)
{
    for (size_t i = 0; i < g->n_layers; i++) {
        const dnn_layer *l = &g->layers[i];
        if (!l->kind->input_shape && graph_find_input(g, l->name) != SIZE_MAX)
            return dnn_place_fail(DNN_E_CONFIG, l->component.place, "name = \"%s\": an input has it already", l->name);
    }
    return DNN_OK;
}
