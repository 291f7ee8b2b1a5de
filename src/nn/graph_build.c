/* From the `model` section to layers with names and the wires between them. */
#include <string.h>

#include "dnn/base/memory.h"
#include "nn/activity.h"
#include "nn/graph.h"

typedef struct model_section { dnn_node *inputs, *defaults, *layers, *outputs; } model_section;

const dnn_param dnn_model_params[DNN_MODEL_PARAMS] = {
    DNN_NODE(model_section, inputs, "null",
             "map from input names to the shape of one sample; left out: what the data bring"),
    DNN_NODE(model_section, defaults, "null",
             "map from layer types to parameters, for layers that do not say otherwise"),
    { .key = "layers",
      .type = DNN_PARAM_NODE,
      .offset = offsetof(model_section, layers),
      .help = "list of layers",
      .family = &dnn_layers },
    DNN_NODE(model_section, outputs, "null",
             "names of the output layers, or a map from output names to them; left out: the last layer"),
};

dnn_status graph_fail_in(const dnn_layer *layer, dnn_status st)
{
    char place[512];
    dnn_place_text(layer->component.place, place, sizeof place);
    return dnn_fail_in(st, "%s%s%s", place, *place ? ": " : "", layer->name ? layer->name : layer->kind->kind.name);
}

/* Each row of the activation must be a row of the layer at the same place, since it reads the layer's parameters as its
 * own. */
static bool rows_agree(const dnn_kind *layer, const dnn_kind *activation)
{
    for (size_t i = 0; i < activation->n_params; i++) {
        const dnn_param *row = &activation->params[i],
                        *same = dnn_params_find(layer->params, layer->n_params, row->key);
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
            return dnn_fail(DNN_E_INTERNAL, "layer %s: its parameters are not those of the activation %s", kind->name,
                            l->kind->activation);
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
        const dnn_node *item = flat->items[i];
        const bool calls = item->type == DNN_NODE_MAP && item->count == 1 && strcmp(item->items[0]->key, "call") == 0;
        st = dnn_component_read(calls ? &graph_calls : &dnn_layers, item, &l->component);
        if (st != DNN_OK) break;
        l->kind = (const dnn_layer_kind *)l->component.kind;
        l->params = l->component.params;
        if (calls) continue; /* what it calls says the rest */
        l->frozen = !((const dnn_layer_common *)l->component.common)->trainable;
        st = set_activation(l);
        if (st == DNN_OK) st = activity_set(l);
    }
    return st;
}

static dnn_status connect(dnn_graph *g)
{
    wires *all = dnn_alloc(g->n_layers, sizeof *all);
    dnn_status st = all ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < g->n_layers && st == DNN_OK; i++) st = graph_wire(g, i, &all[i]);
    if (st == DNN_OK) st = graph_split(g, &all);
    if (st == DNN_OK) st = graph_order(g, all);
    for (size_t i = 0; all && i < g->n_layers; i++) dnn_free(all[i].from);
    dnn_free(all);
    return st;
}

static dnn_status build(dnn_graph *g, const dnn_node *model, const model_section *section, const dnn_port *ports,
                        size_t n_ports)
{
    dnn_node *flat = NULL;
    dnn_status st = graph_expand(section->layers, section->defaults, &flat);
    if (st == DNN_OK) st = read_layers(g, flat);
    dnn_node_destroy(flat);
    if (st == DNN_OK) st = graph_take_names(g);
    if (st == DNN_OK) st = graph_make_inputs(g, model, section->inputs, ports, n_ports);
    if (st == DNN_OK) st = graph_make_names(g);
    if (st == DNN_OK) st = graph_resolve_calls(g);
    if (st == DNN_OK) st = graph_names_apart(g);
    if (st == DNN_OK) st = graph_make_outputs(g, section->outputs);
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
    const bool have =
        g && g->inputs && g->outputs && g->output_tensor && g->logits_tensor && g->output_layer && g->memory_plan;
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
