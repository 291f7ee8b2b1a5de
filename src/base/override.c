/* Keys given by path, on the command line: a walk down the tree along the rows that describe it, making what is missing. */
#include "params.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/base/number.h"

/* What is on its way: the value until it has found its place, and how far the path has been walked. */
typedef struct walk {
    const char *path;  /**< whole, for messages */
    const char *rest;  /**< what has not been walked yet */
    dnn_node *value;   /**< owned; NULL: delete */
    dnn_place place;   /**< "command line" */
} walk;

enum { STEP_TEXT = 128 };

static dnn_status wrong(const walk *w, const char *text)
{
    return dnn_place_fail(DNN_E_CONFIG, w->place, "%s: %s", w->path, text);
}

static bool at_end(const walk *w)
{
    return w->rest[0] == '\0';
}

/* The next key of the path. */
static dnn_status step(walk *w, char key[STEP_TEXT])
{
    const size_t length = strcspn(w->rest, ".");
    if (length == 0 || (w->rest[length] == '.' && w->rest[length + 1] == '\0'))
        return wrong(w, "a key is missing in the path; keys are joined by single points, as in training.optimizer.sgd.momentum");
    if (length >= STEP_TEXT) return wrong(w, "a key of the path is too long");
    memcpy(key, w->rest, length);
    key[length] = '\0';
    w->rest += length + (w->rest[length] == '.');
    return DNN_OK;
}

/* The part of the path walked so far, without its last point. */
static const char *walked(const walk *w, char out[DNN_PATH_TEXT])
{
    size_t length = (size_t)(w->rest - w->path);
    if (length > 0 && w->path[length - 1] == '.') length--;
    if (length >= DNN_PATH_TEXT) length = DNN_PATH_TEXT - 1;
    memcpy(out, w->path, length);
    out[length] = '\0';
    return out;
}

/* The content of `with` takes the place of that of `node`, which keeps its key. `with` is consumed. */
static dnn_status become(dnn_node *node, dnn_node *with)
{
    if (!with) return DNN_E_MEMORY;
    const dnn_node old = *node;
    *node = *with;
    node->key = old.key;
    node->key_place = old.key_place;
    *with = old;
    with->key = NULL;
    dnn_node_destroy(with);
    return DNN_OK;
}

static dnn_status deliver(walk *w, dnn_node *node)
{
    dnn_node *value = w->value;
    w->value = NULL;
    return become(node, value);
}

/* The child of that key, made as null where there is none. */
static dnn_status child_of(const walk *w, dnn_node *map, const char *key, dnn_node **child)
{
    *child = dnn_node_find(map, key);
    if (*child) return DNN_OK;
    dnn_node *made = dnn_node_null();
    const dnn_status st = dnn_node_set(map, key, made);
    if (st != DNN_OK) return st;
    made->place = made->key_place = w->place;
    *child = made;
    return DNN_OK;
}

static dnn_status make_map(const walk *w, dnn_node *node)
{
    const dnn_status st = become(node, dnn_node_map());
    if (st == DNN_OK) node->place = w->place;
    return st;
}

/* {key: child}, `child` consumed. */
static dnn_node *map_of(const walk *w, const char *key, dnn_node *child)
{
    dnn_node *map = dnn_node_map();
    if (!map) {
        dnn_node_destroy(child);
        return NULL;
    }
    if (child && !child->place.file) child->place = w->place;
    map->place = child ? child->place : w->place;
    if (dnn_node_set(map, key, child) == DNN_OK) return map;
    dnn_node_destroy(map);
    return NULL;
}

/* Position in a list, from the next key of the path. One behind the last appends. */
static dnn_status item_of(walk *w, dnn_node *list, dnn_node **item)
{
    char key[STEP_TEXT], text[256];
    int64_t position = -1;
    dnn_status st = step(w, key);
    if (st != DNN_OK) return st;
    if (!dnn_integer_read(key, &position) || position < 0) {
        snprintf(text, sizeof text, "'%s' is no position in a list; they count from 0", key);
        return wrong(w, text);
    }
    if ((size_t)position > list->count || (!w->value && (size_t)position == list->count)) {
        snprintf(text, sizeof text, "there is no position %s; the list has %zu items, and they count from 0", key, list->count);
        return wrong(w, text);
    }
    if ((size_t)position == list->count) {
        dnn_node *made = dnn_node_null();
        if (dnn_node_append(list, made) != DNN_OK) return DNN_E_MEMORY;
        made->place = w->place;
    }
    *item = list->items[position];
    return DNN_OK;
}

static void drop_item(dnn_node *list, const dnn_node *item)
{
    size_t i = 0;
    while (list->items[i] != item) i++;
    dnn_node_destroy(list->items[i]);
    list->count--;
    memmove(list->items + i, list->items + i + 1, (list->count - i) * sizeof *list->items);
}

static dnn_status into_rows(walk *w, const dnn_row_set *sets, size_t n_sets, dnn_node *map);
static dnn_status into_component(walk *w, const dnn_family *family, const dnn_param *row, dnn_node *node);

/* What is in a list or map: the value itself, or further down. `below` walks on within the item. */
static dnn_status into_list(walk *w, const dnn_family *family, dnn_node *list,
                            dnn_status (*below)(walk *w, const dnn_family *family, dnn_node *item))
{
    dnn_node *item = NULL;
    const dnn_status st = item_of(w, list, &item);
    if (st != DNN_OK) return st;
    if (!at_end(w)) return below(w, family, item);
    if (w->value) return deliver(w, item);
    drop_item(list, item);
    return DNN_OK;
}

static dnn_status into_item_component(walk *w, const dnn_family *family, dnn_node *item)
{
    return into_component(w, family, NULL, item);
}

static dnn_status another_name(const walk *w, const dnn_node *node, const char *written, const char *name, const char *owner)
{
    char where[512], text[1024];
    dnn_place_text(node->place, where, sizeof where);
    snprintf(text, sizeof text, "'%s' is written there%s%s%s, not '%s'; to replace it, give all of it: '%s={%s: {…}}'", written,
             *where ? " (" : "", where, *where ? ")" : "", name, owner, name);
    return wrong(w, text);
}

/* Parts of the run file that no row describes (layers with their inputs, maps of losses): keys are made as the path says and
 * judged by whoever reads the section. List items are components of `family` where they can be. */
static dnn_status into_free(walk *w, const dnn_family *family, dnn_node *node)
{
    char key[STEP_TEXT], owner[DNN_PATH_TEXT];
    dnn_node *child = NULL;
    if (at_end(w)) return deliver(w, node);
    if (node->type == DNN_NODE_LIST) return into_list(w, family, node, into_free);
    const dnn_kind *kind = NULL;
    if (family && node->key == NULL && node->type == DNN_NODE_STRING) kind = dnn_family_find(family, node->text);
    if (family && node->key == NULL && node->type == DNN_NODE_MAP && node->count == 1) kind = dnn_family_find(family, node->items[0]->key);
    if (kind) return into_component(w, family, NULL, node);
    walked(w, owner);
    dnn_status st = step(w, key);
    if (st != DNN_OK) return st;
    if (node->type == DNN_NODE_STRING) {
        if (strcmp(node->text, key) != 0) return another_name(w, node, node->text, key, owner);
        st = become(node, map_of(w, key, dnn_node_null()));
    } else if (node->type == DNN_NODE_NULL) {
        st = make_map(w, node);
    } else if (node->type != DNN_NODE_MAP) {
        return wrong(w, "what is written there is a single value; nothing goes below it");
    }
    if (st == DNN_OK && at_end(w) && !w->value) {
        dnn_node_remove(node, key);
        return DNN_OK;
    }
    if (st == DNN_OK) st = child_of(w, node, key, &child);
    return st == DNN_OK ? into_free(w, family, child) : st;
}

static dnn_status no_such_name(const walk *w, const dnn_family *family, const char *written, const char *name, const char *owner)
{
    const dnn_kind *kind = written ? dnn_family_find(family, written) : NULL;
    char text[512];
    if (!kind || (!dnn_params_find(kind->params, kind->n_params, name) && !dnn_params_find(family->common, family->n_common, name)))
        return dnn_kind_unknown(family, w->place, w->path, name);
    snprintf(text, sizeof text, "the name of the %s is missing; did you mean %s.%s.%s?", family->name, owner, written, name);
    return wrong(w, text);
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
static dnn_status spell_out(const walk *w, const dnn_family *family, const dnn_kind *kind, dnn_node *node, dnn_node **params)
{
    dnn_status st = DNN_OK;
    if (node->type == DNN_NODE_INT || node->type == DNN_NODE_REAL)
        st = become(node, map_of(w, kind->name, dnn_node_copy(node)));
    else if (node->type != DNN_NODE_MAP || node->count == 0)
        st = become(node, map_of(w, kind->name, dnn_node_map()));
    if (st != DNN_OK) return st;
    dnn_node *value = node->items[0];
    if (value->type == DNN_NODE_NULL)
        st = make_map(w, value);
    else if (!dnn_value_is_params(kind, family, value))
        st = kind->n_params ? become(value, map_of(w, kind->params[0].key, dnn_node_copy(value)))
                            : wrong(w, "the component has no parameters");
    *params = value;
    return st;
}

static dnn_status into_component(walk *w, const dnn_family *family, const dnn_param *row, dnn_node *node)
{
    char owner[DNN_PATH_TEXT], name[STEP_TEXT];
    dnn_node *params = NULL;
    if (at_end(w)) return deliver(w, node);
    walked(w, owner);
    dnn_status st = step(w, name);
    if (st != DNN_OK) return st;
    const dnn_kind *kind = dnn_family_find(family, name);
    if (node->type == DNN_NODE_NULL && row && row->preset) {
        /* Nothing is written: the default counts where it has that name, since it may bring parameters of its own. */
        dnn_node *preset = NULL;
        st = dnn_preset_read(row->preset, &preset);
        const char *by_default = st == DNN_OK ? written_name(family, preset) : NULL;
        if (st == DNN_OK && !kind) st = no_such_name(w, family, by_default, name, owner);
        if (st == DNN_OK && by_default && strcmp(by_default, name) == 0) st = become(node, preset);
        else dnn_node_destroy(preset);
        if (st != DNN_OK) return st;
        node->place = w->place;
    }
    const char *written = written_name(family, node);
    if (!kind) return no_such_name(w, family, written, name, owner);
    if (node->type == DNN_NODE_LIST || (node->type == DNN_NODE_MAP && node->count > 1))
        return wrong(w, "what is written there is no component");
    if (written && strcmp(written, name) != 0) return another_name(w, node, written, name, owner);
    if (at_end(w) && !w->value) return become(node, dnn_node_string(name)); /* its parameters go */
    st = spell_out(w, family, kind, node, &params);
    if (st != DNN_OK) return st;
    if (at_end(w)) return deliver(w, params);
    const dnn_row_set sets[] = { { kind->params, kind->n_params, NULL }, { family->common, family->n_common, NULL } };
    return into_rows(w, sets, 2, params);
}

/* A value in the place of a list is its first item; a component named in the path may be meant without a position. */
static dnn_status into_components(walk *w, const dnn_param *row, dnn_node *node)
{
    const bool numbered = *w->rest >= '0' && *w->rest <= '9';
    if (node->type != DNN_NODE_LIST && node->type != DNN_NODE_NULL && !numbered) return into_component(w, row->family, NULL, node);
    dnn_status st = DNN_OK;
    if (node->type == DNN_NODE_NULL) st = become(node, dnn_node_list());
    if (node->type != DNN_NODE_LIST) {
        dnn_node *list = dnn_node_list();
        st = list ? dnn_node_append(list, dnn_node_copy(node)) : DNN_E_MEMORY;
        if (st == DNN_OK) st = become(node, list);
        else dnn_node_destroy(list);
    }
    return st == DNN_OK ? into_list(w, row->family, node, into_item_component) : st;
}

static dnn_status into_value(walk *w, const dnn_param *row, dnn_node *node)
{
    if (row->type == DNN_PARAM_SECTION) {
        const dnn_row_set set = { row->rows, row->n_rows, NULL };
        return into_rows(w, &set, 1, node);
    }
    if (row->type == DNN_PARAM_COMPONENT) return into_component(w, row->family, row, node);
    if (row->type == DNN_PARAM_COMPONENTS) return into_components(w, row, node);
    if (row->type == DNN_PARAM_NODE) return into_free(w, row->family, node);
    if (node->type == DNN_NODE_LIST) return into_list(w, NULL, node, into_free);
    char owner[DNN_PATH_TEXT], text[DNN_PATH_TEXT + 64];
    walked(w, owner);
    snprintf(text, sizeof text, "%s is a single value; there is nothing below it", owner);
    return wrong(w, text);
}

static dnn_status into_rows(walk *w, const dnn_row_set *sets, size_t n_sets, dnn_node *map)
{
    char key[STEP_TEXT], hint[512], text[768];
    const dnn_param *row = NULL;
    dnn_node *child = NULL;
    dnn_status st = DNN_OK;
    if (at_end(w)) return deliver(w, map);
    if (map->type == DNN_NODE_NULL) st = make_map(w, map);
    if (st != DNN_OK) return st;
    if (map->type != DNN_NODE_MAP) return wrong(w, "what is written there is no map");
    st = step(w, key);
    if (st != DNN_OK) return st;
    for (size_t s = 0; s < n_sets && !row; s++) row = dnn_params_find(sets[s].rows, sets[s].count, key);
    if (!row) {
        snprintf(text, sizeof text, "unknown key '%s'%s", key, dnn_suggest_key(key, sets, n_sets, hint, sizeof hint));
        return wrong(w, text);
    }
    if (at_end(w) && !w->value) {
        dnn_node_remove(map, key);
        return DNN_OK;
    }
    st = child_of(w, map, key, &child);
    if (st == DNN_OK) st = at_end(w) ? deliver(w, child) : into_value(w, row, child);
    return st;
}

static void put_place(dnn_node *node, dnn_place place)
{
    if (!node->place.file) node->place = place;
    if (node->key && !node->key_place.file) node->key_place = place;
    for (size_t i = 0; i < node->count; i++) put_place(node->items[i], place);
}

dnn_status dnn_params_override(const dnn_param *rows, size_t count, dnn_node *root, const char *path, dnn_node *value)
{
    walk w = { .path = path, .rest = path, .value = value, .place = { .file = dnn_place_intern("command line") } };
    const dnn_row_set set = { rows, count, NULL };
    if (value) put_place(value, w.place);
    dnn_status st = *path ? into_rows(&w, &set, 1, root) : wrong(&w, "the path is empty");
    dnn_node_destroy(w.value);
    return st;
}
