/* A graph to Keras's `model_config`: Sequential where it is a path, else Functional with the nodes of Keras 2, which
 * Keras 3 reads as well. */
#include "exchange/keras.h"

#include <string.h>

#include "dnn/base/memory.h"

/* Internal layers belong to the one before; inputs written as layers are ports. */
static bool is_written(const dnn_graph *g, size_t layer)
{
    return !g->layers[layer].internal && !g->layers[layer].kind->input_shape && !g->layers[layer].called;
}

static const char *source_of(const dnn_graph *g, size_t layer, size_t input)
{
    return dnn_graph_tensor_name(g, keras_op_of(g, layer)->in[input]);
}

bool keras_is_sequential(const dnn_graph *graph)
{
    if (graph->n_inputs != 1 || graph->n_outputs != 1) return false;
    const char *above = graph->inputs[0].name;
    size_t last = graph->n_layers;
    for (size_t i = 0; i < graph->n_layers; i++) {
        if (graph->layers[i].called) return false;
        if (!is_written(graph, i)) continue;
        if (graph->layers[i].n_inputs != 1 || strcmp(source_of(graph, i, 0), above) != 0) return false;
        above = graph->layers[i].name;
        last = i;
    }
    return last == graph->output_layer[0];
}

/* Takes `config` over. */
static dnn_status add_entry(dnn_node *list, const char *class_name, dnn_node *config, const char *name,
                            dnn_node *inbound)
{
    dnn_node *entry = dnn_node_map();
    dnn_status st = entry ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK) st = dnn_node_set(entry, "class_name", dnn_node_string(class_name));
    if (st == DNN_OK) {
        st = dnn_node_set(entry, "config", config);
        config = NULL;
    }
    if (st == DNN_OK && name) st = dnn_node_set(entry, "name", dnn_node_string(name));
    if (st == DNN_OK && name) {
        st = dnn_node_set(entry, "inbound_nodes", inbound);
        inbound = NULL;
    }
    if (st == DNN_OK) return dnn_node_append(list, entry);
    dnn_node_destroy(entry);
    dnn_node_destroy(config);
    dnn_node_destroy(inbound);
    return st;
}

/* The batch axis is open; Keras 2 needs this key and Keras 3 takes it. */
static dnn_node *shape_node(const dnn_shape *shape)
{
    dnn_node *list = dnn_node_list();
    dnn_status st = list ? dnn_node_append(list, dnn_node_null()) : DNN_E_MEMORY;
    for (size_t i = 0; i < shape->rank && st == DNN_OK; i++)
        st = dnn_node_append(list, dnn_node_int((int64_t)shape->dim[i]));
    if (st == DNN_OK) return list;
    dnn_node_destroy(list);
    return NULL;
}

static dnn_status write_input(const dnn_port *port, bool functional, dnn_node *list)
{
    dnn_node *config = dnn_node_map();
    dnn_status st = config ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK) st = dnn_node_set(config, "batch_input_shape", shape_node(&port->shape));
    if (st == DNN_OK) st = dnn_node_set(config, "dtype", dnn_node_string("float32"));
    if (st == DNN_OK) st = dnn_node_set(config, "name", dnn_node_string(port->name));
    dnn_node *inbound = st == DNN_OK && functional ? dnn_node_list() : NULL;
    if (st == DNN_OK) return add_entry(list, "InputLayer", config, functional ? port->name : NULL, inbound);
    dnn_node_destroy(config);
    return st;
}

/* A layer's uses are its nodes, counted in the order of the layers: its own, then those of its calls. */
static int64_t node_of(const dnn_graph *g, size_t layer)
{
    int64_t node = 0;
    for (size_t i = 0; g->layers[layer].called && i <= layer; i++)
        node += g->layers[i].called && g->layers[i].owner == g->layers[layer].owner;
    return node;
}

/* [layer, node, 0] of the tensor that a layer or input of that name makes, with {} behind for nodes. */
static dnn_node *tensor_node(const dnn_graph *g, const char *name, bool with_arguments)
{
    size_t layer = 0;
    while (layer < g->n_layers && (g->layers[layer].internal || strcmp(g->layers[layer].name, name) != 0)) layer++;
    const bool called = layer < g->n_layers && g->layers[layer].called;
    dnn_node *list = dnn_node_list();
    dnn_status st = list ? dnn_node_append(list, dnn_node_string(called ? g->layers[g->layers[layer].owner].name : name)) : DNN_E_MEMORY;
    if (st == DNN_OK) st = dnn_node_append(list, dnn_node_int(called ? node_of(g, layer) : 0));
    if (st == DNN_OK) st = dnn_node_append(list, dnn_node_int(0));
    if (st == DNN_OK && with_arguments) st = dnn_node_append(list, dnn_node_map());
    if (st == DNN_OK) return list;
    dnn_node_destroy(list);
    return NULL;
}

static dnn_status add_node(const dnn_graph *g, size_t layer, dnn_node *nodes)
{
    dnn_node *node = dnn_node_list();
    dnn_status st = node ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < g->layers[layer].n_inputs && st == DNN_OK; i++)
        st = dnn_node_append(node, tensor_node(g, source_of(g, layer, i), true));
    if (st == DNN_OK) return dnn_node_append(nodes, node);
    dnn_node_destroy(node);
    return st;
}

static dnn_node *inbound_of(const dnn_graph *g, size_t layer)
{
    dnn_node *nodes = dnn_node_list();
    dnn_status st = nodes ? add_node(g, layer, nodes) : DNN_E_MEMORY;
    for (size_t i = 0; i < g->n_layers && st == DNN_OK; i++)
        if (g->layers[i].called && g->layers[i].owner == layer) st = add_node(g, i, nodes);
    if (st == DNN_OK) return nodes;
    dnn_node_destroy(nodes);
    return NULL;
}

static dnn_status write_layer(const dnn_graph *g, size_t layer, bool functional, dnn_node *list)
{
    const dnn_layer *l = &g->layers[layer];
    dnn_node *config;
    dnn_status st = keras_encode_config(&l->component, &config);
    if (st != DNN_OK) return st;
    st = dnn_node_set(config, "name", dnn_node_string(l->name));
    if (st == DNN_OK) st = dnn_node_set(config, "trainable", dnn_node_bool(!l->frozen));
    if (st == DNN_OK) st = dnn_node_set(config, "dtype", dnn_node_string("float32"));
    if (st != DNN_OK) {
        dnn_node_destroy(config);
        return st;
    }
    const char *class_name = l->kind->kind.keras ? l->kind->kind.keras : l->kind->kind.name;
    return add_entry(list, class_name, config, functional ? l->name : NULL, functional ? inbound_of(g, layer) : NULL);
}

/* One tensor stands alone, several in a list: with a list of one, Keras 3 would predict lists of one array. */
static dnn_status write_ends(const dnn_graph *g, dnn_node *config, const char *key, const char *const *names, size_t count)
{
    if (count == 1) return dnn_node_set(config, key, tensor_node(g, names[0], false));
    dnn_node *list = dnn_node_list();
    dnn_status st = list ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < count && st == DNN_OK; i++) st = dnn_node_append(list, tensor_node(g, names[i], false));
    if (st == DNN_OK) return dnn_node_set(config, key, list);
    dnn_node_destroy(list);
    return st;
}

static dnn_status write_both_ends(const dnn_graph *g, dnn_node *config)
{
    const char *in[DNN_MAX_IO], *out[DNN_MAX_IO];
    for (size_t i = 0; i < g->n_inputs; i++) in[i] = g->inputs[i].name;
    for (size_t o = 0; o < g->n_outputs; o++) out[o] = g->layers[g->output_layer[o]].name;
    const dnn_status st = write_ends(g, config, "input_layers", in, g->n_inputs);
    return st == DNN_OK ? write_ends(g, config, "output_layers", out, g->n_outputs) : st;
}

dnn_status keras_model_write(const dnn_graph *graph, dnn_node **config)
{
    const bool functional = !keras_is_sequential(graph);
    dnn_node *root = dnn_node_map(), *inner = dnn_node_map(), *list = dnn_node_list();
    dnn_status st = root && inner && list ? DNN_OK : DNN_E_MEMORY;
    size_t *order = NULL, count = 0;
    if (st == DNN_OK) st = keras_order_make(graph, &order, &count);
    for (size_t i = 0; i < count && st == DNN_OK; i++)
        st = order[i] < graph->n_inputs ? write_input(&graph->inputs[order[i]], functional, list)
                                        : write_layer(graph, order[i] - graph->n_inputs, functional, list);
    dnn_free(order);
    if (st == DNN_OK) st = dnn_node_set(inner, "name", dnn_node_string(functional ? "functional" : "sequential"));
    if (st == DNN_OK) {
        st = dnn_node_set(inner, "layers", list);
        list = NULL;
    }
    if (st == DNN_OK && functional) st = write_both_ends(graph, inner);
    if (st == DNN_OK) st = dnn_node_set(root, "class_name", dnn_node_string(functional ? "Functional" : "Sequential"));
    if (st == DNN_OK) {
        st = dnn_node_set(root, "config", inner);
        inner = NULL;
    }
    dnn_node_destroy(list);
    dnn_node_destroy(inner);
    if (st == DNN_OK) {
        *config = root;
        return DNN_OK;
    }
    dnn_node_destroy(root);
    *config = NULL;
    return st;
}
