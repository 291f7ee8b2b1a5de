/* From the `model` section to layers with names and the wires between them. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "nn/graph.h"
#include "nn/layers/shapes.h"

typedef struct model_section { dnn_node *inputs, *defaults, *layers, *outputs; } model_section;

const dnn_param dnn_model_params[DNN_MODEL_PARAMS] = {
    DNN_NODE(model_section, inputs, "null", "map from input names to the shape of one sample; left out: what the data bring"),
    DNN_NODE(model_section, defaults, "null", "map from layer types to parameters, for layers that do not say otherwise"),
    { .key = "layers", .type = DNN_PARAM_NODE, .offset = offsetof(model_section, layers), .help = "list of layers", .family = &dnn_layers },
    DNN_NODE(model_section, outputs, "null", "names of the output layers, or a map from output names to them; left out: the last layer"),
};

dnn_status graph_fail_in(const dnn_layer *layer, dnn_status st)
{
    char place[512];
    dnn_place_text(layer->component.place, place, sizeof place);
    return dnn_fail_in(st, "%s%s%s", place, *place ? ": " : "", layer->name ? layer->name : layer->kind->kind.name);
}

/* ---- layers ---- */

/* Each row of the activation must be a row of the layer at the same place, since it reads the layer's parameters as its own. */
static bool rows_agree(const dnn_kind *layer, const dnn_kind *activation)
{
    for (size_t i = 0; i < activation->n_params; i++) {
        const dnn_param *row = &activation->params[i], *same = dnn_params_find(layer->params, layer->n_params, row->key);
        if (!same || same->type != row->type || same->offset != row->offset) return false;
    }
    return true;
}

static dnn_status set_activation(dnn_layer *l)
{
    const dnn_kind *kind = &l->kind->kind;
    if (l->kind->activation) {
        const dnn_kind *found = dnn_family_find(&dnn_activations, l->kind->activation);
        if (!found || !rows_agree(kind, found))
            return dnn_fail(DNN_E_INTERNAL, "layer %s: its parameters are not those of the activation %s", kind->name, l->kind->activation);
        l->activation = (const dnn_activation_kind *)found;
        l->activation_params = l->params;
        return DNN_OK;
    }
    for (size_t i = 0; i < kind->n_params; i++) {
        if (kind->params[i].type != DNN_PARAM_COMPONENT || kind->params[i].family != &dnn_activations) continue;
        const dnn_component *chosen = (const dnn_component *)((const char *)l->params + kind->params[i].offset);
        if (!chosen->kind || strcmp(chosen->kind->name, "linear") == 0) continue;
        l->activation = (const dnn_activation_kind *)chosen->kind;
        l->activation_params = chosen->params;
    }
    return DNN_OK;
}

static dnn_status read_layers(dnn_graph *g, const dnn_node *flat)
{
    g->layers = dnn_alloc(flat->count, sizeof *g->layers);
    dnn_status st = g->layers ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < flat->count && st == DNN_OK; i++) {
        dnn_layer *l = &g->layers[g->n_layers++];
        st = dnn_component_read(&dnn_layers, flat->items[i], &l->component);
        if (st != DNN_OK) break;
        l->kind = (const dnn_layer_kind *)l->component.kind;
        l->params = l->component.params;
        l->frozen = !((const dnn_layer_common *)l->component.common)->trainable;
        st = set_activation(l);
    }
    return st;
}

/* ---- names ---- */

static size_t find_layer(const dnn_graph *g, const char *name)
{
    for (size_t i = 0; i < g->n_layers; i++)
        if (g->layers[i].name && strcmp(g->layers[i].name, name) == 0) return i;
    return SIZE_MAX;
}

static size_t find_input(const dnn_graph *g, const char *name)
{
    for (size_t i = 0; i < g->n_inputs; i++)
        if (strcmp(g->inputs[i].name, name) == 0) return i;
    return SIZE_MAX;
}

/* Names become parts of paths in model files and columns of tables. */
static bool name_is_fit(const char *name)
{
    const size_t length = strlen(name);
    if (length == 0 || length >= sizeof ((dnn_port *)0)->name || name[0] == '.') return false;
    for (size_t i = 0; i < length; i++)
        if (name[i] == '/' || name[i] == ',' || name[i] == '"' || (unsigned char)name[i] < ' ') return false;
    return true;
}

static dnn_status unfit_name(dnn_place place, const char *name)
{
    return dnn_place_fail(DNN_E_CONFIG, place, "name = \"%s\": must have 1 to %zu characters, none of them '/', ',' or '\"', no '.' in front",
                          name, sizeof ((dnn_port *)0)->name - 1);
}

static dnn_status take_written_names(dnn_graph *g)
{
    for (size_t i = 0; i < g->n_layers; i++) {
        dnn_layer *l = &g->layers[i];
        const char *written = ((const dnn_layer_common *)l->component.common)->name;
        if (!written) continue;
        if (!name_is_fit(written)) return unfit_name(l->component.place, written);
        const size_t other = find_layer(g, written);
        if (other != SIZE_MAX) {
            char place[512];
            dnn_place_text(g->layers[other].component.place, place, sizeof place);
            return dnn_place_fail(DNN_E_CONFIG, l->component.place, "name = \"%s\": another layer has it already%s%s%s", written,
                                  *place ? " (" : "", place, *place ? ")" : "");
        }
        if (!(l->name = dnn_strdup(written))) return DNN_E_MEMORY;
    }
    return DNN_OK;
}

/* dense, dense_1, … in the order of the layers, past names that are taken. */
static dnn_status make_names(dnn_graph *g)
{
    size_t *next = dnn_alloc(dnn_layers.count, sizeof *next);
    dnn_status st = next ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < g->n_layers && st == DNN_OK; i++) {
        dnn_layer *l = &g->layers[i];
        size_t kind = 0;
        while (dnn_layers.kinds[kind] != &l->kind->kind) kind++;
        while (!l->name && st == DNN_OK) {
            char *name = next[kind] ? dnn_format("%s_%zu", l->kind->kind.name, next[kind]) : dnn_strdup(l->kind->kind.name);
            next[kind]++;
            if (!name) st = DNN_E_MEMORY;
            else if (find_layer(g, name) == SIZE_MAX && find_input(g, name) == SIZE_MAX) l->name = name;
            else dnn_free(name);
        }
    }
    dnn_free(next);
    return st;
}

/* ---- inputs ---- */

static dnn_status add_input(dnn_graph *g, const char *name, const dnn_shape *shape, dnn_place place)
{
    if (g->n_inputs == DNN_MAX_IO) return dnn_place_fail(DNN_E_CONFIG, place, "inputs: more than %d", DNN_MAX_IO);
    if (!name_is_fit(name)) return unfit_name(place, name);
    if (shape_units_checked(shape) == 0) {
        char text[128];
        return dnn_place_fail(DNN_E_CONFIG, place, "input '%s' has shape %s: it holds no values, or too many", name,
                              dnn_shape_text(shape, text, sizeof text));
    }
    dnn_port *port = &g->inputs[g->n_inputs++];
    snprintf(port->name, sizeof port->name, "%s", name);
    port->shape = *shape;
    return DNN_OK;
}

static dnn_status written_shape(const dnn_node *node, dnn_shape *shape)
{
    *shape = (dnn_shape){ .rank = node->count };
    bool fit = node->type == DNN_NODE_LIST && node->count <= DNN_MAX_RANK;
    if (node->type == DNN_NODE_INT && node->integer >= 1) {
        *shape = dnn_shape_1((size_t)node->integer);
        return DNN_OK;
    }
    for (size_t i = 0; fit && i < node->count; i++) {
        fit = node->items[i]->type == DNN_NODE_INT && node->items[i]->integer >= 1;
        shape->dim[i] = fit ? (size_t)node->items[i]->integer : 0;
    }
    if (fit) return DNN_OK;
    return dnn_node_fail(DNN_E_CONFIG, node, "inputs.%s: must be the shape of one sample, at most %d whole numbers >= 1, as in [28, 28]",
                         node->key, DNN_MAX_RANK);
}

static dnn_status written_inputs(dnn_graph *g, const dnn_node *inputs)
{
    if (inputs && inputs->type != DNN_NODE_MAP)
        return dnn_node_fail(DNN_E_CONFIG, inputs, "inputs: must be a map from names to shapes, as in {wide: [5], deep: [6]}");
    dnn_status st = DNN_OK;
    for (size_t i = 0; inputs && i < inputs->count && st == DNN_OK; i++) {
        const dnn_node *item = inputs->items[i];
        dnn_shape shape;
        st = written_shape(item, &shape);
        if (st == DNN_OK) st = add_input(g, item->key, &shape, item->key_place);
    }
    return st;
}

static dnn_status shapes_differ(dnn_place place, const char *name, const dnn_shape *a, const char *whose, const dnn_shape *b)
{
    char x[128], y[128];
    return dnn_place_fail(DNN_E_CONFIG, place, "input '%s' has shape %s here, but %s %s", name, dnn_shape_text(a, x, sizeof x), whose,
                          dnn_shape_text(b, y, sizeof y));
}

/* Layers that are inputs add theirs, under the layer's name. */
static dnn_status layer_inputs(dnn_graph *g)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < g->n_layers && st == DNN_OK; i++) {
        dnn_layer *l = &g->layers[i];
        dnn_shape shape;
        if (!l->kind->input_shape) continue;
        st = l->kind->input_shape(l, &shape);
        if (st != DNN_OK) return graph_fail_in(l, st);
        const size_t same = find_input(g, l->name);
        if (same == SIZE_MAX) st = add_input(g, l->name, &shape, l->component.place);
        else if (!dnn_shape_equal(&shape, &g->inputs[same].shape))
            st = shapes_differ(l->component.place, l->name, &shape, "model.inputs says", &g->inputs[same].shape);
    }
    return st;
}

static dnn_status no_port(const dnn_graph *g, dnn_place place, const char *name, const dnn_port *ports, size_t n)
{
    const char *names[DNN_MAX_IO];
    for (size_t i = 0; i < n && i < DNN_MAX_IO; i++) names[i] = ports[i].name;
    const char *near = dnn_nearest(name, names, n < DNN_MAX_IO ? n : DNN_MAX_IO);
    (void)g;
    return dnn_place_fail(DNN_E_CONFIG, place, "model input '%s': the data bring no input of that name (see data.inputs)%s%s%s", name,
                          near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* What the model says against what the data bring. A single value may be written [] or [1]. */
static dnn_status match_inputs(const dnn_graph *g, dnn_place place, const dnn_port *ports, size_t n)
{
    bool used[DNN_MAX_IO] = { false };
    for (size_t i = 0; i < g->n_inputs; i++) {
        const dnn_port *mine = &g->inputs[i];
        size_t p = 0;
        while (p < n && strcmp(ports[p].name, mine->name) != 0) p++;
        if (p == n && n == 1 && g->n_inputs == 1) p = 0;
        if (p == n) return no_port(g, place, mine->name, ports, n);
        const bool single = dnn_shape_units(&mine->shape) == 1 && dnn_shape_units(&ports[p].shape) == 1;
        if (!single && !dnn_shape_equal(&mine->shape, &ports[p].shape))
            return shapes_differ(place, mine->name, &mine->shape, "the data bring", &ports[p].shape);
        used[p] = true;
    }
    for (size_t p = 0; p < n; p++)
        if (!used[p]) return dnn_place_fail(DNN_E_CONFIG, place, "the data's input '%s' is no input of the model", ports[p].name);
    return DNN_OK;
}

static dnn_status make_inputs(dnn_graph *g, const dnn_node *model, const dnn_node *inputs, const dnn_port *ports, size_t n)
{
    dnn_status st = written_inputs(g, inputs);
    /* A layer that is an input needs its name before the others get theirs, which step around inputs' names. */
    for (size_t i = 0; i < g->n_layers && st == DNN_OK; i++) {
        dnn_layer *l = &g->layers[i];
        if (!l->kind->input_shape || l->name) continue;
        for (size_t k = 0; !l->name && st == DNN_OK; k++) {
            char *name = k ? dnn_format("%s_%zu", l->kind->kind.name, k) : dnn_strdup(l->kind->kind.name);
            if (!name) st = DNN_E_MEMORY;
            else if (find_layer(g, name) == SIZE_MAX) l->name = name;
            else dnn_free(name);
        }
    }
    if (st == DNN_OK) st = layer_inputs(g);
    if (st != DNN_OK) return st;
    if (n > DNN_MAX_IO) return dnn_fail(DNN_E_CONFIG, "the data bring %zu inputs, at most %d are possible", n, DNN_MAX_IO);
    const dnn_place place = inputs ? inputs->place : model->place;
    if (g->n_inputs > 0) return n > 0 ? match_inputs(g, place, ports, n) : DNN_OK;
    if (n == 0) return dnn_node_fail(DNN_E_CONFIG, model, "the model does not say what its input is; add inputs, as in inputs: {x: [28, 28]}");
    for (size_t p = 0; p < n && st == DNN_OK; p++) st = add_input(g, ports[p].name, &ports[p].shape, place);
    return st;
}

/* A layer must not be named like an input, unless it is that input. */
static dnn_status names_apart(const dnn_graph *g)
{
    for (size_t i = 0; i < g->n_layers; i++) {
        const dnn_layer *l = &g->layers[i];
        if (!l->kind->input_shape && find_input(g, l->name) != SIZE_MAX)
            return dnn_place_fail(DNN_E_CONFIG, l->component.place, "name = \"%s\": an input has it already", l->name);
    }
    return DNN_OK;
}

/* ---- wires ---- */

static dnn_status unknown_source(const dnn_graph *g, const dnn_layer *l, const char *name)
{
    const char **names = dnn_alloc(g->n_inputs + g->n_layers, sizeof *names);
    if (!names) return DNN_E_MEMORY;
    for (size_t i = 0; i < g->n_inputs; i++) names[i] = g->inputs[i].name;
    for (size_t i = 0; i < g->n_layers; i++) names[g->n_inputs + i] = g->layers[i].name;
    const char *near = dnn_nearest(name, names, g->n_inputs + g->n_layers);
    const dnn_status st = dnn_place_fail(DNN_E_CONFIG, l->component.place, "%s.inputs: there is no layer or input '%s'%s%s%s", l->name, name,
                                         near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    dnn_free(names);
    return st;
}

/* A layer of that name before an input of that name: they differ only where the layer is that input. */
static dnn_status named_sources(const dnn_graph *g, const dnn_layer *l, const dnn_strings *names, wires *w)
{
    for (size_t i = 0; i < names->count; i++) {
        const size_t layer = find_layer(g, names->at[i]), input = find_input(g, names->at[i]);
        if (layer == SIZE_MAX && input == SIZE_MAX) return unknown_source(g, l, names->at[i]);
        w->from[i] = layer != SIZE_MAX ? g->n_inputs + layer : input;
    }
    return DNN_OK;
}

static dnn_status default_source(const dnn_graph *g, size_t i, wires *w)
{
    if (i > 0) w->from[0] = g->n_inputs + i - 1;
    else if (g->n_inputs == 1) w->from[0] = 0;
    else
        return dnn_place_fail(DNN_E_CONFIG, g->layers[i].component.place, "%s: the model has %zu inputs; say which it reads, as in inputs: %s",
                              g->layers[i].name, g->n_inputs, g->inputs[0].name);
    return DNN_OK;
}

static dnn_status wire(const dnn_graph *g, size_t i, wires *w)
{
    const dnn_layer *l = &g->layers[i];
    const dnn_strings *names = &((const dnn_layer_common *)l->component.common)->inputs;
    w->count = names->count ? names->count : 1;
    if (!(w->from = dnn_alloc(w->count, sizeof *w->from))) return DNN_E_MEMORY;
    if (l->kind->input_shape) {
        if (names->count) return dnn_place_fail(DNN_E_CONFIG, l->component.place, "%s.inputs: an input reads from no layer", l->name);
        w->from[0] = find_input(g, l->name);
        return DNN_OK;
    }
    const dnn_status st = names->count ? named_sources(g, l, names, w) : default_source(g, i, w);
    if (st != DNN_OK) return st;
    if (l->kind->merges && w->count < 2)
        return dnn_place_fail(DNN_E_CONFIG, l->component.place, "%s: puts two or more inputs together; name them, as in inputs: [a, b]", l->name);
    if (!l->kind->merges && w->count > 1)
        return dnn_place_fail(DNN_E_CONFIG, l->component.place, "%s.inputs: takes one input, %zu are given", l->name, w->count);
    return DNN_OK;
}

/* ---- outputs ---- */

static dnn_status add_output(dnn_graph *g, const dnn_node *node, const char *name, const char *layer)
{
    const size_t found = find_layer(g, layer);
    if (found == SIZE_MAX) {
        const char **names = dnn_alloc(g->n_layers, sizeof *names);
        if (!names) return DNN_E_MEMORY;
        for (size_t i = 0; i < g->n_layers; i++) names[i] = g->layers[i].name;
        const char *near = dnn_nearest(layer, names, g->n_layers);
        const dnn_status st = dnn_node_fail(DNN_E_CONFIG, node, "outputs: there is no layer '%s'%s%s%s", layer,
                                            near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        dnn_free(names);
        return st;
    }
    if (g->n_outputs == DNN_MAX_IO) return dnn_node_fail(DNN_E_CONFIG, node, "outputs: more than %d", DNN_MAX_IO);
    if (!name_is_fit(name)) return unfit_name(node->place, name);
    for (size_t o = 0; o < g->n_outputs; o++)
        if (g->output_layer[o] == found || strcmp(g->outputs[o].name, name) == 0)
            return dnn_node_fail(DNN_E_CONFIG, node, "outputs: '%s' is given twice", g->output_layer[o] == found ? layer : name);
    snprintf(g->outputs[g->n_outputs].name, sizeof g->outputs->name, "%s", name);
    g->output_layer[g->n_outputs++] = found;
    return DNN_OK;
}

static dnn_status written_outputs(dnn_graph *g, const dnn_node *outputs)
{
    if (!outputs) {
        const dnn_layer *last = &g->layers[g->n_layers - 1];
        return add_output(g, NULL, last->name, last->name);
    }
    if (outputs->type == DNN_NODE_STRING) return add_output(g, outputs, outputs->text, outputs->text);
    const bool list = outputs->type == DNN_NODE_LIST;
    dnn_status st = DNN_OK;
    bool fit = (list || outputs->type == DNN_NODE_MAP) && outputs->count > 0;
    for (size_t i = 0; fit && i < outputs->count && st == DNN_OK; i++) {
        const dnn_node *item = outputs->items[i];
        fit = item->type == DNN_NODE_STRING;
        if (fit) st = add_output(g, item, list ? item->text : item->key, item->text);
    }
    return fit ? st : dnn_node_fail(DNN_E_CONFIG, outputs, "outputs: must be a list of layer names, or a map from output names to them");
}

/* ---- all of it ---- */

static dnn_status connect(dnn_graph *g)
{
    wires *all = dnn_alloc(g->n_layers, sizeof *all);
    dnn_status st = all ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < g->n_layers && st == DNN_OK; i++) st = wire(g, i, &all[i]);
    if (st == DNN_OK) st = graph_split(g, &all);
    if (st == DNN_OK) st = graph_order(g, all);
    for (size_t i = 0; all && i < g->n_layers; i++) dnn_free(all[i].from);
    dnn_free(all);
    return st;
}

static dnn_status build(dnn_graph *g, const dnn_node *model, const model_section *section, const dnn_port *ports, size_t n_ports)
{
    dnn_node *flat = NULL;
    dnn_status st = graph_expand(section->layers, section->defaults, &flat);
    if (st == DNN_OK) st = read_layers(g, flat);
    dnn_node_destroy(flat);
    if (st == DNN_OK) st = take_written_names(g);
    if (st == DNN_OK) st = make_inputs(g, model, section->inputs, ports, n_ports);
    if (st == DNN_OK) st = make_names(g);
    if (st == DNN_OK) st = names_apart(g);
    if (st == DNN_OK) st = written_outputs(g, section->outputs);
    if (st == DNN_OK) st = connect(g);
    if (st == DNN_OK) st = graph_shapes(g);
    if (st == DNN_OK) st = graph_outputs(g);
    if (st == DNN_OK) st = graph_memory(g);
    if (st == DNN_OK) graph_want(g);
    return st;
}

dnn_status dnn_graph_create(const dnn_node *model, const dnn_port *inputs, size_t n_inputs, dnn_graph **out)
{
    model_section section = { 0 };
    *out = NULL;
    dnn_status st = dnn_params_read(dnn_model_params, DNN_MODEL_PARAMS, "model", model, &section);
    if (st != DNN_OK) return st;
    dnn_graph *g = dnn_alloc(1, sizeof *g);
    if (g) {
        g->inputs = dnn_alloc(DNN_MAX_IO, sizeof *g->inputs);
        g->outputs = dnn_alloc(DNN_MAX_IO, sizeof *g->outputs);
        g->output_tensor = dnn_alloc(DNN_MAX_IO, sizeof *g->output_tensor);
        g->logits_tensor = dnn_alloc(DNN_MAX_IO, sizeof *g->logits_tensor);
        g->output_layer = dnn_alloc(DNN_MAX_IO, sizeof *g->output_layer);
        g->memory_plan = dnn_alloc(1, sizeof(graph_plan));
    }
    const bool have = g && g->inputs && g->outputs && g->output_tensor && g->logits_tensor && g->output_layer && g->memory_plan;
    st = have ? build(g, model, &section, inputs, n_inputs) : DNN_E_MEMORY;
    dnn_params_clear(dnn_model_params, DNN_MODEL_PARAMS, &section);
    if (st == DNN_OK) *out = g;
    else dnn_graph_destroy(g);
    return st;
}

void dnn_graph_destroy(dnn_graph *g)
{
    if (!g) return;
    for (size_t i = 0; i < g->segments.count; i++) dnn_free(g->segments.at[i].name);
    dnn_free(g->segments.at);
    for (size_t i = 0; i < g->n_ops; i++) dnn_free(g->ops[i].in);
    dnn_free(g->ops);
    for (size_t i = 0; i < g->n_layers; i++) {
        dnn_component_clear(&g->layers[i].component);
        dnn_free(g->layers[i].name);
        dnn_free(g->layers[i].in);
    }
    dnn_free(g->layers);
    graph_memory_destroy(g->memory_plan);
    dnn_free(g->inputs);
    dnn_free(g->outputs);
    dnn_free(g->output_tensor);
    dnn_free(g->logits_tensor);
    dnn_free(g->output_layer);
    dnn_free(g);
}
