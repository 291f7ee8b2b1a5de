/* Steps of an override: keys of the path, children made on the way, positions in lists. */
#include "walk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/number.h"

bool dnn_walk_ends(const dnn_walk *w)
{
    return w->rest[0] == '\0';
}

dnn_status dnn_walk_fail(const dnn_walk *w, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return dnn_place_fail(DNN_E_CONFIG, w->place, "%s: %s", w->path, text);
}

dnn_status dnn_walk_step(dnn_walk *w, char key[DNN_STEP_TEXT])
{
    const size_t length = strcspn(w->rest, ".");
    if (length == 0 || (w->rest[length] == '.' && w->rest[length + 1] == '\0'))
        return dnn_walk_fail(w, "a key is missing; keys are joined by single points, as in training.optimizer.sgd.momentum");
    if (length >= DNN_STEP_TEXT) return dnn_walk_fail(w, "a key is too long");
    memcpy(key, w->rest, length);
    key[length] = '\0';
    w->rest += length + (w->rest[length] == '.');
    if (strchr(key, '[')) return dnn_walk_fail(w, "a position in a list follows a point, as in model.layers.2.dense.units");
    return DNN_OK;
}

const char *dnn_walk_done(const dnn_walk *w, char out[DNN_PATH_TEXT])
{
    size_t length = (size_t)(w->rest - w->path);
    if (length > 0 && w->path[length - 1] == '.') length--;
    if (length >= DNN_PATH_TEXT) length = DNN_PATH_TEXT - 1;
    memcpy(out, w->path, length);
    out[length] = '\0';
    return out;
}

dnn_status dnn_node_become(dnn_node *node, dnn_node *with)
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

dnn_status dnn_walk_deliver(dnn_walk *w, dnn_node *node)
{
    dnn_node *value = w->value;
    w->value = NULL;
    return dnn_node_become(node, value);
}

dnn_status dnn_walk_child(const dnn_walk *w, dnn_node *map, const char *key, dnn_node **child)
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

dnn_status dnn_walk_make_map(const dnn_walk *w, dnn_node *node)
{
    const dnn_status st = dnn_node_become(node, dnn_node_map());
    if (st == DNN_OK) node->place = w->place;
    return st;
}

dnn_node *dnn_walk_map_of(const dnn_walk *w, const char *key, dnn_node *child)
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

dnn_status dnn_walk_item(dnn_walk *w, dnn_node *list, dnn_node **item)
{
    char key[DNN_STEP_TEXT];
    int64_t position = -1;
    const dnn_status st = dnn_walk_step(w, key);
    if (st != DNN_OK) return st;
    if (!dnn_integer_read(key, &position) || position < 0)
        return dnn_walk_fail(w, "'%s' is no position in a list; they count from 0", key);
    if ((size_t)position > list->count || (!w->value && (size_t)position == list->count))
        return dnn_walk_fail(w, "there is no position %s; the list has %zu item%s, counted from 0", key, list->count,
                             list->count == 1 ? "" : "s");
    if ((size_t)position == list->count) {
        dnn_node *made = dnn_node_null();
        if (dnn_node_append(list, made) != DNN_OK) return DNN_E_MEMORY;
        made->place = w->place;
    }
    *item = list->items[position];
    return DNN_OK;
}

void dnn_list_drop(dnn_node *list, const dnn_node *item)
{
    size_t i = 0;
    while (list->items[i] != item) i++;
    dnn_node_destroy(list->items[i]);
    list->count--;
    memmove(list->items + i, list->items + i + 1, (list->count - i) * sizeof *list->items);
}
