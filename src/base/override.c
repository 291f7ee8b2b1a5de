/* Keys given by path, on the command line: a walk down the tree along the rows that describe it, making what is missing. */
#include "walk.h"

#include <stdio.h>
#include <string.h>

static dnn_status into_rows(dnn_walk *w, const dnn_row_set *sets, size_t n_sets, dnn_node *map);
static dnn_status into_component(dnn_walk *w, const dnn_family *family, const dnn_param *row, dnn_node *node);

/* What is in a list or map: the value itself, or further down. `below` walks on within the item. */
static dnn_status into_list(dnn_walk *w, const dnn_family *family, dnn_node *list,
                            dnn_status (*below)(dnn_walk *w, const dnn_family *family, dnn_node *item))
{
    dnn_node *item = NULL;
    const dnn_status st = dnn_walk_item(w, list, &item);
    if (st != DNN_OK) return st;
    if (!dnn_walk_ends(w)) return below(w, family, item);
    if (w->value) return dnn_walk_deliver(w, item);
    dnn_list_drop(list, item);
    return DNN_OK;
}

static dnn_status into_item_component(dnn_walk *w, const dnn_family *family, dnn_node *item)
{
    return into_component(w, family, NULL, item);
}

static dnn_status another_name(const dnn_walk *w, const dnn_node *node, const char *written, const char *name, const char *owner)
{
    char where[512];
    dnn_place_text(node->place, where, sizeof where);
    return dnn_walk_fail(w, "'%s' is written there%s%s%s, not '%s'; to replace it, give all of it: '%s={%s: {…}}'", written,
                         *where ? " (" : "", where, *where ? ")" : "", name, owner, name);
}

/* Parts of the run file that no row describes (layers with their inputs, maps of losses): keys are made as the path says and
 * judged by whoever reads the section. List items are components of `family` where they can be. */
static dnn_status into_free(dnn_walk *w, const dnn_family *family, dnn_node *node)
{
    char key[DNN_STEP_TEXT], owner[DNN_PATH_TEXT];
    dnn_node *child = NULL;
    if (dnn_walk_ends(w)) return dnn_walk_deliver(w, node);
    if (node->type == DNN_NODE_LIST) return into_list(w, family, node, into_free);
    const dnn_kind *kind = NULL;
    if (family && node->key == NULL && node->type == DNN_NODE_STRING) kind = dnn_family_find(family, node->text);
    if (family && node->key == NULL && node->type == DNN_NODE_MAP && node->count == 1) kind = dnn_family_find(family, node->items[0]->key);
    if (kind) return into_component(w, family, NULL, node);
    dnn_walk_done(w, owner);
    dnn_status st = dnn_walk_step(w, key);
    if (st != DNN_OK) return st;
    if (node->type == DNN_NODE_STRING) {
        if (strcmp(node->text, key) != 0) return another_name(w, node, node->text, key, owner);
        st = dnn_node_become(node, dnn_walk_map_of(w, key, dnn_node_null()));
    } else if (node->type == DNN_NODE_NULL) {
        st = dnn_walk_make_map(w, node);
    } else if (node->type != DNN_NODE_MAP) {
        return dnn_walk_fail(w, "what is written there is a single value; nothing goes below it");
    }
    if (st == DNN_OK && dnn_walk_ends(w) && !w->value) {
        dnn_node_remove(node, key);
        return DNN_OK;
    }
    if (st == DNN_OK) st = dnn_walk_child(w, node, key, &child);
    return st == DNN_OK ? into_free(w, family, child) : st;
}

static dnn_status no_such_name(const dnn_walk *w, const dnn_family *family, const char *written, const char *name, const char *owner)
{
    const dnn_kind *kind = written ? dnn_family_find(family, written) : NULL;
    if (!kind || (!dnn_params_find(kind->params, kind->n_params, name) && !dnn_params_find(family->common, family->n_common, name)))
        return dnn_kind_unknown(family, w->place, w->path, name);
    return dnn_walk_fail(w, "the name of the %s is missing; did you mean %s.%s.%s?", family->name, owner, written, name);
}

/* The name that is written in `node`; NULL where there is none. */
static const char *written_name(const dnn_family *family, const dnn_node *node)
{
    if (node->type == DNN_NODE_STRING) return node->text;
    if (node->type == DNN_NODE_MAP && node->count == 1) return node->items[0]->key;
    if (node->type == DNN_NODE_INT || node->type == DNN_NODE_REAL) return family->number_kind;
    return NULL;
}

/* Whatever short form stands in `node` becomes {name: {parameters}}; `params` is then that inner map. */
static dnn_status spell_out(const dnn_walk *w, const dnn_family *family, const dnn_kind *kind, dnn_node *node, dnn_node **params)
{
    dnn_status st = DNN_OK;
    if (node->type == DNN_NODE_INT || node->type == DNN_NODE_REAL)
        st = dnn_node_become(node, dnn_walk_map_of(w, kind->name, dnn_node_copy(node)));
    else if (node->type != DNN_NODE_MAP || node->count == 0)
        st = dnn_node_become(node, dnn_walk_map_of(w, kind->name, dnn_node_map()));
    if (st != DNN_OK) return st;
    dnn_node *value = node->items[0];
    if (value->type == DNN_NODE_NULL)
        st = dnn_walk_make_map(w, value);
    else if (!dnn_value_is_params(kind, family, value))
        st = kind->n_params ? dnn_node_become(value, dnn_walk_map_of(w, kind->params[0].key, dnn_node_copy(value)))
                            : dnn_walk_fail(w, "the component has no parameters");
    *params = value;
    return st;
}

static dnn_status into_component(dnn_walk *w, const dnn_family *family, const dnn_param *row, dnn_node *node)
{
    char owner[DNN_PATH_TEXT], name[DNN_STEP_TEXT];
    dnn_node *params = NULL;
    if (dnn_walk_ends(w)) return dnn_walk_deliver(w, node);
    dnn_walk_done(w, owner);
    dnn_status st = dnn_walk_step(w, name);
    if (st != DNN_OK) return st;
    const dnn_kind *kind = dnn_family_find(family, name);
    if (node->type == DNN_NODE_NULL && row && row->preset) {
        /* Nothing is written: the default counts where it has that name, since it may bring parameters of its own. */
        dnn_node *preset = NULL;
        st = dnn_preset_read(row->preset, &preset);
        const char *by_default = st == DNN_OK ? written_name(family, preset) : NULL;
        if (st == DNN_OK && !kind) st = no_such_name(w, family, by_default, name, owner);
        if (st == DNN_OK && by_default && strcmp(by_default, name) == 0) st = dnn_node_become(node, preset);
        else dnn_node_destroy(preset);
        if (st != DNN_OK) return st;
        node->place = w->place;
    }
    const char *written = written_name(family, node);
    if (!kind) return no_such_name(w, family, written, name, owner);
    if (node->type == DNN_NODE_LIST || (node->type == DNN_NODE_MAP && node->count > 1))
        return dnn_walk_fail(w, "what is written there is no component");
    if (written && strcmp(written, name) != 0) return another_name(w, node, written, name, owner);
    if (dnn_walk_ends(w) && !w->value) return dnn_node_become(node, dnn_node_string(name)); /* its parameters go */
    st = spell_out(w, family, kind, node, &params);
    if (st != DNN_OK) return st;
    if (dnn_walk_ends(w)) return dnn_walk_deliver(w, params);
    const dnn_row_set sets[] = { { kind->params, kind->n_params, NULL }, { family->common, family->n_common, NULL } };
    return into_rows(w, sets, 2, params);
}

/* A value in the place of a list is its first item; a component named in the path may be meant without a position. */
static dnn_status into_components(dnn_walk *w, const dnn_param *row, dnn_node *node)
{
    const bool numbered = *w->rest >= '0' && *w->rest <= '9';
    if (node->type != DNN_NODE_LIST && node->type != DNN_NODE_NULL && !numbered) return into_component(w, row->family, NULL, node);
    dnn_status st = DNN_OK;
    if (node->type == DNN_NODE_NULL) st = dnn_node_become(node, dnn_node_list());
    if (node->type != DNN_NODE_LIST) {
        dnn_node *list = dnn_node_list();
        st = list ? dnn_node_append(list, dnn_node_copy(node)) : DNN_E_MEMORY;
        if (st == DNN_OK) st = dnn_node_become(node, list);
        else dnn_node_destroy(list);
    }
    return st == DNN_OK ? into_list(w, row->family, node, into_item_component) : st;
}

static dnn_status into_value(dnn_walk *w, const dnn_param *row, dnn_node *node)
{
    if (row->type == DNN_PARAM_SECTION) {
        const dnn_row_set set = { row->rows, row->n_rows, NULL };
        return into_rows(w, &set, 1, node);
    }
    if (row->type == DNN_PARAM_COMPONENT) return into_component(w, row->family, row, node);
    if (row->type == DNN_PARAM_COMPONENTS) return into_components(w, row, node);
    if (row->type == DNN_PARAM_NODE) return into_free(w, row->family, node);
    if (node->type == DNN_NODE_LIST) return into_list(w, NULL, node, into_free);
    char owner[DNN_PATH_TEXT];
    return dnn_walk_fail(w, "%s is a single value; nothing goes below it", dnn_walk_done(w, owner));
}

static dnn_status into_rows(dnn_walk *w, const dnn_row_set *sets, size_t n_sets, dnn_node *map)
{
    char key[DNN_STEP_TEXT], owner[DNN_PATH_TEXT], hint[512];
    const dnn_param *row = NULL;
    dnn_node *child = NULL;
    dnn_status st = DNN_OK;
    if (dnn_walk_ends(w)) return dnn_walk_deliver(w, map);
    if (map->type == DNN_NODE_NULL) st = dnn_walk_make_map(w, map);
    if (st != DNN_OK) return st;
    if (map->type != DNN_NODE_MAP) return dnn_walk_fail(w, "what is written there is no map");
    dnn_walk_done(w, owner);
    st = dnn_walk_step(w, key);
    if (st != DNN_OK) return st;
    for (size_t s = 0; s < n_sets && !row; s++) row = dnn_params_find(sets[s].rows, sets[s].count, key);
    if (!row) return dnn_walk_fail(w, "unknown key '%s'%s", key, dnn_suggest_key(owner, key, sets, n_sets, hint, sizeof hint));
    if (dnn_walk_ends(w) && !w->value) {
        dnn_node_remove(map, key);
        return DNN_OK;
    }
    st = dnn_walk_child(w, map, key, &child);
    if (st == DNN_OK) st = dnn_walk_ends(w) ? dnn_walk_deliver(w, child) : into_value(w, row, child);
    return st;
}

/* All of the value is of the command line; maps and what is in them have paths of their own. */
static void put_place(dnn_node *node, dnn_place place)
{
    char below[DNN_PATH_TEXT], position[24];
    node->place = place;
    if (node->key) node->key_place = place;
    for (size_t i = 0; i < node->count; i++) {
        const dnn_node *item = node->items[i];
        dnn_place of = place;
        snprintf(position, sizeof position, "%zu", i);
        if (item->key || item->count) of.path = dnn_place_intern(dnn_path_join(place.path, item->key ? item->key : position, below));
        put_place(node->items[i], of);
    }
}

dnn_status dnn_params_override(const dnn_param *rows, size_t count, dnn_node *root, const char *path, dnn_node *value)
{
    const dnn_place place = { .file = dnn_place_intern("command line"), .path = *path ? dnn_place_intern(path) : NULL };
    dnn_walk w = { .path = path, .rest = path, .value = value, .place = place };
    const dnn_row_set set = { rows, count, NULL };
    if (value && *path) put_place(value, place);
    dnn_status st = *path ? into_rows(&w, &set, 1, root) : dnn_walk_fail(&w, "the path is empty");
    dnn_node_destroy(w.value);
    return st;
}
