#include "train/setup/nested.h"

#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "dnn/exchange/nested.h"

typedef struct part { char *file, *name; dnn_strings inputs; bool trainable; } part;

static const dnn_param params[] = {
    DNN_STRING(part, file, NULL, "model file, ours or one of Keras, whose layers stand here with their weights"),
    DNN_STRING(part, name, "null", "name of the part; left out: model, model_1, …"),
    DNN_STRINGS(part, inputs, "[]", "what its inputs read, in their order; left out: the layer above"),
    DNN_BOOL(part, trainable, "true", "false: its weights stay as they are"),
};
enum { PARAMS = sizeof params / sizeof *params };

typedef struct work {
    dnn_comm *comm;
    dnn_node *files;          /* by name of the part */
    dnn_node *architectures;  /* by name */
    dnn_node *outputs;        /* by name of a use: the layers that it ends with */
    dnn_node *layers;         /* as they become */
} work;

static dnn_node *inside(const dnn_node *item, const char *kind)
{
    return item->type == DNN_NODE_MAP && item->count == 1 && strcmp(item->items[0]->key, kind) == 0 ? item->items[0] : NULL;
}

static const char *text_at(const dnn_node *map, const char *key)
{
    const dnn_node *text = dnn_node_find(map, key);
    return text && text->type == DNN_NODE_STRING ? text->text : NULL;
}

/* A list of the names that a use reads, parts replaced by what they end with. */
static dnn_status resolve(const work *w, const dnn_node *written, const char **names, size_t *count)
{
    *count = 0;
    const bool alone = written->type == DNN_NODE_STRING;
    for (size_t i = 0; i < (alone ? 1 : written->count); i++) {
        const dnn_node *item = alone ? written : written->items[i];
        if (item->type != DNN_NODE_STRING) return dnn_node_fail(DNN_E_CONFIG, item, "inputs: must be names of layers");
        if (*count == DNN_MAX_IO) return dnn_node_fail(DNN_E_CONFIG, item, "inputs: more than %d", DNN_MAX_IO);
        const dnn_node *ends = dnn_node_find(w->outputs, item->text);
        names[(*count)++] = ends ? ends->items[0]->text : item->text;
    }
    return DNN_OK;
}

static dnn_status use(work *w, const dnn_node *item, const dnn_node *map, const char *name, const char *first, bool frozen)
{
    const char *sources[DNN_MAX_IO];
    size_t count = 0;
    const dnn_node *inputs = dnn_node_find(map, "inputs");
    dnn_node *ends = dnn_node_list();
    dnn_status st = ends ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK && dnn_node_find(w->outputs, name)) st = dnn_node_fail(DNN_E_CONFIG, map, "name = \"%s\": another model has it already", name);
    if (st == DNN_OK && inputs) st = resolve(w, inputs, sources, &count);
    const dnn_nesting nesting = { .name = name, .sources = count ? sources : NULL, .n_sources = count, .calls = strcmp(first, name) == 0 ? NULL : first,
                                  .frozen = frozen };
    const size_t before = w->layers->count;
    if (st == DNN_OK) {
        st = dnn_model_nest(dnn_node_find(w->architectures, first), &nesting, w->layers, ends);
        if (st == DNN_E_CONFIG) { /* with the place where it is written */
            char text[512];
            snprintf(text, sizeof text, "%s", dnn_fail_text());
            st = dnn_node_fail(st, map, "%s", text);
        }
    }
    for (size_t i = before; i < w->layers->count; i++) w->layers->items[i]->place = w->layers->items[i]->items[0]->place = item->place;
    for (size_t i = before; i < w->layers->count; i++) w->layers->items[i]->items[0]->key_place = map->key_place;
    if (st == DNN_OK) return dnn_node_set(w->outputs, name, ends);
    dnn_node_destroy(ends);
    return st;
}

/* model, model_1, … where the item says none. */
static char *name_of(const work *w, const part *p)
{
    if (p->name) return dnn_strdup(p->name);
    for (size_t k = 0;; k++) {
        char *name = k ? dnn_format("model_%zu", k) : dnn_strdup("model");
        if (!name || !dnn_node_find(w->outputs, name)) return name;
        dnn_free(name);
    }
}

static dnn_status add_model(work *w, const dnn_node *item, const dnn_node *map)
{
    part p = { 0 };
    shared_model m = { 0 };
    dnn_status st = dnn_params_read(params, PARAMS, "model", map, &p);
    char *name = st == DNN_OK ? name_of(w, &p) : NULL;
    if (st == DNN_OK && !name) st = DNN_E_MEMORY;
    if (st == DNN_OK && strpbrk(name, "./,\"*?[")) st = dnn_node_fail(DNN_E_CONFIG, map, "name = \"%s\": must have none of . / , \" * ? [", name);
    st = dnn_agree(w->comm, st);
    if (st == DNN_OK) st = shared_model_open(w->comm, p.file, &m);
    if (st == DNN_OK) {
        if (!m.architecture) st = dnn_node_fail(DNN_E_MODEL, map, "model.file: %s holds weights alone and no layers", p.file);
        if (st == DNN_OK) st = dnn_node_set(w->files, name, dnn_node_string(p.file));
        if (st == DNN_OK) st = dnn_node_set(w->architectures, name, dnn_node_copy(m.architecture));
        if (st == DNN_OK) st = use(w, item, map, name, name, !p.trainable);
        st = dnn_agree(w->comm, st);
    }
    shared_model_close(&m);
    dnn_free(name);
    dnn_params_clear(params, PARAMS, &p);
    return st;
}

/* Another use of a part. */
static dnn_status add_call(work *w, const dnn_node *item, const dnn_node *map, const char *first)
{
    const char *given = text_at(map, "name");
    char *name = given ? dnn_strdup(given) : NULL;
    for (size_t k = 0; !given && !name; k++) {
        name = k ? dnn_format("%s_call_%zu", first, k) : dnn_format("%s_call", first);
        if (!name) return DNN_E_MEMORY;
        if (!dnn_node_find(w->outputs, name)) break;
        dnn_free(name);
        name = NULL;
    }
    const dnn_status st = name ? use(w, item, map, name, first, false) : DNN_E_MEMORY;
    dnn_free(name);
    return st;
}

static dnn_status rename_text(const work *w, dnn_node *node)
{
    const dnn_node *ends = node->type == DNN_NODE_STRING ? dnn_node_find(w->outputs, node->text) : NULL;
    if (!ends) return DNN_OK;
    char *text = dnn_strdup(ends->items[0]->text);
    if (!text) return DNN_E_MEMORY;
    dnn_free(node->text);
    node->text = text;
    return DNN_OK;
}

/* Names of parts in `inputs` and `outputs` become those of the layers that they end with. */
static dnn_status rename_in(const work *w, dnn_node *names)
{
    dnn_status st = names ? rename_text(w, names) : DNN_OK;
    for (size_t i = 0; names && i < names->count && st == DNN_OK; i++) st = rename_text(w, names->items[i]);
    return st;
}

static dnn_status expand(work *w, const dnn_node *layers)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < layers->count && st == DNN_OK; i++) {
        const dnn_node *item = layers->items[i], *map = inside(item, "model"), *called = inside(item, "call");
        const char *first = text_at(called, "layer");
        if (map) st = add_model(w, item, map);
        else if (first && dnn_node_find(w->architectures, first)) st = add_call(w, item, called, first);
        else st = dnn_node_append(w->layers, dnn_node_copy(item));
    }
    for (size_t i = 0; i < w->layers->count && st == DNN_OK; i++)
        if (w->layers->items[i]->type == DNN_NODE_MAP && w->layers->items[i]->count == 1)
            st = rename_in(w, dnn_node_find(w->layers->items[i]->items[0], "inputs"));
    return st;
}

static bool has_model(const dnn_node *layers)
{
    for (size_t i = 0; layers && layers->type == DNN_NODE_LIST && i < layers->count; i++)
        if (inside(layers->items[i], "model") || has_model(dnn_node_find(inside(layers->items[i], "repeat"), "layers"))) return true;
    return false;
}

/* A model that is repeated is a part of its own each time. */
static dnn_status expand_repeated(work *w, const dnn_node *layers)
{
    dnn_node *flat = NULL;
    dnn_status st = dnn_graph_unroll(layers, &flat);
    if (st == DNN_OK) st = expand(w, flat);
    dnn_node_destroy(flat);
    return st;
}

/* As a run file that was written out names them. */
static dnn_status take_written(dnn_node *model, dnn_node **nested)
{
    const dnn_node *written = dnn_node_find(model, "nested");
    if (!written || written->type == DNN_NODE_NULL) return DNN_OK;
    bool fits = written->type == DNN_NODE_MAP;
    for (size_t i = 0; fits && i < written->count; i++) fits = written->items[i]->type == DNN_NODE_STRING;
    if (!fits) return dnn_node_fail(DNN_E_CONFIG, written, "model.nested: must be a map from names of parts to model files");
    *nested = dnn_node_copy(written);
    if (!*nested) return DNN_E_MEMORY;
    dnn_node_remove(model, "nested");
    return DNN_OK;
}

static dnn_status add_files(const dnn_node *files, dnn_node **nested)
{
    dnn_status st = *nested || (*nested = dnn_node_map()) ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < files->count && st == DNN_OK; i++) st = dnn_node_set(*nested, files->items[i]->key, dnn_node_copy(files->items[i]));
    return st;
}

dnn_status nested_expand(dnn_comm *comm, dnn_node *model, dnn_node **nested)
{
    const dnn_node *layers = dnn_node_find(model, "layers");
    *nested = NULL;
    dnn_status st = dnn_agree(comm, take_written(model, nested));
    if (st != DNN_OK || !has_model(layers)) return st;
    work w = { .comm = comm, .files = dnn_node_map(), .architectures = dnn_node_map(), .outputs = dnn_node_map(), .layers = dnn_node_list() };
    st = dnn_agree(comm, w.files && w.architectures && w.outputs && w.layers ? DNN_OK : DNN_E_MEMORY);
    if (st == DNN_OK) w.layers->place = layers->place;
    if (st == DNN_OK) st = expand_repeated(&w, layers);
    if (st == DNN_OK) st = rename_in(&w, dnn_node_find(model, "outputs"));
    if (st == DNN_OK) st = add_files(w.files, nested);
    if (st == DNN_OK) {
        st = dnn_node_set(model, "layers", w.layers);
        w.layers = NULL;
    }
    dnn_node_destroy(w.files);
    dnn_node_destroy(w.architectures);
    dnn_node_destroy(w.outputs);
    dnn_node_destroy(w.layers);
    return st;
}

/* ---- weights ---- */

typedef struct part_read { const shared_model *m; const char *name, *file; const dnn_graph *graph; } part_read;

static const dnn_segment *find(const dnn_graph *g, const char *of, const char *name)
{
    const size_t length = strlen(of);
    for (size_t i = 0; i < g->segments.count; i++) {
        const char *own = g->segments.at[i].name;
        if (strncmp(own, of, length) == 0 && own[length] == '.' && strcmp(own + length + 1, name) == 0) return &g->segments.at[i];
    }
    return NULL;
}

static dnn_status copy(const part_read *r, const dnn_graph *from, const float *values, float *weights)
{
    char theirs[128], ours[128];
    for (size_t i = 0; i < from->segments.count; i++) {
        const dnn_segment *s = &from->segments.at[i], *t = find(r->graph, r->name, s->name);
        if (!t) return dnn_fail(DNN_E_MODEL, "%s has a weight '%s', this model has no '%s.%s'", r->file, s->name, r->name, s->name);
        if (!dnn_shape_equal(&s->shape, &t->shape))
            return dnn_fail(DNN_E_MODEL, "weight '%s' is %s in %s, and '%s' is %s in this model", s->name, dnn_shape_text(&s->shape, theirs, sizeof theirs),
                            r->file, t->name, dnn_shape_text(&t->shape, ours, sizeof ours));
        memcpy(weights + t->offset, values + s->offset, s->length * sizeof *weights);
    }
    return DNN_OK;
}

static dnn_status read_part(void *context, dnn_model_file *file, float *weights)
{
    const part_read *r = context;
    dnn_graph *from = NULL;
    dnn_status st = dnn_graph_create(r->m->architecture, r->m->inputs, r->m->n_inputs, &from);
    float *values = st == DNN_OK ? dnn_alloc(from->segments.total, sizeof *values) : NULL;
    if (st == DNN_OK && !values) st = DNN_E_MEMORY;
    if (st == DNN_OK) st = dnn_model_weights(file, from, values);
    if (st == DNN_OK) st = copy(r, from, values, weights);
    dnn_free(values);
    dnn_graph_destroy(from);
    return st;
}

dnn_status nested_weights(dnn_team *team, const dnn_node *nested, const dnn_graph *graph, float *weights)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; nested && i < nested->count && st == DNN_OK; i++) {
        shared_model m = { 0 };
        st = shared_model_open(dnn_team_comm(team), nested->items[i]->text, &m);
        if (st == DNN_OK && !m.architecture) st = dnn_node_fail(DNN_E_MODEL, nested->items[i], "%s holds weights alone", nested->items[i]->text);
        part_read r = { &m, nested->items[i]->key, nested->items[i]->text, graph };
        if (st == DNN_OK) st = shared_values(team, &m, read_part, &r, weights, graph->segments.total);
        shared_model_close(&m);
    }
    return st;
}
