/* Layers of a saved model in front of new ones: the run file's `model.reuse` becomes layers and a start from given weights, as if they
 * had been written out. */
#include "train/setup/reuse.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"

typedef struct reuse { char *file; size_t drop_last; dnn_strings layers; } reuse;
typedef struct start_section { dnn_node *file, *weights, *nested; reuse reuse; } start_section;

static const dnn_param reuse_params[] = {
    DNN_STRING(reuse, file, NULL, "model file, ours or one of Keras, whose layers come in front of `model.layers`, with their weights and names"),
    DNN_SIZE(reuse, drop_last, "0", ">= 0", "layers at its end that are left out"),
    DNN_STRINGS(reuse, layers, "[]", "names of those to take, `*` and `?` standing for any letters; empty: all. Not with drop_last"),
};

const dnn_param dnn_start_params[DNN_START_PARAMS] = {
    DNN_NODE(start_section, file, "null", "model file that brings layers, weights and, unless `training` says otherwise, loss, metrics, optimizer "
                                          "with its state; in place of all other keys of `model`"),
    DNN_NODE(start_section, weights, "null", "model file of the same architecture whose weights the training starts from; {file, layers: [names]}: "
                                             "only of those layers, which `freeze: reused` then means"),
    DNN_NODE(start_section, nested, "null", "map from a name to a model file: first weights of the layers \"name.…\"; what run.yaml has for "
                                            "{model: {file, name, inputs, trainable}} among the layers, which puts the layers of a file there"),
    DNN_SECTION(start_section, reuse, reuse_params, "null", "layers of a saved model in front of `model.layers`"),
};

bool reuse_matches(const char *pattern, const char *name) { return fnmatch(pattern, name, 0) == 0; }

static dnn_node *params_of(const dnn_node *layer) { return layer->items[0]; }

static const char *name_of(const dnn_node *layer)
{
    const dnn_node *name = dnn_node_find(params_of(layer), "name");
    return name ? name->text : "";
}

/* Which layers of the file are taken; a pattern that is none's is an error that shows what there is. */
static dnn_status choose(const reuse *r, const dnn_node *node, const dnn_node *layers, bool *taken)
{
    char known[1024] = "";
    for (size_t i = 0; i < layers->count; i++) {
        const size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", name_of(layers->items[i]));
    }
    if (r->layers.count > 0 && r->drop_last > 0)
        return dnn_node_fail(DNN_E_CONFIG, node, "model.reuse: drop_last and layers both say what is taken; give one of them");
    if (r->drop_last >= layers->count)
        return dnn_node_fail(DNN_E_CONFIG, node, "model.reuse.drop_last = %zu: %s has %zu layers (%s)", r->drop_last, r->file, layers->count, known);
    for (size_t i = 0; i < layers->count; i++) taken[i] = r->layers.count == 0 && i + r->drop_last < layers->count;
    for (size_t p = 0; p < r->layers.count; p++) {
        bool any = false;
        for (size_t i = 0; i < layers->count; i++) {
            if (!reuse_matches(r->layers.at[p], name_of(layers->items[i]))) continue;
            taken[i] = any = true;
        }
        if (!any)
            return dnn_node_fail(DNN_E_CONFIG, node, "model.reuse.layers: no layer '%s' in %s, which has %s", r->layers.at[p], r->file, known);
    }
    return DNN_OK;
}

/* Reused layers come free: what is frozen is for the phases of this run to say. Another use of a layer has neither weights nor a say of its own. */
static dnn_status take_layer(const dnn_node *layer, dnn_node *layers, dnn_node *names)
{
    const bool again = strcmp(params_of(layer)->key, "call") == 0;
    dnn_node *copy = dnn_node_copy(layer);
    dnn_status st = copy ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK && !again) st = dnn_node_set(params_of(copy), "trainable", dnn_node_bool(true));
    if (st == DNN_OK && !again) st = dnn_node_append(names, dnn_node_string(name_of(layer)));
    if (st == DNN_OK) return dnn_node_append(layers, copy);
    dnn_node_destroy(copy);
    return st;
}

static dnn_status put_in_front(const reuse *r, const dnn_node *architecture, const bool *taken, dnn_node *model, dnn_node *weights)
{
    const dnn_node *theirs = dnn_node_find(architecture, "layers"), *inputs = dnn_node_find(architecture, "inputs");
    const dnn_node *ours = dnn_node_find(model, "layers");
    dnn_node *layers = dnn_node_list(), *names = dnn_node_list();
    dnn_status st = layers && names ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < theirs->count && st == DNN_OK; i++)
        if (taken[i]) st = take_layer(theirs->items[i], layers, names);
    if (ours && ours->type != DNN_NODE_LIST) st = dnn_node_fail(DNN_E_CONFIG, ours, "model.layers: must be a list of layers, from the input to the output");
    for (size_t i = 0; ours && i < ours->count && st == DNN_OK; i++) st = dnn_node_append(layers, dnn_node_copy(ours->items[i]));
    if (st == DNN_OK && inputs && taken[0] && !dnn_node_find(model, "inputs")) st = dnn_node_set(model, "inputs", dnn_node_copy(inputs));
    if (st == DNN_OK) st = dnn_node_set(weights, "file", dnn_node_string(r->file));
    if (st != DNN_OK) {
        dnn_node_destroy(layers);
        dnn_node_destroy(names);
        return st;
    }
    st = dnn_node_set(weights, "layers", names);
    if (st == DNN_OK) return dnn_node_set(model, "layers", layers);
    dnn_node_destroy(layers);
    return st;
}

dnn_status reuse_expand(dnn_comm *comm, dnn_node *model, shared_model *start)
{
    const dnn_node *node = dnn_node_find(model, "reuse");
    reuse r = { 0 };
    dnn_status st = dnn_agree(comm, dnn_params_read(reuse_params, sizeof reuse_params / sizeof *reuse_params, "model.reuse", node, &r));
    if (st == DNN_OK) st = shared_model_open(comm, r.file, start);
    const dnn_node *layers = st == DNN_OK ? dnn_node_find(start->architecture, "layers") : NULL;
    if (st == DNN_OK && !layers) st = dnn_node_fail(DNN_E_MODEL, node, "model.reuse: %s holds weights alone and no layers to reuse", r.file);
    bool *taken = layers ? dnn_alloc(layers->count, sizeof *taken) : NULL;
    dnn_node *weights = dnn_node_map();
    if (st == DNN_OK && (!taken || !weights)) st = DNN_E_MEMORY;
    if (st == DNN_OK) st = choose(&r, node, layers, taken);
    if (st == DNN_OK) st = put_in_front(&r, start->architecture, taken, model, weights);
    if (st == DNN_OK) {
        dnn_node_remove(model, "reuse");
        start->origin = weights;
        weights = NULL;
    }
    dnn_node_destroy(weights);
    dnn_free(taken);
    dnn_params_clear(reuse_params, sizeof reuse_params / sizeof *reuse_params, &r);
    return st;
}

/* ---- weights by name ---- */

bool reuse_has(const dnn_node *origin, const char *layer)
{
    const dnn_node *names = dnn_node_find(origin, "layers");
    for (size_t i = 0; names && i < names->count; i++)
        if (strcmp(names->items[i]->text, layer) == 0) return true;
    return false;
}

static const dnn_segment *find(const dnn_graph *g, const char *name)
{
    for (size_t i = 0; i < g->segments.count; i++)
        if (strcmp(g->segments.at[i].name, name) == 0) return &g->segments.at[i];
    return NULL;
}

static bool has_layer(const dnn_graph *g, const char *name)
{
    for (size_t i = 0; i < g->n_layers; i++)
        if (!g->layers[i].internal && strcmp(g->layers[i].name, name) == 0) return true;
    return false;
}

static dnn_status check_layers(const dnn_node *origin, const dnn_graph *from, const dnn_graph *to)
{
    const dnn_node *names = dnn_node_find(origin, "layers"), *file = dnn_node_find(origin, "file");
    for (size_t i = 0; i < names->count; i++) {
        const char *name = names->items[i]->text;
        if (!has_layer(from, name)) return dnn_node_fail(DNN_E_MODEL, names->items[i], "%s has no layer '%s', this model has", file->text, name);
        if (!has_layer(to, name)) return dnn_node_fail(DNN_E_CONFIG, names->items[i], "%s has a layer '%s', this model has none", file->text, name);
    }
    return DNN_OK;
}

static dnn_status copy_named(const dnn_node *origin, const dnn_graph *from, const float *values, const dnn_graph *to, float *weights)
{
    const char *file = dnn_node_find(origin, "file")->text;
    char theirs[64], ours[64];
    for (size_t i = 0; i < to->segments.count; i++) {
        const dnn_segment *s = &to->segments.at[i];
        if (reuse_has(origin, to->layers[s->layer].name) && !find(from, s->name))
            return dnn_fail(DNN_E_MODEL, "%s has no weight '%s', which is %s in this model", file, s->name, dnn_shape_text(&s->shape, ours, sizeof ours));
    }
    for (size_t i = 0; i < from->segments.count; i++) {
        const dnn_segment *s = &from->segments.at[i];
        if (!reuse_has(origin, from->layers[s->layer].name)) continue;
        const dnn_segment *t = find(to, s->name);
        if (!t) return dnn_fail(DNN_E_MODEL, "%s has a weight '%s' %s, this model has none", file, s->name, dnn_shape_text(&s->shape, theirs, sizeof theirs));
        if (!dnn_shape_equal(&s->shape, &t->shape))
            return dnn_fail(DNN_E_MODEL, "weight '%s' is %s in %s and %s in this model", s->name, dnn_shape_text(&s->shape, theirs, sizeof theirs), file,
                            dnn_shape_text(&t->shape, ours, sizeof ours));
        memcpy(weights + t->offset, values + s->offset, s->length * sizeof *weights);
    }
    return DNN_OK;
}

typedef struct named_read { const shared_model *start; const dnn_graph *graph; } named_read;

static dnn_status read_named(void *context, dnn_model_file *file, float *weights)
{
    const named_read *r = context;
    const shared_model *m = r->start;
    dnn_graph *from = NULL;
    if (!m->architecture) return dnn_node_fail(DNN_E_MODEL, m->origin, "model.weights: the file names no layers; only all of its weights can be taken");
    dnn_status st = dnn_graph_create(m->architecture, m->inputs, m->n_inputs, &from);
    float *values = st == DNN_OK ? dnn_alloc(from->segments.total, sizeof *values) : NULL;
    if (st == DNN_OK && !values) st = DNN_E_MEMORY;
    if (st == DNN_OK) st = check_layers(m->origin, from, r->graph);
    if (st == DNN_OK) st = dnn_model_weights(file, from, values);
    if (st == DNN_OK) st = copy_named(m->origin, from, values, r->graph, weights);
    dnn_free(values);
    dnn_graph_destroy(from);
    return st;
}

dnn_status reuse_weights(dnn_team *team, shared_model *start, const dnn_graph *graph, float *weights)
{
    if (!dnn_node_find(start->origin, "layers")) return shared_weights(team, start, graph, weights);
    named_read r = { start, graph };
    return shared_values(team, start, read_named, &r, weights, graph->segments.total);
}

/* `model.weights` as a path, or as {file} with `layers`, `optimizer`. */
static bool reads_weights(const dnn_node *weights)
{
    const dnn_node *file = weights->type == DNN_NODE_MAP ? dnn_node_find(weights, "file") : weights;
    const dnn_node *layers = dnn_node_find(weights, "layers"), *optimizer = dnn_node_find(weights, "optimizer");
    if (!file || file->type != DNN_NODE_STRING) return false;
    if (weights->type == DNN_NODE_MAP && weights->count != 1u + (layers != NULL) + (optimizer != NULL)) return false;
    if (optimizer && (optimizer->type != DNN_NODE_BOOL || (layers && optimizer->boolean))) return false;
    if (layers && (layers->type != DNN_NODE_LIST || layers->count == 0)) return false;
    for (size_t i = 0; layers && i < layers->count; i++)
        if (layers->items[i]->type != DNN_NODE_STRING) return false;
    return true;
}

dnn_status reuse_open(dnn_comm *comm, const dnn_node *weights, shared_model *start, bool *with_optimizer)
{
    if (!reads_weights(weights))
        return dnn_node_fail(DNN_E_CONFIG, weights, "model.weights: must be the path of a model file, {file: path, layers: [names]}, or {file: path, optimizer: true}");
    const dnn_node *file = weights->type == DNN_NODE_MAP ? dnn_node_find(weights, "file") : weights;
    const dnn_node *optimizer = dnn_node_find(weights, "optimizer");
    *with_optimizer = optimizer && optimizer->boolean;
    dnn_status st = shared_model_open(comm, file->text, start);
    if (st == DNN_OK && !(start->origin = dnn_node_copy(weights))) st = DNN_E_MEMORY;
    return st;
}
