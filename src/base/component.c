/* A component from its name, a map of its name to its parameters, or a number. */
#include "params.h"

#include <string.h>

#include "dnn/base/memory.h"

const dnn_kind *dnn_family_find(const dnn_family *family, const char *name)
{
    for (size_t i = 0; i < family->count; i++)
        if (strcmp(family->kinds[i]->name, name) == 0) return family->kinds[i];
    return NULL;
}

const dnn_kind *dnn_family_find_keras(const dnn_family *family, const char *class_name)
{
    for (size_t i = 0; i < family->count; i++)
        if (family->kinds[i]->keras && strcmp(family->kinds[i]->keras, class_name) == 0) return family->kinds[i];
    return NULL;
}

/* A map is the parameters, but for one shape: {activation: {leaky_relu: {…}}}, where its only key is no parameter
 * and names a component that the first parameter takes. */
bool dnn_value_is_params(const dnn_kind *kind, const dnn_family *family, const dnn_node *value)
{
    if (value->type == DNN_NODE_NULL) return true;
    if (value->type != DNN_NODE_MAP) return false;
    if (value->count != 1 || kind->n_params == 0 || kind->params[0].type != DNN_PARAM_COMPONENT) return true;
    const char *key = value->items[0]->key;
    if (dnn_params_find(kind->params, kind->n_params, key)) return true;
    if (dnn_params_find(family->common, family->n_common, key)) return true;
    return !dnn_family_find(kind->params[0].family, key);
}

static dnn_status allocate(dnn_component *component)
{
    const dnn_kind *kind = component->kind;
    const dnn_family *family = component->family;
    if (kind->params_size && !(component->params = dnn_alloc(1, kind->params_size))) return DNN_E_MEMORY;
    if (family->common_size && !(component->common = dnn_alloc(1, family->common_size))) return DNN_E_MEMORY;
    return DNN_OK;
}

/* `map` is any node whose place is that of the component; keys are looked for where it is a map. */
static dnn_status read_map(dnn_component *out, const char *path, const dnn_node *map)
{
    const dnn_row_set sets[] = { { out->kind->params, out->kind->n_params, out->params },
                                 { out->family->common, out->family->n_common, out->common } };
    dnn_status st = dnn_keys_check(sets, 2, path, map);
    for (size_t s = 0; s < 2 && st == DNN_OK; s++) st = dnn_rows_read(&sets[s], path, map);
    return st;
}

/* {divide: 255} as {divide: {scale: 255}} */
static dnn_status read_lone(dnn_component *out, const char *path, const dnn_node *value)
{
    if (out->kind->n_params == 0) {
        char text[256];
        return dnn_node_fail(DNN_E_CONFIG, value, "%s = %s: %s has no parameters; write its name alone", path,
                             dnn_node_describe(value, text, sizeof text), out->kind->name);
    }
    dnn_node *map = dnn_node_map(), *copy = dnn_node_copy(value);
    dnn_status st = DNN_E_MEMORY;
    if (map) {
        map->place = value->place;
        st = dnn_node_set(map, out->kind->params[0].key, copy);
    } else {
        dnn_node_destroy(copy);
    }
    if (st == DNN_OK) st = read_map(out, path, map);
    dnn_node_destroy(map);
    return st;
}

/* `value` is what stands beside the name; NULL for a bare name, which `node` then is. */
static dnn_status read_kind(const dnn_family *family, const char *name, const dnn_node *node, const dnn_node *value, const char *path,
                            dnn_component *out)
{
    const dnn_place place = value && value->key_place.file ? value->key_place : node->place;
    char full[DNN_PATH_TEXT];
    const dnn_kind *kind = dnn_family_find(family, name);
    if (!kind) return dnn_kind_unknown(family, place, path, name);
    *out = (dnn_component){ .kind = kind, .family = family, .place = place };
    dnn_status st = allocate(out);
    dnn_path_join(path ? path : "", name, full);
    if (st == DNN_OK && value && !dnn_value_is_params(kind, family, value)) st = read_lone(out, full, value);
    else if (st == DNN_OK) st = read_map(out, full, value ? value : node);
    if (st != DNN_OK) dnn_component_clear(out);
    return st;
}

/* learning_rate: 0.1 as {constant: {learning_rate: 0.1}}. */
static dnn_status read_number(const dnn_family *family, const dnn_node *node, const char *path, dnn_component *out)
{
    const dnn_kind *kind = dnn_family_find(family, family->number_kind);
    DNN_ASSERT(kind && kind->n_params > 0);
    return read_kind(family, kind->name, node, node, path, out);
}

static dnn_status no_component(const dnn_family *family, const dnn_node *node, const char *path)
{
    char text[256];
    const char *article = strchr("aeiou", family->name[0]) ? "an" : "a";
    if (node->type == DNN_NODE_MAP && node->count > 1 && dnn_family_find(family, node->items[0]->key))
        return dnn_node_fail(DNN_E_CONFIG, node->items[1], "%s%s'%s' stands beside '%s' instead of below it; write {%s: {%s: …}}",
                             path ? path : "", path ? ": " : "", node->items[1]->key, node->items[0]->key, node->items[0]->key,
                             node->items[1]->key);
    return dnn_node_fail(DNN_E_CONFIG, node, "%s%s%s: must be %s %s: its name, or a map of its name to its parameters",
                         path ? path : "", path ? " = " : "", dnn_node_describe(node, text, sizeof text), article, family->name);
}

dnn_status dnn_component_read_at(const dnn_family *family, const dnn_node *node, const char *path, dnn_component *out)
{
    *out = (dnn_component){ 0 };
    if (node->type == DNN_NODE_STRING) return read_kind(family, node->text, node, NULL, path, out);
    if (node->type == DNN_NODE_MAP && node->count == 1)
        return read_kind(family, node->items[0]->key, node, node->items[0], path, out);
    if (family->number_kind && (node->type == DNN_NODE_INT || node->type == DNN_NODE_REAL))
        return read_number(family, node, path, out);
    return no_component(family, node, path);
}

dnn_status dnn_component_read(const dnn_family *family, const dnn_node *node, dnn_component *out)
{
    return dnn_component_read_at(family, node, NULL, out);
}

dnn_status dnn_component_make(const dnn_family *family, const char *name, dnn_component *out)
{
    dnn_node *node = dnn_node_string(name);
    *out = (dnn_component){ 0 };
    const dnn_status st = node ? dnn_component_read(family, node, out) : DNN_E_MEMORY;
    dnn_node_destroy(node);
    return st;
}

dnn_status dnn_component_copy(const dnn_component *from, dnn_component *to)
{
    *to = (dnn_component){ .kind = from->kind, .family = from->family, .place = from->place };
    if (!from->kind) return DNN_OK;
    dnn_status st = allocate(to);
    if (st == DNN_OK) st = dnn_params_copy(from->kind->params, from->kind->n_params, from->params, to->params);
    if (st == DNN_OK) st = dnn_params_copy(from->family->common, from->family->n_common, from->common, to->common);
    if (st != DNN_OK) dnn_component_clear(to);
    return st;
}

void dnn_component_clear(dnn_component *component)
{
    if (component->params) dnn_params_clear(component->kind->params, component->kind->n_params, component->params);
    if (component->common) dnn_params_clear(component->family->common, component->family->n_common, component->common);
    dnn_free(component->params);
    dnn_free(component->common);
    *component = (dnn_component){ 0 };
}

static dnn_status merge(dnn_node *into, dnn_node *from)
{
    dnn_status st = into && from ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; st == DNN_OK && i < from->count; i++)
        st = dnn_node_set(into, from->items[i]->key, dnn_node_copy(from->items[i]));
    dnn_node_destroy(from);
    return st;
}

dnn_node *dnn_component_write(const dnn_component *component)
{
    const dnn_kind *kind = component->kind;
    const dnn_family *family = component->family;
    if (!kind) return dnn_node_null();
    if (kind->n_params + family->n_common == 0) return dnn_node_string(kind->name);
    dnn_node *params = dnn_params_write(kind->params, kind->n_params, component->params);
    if (params && family->n_common &&
        merge(params, dnn_params_write(family->common, family->n_common, component->common)) != DNN_OK) {
        dnn_node_destroy(params);
        return NULL;
    }
    dnn_node *map = params ? dnn_node_map() : NULL;
    if (!map) {
        dnn_node_destroy(params);
        return NULL;
    }
    if (dnn_node_set(map, kind->name, params) == DNN_OK) return map;
    dnn_node_destroy(map);
    return NULL;
}
