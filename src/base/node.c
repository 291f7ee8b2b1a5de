/* Trees of values. */
#include "dnn/base/node.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/base/number.h"

static dnn_node *make(dnn_node_type type)
{
    dnn_node *node = dnn_alloc(1, sizeof *node);
    if (node) node->type = type;
    return node;
}

static dnn_node *with_text(dnn_node *node, const char *text)
{
    if (!node) return NULL;
    node->text = dnn_strdup(text);
    if (node->text) return node;
    dnn_free(node);
    return NULL;
}

dnn_node *dnn_node_null(void) { return make(DNN_NODE_NULL); }

dnn_node *dnn_node_list(void) { return make(DNN_NODE_LIST); }

dnn_node *dnn_node_map(void) { return make(DNN_NODE_MAP); }

dnn_node *dnn_node_bool(bool value)
{
    dnn_node *node = make(DNN_NODE_BOOL);
    if (node) node->boolean = value;
    return node;
}

dnn_node *dnn_node_int(int64_t value)
{
    char text[DNN_NUMBER_TEXT];
    snprintf(text, sizeof text, "%" PRId64, value);
    dnn_node *node = with_text(make(DNN_NODE_INT), text);
    if (!node) return NULL;
    node->integer = value;
    node->real = (double)value;
    return node;
}

/* A whole number gets ".0", so that it reads back as the type it is. */
static void real_text(double value, char text[DNN_NUMBER_TEXT])
{
    if (isnan(value)) strcpy(text, ".nan");
    else if (isinf(value)) strcpy(text, value > 0 ? ".inf" : "-.inf");
    else if (!strpbrk(dnn_number_text(value, text), ".e")) strcat(text, ".0");
}

dnn_node *dnn_node_real(double value)
{
    char text[DNN_NUMBER_TEXT];
    real_text(value, text);
    dnn_node *node = with_text(make(DNN_NODE_REAL), text);
    if (node) node->real = value;
    return node;
}

dnn_node *dnn_node_string(const char *value)
{
    return with_text(make(DNN_NODE_STRING), value);
}

void dnn_node_destroy(dnn_node *node)
{
    if (!node) return;
    for (size_t i = 0; i < node->count; i++) dnn_node_destroy(node->items[i]);
    dnn_free(node->items);
    dnn_free(node->text);
    dnn_free(node->key);
    dnn_free(node);
}

static bool reserve(dnn_node *parent)
{
    if (parent->count < parent->room) return true;
    const size_t room = parent->room ? 2 * parent->room : 4;
    dnn_node **items = dnn_realloc(parent->items, room, sizeof *items);
    if (!items) return false;
    parent->items = items;
    parent->room = room;
    return true;
}

static dnn_status lost(dnn_node *child)
{
    dnn_node_destroy(child);
    return DNN_E_MEMORY;
}

dnn_status dnn_node_append(dnn_node *list, dnn_node *child)
{
    DNN_ASSERT(list && list->type == DNN_NODE_LIST);
    if (!child || !reserve(list)) return lost(child);
    dnn_free(child->key);
    child->key = NULL;
    list->items[list->count++] = child;
    return DNN_OK;
}

static size_t position(const dnn_node *map, const char *key)
{
    size_t i = 0;
    while (i < map->count && strcmp(map->items[i]->key, key) != 0) i++;
    return i;
}

dnn_status dnn_node_set(dnn_node *map, const char *key, dnn_node *child)
{
    DNN_ASSERT(map && map->type == DNN_NODE_MAP);
    if (!child) return DNN_E_MEMORY;
    char *owned = dnn_strdup(key);
    if (!owned) return lost(child);
    const size_t i = position(map, key);
    if (i == map->count && !reserve(map)) {
        dnn_free(owned);
        return lost(child);
    }
    dnn_free(child->key);
    child->key = owned;
    if (i == map->count) map->count++;
    else dnn_node_destroy(map->items[i]);
    map->items[i] = child;
    return DNN_OK;
}

void dnn_node_remove(dnn_node *map, const char *key)
{
    if (!map || map->type != DNN_NODE_MAP) return;
    const size_t i = position(map, key);
    if (i == map->count) return;
    dnn_node_destroy(map->items[i]);
    map->count--;
    memmove(map->items + i, map->items + i + 1, (map->count - i) * sizeof *map->items);
}

dnn_node *dnn_node_find(const dnn_node *map, const char *key)
{
    if (!map || map->type != DNN_NODE_MAP) return NULL;
    const size_t i = position(map, key);
    return i < map->count ? map->items[i] : NULL;
}

static dnn_node *child_named(const dnn_node *node, const char *name, size_t length)
{
    if (node->type != DNN_NODE_MAP) return NULL;
    for (size_t i = 0; i < node->count; i++)
        if (strncmp(node->items[i]->key, name, length) == 0 && node->items[i]->key[length] == '\0') return node->items[i];
    return NULL;
}

static dnn_node *child_numbered(const dnn_node *node, const char *digits, size_t length)
{
    char text[20], *end;
    if (node->type != DNN_NODE_LIST || length == 0 || length >= sizeof text || *digits < '0' || *digits > '9') return NULL;
    memcpy(text, digits, length);
    text[length] = '\0';
    const unsigned long long i = strtoull(text, &end, 10);
    return *end == '\0' && i < node->count ? node->items[i] : NULL;
}

dnn_node *dnn_node_at(const dnn_node *root, const char *path)
{
    dnn_node *node = (dnn_node *)root;
    while (node && *path) {
        const size_t length = strcspn(path, ".");
        dnn_node *below = child_named(node, path, length);
        node = below ? below : child_numbered(node, path, length);
        path += length;
        path += *path == '.';
    }
    return node;
}

static bool copy_inside(const dnn_node *from, dnn_node *to)
{
    if (from->text && !(to->text = dnn_strdup(from->text))) return false;
    for (size_t i = 0; i < from->count; i++) {
        dnn_node *child = dnn_node_copy(from->items[i]);
        const char *key = from->items[i]->key;
        const dnn_status st = key ? dnn_node_set(to, key, child) : dnn_node_append(to, child);
        if (st != DNN_OK) return false;
    }
    return true;
}

dnn_node *dnn_node_copy(const dnn_node *node)
{
    if (!node) return NULL;
    dnn_node *copy = make(node->type);
    if (!copy) return NULL;
    copy->place = node->place;
    copy->key_place = node->key_place;
    copy->boolean = node->boolean;
    copy->integer = node->integer;
    copy->real = node->real;
    if (copy_inside(node, copy)) return copy;
    dnn_node_destroy(copy);
    return NULL;
}

static bool is_number(const dnn_node *node)
{
    return node->type == DNN_NODE_INT || node->type == DNN_NODE_REAL;
}

static bool equal_numbers(const dnn_node *a, const dnn_node *b)
{
    if (a->type == DNN_NODE_INT && b->type == DNN_NODE_INT) return a->integer == b->integer;
    return a->real == b->real || (isnan(a->real) && isnan(b->real));
}

static bool equal_children(const dnn_node *a, const dnn_node *b)
{
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++) {
        const dnn_node *other = a->type == DNN_NODE_MAP ? dnn_node_find(b, a->items[i]->key) : b->items[i];
        if (!other || !dnn_node_equal(a->items[i], other)) return false;
    }
    return true;
}

static const dnn_node *lone(const dnn_node *node, const dnn_node *beside)
{
    return node->type == DNN_NODE_LIST && beside->type != DNN_NODE_LIST && node->count == 1 ? node->items[0] : node;
}

bool dnn_node_equal(const dnn_node *a, const dnn_node *b)
{
    if (!a || !b) return a == b;
    const dnn_node *const as_written = a;
    a = lone(a, b);
    b = lone(b, as_written);
    if (is_number(a) && is_number(b)) return equal_numbers(a, b);
    if (a->type != b->type) return false;
    switch (a->type) {
    case DNN_NODE_BOOL: return a->boolean == b->boolean;
    case DNN_NODE_STRING: return strcmp(a->text, b->text) == 0;
    case DNN_NODE_LIST:
    case DNN_NODE_MAP: return equal_children(a, b);
    default: return true;
    }
}

const char *dnn_node_describe(const dnn_node *node, char *out, size_t size)
{
    switch (node ? node->type : DNN_NODE_NULL) {
    case DNN_NODE_NULL: snprintf(out, size, "null"); break;
    case DNN_NODE_BOOL: snprintf(out, size, "%s", node->boolean ? "true" : "false"); break;
    case DNN_NODE_INT:
    case DNN_NODE_REAL: snprintf(out, size, "%s", node->text); break;
    case DNN_NODE_STRING: snprintf(out, size, "\"%s\"", node->text); break;
    case DNN_NODE_LIST: snprintf(out, size, "a list"); break;
    case DNN_NODE_MAP: snprintf(out, size, "a map"); break;
    }
    return out;
}
